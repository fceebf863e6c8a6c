//! The sheet: every form of a region's code, gathered by guest instruction.
//!
//! Invariant: each line of each form is in exactly one row; what belongs to no guest instruction (the way in,
//! constants) is in the first row.

use super::program::Program;
use super::{Stage, clif, host};
use isamorph_backend_cranelift::{CodeBlob, CompileError};
use isamorph_engine::{Engine, Key, Listed};
use isamorph_ir::{Block, Frontend, GuestDesc, Op, Region, text};
use std::collections::HashMap;

/// The forms of one guest instruction, line by line.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Address of the instruction; the way in has none.
    pub pc: Option<u64>,
    /// The row begins a block: the block's heading.
    pub heading: Option<String>,
    cells: [Vec<String>; Stage::ALL.len()],
}

impl Row {
    /// The lines of a form.
    pub fn cell(&self, stage: Stage) -> &[String] {
        &self.cells[stage as usize]
    }

    fn cell_mut(&mut self, stage: Stage) -> &mut Vec<String> {
        &mut self.cells[stage as usize]
    }
}

/// A region in all its forms.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What it is and how large it is in each form.
    pub summary: String,
    /// Where it begins: function and distance, or the address.
    pub place: String,
    /// Its sizes.
    pub counts: Counts,
    /// The way in, then the guest's instructions in the order of the region's blocks.
    pub rows: Vec<Row>,
    /// The lines of each form in its own order: row, and line in the row's cell.
    pub order: [Vec<(usize, usize)>; Stage::ALL.len()],
}

/// How large a region is in each form.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Blocks.
    pub blocks: usize,
    /// Guest instructions.
    pub guest: u32,
    /// IR instructions as lifted.
    pub lifted: usize,
    /// IR instructions after the passes.
    pub optimised: usize,
    /// Bytes of host code.
    pub bytes: usize,
}

impl Counts {
    fn new(raw: &Region, region: &Region, bytes: usize) -> Counts {
        let insts = |region: &Region| -> usize {
            let real = |b: &Block| b.insts.iter().filter(|i| i.op != Op::Insn).count() + 1;
            region.blocks.iter().map(real).sum()
        };
        let (lifted, optimised) = (insts(raw), insts(region));
        Counts { blocks: raw.blocks.len(), guest: raw.guest_insns(), lifted, optimised, bytes }
    }

    /// Bytes of host code for a guest instruction.
    pub fn bytes_each(&self) -> f64 {
        self.bytes as f64 / f64::from(self.guest.max(1))
    }
}

impl Sheet {
    /// The region at this key.
    pub fn new(
        engine: &Engine,
        frontend: &dyn Frontend,
        program: &Program,
        key: Key,
    ) -> Result<Sheet, CompileError> {
        let desc = engine.desc();
        let Listed { raw, region, blob } = engine.translate_listed(key)?;

        let mut rows = vec![Row::default()];
        let mut order: [Vec<(usize, usize)>; Stage::ALL.len()] = Default::default();
        let mut row_of = HashMap::new();
        for (number, block) in raw.blocks.iter().enumerate() {
            for (position, pc) in addresses(block).into_iter().enumerate() {
                let mut row = Row { pc: Some(pc), ..Row::default() };
                if position == 0 {
                    row.heading = Some(heading(program, &raw, number));
                }
                let (assembly, _) = frontend.disassemble(program, pc, key.mode);
                let assembly = name_targets(program, &assembly);
                row.cell_mut(Stage::Guest).push(format!("{pc:x}  {assembly}"));
                order[Stage::Guest as usize].push((rows.len(), 0));
                row_of.insert(pc, rows.len());
                rows.push(row);
            }
        }
        let mut put = |pc: Option<u64>, stage: Stage, line: String| {
            let row = pc.and_then(|pc| row_of.get(&pc)).copied().unwrap_or(0);
            let cell = rows[row].cell_mut(stage);
            order[stage as usize].push((row, cell.len()));
            cell.push(line);
        };
        for (stage, region) in [(Stage::Ir, &raw), (Stage::Opt, &region)] {
            for block in &region.blocks {
                ir_lines(desc, block, |pc, line| put(Some(pc), stage, line));
            }
        }
        let numbers = numbering(&blob, &region);
        let listing = blob.listing.clone().unwrap_or_default();
        for (number, line) in clif::lines(&listing.clif) {
            put(number.and_then(|n| numbers.get(n).copied()), Stage::Clif, line);
        }
        for (pc, line) in host::lines(&blob) {
            put(pc, Stage::Host, line);
        }
        let counts = Counts::new(&raw, &region, blob.code.len());
        let (summary, place) = (summary(program, key.pc, &counts), place(program, key.pc));
        Ok(Sheet { summary, place, counts, rows, order })
    }
}

