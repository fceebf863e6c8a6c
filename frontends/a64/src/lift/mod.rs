//! From words to IR: the [`Lifter`] holds the block under construction, one file for each chapter of the manual
//! gives it the lift functions (an `impl Lifter` each).
//!
//! Invariants: every instruction begins with its `insn pc` mark; a lift function writes guest state only after
//! the instruction's last possible fault; no block crosses a page, so that code is invalidated by page.

mod bf16;
mod branch;
mod crc32;
mod crypto;
mod crypto_sha3;
mod crypto_sm;
mod cssc;
mod dp_imm;
mod dp_reg;
mod exclusive_sequence;
mod fhm;
mod flags;
mod fp_scalar;
mod frintts;
mod ldst;
mod ldst_atomic;
mod ldst_exclusive;
mod ldst_fp;
mod ldst_pair;
mod mops;
mod pauth;
mod simd_across;
mod simd_complex;
mod simd_copy;
mod simd_dot;
mod simd_indexed;
mod simd_ldst;
mod simd_permute;
mod simd_scalar;
mod simd_shift_imm;
mod simd_three_diff;
mod simd_three_same;
mod simd_two_reg_misc;
pub(crate) mod stack;
mod system;
pub(crate) mod target;

use crate::frontend::mode;
use crate::isa::{self, Decoded, Need};
use crate::processor::{CpuModel, Feature};
use crate::state;
use isamorph_ir::inst::{Align, MemAttr, Order};
use isamorph_ir::{Block, Builder, CodeSource, Exception, Inst, Mode, Term};
use stack::Stack;
use target::Targets;

/// Bytes of a cache line. A block's first two are fetched at once: most blocks end there.
const LINE: usize = 64;

const PAGE: u64 = 4096;

/// What follows an instruction.
#[derive(Debug)]
pub enum Flow {
    /// The next one in the same block.
    Next,
    /// Nothing: the block ends so.
    End(Term),
}

/// Lifts the instructions of one block.
#[derive(Debug)]
pub struct Lifter {
    /// The block under construction.
    pub(crate) ir: Builder,
    /// Address of the instruction.
    pub(crate) pc: u64,
    /// The instruction.
    pub(crate) word: u32,
    /// The processor.
    pub(crate) model: CpuModel,
    stack: Stack,
    /// What indirect branches leave in PSTATE.BTYPE, if that is looked at.
    pub(crate) targets: Option<Targets>,
}

impl Lifter {
    /// Begins a block at `pc`.
    #[inline]
    pub fn new(
        room: Vec<Inst>,
        model: &CpuModel,
        code: &dyn CodeSource,
        pc: u64,
        mode: Mode,
    ) -> Lifter {
        let mut lifter = Lifter {
            ir: Builder::reusing(room, &state::DESC, pc),
            pc,
            word: 0,
            model: *model,
            stack: Stack::new(mode::misaligned_sp(mode)),
            targets: mode::checks_targets(mode)
                .then(|| Targets { guarded: code.guarded(pc), arriving: mode::btype(mode) }),
        };
        lifter.ir.block_mut().fp_exact = mode::exact_fp(mode);
        lifter
    }

    /// Lifts the next instruction.
    #[inline]
    pub fn instruction(&mut self, word: u32) -> Flow {
        self.word = word;
        self.ir.insn(self.pc);
        if let Some(end) = self.arrive() {
            return end;
        }
        let begin = self.ir.block().insts.len();
        let mut flow = isa::lift(word, self).unwrap_or_else(|| self.nothing());
        if self.stack.is_disturbed() {
            flow = self.follow_stack(begin, flow);
        }
        self.pc = self.next();
        flow
    }

    /// At a block's first instruction, where branch targets are checked: its exception, if it is known.
    #[inline]
    fn arrive(&mut self) -> Option<Flow> {
        match self.targets {
            Some(targets) if self.ir.block().guest_insns == 1 => self.land(targets),
            _ => None,
        }
    }

    /// The word is no instruction of this processor.
    #[cold]
    #[inline(never)]
    fn nothing(&self) -> Flow {
        match isa::decode(self.word) {
            Decoded::Insn(_) | Decoded::Unallocated(_) => self.undefined(),
            Decoded::Todo(class) => {
                self.raise(Exception::Unimplemented { class, bytes: self.word as u64 })
            }
        }
    }

    /// Has the processor what the instruction needs?
    pub(crate) fn meets(&self, needs: &[Need]) -> bool {
        needs.iter().all(|n| !n.concerns(self.word) || self.has(n.feature))
    }

    /// Has the processor this feature?
    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.model.features.has(feature)
    }

    /// An access of this order: aligned to its size or, with FEAT_LSE2, within 16 bytes.
    pub(crate) fn ordered(&self, order: Order) -> MemAttr {
        let align = if self.has(Feature::LSE2) { Align::Within16 } else { Align::Natural };
        MemAttr { align, ..MemAttr::ordered(order) }
    }

    /// The finished block.
    #[inline]
    pub fn finish(self, term: Term) -> Block {
        let mut block = self.ir.finish(term);
        block.len = 4 * block.guest_insns;
        debug_assert_eq!(isamorph_ir::verify(&state::DESC, &block), Ok(()));
        block
    }

    /// Address of the following instruction.
    pub(crate) fn next(&self) -> u64 {
        self.pc.wrapping_add(4)
    }

    /// An exception at this instruction.
    pub(crate) fn raise(&self, exception: Exception) -> Flow {
        Flow::End(Term::Exception { pc: self.pc, exception })
    }

    /// The encoding, or what it asks of EL0, is UNDEFINED.
    pub(crate) fn undefined(&self) -> Flow {
        self.raise(Exception::Undefined(self.word as u64))
    }

    /// Ends the block; the engine looks at the state before it goes on.
    pub(crate) fn synchronize(&self) -> Flow {
        Flow::End(Term::Goto { pc: self.next(), ret: None, sync: true })
    }
}

/// Lifts the block at `pc`, in `room`: up to a branch, an exception, the page's end, or `max_insns`.
pub fn block(
    room: Vec<Inst>,
    model: &CpuModel,
    code: &dyn CodeSource,
    pc: u64,
    mode: Mode,
    max_insns: u32,
) -> Block {
    let mut lifter = Lifter::new(room, model, code, pc, mode);
    let max_insns = if mode.is_passing() { 1 } else { max_insns.max(1) };
    let mut left = (max_insns as usize * 4).min((PAGE - pc % PAGE) as usize);
    // A misaligned PC cannot be fetched from.
    while left > 0 && pc.is_multiple_of(4) {
        let mut bytes = [0; 2 * LINE];
        let begin = lifter.pc;
        let wanted = left.min(bytes.len() - begin as usize % LINE);
        let there = code.fetch(begin, &mut bytes[..wanted]).min(wanted);
        for (offset, word) in (0..).step_by(4).zip(bytes[..there].as_chunks().0) {
            let word = u32::from_le_bytes(*word);
            let flow = if lifter.pc != begin.wrapping_add(offset as u64) {
                // It was lifted together with those before.
                continue;
            } else if exclusive_sequence::may_begin(word) {
                lifter.exclusive_sequence(word, code, left - offset)
            } else {
                lifter.instruction(word)
            };
            if let Flow::End(term) = flow {
                return lifter.finish(term);
            }
        }
        left = if there < wanted { 0 } else { left - lifter.pc.wrapping_sub(begin) as usize };
    }
    let term = match lifter.pc {
        next if next == pc => Term::Exception { pc, exception: Exception::Fetch },
        next => Term::goto(next),
    };
    lifter.finish(term)
}
