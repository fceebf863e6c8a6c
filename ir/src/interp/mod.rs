//! The interpreter: what every operation means.
//!
//! Runs one block against a guest state and a memory. It writes slots straight into the state bytes and
//! leaves the program-counter slot alone unless a `put` names it: where execution goes on is the
//! [`Outcome`]. It is both the reference of the compilers and, for now, the tier that runs cold code, so it
//! allocates nothing per block and consults no table per instruction.
//!
//! Invariants: values are zero-extended to 128 bits; a fault leaves everything the block did before the
//! faulting operation in place (frontends emit a guest instruction's writes after its last possible fault).

pub mod flags;
pub mod fp;
pub mod int;
pub(crate) mod lanes;
pub mod mem;
#[cfg(test)]
mod tests;
mod vec;

use crate::block::{Block, Exception, Hint, Term, Wait};
use crate::contract::{GuestDesc, HelperCx, HelperFn, MemTrap, Memory};
use crate::flags::{FlagsKind, FlagsVal};
use crate::inst::{Fence, Inst, Value};
use crate::op::Op;
use crate::slot::Slot;
use crate::ty::{Shape, Ty};
use std::ops::Range;

/// How a block's run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Goes on at a known address.
    Next {
        /// Address.
        pc: u64,
    },
    /// Goes on at a known address after the engine looked at the state (code or mode changed).
    Sync {
        /// Address.
        pc: u64,
    },
    /// Goes on at a computed address.
    Indirect {
        /// Address.
        target: u64,
        /// What kind of branch.
        hint: Hint,
    },
    /// System call.
    Syscall {
        /// Immediate of the instruction.
        imm: u64,
        /// Address after it.
        next: u64,
    },
    /// Exception.
    Exception {
        /// Address of the instruction.
        pc: u64,
        /// Which.
        exception: Exception,
    },
    /// Waits.
    Wait {
        /// For what.
        wait: Wait,
        /// Address after it.
        next: u64,
    },
    /// A memory access failed.
    Fault {
        /// Address of the guest instruction, by the last [`Op::Insn`] mark.
        pc: u64,
        /// The failed access.
        trap: MemTrap,
    },
}

/// What a block's run left to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// How it ended.
    pub outcome: Outcome,
    /// Guest code in this range changed: translations of it are to be dropped before the next block.
    pub invalidate: Option<Range<u64>>,
}

/// The interpreter: scratch space for the values of one block, reused from run to run.
#[derive(Debug, Default)]
pub struct Interp {
    values: Vec<u128>,
    /// Of flags values: what set them.
    kinds: Vec<FlagsKind>,
}

/// Values of the block that runs.
struct Frame<'a> {
    values: &'a mut [u128],
    kinds: &'a mut [FlagsKind],
}

impl Frame<'_> {
    #[inline(always)]
    fn get(&self, v: Value) -> u128 {
        self.values[v.index()]
    }

    /// All argument places; unused ones read 0.
    #[inline(always)]
    fn args(&self, inst: &Inst) -> [u128; 4] {
        inst.args.map(|v| self.values.get(v.index()).copied().unwrap_or(0))
    }

    #[inline]
    fn flags(&self, v: Value) -> FlagsVal {
        flags::value(self.kinds[v.index()], self.values[v.index()])
    }

    #[inline]
    fn set_flags(&mut self, i: usize, flags: FlagsVal) {
        self.kinds[i] = flags.kind;
        self.values[i] = flags::bits(flags);
    }
}

impl Interp {
    /// Without scratch space; it grows to the largest block.
    pub fn new() -> Interp {
        Interp::default()
    }

    /// Runs a verified block.
    ///
    /// # Panics
    /// If the block does not pass [`crate::verify()`] or the state is shorter than the guest's layout.
    pub fn run<M: Memory + ?Sized>(
        &mut self,
        desc: &'static GuestDesc,
        block: &Block,
        state: &mut [u8],
        mem: &mut M,
    ) -> Step {
        let n = block.insts.len();
        if self.values.len() < n {
            self.values.resize(n, 0);
            self.kinds.resize(n, FlagsKind::Packed);
        }
        let mut frame = Frame { values: &mut self.values[..n], kinds: &mut self.kinds[..n] };
        let mut invalidate = None;
        let outcome = match body(desc, block, state, mem, &mut frame, &mut invalidate) {
            Ok(()) => end(&block.term, &frame),
            Err(outcome) => outcome,
        };
        Step { outcome, invalidate }
    }
}

