//! Blocks: straight-line code of one or more guest instructions, and how it ends.

use crate::inst::{Inst, Value};
use crate::op::{Op, TyRule};
use crate::ty::Ty;

/// What an indirect branch is, so that engines can predict it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// A computed jump.
    Jump,
    /// A call; the guest address it returns to.
    Call {
        /// Return address.
        ret: u64,
    },
    /// A return.
    Return,
}

/// What a guest instruction waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// An interrupt (WFI, HLT).
    Interrupt,
    /// An event (WFE).
    Event,
    /// Nothing: gives way to others (YIELD, PAUSE).
    Yield,
}

/// An exception that a guest instruction raises; the PC stays at the instruction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Exception {
    /// Breakpoint instruction with its immediate.
    Breakpoint(u64),
    /// The encoding is undefined; the instruction's bytes, little-endian.
    Undefined(u64),
    /// The architecture defines it, this frontend does not implement it yet: the class's name, and the bytes.
    Unimplemented {
        /// Name of the encoding class.
        class: &'static str,
        /// The instruction's bytes, little-endian.
        bytes: u64,
    },
    /// No executable code at this address: a fetch fault.
    Fetch,
    /// A call to a higher privilege level (HVC, SMC): undefined for a user process.
    Privileged(u64),
    /// An indirect branch came here, to guarded code that is no target of such branches.
    BranchTarget,
    /// An access by the stack pointer, which is not aligned as the architecture demands.
    StackAlign,
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// Goes on at a known address.
    Goto {
        /// Address.
        pc: u64,
        /// Return address, if this is a call.
        ret: Option<u64>,
        /// The engine must look at the state first (code or a mode changed): no chaining through this exit.
        sync: bool,
    },
    /// Goes on at one of two known addresses.
    Branch {
        /// Condition, of type I1.
        cond: Value,
        /// Address if it holds.
        then: u64,
        /// Address if not.
        other: u64,
    },
    /// Goes on at a computed address, of type I64.
    Indirect {
        /// Address.
        target: Value,
        /// What kind of branch.
        hint: Hint,
    },
    /// System call; goes on at `next` afterwards.
    Syscall {
        /// Immediate of the instruction.
        imm: u64,
        /// Address after it.
        next: u64,
    },
    /// Exception at this address.
    Exception {
        /// Address of the instruction.
        pc: u64,
        /// Which.
        exception: Exception,
    },
    /// Waits, then goes on at `next`.
    Wait {
        /// For what.
        wait: Wait,
        /// Address after it.
        next: u64,
    },
}

impl Term {
    /// A plain jump.
    #[inline]
    pub const fn goto(pc: u64) -> Term {
        Term::Goto { pc, ret: None, sync: false }
    }

    /// The values it uses.
    pub fn args(&self) -> impl Iterator<Item = Value> {
        match *self {
            Term::Branch { cond, .. } => Some(cond),
            Term::Indirect { target, .. } => Some(target),
            _ => None,
        }
        .into_iter()
    }

    /// Addresses known to follow directly (not those that a callee returns to).
    pub fn successors(&self) -> impl Iterator<Item = u64> {
        let (a, b) = match *self {
            Term::Goto { pc, .. } => (Some(pc), None),
            Term::Branch { then, other, .. } => (Some(then), Some(other)),
            _ => (None, None),
        };
        a.into_iter().chain(b)
    }
}

/// Straight-line code lifted from consecutive guest instructions.
///
/// Values are block-local: only slots cross its edges.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// Guest address of the first instruction.
    pub pc: u64,
    /// Guest bytes covered, from `pc`.
    pub len: u32,
    /// Guest instructions covered.
    pub guest_insns: u32,
    /// Floating point must be computed exactly by the reference (an unusual control mode).
    pub fp_exact: bool,
    /// Instructions; a [`Value`] is an index here.
    pub insts: Vec<Inst>,
    /// End.
    pub term: Term,
}

impl Block {
    /// An empty block at `pc` that jumps to itself; the builder fills it.
    #[inline]
    pub fn new(pc: u64) -> Block {
        Block {
            pc,
            len: 0,
            guest_insns: 0,
            fp_exact: false,
            insts: Vec::new(),
            term: Term::goto(pc),
        }
    }

    /// Does it read or replace the cumulative floating-point flags?
    pub fn sees_fp_flags(&self) -> bool {
        self.insts.iter().any(|i| matches!(i.op, Op::FpFlagsRead | Op::FpFlagsWrite))
    }

    /// Type of a value, `None` if its instruction has no result.
    #[inline]
    pub fn ty(&self, v: Value) -> Option<Ty> {
        let i = self.insts.get(v.index())?;
        match i.op.result() {
            // Nearly always.
            TyRule::S => i.shape.ty(),
            rule => rule.resolve(i.shape, i.from),
        }
    }
}
