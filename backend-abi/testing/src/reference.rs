//! The interpreter's side, and the comparison of both.

use crate::guest::{DESC, PC, SLOTS};
use crate::host::End;
use crate::memory::Bytes;
use isamorph_ir::contract::TrapKind;
use isamorph_ir::interp::{Interp, Outcome};
use isamorph_ir::{Block, Region, Slot};

/// Runs blocks of a region by the interpreter until control leaves it, or `limit` blocks ran.
pub fn interpret(
    region: &Region,
    entry: usize,
    state: &mut [u8],
    memory: &mut Bytes,
    limit: usize,
) -> Option<End> {
    let ways = region.ways(&DESC);
    let mut interp = Interp::new();
    let mut at = entry;
    for _ in 0..limit {
        if let Some(slot) = ways[at].expects {
            let target = DESC.layout.read(state, slot);
            if !ways[at].compared.iter().any(|(pc, _)| *pc as u128 == target) {
                let pc = region.blocks[at].pc;
                DESC.layout.write(state, PC, pc as u128);
                return Some(End::At(pc));
            }
        }
        let step = interp.run(&DESC, &region.blocks[at], state, memory);
        let set_pc = |state: &mut [u8], pc: u64| DESC.layout.write(state, PC, pc as u128);
        match step.outcome {
            Outcome::Next { pc } | Outcome::Indirect { target: pc, .. } => {
                if let Some(next) = ways[at].all().find(|n| region.blocks[*n].pc == pc) {
                    at = next;
                    continue;
                }
                set_pc(state, pc);
                return Some(End::At(pc));
            }
            Outcome::Sync { pc } => {
                set_pc(state, pc);
                return Some(End::Sync(pc));
            }
            Outcome::Syscall { imm, next } => {
                set_pc(state, next);
                return Some(End::Syscall(next, imm));
            }
            Outcome::Exception { pc, exception } => {
                set_pc(state, pc);
                return Some(End::Exception(pc, exception));
            }
            Outcome::Wait { wait, next } => {
                set_pc(state, next);
                return Some(End::Wait(next, wait));
            }
            Outcome::Fault { pc, trap } => {
                set_pc(state, pc);
                return Some(match trap.kind {
                    TrapKind::Align => End::Align(pc, trap.addr, trap.write),
                    _ => End::Fault(pc),
                });
            }
        }
    }
    None
}

/// A region of one block.
pub fn single(block: Block) -> Region {
    Region { blocks: vec![block], ..Region::default() }
}

/// The slots in which two states differ, with flags compared by their meaning.
pub fn differences(a: &[u8], b: &[u8]) -> Vec<String> {
    let differs = |n: &usize| {
        let slot = Slot(*n as u16);
        DESC.layout.read(a, slot) != DESC.layout.read(b, slot)
    };
    let show = |n: usize| {
        let slot = Slot(n as u16);
        let (x, y) = (DESC.layout.read(a, slot), DESC.layout.read(b, slot));
        format!("{}: {x:#x} != {y:#x}", SLOTS[n].name)
    };
    (0..48).filter(differs).map(show).collect()
}
