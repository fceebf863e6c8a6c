//! Templates, one file per family of ops.
//!
//! A template takes its operands into registers, gives its result one, and writes bytes. Where the host has no short
//! way it says so by returning `false`: the reference computes the op then.

mod call;
mod convert;
mod flags;
mod fp;
mod int;
mod lanes;
mod mem;
mod term;
mod vec;

use super::Gen;
use isamorph_ir::op::Effect;
use isamorph_ir::{Inst, Op, Shape, Value};

/// Is this op evaluated by the reference in every form? (Other ops may be in some forms.)
pub fn by_reference(op: Op) -> bool {
    matches!(
        op,
        Op::PMul
            | Op::FMulX
            | Op::FRecipEst
            | Op::FRsqrtEst
            | Op::FRecipStep
            | Op::FRsqrtStep
            | Op::FRecipExp
    )
}

impl Gen<'_> {
    #[inline]
    pub(super) fn template(&mut self, inst: &Inst, v: Value) {
        let exact = self.block.fp_exact && inst.op.effect() == Effect::Fp;
        if exact || !self.by_host(inst, v) {
            self.reference(inst, v);
        }
    }

    /// The op by host instructions; false: there are none for this form, and nothing was written.
    fn by_host(&mut self, inst: &Inst, v: Value) -> bool {
        let vector = inst.shape.is_vector() || inst.shape == Shape::V128;
        match inst.op {
            // Elsewhere: see the walk over the block.
            Op::Const | Op::Get | Op::Put | Op::Insn => true,
            Op::ExitIf => self.exit_if(inst),

            Op::Add | Op::Sub | Op::Mul | Op::Neg | Op::And | Op::Or | Op::Xor => {
                if vector {
                    self.vec_int(inst, v)
                } else {
                    self.int(inst, v)
                }
            }
            Op::AndNot | Op::Not | Op::Abs | Op::ShlI | Op::LShrI | Op::AShrI | Op::BitSel => {
                if vector {
                    self.vec_int(inst, v)
                } else {
                    self.int(inst, v)
                }
            }
            Op::Clz | Op::Ctz | Op::Cls | Op::Popcnt | Op::BitRev => {
                if vector {
                    self.vec_int(inst, v)
                } else {
                    self.int(inst, v)
                }
            }
            Op::ICmp | Op::SMin | Op::SMax | Op::UMin | Op::UMax => {
                if vector {
                    self.vec_int(inst, v)
                } else {
                    self.int(inst, v)
                }
            }
            Op::SAddSat | Op::UAddSat | Op::SSubSat | Op::USubSat => {
                vector && self.vec_int(inst, v)
            }
            Op::UMulHi | Op::SMulHi | Op::UDiv | Op::SDiv => self.int(inst, v),
            Op::Shl | Op::LShr | Op::AShr | Op::Rotr | Op::RotrI | Op::Bswap => self.int(inst, v),
            Op::Select => self.select(inst, v),
            Op::Zext | Op::Sext | Op::Trunc | Op::Bitcast | Op::Concat | Op::Hi64 => {
                self.cast(inst, v)
            }

            Op::ShiftBySigned | Op::URShrI | Op::SRShrI | Op::SAvg | Op::UAvg => {
                self.vec_int(inst, v)
            }
            Op::SHSub | Op::UHSub | Op::SAbd | Op::UAbd | Op::SQDMulHi => self.vec_int(inst, v),
            Op::ReduceAdd | Op::ReduceSMax | Op::ReduceSMin | Op::ReduceUMax | Op::ReduceUMin => {
                self.reduce(inst, v)
            }

            Op::FlagsAdd | Op::FlagsSub | Op::FlagsLogic | Op::FlagsSel => true,
            Op::FlagsAdc => self.flags_adc(inst, v),
            Op::FlagsPack => self.flags_pack(inst, v),
            Op::FlagsFCmp => false,
            Op::FlagsBits => self.flags_bits(inst, v),
            Op::Cond => self.bool_of_condition(inst, v),

            Op::Load => self.load(inst, v),
            Op::Store => self.store(inst),
            Op::AtomicRmw => self.atomic_rmw(inst, v),
            Op::AtomicCas => self.atomic_cas(inst, v),
            Op::CasIf => self.cas_if(inst, v),
            Op::PrefetchOp => self.prefetch(inst),
            Op::FenceOp => self.fence(inst),

            Op::Splat | Op::Extract | Op::Insert | Op::ZextLane | Op::Lo64 => self.lanes(inst, v),
            Op::Zip1 | Op::Zip2 | Op::Uzp1 | Op::Uzp2 | Op::Trn1 | Op::Trn2 | Op::Ext => {
                self.permute(inst, v)
            }
            Op::RevLanes | Op::Tbl | Op::WidenLo | Op::WidenHi | Op::NarrowOp => {
                self.lanes(inst, v)
            }

            Op::FAdd | Op::FSub | Op::FMul | Op::FDiv | Op::FSqrt | Op::FMulAdd => {
                self.arithmetic(inst, v)
            }
            Op::FMin | Op::FMax | Op::FMinNum | Op::FMaxNum => self.min_max_fp(inst, v),
            Op::FAbs | Op::FNeg => self.sign_bit(inst, v),
            Op::FCmp => self.compare_fp(inst, v),
            Op::FCvt => self.convert_precision(inst, v),
            Op::FToInt => self.float_to_int(inst, v),
            Op::IntToF => self.int_to_float(inst, v),
            Op::FRound => self.round(inst, v),
            Op::FpFlagsRead => self.fp_flags_read(v),
            Op::FpFlagsWrite => self.fp_flags_write(inst),
            Op::FMulX | Op::FRecipEst | Op::FRsqrtEst | Op::FRecipStep | Op::FRsqrtStep => false,
            Op::FRecipExp | Op::PMul => false,

            Op::Call | Op::CallNil => self.call(inst, v),
        }
    }
}
