//! Scalar integer ops.
//!
//! Invariant: meaning is total, as the op table says; an `I1` stays 0 or 1.

use super::{Lower, clif};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F64, I8, I8X16, I32, I64, I128};
use cranelift_codegen::ir::{self, InstBuilder, Type};
use isamorph_ir::{Inst, Op, Ty, inst};

/// Cranelift's condition for ours; `Test` has none.
pub(super) fn int_cc(cc: inst::IntCC) -> Option<IntCC> {
    use inst::IntCC::*;
    Some(match cc {
        Eq => IntCC::Equal,
        Ne => IntCC::NotEqual,
        Ult => IntCC::UnsignedLessThan,
        Ule => IntCC::UnsignedLessThanOrEqual,
        Ugt => IntCC::UnsignedGreaterThan,
        Uge => IntCC::UnsignedGreaterThanOrEqual,
        Slt => IntCC::SignedLessThan,
        Sle => IntCC::SignedLessThanOrEqual,
        Sgt => IntCC::SignedGreaterThan,
        Sge => IntCC::SignedGreaterThanOrEqual,
        Test => return None,
    })
}

impl Lower<'_, '_> {
    pub(super) fn constant(&mut self, shape: isamorph_ir::Shape, bits: u128) -> ir::Value {
        match shape.ty().unwrap_or(Ty::I64) {
            Ty::F32 => self.b.ins().f32const(f32::from_bits(bits as u32)),
            Ty::F64 => self.b.ins().f64const(f64::from_bits(bits as u64)),
            Ty::V128 => self.vconst(I8X16, bits),
            Ty::I128 => {
                let lo = self.b.ins().iconst(I64, bits as i64);
                let hi = self.b.ins().iconst(I64, (bits >> 64) as i64);
                self.b.ins().iconcat(lo, hi)
            }
            ty => self.iconst(clif(ty), bits as u64),
        }
    }

    /// A constant of a type of at most 64 bits.
    pub(super) fn iconst(&mut self, ty: Type, bits: u64) -> ir::Value {
        let mask = u64::MAX >> (64 - ty.bits());
        self.b.ins().iconst(ty, (bits & mask) as i64)
    }

    pub(super) fn int(&mut self, inst: &Inst) -> ir::Value {
        match inst.op {
            Op::Zext | Op::Sext | Op::Trunc | Op::Bitcast | Op::Concat | Op::Hi64 => {
                return self.convert(inst);
            }
            _ => {}
        }
        match inst.shape.ty() {
            Some(Ty::I1) => self.bit(inst),
            Some(Ty::V128) => self.whole_vector(inst),
            _ => self.scalar(inst),
        }
    }

    /// Ops on single bits: arithmetic modulo 2.
    fn bit(&mut self, inst: &Inst) -> ir::Value {
        let [a, b, c] = [0, 1, 2].map(|n| inst.args().nth(n).map(|v| self.v(v)));
        let a = a.expect("an operand");
        let second = || b.expect("two operands");
        match inst.op {
            Op::Add | Op::Sub | Op::Xor => self.b.ins().bxor(a, second()),
            Op::And | Op::Mul => self.b.ins().band(a, second()),
            Op::Or => self.b.ins().bor(a, second()),
            Op::AndNot => self.b.ins().band_not(a, second()),
            Op::Not => self.b.ins().bxor_imm_u(a, 1),
            Op::BitSel => self.b.ins().bitselect(a, second(), c.expect("three operands")),
            Op::Neg => a,
            op => unreachable!("{op:?} of a bit"),
        }
    }

