use super::*;
use crate::address_space::{AddressSpace, Plan};
use crate::memory::GuestMemory;

const A64: Target = Target { machine: header::EM_AARCH64, wide: true, name: "AArch64" };

/// An ELF file under construction: little-endian, 64-bit.
struct Builder {
    bytes: Vec<u8>,
}

struct Load {
    kind: u32,
    flags: u32,
    offset: u64,
    addr: u64,
    file_size: u64,
    size: u64,
    align: u64,
}

impl Builder {
    fn new(e_type: u16, machine: u16, entry: u64, loads: &[Load]) -> Builder {
        let mut b = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        b.extend(e_type.to_le_bytes());
        b.extend(machine.to_le_bytes());
        b.extend(1u32.to_le_bytes());
        for word in [entry, 64, 0] {
            b.extend(word.to_le_bytes());
        }
        b.extend(0u32.to_le_bytes());
        for half in [64, 56, loads.len() as u16, 64, 0, 0] {
            b.extend(half.to_le_bytes());
        }
        for l in loads {
            b.extend(l.kind.to_le_bytes());
            b.extend(l.flags.to_le_bytes());
            for word in [l.offset, l.addr, l.addr, l.file_size, l.size, l.align] {
                b.extend(word.to_le_bytes());
            }
        }
        Builder { bytes: b }
    }

    fn padded(mut self, len: usize) -> Vec<u8> {
        self.bytes.resize(len, 0xaa);
        self.bytes
    }
}

fn text() -> Load {
    let (offset, size) = (0, 0x800);
    Load { kind: 1, flags: 5, offset, addr: 0x40_0000, file_size: size, size, align: 0x1000 }
}

fn data() -> Load {
    Load {
        kind: 1,
        flags: 6,
        offset: 0x800,
        addr: 0x41_0800,
        file_size: 0x100,
        size: 0x3000,
        align: 0x1000,
    }
}

fn good() -> Vec<u8> {
    Builder::new(2, 183, 0x40_0100, &[text(), data()]).padded(0x1000)
}

fn fail(bytes: &[u8]) -> String {
    Image::parse(bytes, A64).expect_err("must be rejected").to_string()
}

#[test]
fn a_good_file() {
    let image = Image::parse(&good()[..], A64).unwrap();
    assert_eq!(image.placement, Placement::Fixed);
    assert_eq!(image.entry, 0x40_0100);
    assert_eq!(image.headers, Some(0x40_0040));
    assert_eq!(image.span(), 0x40_0000..0x41_3800);
    assert_eq!(image.segments[1].prot, Prot::RW);
    assert!(!image.executable_stack);
}

#[test]
fn what_is_not_elf_or_cut_off() {
    assert_eq!(fail(b""), "it is not an ELF file");
    assert_eq!(fail(b"#!/bin/sh\n"), "it is not an ELF file");
    assert_eq!(fail(b"\x7fEL"), "it is not an ELF file");
    assert!(
        fail(b"\x7fELF\x02\x01").contains("the ELF header ends at byte 64, the file at byte 6")
    );
    assert!(fail(&good()[..100]).contains("the program header table ends at byte 176"));
    assert!(fail(&good()[..0x880]).contains("a segment ends at byte 2304, the file at byte 2176"));
    // No prefix of a good file panics.
    for len in 0..0x900 {
        fail(&good()[..len]);
    }
}

#[test]
fn programs_for_others() {
    let of = |machine| Builder::new(2, machine, 0, &[text()]).padded(0x1000);
    assert_eq!(fail(&of(62)), "it is for x86-64, this emulates AArch64: run it without isamorph");
    assert_eq!(fail(&of(40)), "it is for 32-bit Arm, this emulates AArch64");
    assert_eq!(fail(&of(999)), "it is for machine number 999, this emulates AArch64");
    let mut big = good();
    big[5] = 2;
    big[18..20].copy_from_slice(&183u16.to_be_bytes());
    assert_eq!(fail(&big), "it is for big-endian AArch64, this emulates AArch64");
    let object = Builder::new(1, 183, 0, &[text()]).padded(0x1000);
    assert_eq!(fail(&object), "it is an object file, not a program");
}

#[test]
fn contradictions() {
    let with = |load: Load| fail(&Builder::new(2, 183, 0, &[load]).padded(0x1000));
    assert!(with(Load { file_size: 0x900, ..text() }).contains("larger in the file"));
    assert!(with(Load { addr: 0x40_0010, ..text() }).contains("disagree within the page"));
    assert!(with(Load { align: 3, ..text() }).contains("not a power of two"));
    assert!(with(Load { size: u64::MAX, ..text() }).contains("out of range"));
    assert!(with(Load { addr: !0xfff, ..text() }).contains("out of range"));
    assert!(with(Load { offset: !0xfff, ..text() }).contains("truncated"));
    let wraps = Load { offset: !0x7ff, addr: 0x40_0800, ..text() };
    assert!(with(wraps).contains("out of range"));
    assert!(with(Load { kind: 4, ..text() }).contains("no loadable segment"));
    assert!(with(Load { kind: 3, file_size: 1, ..text() }).contains("not a path"));
    assert!(fail(&Builder::new(2, 183, 0, &[]).padded(0x1000)).contains("no program headers"));
    let backwards = Builder::new(2, 183, 0, &[data(), text()]).padded(0x1000);
    assert!(fail(&backwards).contains("ascending"));
}

#[test]
fn no_bytes_panic() {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..20_000 {
        let mut bytes = good();
        for _ in 0..4 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let at = (seed >> 32) as usize % 176;
            bytes[at] = seed as u8;
        }
        if let Ok(image) = Image::parse(&bytes[..], A64) {
            let _ = image.span();
        }
    }
}

#[test]
fn loading_maps_zeroes_and_relocates() {
    let base = 0x2f00_0000_0000;
    let space =
        AddressSpace::new(Plan { pie_base: base, stack_top: base + (1 << 30), ..Plan::WIDE });
    let memory = GuestMemory::default();
    let path = std::env::temp_dir().join(format!("isamorph-elf-{}", std::process::id()));
    std::fs::write(&path, Builder::new(3, 183, 0x40_0100, &[text(), data()]).padded(0x1000))
        .unwrap();
    let file = File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let image = Image::parse(&file, A64).unwrap();
    let loaded = load(&space, &memory, &file, &image, Some(base), false).unwrap();
    assert_eq!(loaded.bias, base - 0x40_0000);
    assert_eq!(loaded.entry, base + 0x100);
    assert_eq!(loaded.headers, base + 0x40);
    assert_eq!(memory.read::<u32>(base), Ok(0x464c_457f));
    let data = base + 0x1_0800;
    assert_eq!(memory.read::<u8>(data + 0xff), Ok(0xaa));
    assert_eq!(memory.read::<[u8; 0x700]>(data + 0x100), Ok([0; 0x700]));
    assert_eq!(memory.read::<u8>(data + 0x37ff), Ok(0));
    assert_eq!(memory.write(base, &0u8), Err(crate::Errno::EFAULT));
    // The next one goes elsewhere.
    let second = load(&space, &memory, &file, &image, Some(base), false).unwrap();
    assert_ne!(second.bias, loaded.bias);
}
