//! Fault exits: precise code without stores. What the state lacks at an access that may fault is stored by a cold path,
//! where the thread goes if the access does fault.
//!
//! Behind such an access (or behind a few, between which no slot changes) a branch is compiled that is never taken, `test
//! reg, reg; jz cold`. So the register allocator keeps what the cold path stores, in places that are known there. In the
//! finished code the branch becomes a NOP, and the access's offset and the cold path's are listed in
//! [`crate::blob::CodeBlob::fault_exits`]: the host's signal handler leads the thread from the one to the other. A host
//! instruction that faulted has changed nothing.
//!
//! Way of the data: lowering marks branches by source locations and accesses by trap codes → **[`finish`]** → blob.
//!
//! Invariant: between an access and its branch lies straight code, which changes no place that the cold path reads, or only
//! moves what is there, and is then done again on the way to the cold path. That is verified in the finished code; a region
//! where it does not hold is compiled with stores instead.

use crate::finished::instructions;
use crate::lower::is_guarded;
use crate::patch;
use cranelift_codegen::CompiledCode;
use iced_x86::{
    Code, FlowControl, Instruction, InstructionInfoFactory, OpAccess, OpKind, Register,
};
use std::collections::HashSet;
use std::ops::Range;

/// Bytes of `test reg, reg`, of a conditional branch and of a jump.
const TEST: usize = 3;
const JCC: usize = 6;
const JMP: usize = 5;
/// A NOP in place of the first two.
const NOP: [u8; TEST + JCC] = [0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0];
/// Longest cold path, in instructions.
const LONGEST: usize = 400;

/// Makes NOPs of the branches; offsets of accesses and of their cold paths. `None`: some access cannot have its exit.
pub(crate) fn finish(code: &mut Vec<u8>, compiled: &CompiledCode) -> Option<Vec<(u32, u32)>> {
    let traps = compiled.buffer.traps().iter();
    let mut accesses: Vec<u32> = traps.filter(|t| is_guarded(t.code)).map(|t| t.offset).collect();
    accesses.sort_unstable();
    accesses.dedup();
    let mut branches = vec![];
    for loc in compiled.buffer.get_srclocs_sorted() {
        if patch::is_fault_exit(loc.loc) {
            branches.push(Branch::at_end_of(code, loc.start as usize..loc.end as usize)?);
        }
    }
    let insns: Vec<Instruction> = instructions(code).collect();
    let mut exits = Vec::with_capacity(accesses.len());
    for &access in &accesses {
        let at = insns.binary_search_by_key(&(access as u64), Instruction::ip).ok()?;
        let branch = branches.get(branches.partition_point(|b| b.at <= access))?;
        let behind = &insns[at + 1..];
        let end = behind.iter().position(|i| i.ip() >= branch.at as u64)?;
        let (between, end) = (&behind[..end], behind[end].ip());
        if end != branch.at as u64 {
            return None;
        }
        let exit = match between.is_empty() || leaves_alone(between, &insns, branch.cold) {
            true => branch.cold,
            false => {
                let moves =
                    between.iter().filter(|i| accesses.binary_search(&(i.ip() as u32)).is_err());
                done_again(code, moves, branch.cold)?
            }
        };
        exits.push((access, exit));
    }
    branches.iter().for_each(|b| b.remove(code));
    Some(exits)
}

/// Do these instructions change nothing that the cold path at this offset reads?
fn leaves_alone(between: &[Instruction], insns: &[Instruction], cold: u32) -> bool {
    let reads = Reads::of_path(insns, cold);
    reads.is_some_and(|mut reads| between.iter().all(|i| reads.changed_by(i) == Some(false)))
}

/// The offset of a way to the cold path that begins with these moves; `None`: they are more than that.
fn done_again<'a>(
    code: &mut Vec<u8>,
    moves: impl Iterator<Item = &'a Instruction>,
    cold: u32,
) -> Option<u32> {
    let begin = code.len();
    for insn in moves {
        let memory = (0..insn.op_count()).any(|n| insn.op_kind(n) == OpKind::Memory);
        let elsewhere =
            insn.memory_base() != Register::RSP || insn.memory_index() != Register::None;
        if insn.flow_control() != FlowControl::Next || memory && elsewhere {
            return None;
        }
        code.extend_from_within(insn.ip() as usize..insn.next_ip() as usize);
    }
    let distance = cold as i32 - (code.len() + JMP) as i32;
    code.push(0xe9);
    code.extend_from_slice(&distance.to_le_bytes());
    Some(begin as u32)
}

/// A branch to a cold path.
struct Branch {
    at: u32,
    cold: u32,
    /// Where the code goes on, if that does not follow.
    on: Option<u32>,
    len: usize,
}

