//! Branches and exception generation. Every one ends its block.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::{gpr, signed};
use crate::state;
use isamorph_ir::inst::IntCC;
use isamorph_ir::{Exception, Hint, Term, Ty, Value};

impl Lifter {
    /// PC + 4 * offset, the offset a signed field of `bits`.
    fn target(&self, offset: u32, bits: u32) -> u64 {
        self.pc.wrapping_add_signed(signed(offset, bits) << 2)
    }

    /// Goes to `target` if `cond` holds.
    fn branch_if(&self, cond: Value, target: u64) -> Flow {
        Flow::End(Term::Branch { cond, then: target, other: self.next() })
    }

    /// B: PC <- target.
    pub(crate) fn b(&mut self, i: B) -> Flow {
        Flow::End(Term::goto(self.target(i.imm26, 26)))
    }

    /// BL: X30 <- return address, PC <- target.
    pub(crate) fn bl(&mut self, i: Bl) -> Flow {
        let ret = self.link();
        Flow::End(Term::Goto { pc: self.target(i.imm26, 26), ret: Some(ret), sync: false })
    }

    /// X30 <- address of the next instruction.
    pub(super) fn link(&mut self) -> u64 {
        let ret = self.next();
        let value = self.ir.i64(ret);
        self.ir.put(state::x(30), value);
        ret
    }

    /// B.cond: PC <- target if cond.
    pub(crate) fn b_cond(&mut self, i: BCond) -> Flow {
        let target = self.target(i.imm19, 19);
        if i.cond >= 0b1110 {
            return Flow::End(Term::goto(target));
        }
        let holds = self.cond_holds(i.cond);
        self.branch_if(holds, target)
    }

    /// BC.cond: the same, expected to go one way consistently.
    pub(crate) fn bc_cond(&mut self, i: BcCond) -> Flow {
        self.b_cond(BCond { imm19: i.imm19, cond: i.cond })
    }

    /// CBZ: PC <- target if Rt is zero.
    pub(crate) fn cbz(&mut self, i: Cbz) -> Flow {
        let ty = gpr(i.sf);
        let (value, zero) = (self.read_zr(ty, i.rt), self.imm(ty, 0));
        let holds = self.ir.icmp(ty, IntCC::Eq, value, zero);
        self.branch_if(holds, self.target(i.imm19, 19))
    }

    /// CBNZ: PC <- target if Rt is not zero.
    pub(crate) fn cbnz(&mut self, i: Cbnz) -> Flow {
        let ty = gpr(i.sf);
        let (value, zero) = (self.read_zr(ty, i.rt), self.imm(ty, 0));
        let holds = self.ir.icmp(ty, IntCC::Ne, value, zero);
        self.branch_if(holds, self.target(i.imm19, 19))
    }

    /// Whether bit b5:b40 of Rt is set.
    fn bit(&mut self, b5: bool, b40: u8, rt: u8) -> Value {
        let ty = gpr(b5);
        let (value, mask) = (self.read_zr(ty, rt), self.imm(ty, 1 << ((b5 as u8) << 5 | b40)));
        self.ir.icmp(ty, IntCC::Test, value, mask)
    }

    /// TBZ: PC <- target if a bit of Rt is clear.
    pub(crate) fn tbz(&mut self, i: Tbz) -> Flow {
        let set = self.bit(i.b5, i.b40, i.rt);
        let target = self.target(i.imm14 as u32, 14);
        Flow::End(Term::Branch { cond: set, then: self.next(), other: target })
    }

    /// TBNZ: PC <- target if a bit of Rt is set.
    pub(crate) fn tbnz(&mut self, i: Tbnz) -> Flow {
        let set = self.bit(i.b5, i.b40, i.rt);
        self.branch_if(set, self.target(i.imm14 as u32, 14))
    }

    /// BR: PC <- Xn.
    pub(crate) fn br(&mut self, i: Br) -> Flow {
        let target = self.read_zr(Ty::I64, i.rn);
        self.mark_jump(i.rn);
        Flow::End(Term::Indirect { target, hint: Hint::Jump })
    }

    /// BLR: PC <- Xn as it was, X30 <- return address.
    pub(crate) fn blr(&mut self, i: Blr) -> Flow {
        let target = self.read_zr(Ty::I64, i.rn);
        let ret = self.link();
        self.mark_call();
        Flow::End(Term::Indirect { target, hint: Hint::Call { ret } })
    }

    /// RET: PC <- Xn.
    pub(crate) fn ret(&mut self, i: Ret) -> Flow {
        let target = self.read_zr(Ty::I64, i.rn);
        Flow::End(Term::Indirect { target, hint: Hint::Return })
    }

    /// ERET: UNDEFINED at EL0.
    pub(crate) fn eret(&mut self, _: Eret) -> Flow {
        self.undefined()
    }

    /// DRPS: UNDEFINED outside Debug state.
    pub(crate) fn drps(&mut self, _: Drps) -> Flow {
        self.undefined()
    }

    /// SVC: system call.
    pub(crate) fn svc(&mut self, i: Svc) -> Flow {
        Flow::End(Term::Syscall { imm: i.imm16 as u64, next: self.next() })
    }

    /// HVC: UNDEFINED at EL0.
    pub(crate) fn hvc(&mut self, i: Hvc) -> Flow {
        self.raise(Exception::Privileged(i.imm16 as u64))
    }

    /// SMC: UNDEFINED at EL0.
    pub(crate) fn smc(&mut self, i: Smc) -> Flow {
        self.raise(Exception::Privileged(i.imm16 as u64))
    }

    /// BRK: software breakpoint.
    pub(crate) fn brk(&mut self, i: Brk) -> Flow {
        self.raise(Exception::Breakpoint(i.imm16 as u64))
    }

    /// HLT: UNDEFINED while halting debug is not enabled.
    pub(crate) fn hlt(&mut self, _: Hlt) -> Flow {
        self.undefined()
    }

    /// DCPS1, DCPS2, DCPS3: UNDEFINED outside Debug state.
    pub(crate) fn dcps(&mut self, _: Dcps) -> Flow {
        self.undefined()
    }
}
