//! The files, read back by the formats' own rules.

use super::jitdump::{self, DumpFile};
use super::map::MapFile;
use super::*;
use isamorph_ir::Mode;

/// A folder that goes away with it.
struct Folder(PathBuf);

impl std::ops::Deref for Folder {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let path = std::env::temp_dir().join(format!("isamorph-perf-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a folder for temporary files");
    Folder(path)
}

#[test]
fn a_map_has_a_line_for_each_piece_of_code() {
    let folder = folder("map");
    let mut file = MapFile::create(&folder, 42).expect("a file");
    file.add(0x7000_1000, 0x20, "main [region 0x400000]").expect("written");
    file.add(0x7000_1020, 0x8, "libc.so.6+0x10 [baseline 0x500000]").expect("written");
    let text = std::fs::read_to_string(folder.join("perf-42.map")).expect("the file");
    let expected =
        "70001000 20 main [region 0x400000]\n70001020 8 libc.so.6+0x10 [baseline 0x500000]\n";
    assert_eq!(text, expected);
}

/// Takes numbers off the front of bytes.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn bytes(&mut self, n: usize) -> &'b [u8] {
        let (first, rest) = self.0.split_at(n);
        self.0 = rest;
        first
    }
    fn u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.bytes(4).try_into().expect("four bytes"))
    }
    fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.bytes(8).try_into().expect("eight bytes"))
    }
}

/// The record of the lines that code comes from stands before that of the code.
fn debug_info(reader: &mut Reader<'_>, source: &Path, lines: &[(u64, u32)]) {
    let before = reader.0.len();
    assert_eq!(reader.u32(), jitdump::DEBUG_INFO);
    let size = reader.u32() as usize;
    reader.u64();
    assert_eq!((reader.u64(), reader.u64()), (lines[0].0, lines.len() as u64));
    for &(address, line) in lines {
        assert_eq!((reader.u64(), reader.u32(), reader.u32()), (address, line, 0));
        let name = format!("{}\0", source.display());
        assert_eq!(reader.bytes(name.len()), name.as_bytes());
    }
    assert_eq!(before - reader.0.len(), size);
}

#[test]
fn a_listing_has_a_line_for_each_instruction() {
    let folder = folder("listing");
    let mut listing = listing::Listing::create(&folder, 3).expect("a file");
    let mut line = |pc, text: &str| listing.line(pc, text.into()).expect("written");
    assert_eq!([line(0x40, "nop"), line(0x44, "ret"), line(0x40, "nop")], [1, 2, 1]);
    assert_eq!(line(0x40, "brk #0x1"), 3, "changed code has a line of its own");
    let text = std::fs::read_to_string(folder.join("isamorph-3.s")).expect("the file");
    assert_eq!(text, "40  nop\n44  ret\n40  brk #0x1\n");
}

#[test]
fn a_dump_is_read_back_as_the_specification_says() {
    let folder = folder("dump");
    let mut file = DumpFile::create(&folder, 7).expect("a file");
    let codes: [(u64, &[u8], &str); 2] =
        [(0x1000, &[0x90, 0xc3], "first"), (0x2000, &[0xcc], "second [region 0x40]")];
    let source = Path::new("/tmp/x.s");
    let lines = [(0x2000, 5), (0x2001, 1)];
    for ((host, code, name), lines) in codes.into_iter().zip([&lines[..0], &lines]) {
        file.add(host, code, name, Some((source, lines))).expect("written");
    }
    let bytes = std::fs::read(folder.join("jit-7.dump")).expect("the file");
    let mut reader = Reader(&bytes);
    assert_eq!(reader.u32(), 0x4a69_5444, "the specification's magic number");
    assert_eq!((reader.u32(), reader.u32(), reader.u32()), (1, 40, 62));
    assert_eq!((reader.u32(), reader.u32()), (0, 7), "padding, process");
    let mut last = reader.u64();
    assert_eq!(reader.u64(), 0, "flags");
    assert_eq!(bytes.len() - reader.0.len(), jitdump::HEADER as usize);
    for (number, (host, code, name)) in codes.into_iter().enumerate() {
        if number == 1 {
            debug_info(&mut reader, source, &lines);
        }
        let before = reader.0.len();
        assert_eq!(reader.u32(), jitdump::CODE_LOAD);
        let size = reader.u32() as usize;
        let time = reader.u64();
        assert!(time >= last, "times ascend");
        last = time;
        assert_eq!((reader.u32(), reader.u32()), (7, crate::thread::own_tid() as u32));
        assert_eq!((reader.u64(), reader.u64()), (host, host));
        assert_eq!((reader.u64(), reader.u64()), (code.len() as u64, number as u64));
        assert_eq!(reader.bytes(name.len() + 1), [name.as_bytes(), b"\0"].concat());
        assert_eq!(reader.bytes(code.len()), code);
        assert_eq!(before - reader.0.len(), size);
    }
    assert!(reader.0.is_empty());
    // While the file is open its mapping bears its name, by which perf finds it.
    let path = folder.join("jit-7.dump").display().to_string();
    let maps = || std::fs::read_to_string("/proc/self/maps").expect("maps");
    assert!(maps().lines().any(|l| l.contains("r-xp") && l.ends_with(&path)));
    drop(file);
    assert!(!maps().contains(&path));
}

#[test]
fn files_are_the_users_own_and_links_are_not_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder("hostile");
    let (victim, link) = (folder.join("victim"), folder.join("perf-1.map"));
    std::fs::write(&victim, "precious").expect("a file");
    symlink(&victim, &link).expect("a link");
    let mut file = MapFile::create(&folder, 1).expect("the link is replaced");
    file.add(1, 2, "name").expect("written");
    assert_eq!(std::fs::read_to_string(&victim).expect("the victim"), "precious");
    let about = std::fs::symlink_metadata(&link).expect("the map");
    assert!(about.is_file());
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    // What cannot be removed stops it.
    std::fs::create_dir(folder.join("perf-2.map")).expect("a folder");
    let refused = MapFile::create(&folder, 2).expect_err("a folder is in the way");
    assert_eq!(refused.0, folder.join("perf-2.map"));
}

#[test]
fn names_tell_function_tier_and_address() {
    let code = |tier| {
        let (bytes, sources, mode) = (&[], &[], Mode::default());
        PlacedCode { tier, host: 0, bytes, guest: 0x400138, sources, mode }
    };
    let location = |function: Option<(&str, u64)>, offset| Location {
        function: function.map(|(name, at)| (name.into(), at)),
        object: "/usr/lib/libc.so.6".into(),
        offset,
    };
    let region = code(CodeTier::Region);
    let at = |function, offset| name(&location(function, offset), &region);
    assert_eq!(at(Some(("fib", 0)), Some(1)), "fib [region 0x400138]");
    assert_eq!(at(Some(("fib", 16)), Some(1)), "fib+0x10 [region 0x400138]");
    assert_eq!(at(Some(("a\nb", 0)), Some(1)), "a?b [region 0x400138]");
    assert_eq!(at(None, Some(0x20)), "libc.so.6+0x20 [region 0x400138]");
    let baseline = name(&location(None, None), &code(CodeTier::Baseline));
    assert_eq!(baseline, "libc.so.6 [baseline 0x400138]");
}