/// The instructions; how the block ended, if before its end.
#[inline(always)]
fn body<M: Memory + ?Sized>(
    desc: &'static GuestDesc,
    block: &Block,
    state: &mut [u8],
    mem: &mut M,
    frame: &mut Frame<'_>,
    invalidate: &mut Option<Range<u64>>,
) -> Result<(), Outcome> {
    let mut pc = block.pc;
    for (i, inst) in block.insts.iter().enumerate() {
        let [a, b, c, d] = inst.args;
        let at = |trap| Outcome::Fault { pc, trap };
        let value = match inst.op {
            Op::Insn => {
                pc = inst.imm as u64;
                continue;
            }
            Op::ExitIf if frame.get(a) & 1 == 0 => continue,
            Op::ExitIf => return Err(Outcome::Sync { pc: inst.imm as u64 }),
            Op::Get => {
                if inst.shape == Shape::FLAGS {
                    let flags = desc.layout.read_flags(state, Slot(inst.imm as u16));
                    frame.set_flags(i, flags);
                    continue;
                }
                get(desc, inst, state)
            }
            Op::Put => {
                if inst.shape == Shape::FLAGS {
                    desc.layout.write_flags(state, Slot(inst.imm as u16), frame.flags(a));
                } else {
                    put(desc, inst, state, frame.get(a));
                }
                continue;
            }

            Op::Load => mem::load(mem, inst, frame.get(a) as u64).map_err(at)?,
            Op::Store => {
                mem::store(mem, inst, frame.get(a) as u64, frame.get(b)).map_err(at)?;
                continue;
            }
            Op::AtomicRmw => mem::rmw(mem, inst, frame.get(a) as u64, frame.get(b)).map_err(at)?,
            Op::AtomicCas => {
                mem::cas(mem, inst, frame.get(a) as u64, frame.get(b), frame.get(c)).map_err(at)?
            }
            Op::CasIf if frame.get(a) & 1 == 0 => 0,
            Op::CasIf => {
                let expected = frame.get(c);
                let old = mem::cas(mem, inst, frame.get(b) as u64, expected, frame.get(d));
                (old.map_err(at)? == expected) as u128
            }
            Op::PrefetchOp => continue,
            Op::FenceOp => {
                mem.fence(Fence::from_bits(inst.imm).unwrap_or(Fence::Full));
                continue;
            }

            Op::FlagsAdd | Op::FlagsSub | Op::FlagsAdc | Op::FlagsLogic | Op::FlagsPack => {
                let flags = flags::set(inst.op, inst.shape, &frame.args(inst));
                frame.set_flags(i, flags);
                continue;
            }
            Op::FlagsSel => {
                let flags = frame.flags(if frame.get(a) & 1 != 0 { b } else { c });
                frame.set_flags(i, flags);
                continue;
            }
            Op::Select if inst.shape == Shape::FLAGS => {
                let flags = frame.flags(if frame.get(a) & 1 != 0 { b } else { c });
                frame.set_flags(i, flags);
                continue;
            }
            Op::FlagsBits => frame.flags(a).nzcv() as u128,
            Op::Cond => flags::cond(inst.imm, frame.flags(a)) as u128,
            Op::FlagsFCmp => {
                let nzcv = floating(desc, inst, &frame.args(inst), state);
                frame.set_flags(i, FlagsVal::packed(nzcv as u8));
                continue;
            }

            Op::FAdd
            | Op::FSub
            | Op::FMul
            | Op::FMulX
            | Op::FDiv
            | Op::FSqrt
            | Op::FMulAdd
            | Op::FMin
            | Op::FMax
            | Op::FMinNum
            | Op::FMaxNum
            | Op::FRecipEst
            | Op::FRsqrtEst
            | Op::FRecipStep
            | Op::FRsqrtStep
            | Op::FRecipExp
            | Op::FCmp
            | Op::FCvt
            | Op::FToInt
            | Op::IntToF
            | Op::FRound => floating(desc, inst, &frame.args(inst), state),
            Op::FpFlagsRead => desc.layout.read(state, desc.fp.flags),
            Op::FpFlagsWrite => {
                desc.layout.write(state, desc.fp.flags, frame.get(a));
                continue;
            }

            Op::Call | Op::CallNil => {
                let args = frame.args(inst);
                call(desc, inst, args, state, mem, invalidate).map_err(at)?
            }

            // What most are, without the generality.
            Op::Const if inst.shape == Shape::I64 => inst.imm as u64 as u128,
            Op::Add if inst.shape == Shape::I64 => {
                (frame.get(a) as u64).wrapping_add(frame.get(b) as u64) as u128
            }
            Op::Sub if inst.shape == Shape::I64 => {
                (frame.get(a) as u64).wrapping_sub(frame.get(b) as u64) as u128
            }

            pure => int::eval(pure, inst.shape, inst.from, inst.imm, &frame.args(inst)),
        };
        frame.values[i] = value;
    }
    Ok(())
}