impl Branch {
    /// The branch that a marked range ends with; before it may be moves of the register allocator's.
    fn at_end_of(code: &[u8], range: Range<usize>) -> Option<Branch> {
        let target = |end: usize| {
            let rel: [u8; 4] = code[end - 4..end].try_into().ok()?;
            u32::try_from(end as i64 + i32::from_le_bytes(rel) as i64).ok()
        };
        let begin = |len| range.end.checked_sub(len).filter(|at| *at >= range.start);
        if let Some(at) = begin(TEST + JCC + JMP)
            && is_test(&code[at..at + TEST])
            && let [0x0f, 0x85, _, _, _, _, 0xe9, ..] = code[at + TEST..range.end]
        {
            let (cold, on) = (target(range.end)?, target(range.end - JMP)?);
            return Some(Branch { at: at as u32, cold, on: Some(on), len: TEST + JCC + JMP });
        }
        let at = begin(TEST + JCC).filter(|at| is_test(&code[*at..*at + TEST]))?;
        let (cold, on) = match code[at + TEST..at + TEST + 2] {
            [0x0f, 0x84] => (target(range.end)?, None),
            // The cold path follows.
            [0x0f, 0x85] => (range.end as u32, Some(target(range.end)?)),
            _ => return None,
        };
        Some(Branch { at: at as u32, cold, on, len: TEST + JCC })
    }

    /// Takes the way on.
    fn remove(&self, code: &mut [u8]) {
        let at = self.at as usize;
        let mut rest = &mut code[at..at + self.len];
        if let Some(on) = self.on {
            let distance = on as i32 - (at + JMP) as i32;
            let (jump, behind) = rest.split_at_mut(JMP);
            jump[0] = 0xe9;
            jump[1..].copy_from_slice(&distance.to_le_bytes());
            behind.fill(0x90);
            rest = &mut [];
        }
        if let Some(nop) = rest.first_chunk_mut() {
            *nop = NOP;
        }
    }
}

/// `test reg, reg` of 64 bits? The allocator may have loaded what is tested to two registers.
fn is_test(bytes: &[u8]) -> bool {
    matches!(bytes, [0x48..=0x4f, 0x85, modrm] if *modrm >= 0xc0)
}

/// The places that a cold path reads before it writes them.
struct Reads {
    registers: HashSet<Register>,
    /// Of the frame.
    bytes: Vec<Range<u64>>,
    factory: InstructionInfoFactory,
}

impl Reads {
    /// Of the path from this offset to where it leaves the region. `None`: it is no straight path.
    fn of_path(insns: &[Instruction], from: u32) -> Option<Reads> {
        let mut reads = Reads {
            registers: HashSet::new(),
            bytes: vec![],
            factory: InstructionInfoFactory::new(),
        };
        let mut written = HashSet::new();
        let find = |ip: u64| insns.binary_search_by_key(&ip, Instruction::ip).ok();
        let mut at = find(from as u64)?;
        for _ in 0..LONGEST {
            let insn = insns.get(at)?;
            if insn.code() == Code::Call_rel32_64 {
                // The exit, which finds the area in RDI.
                if !written.contains(&Register::RDI) {
                    reads.registers.insert(Register::RDI);
                }
                return Some(reads);
            }
            let info = reads.factory.info(insn);
            let used = info.used_registers().iter();
            for used in used.clone().filter(|u| is_read(u.access())) {
                let register = used.register().full_register();
                if !written.contains(&register) {
                    reads.registers.insert(register);
                }
            }
            // A part that is written does not make the whole another's.
            let whole = |u: &&iced_x86::UsedRegister| {
                u.access() == OpAccess::Write
                    && (u.register().is_gpr64() || u.register().is_gpr32())
            };
            written.extend(used.filter(whole).map(|u| u.register().full_register()));
            for memory in info.used_memory() {
                if memory.base() == Register::RSP && is_read(memory.access()) {
                    let size = memory.memory_size().size() as u64;
                    if memory.index() != Register::None || size == 0 {
                        return None;
                    }
                    reads.bytes.push(memory.displacement()..memory.displacement() + size);
                }
            }
            at = match insn.flow_control() {
                // Of the reference, which keeps all registers.
                FlowControl::Next | FlowControl::IndirectCall => at + 1,
                FlowControl::UnconditionalBranch => find(insn.near_branch64())?,
                _ => return None,
            };
        }
        None
    }

    /// Does this instruction write such a place? `None`: control may go elsewhere.
    fn changed_by(&mut self, insn: &Instruction) -> Option<bool> {
        if insn.flow_control() != FlowControl::Next {
            return None;
        }
        let info = self.factory.info(insn);
        let mut written = info.used_registers().iter().filter(|u| is_written(u.access()));
        if written.any(|u| self.registers.contains(&u.register().full_register())) {
            return Some(true);
        }
        for memory in info.used_memory().iter().filter(|m| is_written(m.access())) {
            let size = memory.memory_size().size() as u64;
            let bytes = memory.displacement()..memory.displacement().wrapping_add(size);
            let meets = |r: &Range<u64>| bytes.start < r.end && r.start < bytes.end;
            if memory.base() == Register::RSP
                && (size == 0 || memory.index() != Register::None || self.bytes.iter().any(meets))
            {
                return Some(true);
            }
        }
        Some(false)
    }
}

