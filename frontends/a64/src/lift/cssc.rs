//! Common short sequences: minimum, maximum, bit counts and absolute value of general registers.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::{gpr, signed};

/// Rd <- op of Rn and an immediate, which is signed where the comparison is.
macro_rules! immediate {
    ($($name:ident $fields:ident = $op:ident of $imm:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let (ty, imm): (_, fn(u8) -> u64) = (gpr(i.sf), $imm);
            let (n, imm) = (self.read_zr(ty, i.rn), self.imm(ty, imm(i.imm8)));
            let result = self.ir.$op(ty, n, imm);
            self.write_zr(i.rd, result);
            Flow::Next
        }
    )* } };
}

immediate! {
    smax_imm SmaxImm = smax of |n| signed(n as u32, 8) as u64;
    umax_imm UmaxImm = umax of |n| n as u64;
    smin_imm SminImm = smin of |n| signed(n as u32, 8) as u64;
    umin_imm UminImm = umin of |n| n as u64;
}

/// Rd <- op of Rn and Rm.
macro_rules! two {
    ($($name:ident $fields:ident = $op:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let ty = gpr(i.sf);
            let (n, m) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
            let result = self.ir.$op(ty, n, m);
            self.write_zr(i.rd, result);
            Flow::Next
        }
    )* } };
}

two! {
    smax_reg SmaxReg = smax;
    umax_reg UmaxReg = umax;
    smin_reg SminReg = smin;
    umin_reg UminReg = umin;
}

/// Rd <- op of Rn.
macro_rules! one {
    ($($name:ident $fields:ident = $op:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let n = self.read_zr(gpr(i.sf), i.rn);
            let result = self.ir.$op(gpr(i.sf), n);
            self.write_zr(i.rd, result);
            Flow::Next
        }
    )* } };
}

one! {
    ctz Ctz = ctz;
    cnt Cnt = popcnt;
    abs Abs = abs;
}