fn floating(desc: &GuestDesc, inst: &Inst, args: &[u128; 4], state: &mut [u8]) -> u128 {
    fp::eval(desc, inst.op, inst.shape, inst.from, inst.imm, args, state)
}

#[inline]
fn get(desc: &GuestDesc, inst: &Inst, state: &[u8]) -> u128 {
    let slot = Slot(inst.imm as u16);
    if inst.shape == Shape::I64 {
        let at = desc.layout.slots[slot.0 as usize].offset as usize;
        let bytes = state[at..at + 8].try_into().expect("eight bytes");
        return u64::from_le_bytes(bytes) as u128;
    }
    desc.layout.read(state, slot)
}

#[inline]
fn put(desc: &GuestDesc, inst: &Inst, state: &mut [u8], value: u128) {
    let slot = Slot(inst.imm as u16);
    if inst.shape == Shape::I64 {
        let at = desc.layout.slots[slot.0 as usize].offset as usize;
        state[at..at + 8].copy_from_slice(&(value as u64).to_le_bytes());
        return;
    }
    desc.layout.write(state, slot, value);
}

fn call<M: Memory + ?Sized>(
    desc: &'static GuestDesc,
    inst: &Inst,
    args: [u128; 4],
    state: &mut [u8],
    mem: &mut M,
    invalidate: &mut Option<Range<u64>>,
) -> Result<u128, MemTrap> {
    let helper = &desc.helpers[inst.imm as usize];
    let result = match helper.func {
        HelperFn::Int(f) => {
            let [a, b, c, d] = args.map(|x| x as u64);
            f(a, b, c, d) as u128
        }
        HelperFn::Wide(f) => {
            let mut values = args;
            f(&mut values);
            values[0]
        }
        HelperFn::Context(f) => {
            let memory = &mut mem::ByRef(mem);
            let mut cx = HelperCx { desc, state, memory, args, invalidate: None };
            let result = f(&mut cx);
            if let Some(range) = cx.invalidate {
                *invalidate = Some(match invalidate.take() {
                    None => range,
                    Some(r) => r.start.min(range.start)..r.end.max(range.end),
                });
            }
            result?
        }
    };
    Ok(result & helper.ret.map_or(0, |ty: Ty| lanes::mask(ty.bits())))
}

#[inline]
fn end(term: &Term, frame: &Frame<'_>) -> Outcome {
    match *term {
        Term::Goto { pc, sync: false, .. } => Outcome::Next { pc },
        Term::Goto { pc, sync: true, .. } => Outcome::Sync { pc },
        Term::Branch { cond, then, other } => {
            Outcome::Next { pc: if frame.get(cond) & 1 != 0 { then } else { other } }
        }
        Term::Indirect { target, hint } => {
            Outcome::Indirect { target: frame.get(target) as u64, hint }
        }
        Term::Syscall { imm, next } => Outcome::Syscall { imm, next },
        Term::Exception { pc, ref exception } => {
            Outcome::Exception { pc, exception: exception.clone() }
        }
        Term::Wait { wait, next } => Outcome::Wait { wait, next },
    }
}