fn is_read(access: OpAccess) -> bool {
    use OpAccess::{CondRead, Read, ReadCondWrite, ReadWrite};
    matches!(access, Read | CondRead | ReadWrite | ReadCondWrite)
}

fn is_written(access: OpAccess) -> bool {
    use OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
    matches!(access, Write | CondWrite | ReadWrite | ReadCondWrite)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `test rdi, rdi; jz cold`, behind what comes before.
    const BRANCH: [u8; 9] = [0x48, 0x85, 0xff, 0x0f, 0x84, 0x10, 0, 0, 0];

    fn decoded(code: &[u8]) -> Vec<Instruction> {
        instructions(code).collect()
    }

    #[test]
    fn a_branch_becomes_a_nop_whatever_was_moved_before_it() {
        let mut code = [&[0x48, 0x89, 0xc1][..], &BRANCH, &[0xc3]].concat();
        let branch = Branch::at_end_of(&code, 0..12).unwrap();
        assert_eq!((branch.at, branch.cold, branch.on), (3, 28, None));
        branch.remove(&mut code);
        assert_eq!(code[3..12], NOP);
        // Loaded to two registers: test rdi, rax.
        let code = [0x48, 0x85, 0xc7, 0x0f, 0x84, 0, 0, 0, 0];
        assert!(Branch::at_end_of(&code, 0..9).is_some());
    }

    #[test]
    fn a_branch_that_goes_on_elsewhere_becomes_a_jump() {
        // test rdi, rdi; jnz +0x20; jmp +0x10
        let code = [0x48, 0x85, 0xff, 0x0f, 0x85, 0x20, 0, 0, 0, 0xe9, 0x10, 0, 0, 0];
        let branch = Branch::at_end_of(&code, 0..14).unwrap();
        assert_eq!((branch.cold, branch.on), (14 + 0x10, Some(9 + 0x20)));
        let mut jump = code.to_vec();
        branch.remove(&mut jump);
        assert_eq!(jump[..5], [0xe9, 0x24, 0, 0, 0]);
        // The cold path follows.
        let branch = Branch::at_end_of(&code, 0..9).unwrap();
        assert_eq!((branch.cold, branch.on), (9, Some(9 + 0x20)));
    }

    #[test]
    fn other_branches_are_refused() {
        // cmp rdi, rdi; test edi, edi; test rdi, [rdi]; a short branch
        for bad in [[0x48, 0x39, 0xff, 0x0f, 0x84], [0x90, 0x85, 0xff, 0x0f, 0x84]] {
            assert!(Branch::at_end_of(&[&bad[..], &[0; 4]].concat(), 0..9).is_none());
        }
        assert!(Branch::at_end_of(&[0x48, 0x85, 0x3f, 0x0f, 0x84, 0, 0, 0, 0], 0..9).is_none());
        assert!(Branch::at_end_of(&[0x48, 0x85, 0xff, 0x74, 0x10], 0..5).is_none());
    }

    #[test]
    fn what_a_cold_path_reads_may_not_change_before_it() {
        // mov [rdi+8], rcx; mov rax, [rsp+16]; mov [rdi], rax; call
        let cold = [
            0x48, 0x89, 0x4f, 0x08, 0x48, 0x8b, 0x44, 0x24, 0x10, 0x48, 0x89, 0x07, 0xe8, 0, 0, 0,
            0,
        ];
        let insns = decoded(&cold);
        let kept = |code: &[u8]| leaves_alone(&decoded(code), &insns, 0);
        assert!(kept(&[0x48, 0x89, 0xca]), "mov rdx, rcx");
        assert!(kept(&[0x48, 0x89, 0xc8]), "mov rax, rcx: rax is written first");
        assert!(!kept(&[0x89, 0xd1]), "mov ecx, edx");
        assert!(!kept(&[0x48, 0x89, 0xd7]), "mov rdi, rdx: the area");
        assert!(kept(&[0x48, 0x89, 0x54, 0x24, 0x08]), "mov [rsp+8], rdx");
        assert!(!kept(&[0x88, 0x54, 0x24, 0x17]), "mov [rsp+23], dl");
        assert!(!kept(&[0xeb, 0x00]), "jmp");
        assert!(!leaves_alone(&decoded(&[0x90]), &decoded(&[0x90, 0xc3]), 0), "no exit");
    }

    #[test]
    fn moves_are_done_again_and_nothing_else_is() {
        // mov rcx, [rsp+8]; mov rcx, [rdx]; jmp
        let code = [0x48, 0x8b, 0x4c, 0x24, 0x08, 0x48, 0x8b, 0x0a, 0xeb, 0x00];
        let insns = decoded(&code);
        let mut with_copy = code.to_vec();
        assert_eq!(done_again(&mut with_copy, insns[..1].iter(), 2), Some(10));
        assert_eq!(with_copy[10..15], code[..5]);
        // Behind the copy, a jump to 2.
        assert_eq!(with_copy[15..], [0xe9, 0xee, 0xff, 0xff, 0xff]);
        for bad in &insns[1..] {
            assert_eq!(done_again(&mut code.to_vec(), [bad].into_iter(), 2), None);
        }
    }
}
