//! What lifting costs: the code of a program, block after block, many times.
//!
//! `lift_speed PROGRAM [ROUNDS]`. Under `valgrind --tool=callgrind`, one round gives instructions; more give time.

use goblin::elf::Elf;
use isamorph_a64::A64;
use isamorph_ir::{CodeSource, Frontend, Mode};
use std::hint::black_box;
use std::time::Instant;

/// As many instructions as the engine puts into a block of the first tier.
const BLOCK: u32 = 64;

/// An executable section: its address and bytes.
struct Section(u64, Vec<u8>);

impl CodeSource for Section {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let at = addr.wrapping_sub(self.0) as usize;
        let there = self.1.get(at..).unwrap_or_default();
        let n = there.len().min(buf.len());
        buf[..n].copy_from_slice(&there[..n]);
        n
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("which program? lift_speed PROGRAM [ROUNDS]")?;
    let rounds: u32 = args.next().map_or(Ok(1), |n| n.parse())?;
    let file = std::fs::read(&path)?;
    let code: Vec<Section> = Elf::parse(&file)?
        .section_headers
        .iter()
        .filter(|s| s.is_executable())
        .filter_map(|s| Some(Section(s.sh_addr, file.get(s.file_range()?)?.to_vec())))
        .collect();
    let (mut guest, mut blocks, mut ops, mut room) = (0u64, 0u64, 0u64, Vec::new());
    let begun = Instant::now();
    for _ in 0..rounds {
        for section in &code {
            let (mut pc, end) = (section.0, section.0 + section.1.len() as u64);
            while pc < end {
                let block = A64.lift_in(room, section, pc, Mode::default(), BLOCK);
                pc += u64::from(block.len.max(4));
                (guest, blocks) = (guest + u64::from(block.guest_insns), blocks + 1);
                ops += block.insts.len() as u64;
                room = black_box(block).insts;
            }
        }
    }
    let nanos = begun.elapsed().as_nanos() as f64;
    let per = |of: f64| of / guest as f64;
    println!(
        "{guest} guest instructions, {:.2} in a block, {:.2} ops and {:.1} ns each",
        guest as f64 / blocks as f64,
        per(ops as f64),
        per(nanos)
    );
    Ok(())
}
