//! Memory copy and memory set: prologue, main, epilogue.
//!
//! Option A of the manual, without a check that a program did not mix options. The prologue only saturates the size,
//! chooses the direction and clears the flags; main and epilogue are the same: each run moves some bytes
//! and stays at the instruction until none are left, so that faults and signals find exact registers.
//!
//! Forward, Xn counts up from minus the size, and Xd and Xs point behind their ends; backward, Xn counts down from
//! the size, and Xd and Xs point to their starts.

use crate::helper;
use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::state;
use isamorph_ir::inst::IntCC;
use isamorph_ir::{Term, Ty, Value};

/// Forward-only copies and sets take sizes to 2^63 - 1, the others to 2^55 - 1.
const MOST: u64 = u64::MAX >> 1;
const MOST_OF_BOTH: u64 = u64::MAX >> 9;

/// Registers of a copy or set.
#[derive(Clone, Copy)]
struct Registers {
    to: u8,
    from: u8,
    size: u8,
}

macro_rules! registers {
    ($i:ident) => {
        Registers { to: $i.rd, from: $i.rs, size: $i.rn }
    };
}

impl Lifter {
    fn least(&mut self, size: u8, most: u64) -> Value {
        let (size, most) = (self.read_zr(Ty::I64, size), self.ir.i64(most));
        self.ir.umin(Ty::I64, size, most)
    }

    fn clear_flags(&mut self) -> Flow {
        let zero = self.imm(Ty::I32, 0);
        let flags = self.ir.flags_pack(zero);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// X `r` <- itself + size.
    fn advance(&mut self, r: u8, size: Value) {
        let pointer = self.read_zr(Ty::I64, r);
        let end = self.ir.add(Ty::I64, pointer, size);
        self.write_zr(r, end);
    }

    fn begin_forward(&mut self, r: Registers, copy: bool) -> Flow {
        let size = self.least(r.size, MOST);
        self.advance(r.to, size);
        if copy {
            self.advance(r.from, size);
        }
        let minus = self.ir.neg(Ty::I64, size);
        self.write_zr(r.size, minus);
        self.clear_flags()
    }

    /// Backward if the destination begins within the source; addresses without their top bytes.
    fn begin_either(&mut self, r: Registers) -> Flow {
        let size = self.least(r.size, MOST_OF_BOTH);
        let (to, from) = (self.read_zr(Ty::I64, r.to), self.read_zr(Ty::I64, r.from));
        let distance = self.ir.sub(Ty::I64, to, from);
        let distance = self.ir.shli(Ty::I64, distance, 8);
        let reach = self.ir.shli(Ty::I64, size, 8);
        let (within, zero) = (self.ir.icmp(Ty::I64, IntCC::Ult, distance, reach), self.ir.i64(0));
        let apart = self.ir.icmp(Ty::I64, IntCC::Ne, distance, zero);
        let backward = self.ir.and(Ty::I1, within, apart);
        let (minus, by) = (self.ir.neg(Ty::I64, size), self.ir.select(backward, zero, size));
        let count = self.ir.select(backward, size, minus);
        let (to, from) = (self.ir.add(Ty::I64, to, by), self.ir.add(Ty::I64, from, by));
        self.write_zr(r.to, to);
        self.write_zr(r.from, from);
        self.write_zr(r.size, count);
        self.clear_flags()
    }

    /// Copies some bytes; again, until none are left.
    fn copy(&mut self, r: Registers) -> Flow {
        let (to, from) = (self.read_zr(Ty::I64, r.to), self.read_zr(Ty::I64, r.from));
        let count = self.read_zr(Ty::I64, r.size);
        let left = self.ir.call(helper::COPY, &[to, from, count]).expect("what is left");
        self.repeat(r.size, left)
    }

    /// Sets some bytes; again, until none are left.
    fn set(&mut self, r: Registers) -> Flow {
        let (to, value) = (self.read_zr(Ty::I64, r.to), self.read_zr(Ty::I64, r.from));
        let count = self.read_zr(Ty::I64, r.size);
        let left = self.ir.call(helper::SET, &[to, value, count]).expect("what is left");
        self.repeat(r.size, left)
    }

    fn repeat(&mut self, size: u8, left: Value) -> Flow {
        self.write_zr(size, left);
        let zero = self.ir.i64(0);
        let more = self.ir.icmp(Ty::I64, IntCC::Ne, left, zero);
        Flow::End(Term::Branch { cond: more, then: self.pc, other: self.next() })
    }

    /// CPYFP.
    pub(crate) fn cpyfp(&mut self, i: Cpyfp) -> Flow {
        self.begin_forward(registers!(i), true)
    }

    /// CPYFM.
    pub(crate) fn cpyfm(&mut self, i: Cpyfm) -> Flow {
        self.copy(registers!(i))
    }

    /// CPYFE.
    pub(crate) fn cpyfe(&mut self, i: Cpyfe) -> Flow {
        self.copy(registers!(i))
    }

    /// CPYP.
    pub(crate) fn cpyp(&mut self, i: Cpyp) -> Flow {
        self.begin_either(registers!(i))
    }

    /// CPYM.
    pub(crate) fn cpym(&mut self, i: Cpym) -> Flow {
        self.copy(registers!(i))
    }

    /// CPYE.
    pub(crate) fn cpye(&mut self, i: Cpye) -> Flow {
        self.copy(registers!(i))
    }

    /// SETP.
    pub(crate) fn setp(&mut self, i: Setp) -> Flow {
        self.begin_forward(registers!(i), false)
    }

    /// SETM.
    pub(crate) fn setm(&mut self, i: Setm) -> Flow {
        self.set(registers!(i))
    }

    /// SETE.
    pub(crate) fn sete(&mut self, i: Sete) -> Flow {
        self.set(registers!(i))
    }
}