fn place(program: &Program, pc: u64) -> String {
    match program.symbol_at(pc) {
        Some((symbol, 0)) => symbol.name.clone(),
        Some((symbol, at)) => format!("{}+{at:#x}", symbol.name),
        None => format!("{pc:#x}"),
    }
}

fn heading(program: &Program, region: &Region, number: usize) -> String {
    let block = &region.blocks[number];
    let name = place(program, block.pc);
    let at = if name.starts_with("0x") { name } else { format!("{:#x} {name}", block.pc) };
    match (number, region.entries.contains(&number)) {
        (0, _) => format!("block {at} (entry)"),
        (_, true) => format!("block {at} (entered from outside too)"),
        _ => format!("block {at}"),
    }
}

fn summary(program: &Program, pc: u64, counts: &Counts) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!(
        "{} at {pc:#x} in {}: {}, {}; IR {} lifted, {} after the passes; {} of host code ({:.1} a guest instruction)",
        place(program, pc),
        program.name(),
        count(counts.blocks, "block"),
        count(counts.guest as usize, "guest instruction"),
        counts.lifted,
        counts.optimised,
        count(counts.bytes, "byte"),
        counts.bytes_each(),
    )
}

/// Addresses of a block's instructions: one at least, for a block that cannot even be fetched.
fn addresses(block: &Block) -> Vec<u64> {
    let marks = block.insts.iter().filter(|i| i.op == Op::Insn).map(|i| i.imm as u64);
    let mut addresses: Vec<u64> = marks.collect();
    if addresses.first() != Some(&block.pc) {
        addresses.insert(0, block.pc);
    }
    addresses
}

/// Hands out a block's IR with the guest instruction that each line belongs to.
fn ir_lines(desc: &GuestDesc, block: &Block, mut line: impl FnMut(u64, String)) {
    let printed = text::print_block(desc, block);
    let mut pc = block.pc;
    // One line of heading, one for each instruction, one for the end.
    for (number, printed) in printed.lines().skip(1).enumerate() {
        match block.insts.get(number) {
            Some(inst) if inst.op == Op::Insn => pc = inst.imm as u64,
            None if number > block.insts.len() => {}
            _ => line(pc, printed.trim().into()),
        }
    }
}

/// Guest addresses by the number that the compiler gives them: from 1 in the order in which it lowers them, the
/// ways in before the blocks.
fn numbering(blob: &CodeBlob, region: &Region) -> Vec<u64> {
    // Number 0 is nobody's.
    let mut numbers = vec![u64::MAX];
    let entries = blob.entries.iter().map(|(pc, _)| *pc);
    for pc in entries.chain(region.blocks.iter().flat_map(addresses)) {
        if numbers.last() != Some(&pc) {
            numbers.push(pc);
        }
    }
    numbers
}

/// Assembly with the names of functions behind their addresses.
fn name_targets(program: &Program, assembly: &str) -> String {
    let target = assembly
        .split([' ', ',', '[', ']', '#'])
        .filter_map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok())
        .find_map(|addr| program.symbol_at(addr).filter(|(_, at)| *at == 0));
    match target {
        Some((symbol, _)) => format!("{assembly} <{}>", symbol.name),
        None => assembly.into(),
    }
}