    /// Ops on all 128 bits of a vector: arithmetic as on one integer.
    fn whole_vector(&mut self, inst: &Inst) -> ir::Value {
        let arithmetic = matches!(inst.op, Op::Add | Op::Sub | Op::Mul | Op::Neg);
        let ty = if arithmetic { I128 } else { I8X16 };
        let mut args = Vec::with_capacity(3);
        for v in inst.args() {
            let v = self.v(v);
            args.push(self.cast(ty, v));
        }
        let result = match (inst.op, &args[..]) {
            (Op::Add, [a, b]) => self.b.ins().iadd(*a, *b),
            (Op::Sub, [a, b]) => self.b.ins().isub(*a, *b),
            (Op::Mul, [a, b]) => self.b.ins().imul(*a, *b),
            (Op::Neg, [a]) => self.b.ins().ineg(*a),
            (Op::And, [a, b]) => self.b.ins().band(*a, *b),
            (Op::Or, [a, b]) => self.b.ins().bor(*a, *b),
            (Op::Xor, [a, b]) => self.b.ins().bxor(*a, *b),
            (Op::AndNot, [a, b]) => self.b.ins().band_not(*a, *b),
            (Op::Not, [a]) => self.b.ins().bnot(*a),
            (Op::BitSel, [m, a, b]) => self.b.ins().bitselect(*m, *a, *b),
            (op, _) => unreachable!("{op:?} of a whole vector"),
        };
        self.cast(I8X16, result)
    }

