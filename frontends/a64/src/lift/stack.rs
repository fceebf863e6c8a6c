//! SP alignment (SCTLR_EL1.SA0): an access by SP faults while SP is not a multiple of 16.
//!
//! Whether it is belongs to the translation mode, so that no access looks. In the usual mode SP is aligned, and what
//! moves it by multiples of 16 keeps it so; behind any other write of SP a side exit takes a misaligned one to the other
//! mode. There every access by SP is the exception, and writes that could align SP end their block.

use super::{Flow, Lifter};
use crate::state;
use isamorph_ir::inst::IntCC;
use isamorph_ir::{Exception, Op, Slot, Ty, Value};

/// What is known of SP while a block is lifted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stack {
    /// It is misaligned.
    misaligned: bool,
    /// It is, and the instruction accesses memory by it.
    refused: bool,
    /// The instruction may change its alignment.
    moved: bool,
}

impl Stack {
    pub(super) fn new(misaligned: bool) -> Stack {
        Stack { misaligned, refused: false, moved: false }
    }

    /// Is there something to be done about the instruction?
    #[inline]
    pub(super) fn is_disturbed(&self) -> bool {
        self.refused | self.moved
    }
}

impl Lifter {
    /// SP as the base of an access.
    pub(crate) fn stack_base(&mut self) -> Value {
        self.stack.refused = self.stack.misaligned;
        self.read_x(31)
    }

    /// What the instruction does with SP is no access (a prefetch): it does not fault.
    pub(crate) fn excuse_stack(&mut self) {
        self.stack.refused = false;
    }

    /// SP <- `value`.
    pub(crate) fn write_stack(&mut self, value: Value) {
        self.stack.moved |= !self.keeps_alignment(value);
        self.ir.put(state::SP, value);
    }

    /// Is this SP plus a multiple of 16?
    fn keeps_alignment(&self, value: Value) -> bool {
        let insts = &self.ir.block().insts;
        let is_stack = |v: Value| {
            let inst = &insts[v.index()];
            inst.op == Op::Get && Slot(inst.imm as u16) == state::SP
        };
        let inst = &insts[value.index()];
        match inst.op {
            Op::Add | Op::Sub if is_stack(inst.args[0]) => {
                let by = &insts[inst.args[1].index()];
                by.op == Op::Const && by.imm.is_multiple_of(16)
            }
            _ => is_stack(value),
        }
    }

    /// After an instruction whose ops begin at `begin`: its fault, or what follows from its write of SP.
    #[cold]
    pub(super) fn follow_stack(&mut self, begin: usize, flow: Flow) -> Flow {
        let stack = self.stack;
        self.stack = Stack::new(stack.misaligned);
        if stack.refused {
            self.ir.block_mut().insts.truncate(begin);
            return self.raise(Exception::StackAlign);
        }
        match flow {
            Flow::Next if stack.moved && stack.misaligned => self.synchronize(),
            Flow::Next if stack.moved => {
                let (sp, low) = (self.ir.get(state::SP), self.ir.i64(15));
                let misaligned = self.ir.icmp(Ty::I64, IntCC::Test, sp, low);
                self.ir.exit_if(misaligned, self.next());
                Flow::Next
            }
            flow => flow,
        }
    }
}