    fn scalar(&mut self, inst: &Inst) -> ir::Value {
        let args: Vec<ir::Value> = inst.args().map(|v| self.v(v)).collect();
        let a = args[0];
        let b = args.get(1).copied().unwrap_or(a);
        let ty = self.type_of(a);
        let bits = ty.bits();
        let imm = inst.imm.min(255) as i64;
        match inst.op {
            Op::Add => self.b.ins().iadd(a, b),
            Op::Sub => self.b.ins().isub(a, b),
            Op::Mul => self.b.ins().imul(a, b),
            Op::And => self.b.ins().band(a, b),
            Op::Or => self.b.ins().bor(a, b),
            Op::Xor => self.b.ins().bxor(a, b),
            Op::AndNot => self.b.ins().band_not(a, b),
            Op::Not => self.b.ins().bnot(a),
            Op::Neg => self.b.ins().ineg(a),
            Op::Abs => {
                let negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, a, 0);
                let neg = self.b.ins().ineg(a);
                self.b.ins().select(negative, neg, a)
            }
            Op::BitSel => {
                let c = args[2];
                // (m & a) | (!m & b) as b ^ (m & (a ^ b))
                let x = self.b.ins().bxor(b, c);
                let x = self.b.ins().band(x, a);
                self.b.ins().bxor(x, c)
            }
            Op::UMulHi | Op::SMulHi => self.mul_high(inst.op == Op::SMulHi, a, b),
            Op::UDiv | Op::SDiv => self.div(inst.op == Op::SDiv, a, b),
            Op::Shl | Op::LShr | Op::AShr | Op::Rotr => {
                let by = if ty == I128 { self.b.ins().ireduce(I64, b) } else { b };
                match inst.op {
                    Op::Shl => self.b.ins().ishl(a, by),
                    Op::LShr => self.b.ins().ushr(a, by),
                    Op::AShr => self.b.ins().sshr(a, by),
                    _ => self.b.ins().rotr(a, by),
                }
            }
            Op::ShlI | Op::LShrI if imm >= bits as i64 => {
                let zero = self.b.ins().iconst(I64, 0);
                match ty {
                    I64 => zero,
                    I128 => self.b.ins().uextend(I128, zero),
                    _ => self.b.ins().ireduce(ty, zero),
                }
            }
            Op::ShlI => self.b.ins().ishl_imm_u(a, imm),
            Op::LShrI => self.b.ins().ushr_imm_u(a, imm),
            Op::AShrI => self.b.ins().sshr_imm_u(a, imm.min(bits as i64 - 1)),
            Op::RotrI => self.b.ins().rotr_imm_u(a, imm % bits as i64),
            Op::Clz | Op::Ctz | Op::Cls | Op::Popcnt => self.count(inst.op, a),
            Op::BitRev if matches!(ty, I32 | I64) => self.reverse_bits(ty, a),
            Op::BitRev => self.b.ins().bitrev(a),
            Op::Bswap if ty == I8 => a,
            Op::Bswap => self.b.ins().bswap(a),
            Op::ICmp => {
                let cc = inst::IntCC::from_bits(inst.imm).unwrap_or(inst::IntCC::Eq);
                self.icmp(cc, a, b)
            }
            Op::SMin | Op::SMax | Op::UMin | Op::UMax => {
                let cc = match inst.op {
                    Op::SMin => IntCC::SignedLessThan,
                    Op::SMax => IntCC::SignedGreaterThan,
                    Op::UMin => IntCC::UnsignedLessThan,
                    _ => IntCC::UnsignedGreaterThan,
                };
                let first = self.b.ins().icmp(cc, a, b);
                self.b.ins().select(first, a, b)
            }
            Op::SAddSat | Op::SSubSat => self.saturate_signed(inst.op == Op::SAddSat, a, b),
            Op::UAddSat => {
                let sum = self.b.ins().iadd(a, b);
                let carry = self.b.ins().icmp(IntCC::UnsignedLessThan, sum, a);
                let ones = self.iconst(ty, u64::MAX);
                self.b.ins().select(carry, ones, sum)
            }
            Op::USubSat => {
                let difference = self.b.ins().isub(a, b);
                let borrow = self.b.ins().icmp(IntCC::UnsignedLessThan, a, b);
                let zero = self.iconst(ty, 0);
                self.b.ins().select(borrow, zero, difference)
            }
            op => unreachable!("{op:?} is no scalar integer op"),
        }
    }

    /// 1 or 0 as an I8.
    fn icmp(&mut self, cc: inst::IntCC, a: ir::Value, b: ir::Value) -> ir::Value {
        match int_cc(cc) {
            Some(cc) => self.b.ins().icmp(cc, a, b),
            None => {
                let both = self.b.ins().band(a, b);
                let zero = self.b.ins().iconst(I64, 0);
                let ty = self.type_of(a);
                if ty == I128 {
                    let zero = self.b.ins().uextend(I128, zero);
                    return self.b.ins().icmp(IntCC::NotEqual, both, zero);
                }
                self.b.ins().icmp_imm_s(IntCC::NotEqual, both, 0)
            }
        }
    }

    fn mul_high(&mut self, signed: bool, a: ir::Value, b: ir::Value) -> ir::Value {
        if self.type_of(a) == I64 {
            return match signed {
                true => self.b.ins().smulhi(a, b),
                false => self.b.ins().umulhi(a, b),
            };
        }
        let [a, b] = [a, b].map(|x| match signed {
            true => self.b.ins().sextend(I64, x),
            false => self.b.ins().uextend(I64, x),
        });
        let product = self.b.ins().imul(a, b);
        let high = self.b.ins().ushr_imm_u(product, 32);
        self.b.ins().ireduce(I32, high)
    }

    /// Division whose rare cases (by zero; of MIN by -1) branch to a cold path.
    fn div(&mut self, signed: bool, a: ir::Value, b: ir::Value) -> ir::Value {
        let ty = self.type_of(a);
        let rare = if signed {
            // 0 and -1
            let plus_one = self.b.ins().iadd_imm_s(b, 1);
            let one = self.iconst(ty, 1);
            self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, plus_one, one)
        } else {
            self.b.ins().icmp_imm_s(IntCC::Equal, b, 0)
        };
        let [cold, usual, done] = [(); 3].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        let result = self.b.append_block_param(done, ty);
        self.b.ins().brif(rare, cold, &[], usual, &[]);

        self.b.switch_to_block(cold);
        self.b.seal_block(cold);
        let zero = self.iconst(ty, 0);
        let rare = if signed {
            let by_zero = self.b.ins().icmp_imm_s(IntCC::Equal, b, 0);
            let negated = self.b.ins().ineg(a);
            self.b.ins().select(by_zero, zero, negated)
        } else {
            zero
        };
        self.b.ins().jump(done, &[rare.into()]);

        self.b.switch_to_block(usual);
        self.b.seal_block(usual);
        let quotient = if signed { self.b.ins().sdiv(a, b) } else { self.b.ins().udiv(a, b) };
        self.b.ins().jump(done, &[quotient.into()]);

        self.b.switch_to_block(done);
        self.b.seal_block(done);
        result
    }

    fn count(&mut self, op: Op, a: ir::Value) -> ir::Value {
        let ty = self.type_of(a);
        let bits = ty.bits() as i64;
        if bits >= 32 {
            return match op {
                Op::Clz => self.b.ins().clz(a),
                Op::Ctz => self.b.ins().ctz(a),
                Op::Cls => self.b.ins().cls(a),
                _ => self.b.ins().popcnt(a),
            };
        }
        // In 32 bits, with the extension's bits taken off or a sentinel put on.
        let extended = match op {
            Op::Cls => self.b.ins().sextend(I32, a),
            _ => self.b.ins().uextend(I32, a),
        };
        let n = match op {
            Op::Clz => {
                let n = self.b.ins().clz(extended);
                self.b.ins().iadd_imm_s(n, bits - 32)
            }
            Op::Ctz => {
                let stopped = self.b.ins().bor_imm_u(extended, 1 << bits);
                self.b.ins().ctz(stopped)
            }
            Op::Cls => {
                let n = self.b.ins().cls(extended);
                self.b.ins().iadd_imm_s(n, bits - 32)
            }
            _ => self.b.ins().popcnt(extended),
        };
        self.b.ins().ireduce(ty, n)
    }

    fn saturate_signed(&mut self, add: bool, a: ir::Value, b: ir::Value) -> ir::Value {
        let ty = self.type_of(a);
        let bits = ty.bits();
        let (r, y) = if add {
            let r = self.b.ins().iadd(a, b);
            (r, self.b.ins().bxor(b, r))
        } else {
            let r = self.b.ins().isub(a, b);
            (r, self.b.ins().bxor(a, b))
        };
        let x = self.b.ins().bxor(a, r);
        let v = self.b.ins().band(x, y);
        let overflow = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, v, 0);
        // MAX if a >= 0, MIN if not.
        let sign = self.b.ins().sshr_imm_u(a, bits as i64 - 1);
        let max = self.iconst(ty, (1 << (bits - 1)) - 1);
        let limit = self.b.ins().bxor(sign, max);
        self.b.ins().select(overflow, limit, r)
    }

    fn convert(&mut self, inst: &Inst) -> ir::Value {
        let a = self.v(inst.args[0]);
        let to = inst.shape.ty().unwrap_or(Ty::I64);
        let from = inst.from.ty().unwrap_or(to);
        let target = clif(to);
        match inst.op {
            // The load did it already.
            Op::Zext | Op::Sext if self.extended[inst.args[0].index()].is_some() => a,
            Op::Zext => match from {
                from if clif(from) == target => a,
                _ => self.b.ins().uextend(target, a),
            },
            Op::Sext if from == Ty::I1 => {
                let wide = if target == I8 { a } else { self.b.ins().uextend(target, a) };
                self.b.ins().ineg(wide)
            }
            Op::Sext if clif(from) == target => a,
            Op::Sext => self.b.ins().sextend(target, a),
            Op::Trunc => self.truncate(to, a),
            Op::Bitcast => self.cast(target, a),
            Op::Concat => {
                let b = self.v(inst.args[1]);
                self.b.ins().iconcat(a, b)
            }
            Op::Hi64 => {
                let a = self.cast(I128, a);
                self.b.ins().isplit(a).1
            }
            op => unreachable!("{op:?} is no conversion"),
        }
    }

    /// Low bits of a value of any type.
    fn truncate(&mut self, to: Ty, a: ir::Value) -> ir::Value {
        let ty = self.type_of(a);
        let a = match ty {
            F32 => self.cast(I32, a),
            F64 => self.cast(I64, a),
            t if t.is_vector() => {
                let lanes = self.cast(ir::types::I64X2, a);
                match to {
                    Ty::I128 | Ty::V128 => return self.cast(clif(to), a),
                    _ => self.b.ins().extractlane(lanes, 0),
                }
            }
            _ => a,
        };
        let target = match to {
            Ty::F32 => I32,
            Ty::F64 => I64,
            Ty::I1 => I8,
            to => clif(to),
        };
        let a = if self.type_of(a) == target { a } else { self.b.ins().ireduce(target, a) };
        match to {
            Ty::I1 => self.b.ins().band_imm_u(a, 1),
            Ty::F32 | Ty::F64 => self.cast(clif(to), a),
            _ => a,
        }
    }

    /// `c ? a : b` of any type but flags.
    pub(super) fn select(&mut self, inst: &Inst) -> ir::Value {
        let [c, a, b] = [0, 1, 2].map(|n| self.v(inst.args[n]));
        let ty = self.type_of(a);
        let b = if ty.is_vector() { self.cast(ty, b) } else { b };
        let chosen = self.b.ins().select(c, a, b);
        if inst.shape.is_half() { self.zero_upper(chosen) } else { chosen }
    }
}
