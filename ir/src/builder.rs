//! Typed builder: frontends and passes make blocks through it.
//!
//! Types are checked here in debug builds and by [`crate::verify()`] after every pass, by the same table.

use crate::block::{Block, Term};
use crate::contract::{GuestDesc, HelperId};
use crate::flags::CondCC;
use crate::inst::{
    Fence, FloatCC, FpConv, FpRound, Inst, IntCC, MemAttr, Narrow, Prefetch, Rmw, RmwAttr, Round,
    SignedShift, Value,
};
use crate::op::Op;
use crate::slot::Slot;
use crate::ty::{Shape, Ty};

/// Builds one [`Block`].
#[derive(Debug)]
pub struct Builder {
    desc: &'static GuestDesc,
    block: Block,
}

macro_rules! binary {
    ($($(#[$m:meta])* $f:ident $op:ident;)*) => { impl Builder { $(
        $(#[$m])*
        #[doc = concat!("[`Op::", stringify!($op), "`].")]
        #[inline]
        pub fn $f(&mut self, shape: impl Into<Shape>, a: Value, b: Value) -> Value {
            self.emit(Op::$op, shape, [a, b], 0)
        }
    )* } };
}

macro_rules! unary {
    ($($f:ident $op:ident;)*) => { impl Builder { $(
        #[doc = concat!("[`Op::", stringify!($op), "`].")]
        #[inline]
        pub fn $f(&mut self, shape: impl Into<Shape>, a: Value) -> Value {
            self.emit(Op::$op, shape, [a], 0)
        }
    )* } };
}

macro_rules! with_index {
    ($($f:ident $op:ident;)*) => { impl Builder { $(
        #[doc = concat!("[`Op::", stringify!($op), "`] with its amount or index.")]
        #[inline]
        pub fn $f(&mut self, shape: impl Into<Shape>, a: Value, imm: u32) -> Value {
            self.emit(Op::$op, shape, [a], imm as u128)
        }
    )* } };
}

macro_rules! converting {
    ($($f:ident $op:ident;)*) => { impl Builder { $(
        #[doc = concat!("[`Op::", stringify!($op), "`]; the source shape is the value's type.")]
        #[inline]
        pub fn $f(&mut self, to: impl Into<Shape>, a: Value) -> Value {
            let from = Shape::Scalar(self.ty(a));
            self.emit_from(Op::$op, to.into(), from, a, 0)
        }
    )* } };
}

binary! {
    add Add; sub Sub; mul Mul; umulhi UMulHi; smulhi SMulHi; udiv UDiv; sdiv SDiv;
    and And; or Or; xor Xor; andnot AndNot; shl Shl; lshr LShr; ashr AShr; rotr Rotr;
    smin SMin; smax SMax; umin UMin; umax UMax;
    flags_add FlagsAdd; flags_sub FlagsSub;
    zip1 Zip1; zip2 Zip2; uzp1 Uzp1; uzp2 Uzp2; trn1 Trn1; trn2 Trn2; tbl Tbl;
    sadd_sat SAddSat; uadd_sat UAddSat; ssub_sat SSubSat; usub_sat USubSat;
    shsub SHSub; uhsub UHSub; sabd SAbd; uabd UAbd; pmul PMul;
    fadd FAdd; fsub FSub; fmul FMul; fmulx FMulX; fdiv FDiv; fmin FMin; fmax FMax;
    fminnum FMinNum; fmaxnum FMaxNum; frecip_step FRecipStep; frsqrt_step FRsqrtStep;
}

unary! {
    neg Neg; abs Abs; not Not; clz Clz; ctz Ctz; cls Cls; popcnt Popcnt; bitrev BitRev; bswap Bswap;
    flags_logic FlagsLogic; splat Splat; zext_lane ZextLane;
    reduce_add ReduceAdd; reduce_smax ReduceSMax; reduce_smin ReduceSMin;
    reduce_umax ReduceUMax; reduce_umin ReduceUMin;
    fsqrt FSqrt; fabs FAbs; fneg FNeg; frecip_est FRecipEst; frsqrt_est FRsqrtEst; frecip_exp FRecipExp;
}

with_index! {
    shli ShlI; lshri LShrI; ashri AShrI; rotri RotrI; urshri URShrI; srshri SRShrI;
    extract Extract; rev_lanes RevLanes;
}

converting! { zext Zext; sext Sext; trunc Trunc; bitcast Bitcast; }

impl Builder {
    /// Begins a block at `pc`.
    #[inline]
    pub fn new(desc: &'static GuestDesc, pc: u64) -> Builder {
        Builder::reusing(Vec::new(), desc, pc)
    }

    /// The same, in the memory of another block's instructions.
    #[inline]
    pub fn reusing(mut room: Vec<Inst>, desc: &'static GuestDesc, pc: u64) -> Builder {
        room.clear();
        // Enough for most blocks.
        room.reserve(64);
        Builder { desc, block: Block { insts: room, ..Block::new(pc) } }
    }

    /// The guest.
    #[inline]
    pub fn desc(&self) -> &'static GuestDesc {
        self.desc
    }

    /// The block so far.
    #[inline]
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// Changes the block's header (length, counts, flags) or drops instructions.
    #[inline]
    pub fn block_mut(&mut self) -> &mut Block {
        &mut self.block
    }

    /// Ends the block.
    #[inline]
    pub fn finish(mut self, term: Term) -> Block {
        self.block.term = term;
        self.block
    }

    /// Type of a value.
    #[inline]
    pub fn ty(&self, v: Value) -> Ty {
        self.block.ty(v).expect("a value has a type")
    }

    /// Appends an instruction whose source shape is its shape.
    #[inline]
    pub fn emit<const N: usize>(
        &mut self,
        op: Op,
        shape: impl Into<Shape>,
        args: [Value; N],
        imm: u128,
    ) -> Value {
        let shape = shape.into();
        // Decided where it is called: what an immediate is is known there.
        match (args.as_slice(), u64::try_from(imm)) {
            (&[], Ok(imm)) => self.push(op, shape, Value::NONE, Value::NONE, imm),
            (&[a], Ok(imm)) => self.push(op, shape, a, Value::NONE, imm),
            (&[a, b], Ok(imm)) => self.push(op, shape, a, b, imm),
            (args, _) => self.push_any(op, shape, shape, args, imm),
        }
    }

    /// Appends an instruction with a source shape of its own.
    #[inline]
    pub fn emit_from(&mut self, op: Op, shape: Shape, from: Shape, a: Value, imm: u128) -> Value {
        match u64::try_from(imm) {
            Ok(imm) => self.push_from(op, shape, from, a, imm),
            Err(_) => self.push_any(op, shape, from, &[a], imm),
        }
    }

    /// Appends nearly every instruction. A function whose arguments fit registers: what the hundreds of lift functions
    /// of a frontend are made of is calls of it.
    #[inline(never)]
    fn push(&mut self, op: Op, shape: Shape, a: Value, b: Value, imm: u64) -> Value {
        if self.is_full() {
            return self.push_growing(op, shape, a, b, imm);
        }
        let args = [a, b, Value::NONE, Value::NONE];
        self.append(Inst { op, shape, from: shape, args, imm: imm.into() })
    }

    /// [`Builder::push`] where there is no room: apart, so that there nothing is kept across a call.
    #[cold]
    #[inline(never)]
    fn push_growing(&mut self, op: Op, shape: Shape, a: Value, b: Value, imm: u64) -> Value {
        self.block.insts.reserve(1);
        self.push(op, shape, a, b, imm)
    }

    /// Appends conversions.
    #[inline(never)]
    fn push_from(&mut self, op: Op, shape: Shape, from: Shape, a: Value, imm: u64) -> Value {
        if self.is_full() {
            return self.push_any(op, shape, from, &[a], imm.into());
        }
        let args = [a, Value::NONE, Value::NONE, Value::NONE];
        self.append(Inst { op, shape, from, args, imm: imm.into() })
    }

    /// Appends an instruction of more arguments, or with a longer immediate.
    #[inline(never)]
    fn push_any(&mut self, op: Op, shape: Shape, from: Shape, used: &[Value], imm: u128) -> Value {
        let mut args = [Value::NONE; 4];
        args[..used.len()].copy_from_slice(used);
        self.append(Inst { op, shape, from, args, imm })
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.block.insts.len() == self.block.insts.capacity()
    }

    #[inline(always)]
    fn append(&mut self, inst: Inst) -> Value {
        debug_assert!(self.well_typed(&inst), "{inst:?}");
        let value = Value(self.block.insts.len() as u32);
        self.block.insts.push(inst);
        value
    }

    fn well_typed(&self, inst: &Inst) -> bool {
        let info = inst.op.info();
        let variadic = matches!(inst.op, Op::Call | Op::CallNil);
        let typed = |(v, rule): (Value, &crate::op::TyRule)| {
            self.block.ty(v) == rule.resolve(inst.shape, inst.from)
        };
        info.shapes.allows(inst.shape)
            && (variadic || inst.args().count() == info.args.len())
            && inst.args().zip(info.args).all(typed)
    }

    /// Marks the begin of the guest instruction at `pc`.
    #[inline]
    pub fn insn(&mut self, pc: u64) {
        self.push(Op::Insn, Shape::None, Value::NONE, Value::NONE, pc);
        self.block.guest_insns += 1;
    }

    /// A constant; bits above the type's width are dropped.
    pub fn iconst(&mut self, ty: Ty, value: u128) -> Value {
        match ty.bits() {
            bits @ ..=64 => {
                let value = value as u64 & u64::MAX >> (64 - bits);
                self.push(Op::Const, ty.into(), Value::NONE, Value::NONE, value)
            }
            _ => self.push_any(Op::Const, ty.into(), ty.into(), &[], value),
        }
    }

    /// A 64-bit constant.
    #[inline]
    pub fn i64(&mut self, value: u64) -> Value {
        self.push(Op::Const, Shape::I64, Value::NONE, Value::NONE, value)
    }

    /// Reads a register.
    pub fn get(&mut self, slot: Slot) -> Value {
        let ty = self.desc.layout.info(slot).ty;
        self.push(Op::Get, ty.into(), Value::NONE, Value::NONE, slot.0.into())
    }

    /// Writes a register.
    pub fn put(&mut self, slot: Slot, value: Value) {
        let ty = self.desc.layout.info(slot).ty;
        self.push(Op::Put, ty.into(), value, Value::NONE, slot.0.into());
    }

    /// Reads a register whose type in the layout is known to be this one.
    #[inline]
    pub fn get_as(&mut self, ty: Ty, slot: Slot) -> Value {
        debug_assert_eq!(ty, self.desc.layout.info(slot).ty);
        self.push(Op::Get, ty.into(), Value::NONE, Value::NONE, slot.0.into())
    }

    /// Writes a register whose type in the layout is known to be this one.
    #[inline]
    pub fn put_as(&mut self, ty: Ty, slot: Slot, value: Value) {
        debug_assert_eq!(ty, self.desc.layout.info(slot).ty);
        self.push(Op::Put, ty.into(), value, Value::NONE, slot.0.into());
    }

    /// [`Op::ExitIf`].
    #[inline]
    pub fn exit_if(&mut self, cond: Value, pc: u64) {
        self.emit(Op::ExitIf, Shape::None, [cond], pc as u128);
    }

    /// [`Op::ICmp`].
    #[inline]
    pub fn icmp(&mut self, shape: impl Into<Shape>, cc: IntCC, a: Value, b: Value) -> Value {
        self.emit(Op::ICmp, shape, [a, b], cc as u128)
    }

    /// [`Op::Select`] of any type.
    #[inline]
    pub fn select(&mut self, cond: Value, a: Value, b: Value) -> Value {
        let ty = self.ty(a);
        let op = if ty == Ty::Flags { Op::FlagsSel } else { Op::Select };
        self.emit(op, ty, [cond, a, b], 0)
    }

    /// [`Op::BitSel`].
    #[inline]
    pub fn bitsel(&mut self, shape: impl Into<Shape>, mask: Value, a: Value, b: Value) -> Value {
        self.emit(Op::BitSel, shape, [mask, a, b], 0)
    }

    /// [`Op::ShiftBySigned`].
    pub fn shift_signed(&mut self, shape: Shape, a: Value, by: Value, how: SignedShift) -> Value {
        self.emit(Op::ShiftBySigned, shape, [a, by], how.to_bits())
    }

    /// [`Op::Concat`].
    pub fn concat(&mut self, lo: Value, hi: Value) -> Value {
        self.emit(Op::Concat, Ty::I128, [lo, hi], 0)
    }

    /// [`Op::Hi64`].
    pub fn hi64(&mut self, a: Value) -> Value {
        self.emit(Op::Hi64, Ty::I64, [a], 0)
    }

    /// [`Op::Lo64`].
    pub fn lo64(&mut self, a: Value) -> Value {
        self.emit(Op::Lo64, Ty::V128, [a], 0)
    }

    /// [`Op::FlagsAdc`].
    pub fn flags_adc(&mut self, ty: Ty, a: Value, b: Value, carry: Value) -> Value {
        self.emit(Op::FlagsAdc, ty, [a, b, carry], 0)
    }

    /// [`Op::FlagsPack`].
    pub fn flags_pack(&mut self, nzcv: Value) -> Value {
        self.emit(Op::FlagsPack, Ty::Flags, [nzcv], 0)
    }

    /// [`Op::FlagsBits`].
    pub fn flags_bits(&mut self, flags: Value) -> Value {
        self.emit(Op::FlagsBits, Ty::I32, [flags], 0)
    }

    /// [`Op::FlagsFCmp`].
    pub fn flags_fcmp(&mut self, ty: Ty, a: Value, b: Value, signaling: bool) -> Value {
        self.emit(Op::FlagsFCmp, ty, [a, b], signaling as u128)
    }

    /// [`Op::Cond`].
    #[inline]
    pub fn cond(&mut self, cc: CondCC, flags: Value) -> Value {
        self.emit(Op::Cond, Ty::I1, [flags], cc as u128)
    }

    /// [`Op::Load`].
    #[inline]
    pub fn load(&mut self, ty: Ty, addr: Value, attr: MemAttr) -> Value {
        self.emit(Op::Load, ty, [addr], attr.to_bits())
    }

    /// [`Op::Store`].
    #[inline]
    pub fn store(&mut self, addr: Value, value: Value, attr: MemAttr) {
        let ty = self.ty(value);
        self.emit(Op::Store, ty, [addr, value], attr.to_bits());
    }

    /// [`Op::AtomicRmw`].
    pub fn rmw(&mut self, rmw: Rmw, addr: Value, value: Value, mem: MemAttr) -> Value {
        let ty = self.ty(value);
        self.emit(Op::AtomicRmw, ty, [addr, value], RmwAttr { rmw, mem }.to_bits())
    }

    /// [`Op::AtomicCas`].
    pub fn cas(&mut self, addr: Value, expected: Value, new: Value, attr: MemAttr) -> Value {
        let ty = self.ty(new);
        self.emit(Op::AtomicCas, ty, [addr, expected, new], attr.to_bits())
    }

    /// [`Op::CasIf`].
    pub fn cas_if(
        &mut self,
        p: Value,
        addr: Value,
        expected: Value,
        new: Value,
        attr: MemAttr,
    ) -> Value {
        let ty = self.ty(new);
        self.emit(Op::CasIf, ty, [p, addr, expected, new], attr.to_bits())
    }

    /// [`Op::PrefetchOp`].
    pub fn prefetch(&mut self, addr: Value, what: Prefetch) {
        self.emit(Op::PrefetchOp, Shape::None, [addr], what as u128);
    }

    /// [`Op::FenceOp`].
    pub fn fence(&mut self, fence: Fence) {
        self.emit(Op::FenceOp, Shape::None, [], fence as u128);
    }

    /// [`Op::Insert`].
    pub fn insert(&mut self, shape: Shape, a: Value, lane: u32, b: Value) -> Value {
        self.emit(Op::Insert, shape, [a, b], lane as u128)
    }

    /// [`Op::Ext`]: bytes `at..` of `a` followed by `b`.
    pub fn ext(&mut self, shape: Shape, a: Value, b: Value, at: u32) -> Value {
        self.emit(Op::Ext, shape, [a, b], at as u128)
    }

    /// [`Op::WidenLo`] or [`Op::WidenHi`] of lanes of `from` to `to`.
    pub fn widen(&mut self, to: Shape, from: Shape, high: bool, signed: bool, a: Value) -> Value {
        let op = if high { Op::WidenHi } else { Op::WidenLo };
        self.emit_from(op, to, from, a, signed as u128)
    }

    /// [`Op::NarrowOp`] of lanes of `from` to the 64-bit arrangement `to`.
    pub fn narrow(&mut self, to: Shape, from: Shape, how: Narrow, a: Value) -> Value {
        self.emit_from(Op::NarrowOp, to, from, a, how as u128)
    }

    /// [`Op::SAvg`].
    pub fn savg(&mut self, shape: Shape, a: Value, b: Value, round: bool) -> Value {
        self.emit(Op::SAvg, shape, [a, b], round as u128)
    }

    /// [`Op::UAvg`].
    pub fn uavg(&mut self, shape: Shape, a: Value, b: Value, round: bool) -> Value {
        self.emit(Op::UAvg, shape, [a, b], round as u128)
    }

    /// [`Op::SQDMulHi`].
    pub fn sqdmulhi(&mut self, shape: Shape, a: Value, b: Value, round: bool) -> Value {
        self.emit(Op::SQDMulHi, shape, [a, b], round as u128)
    }

    /// [`Op::FMulAdd`].
    pub fn fmuladd(&mut self, shape: impl Into<Shape>, a: Value, b: Value, c: Value) -> Value {
        self.emit(Op::FMulAdd, shape, [a, b, c], 0)
    }

    /// [`Op::FCmp`].
    pub fn fcmp(&mut self, shape: impl Into<Shape>, cc: FloatCC, a: Value, b: Value) -> Value {
        self.emit(Op::FCmp, shape, [a, b], cc as u128)
    }

    /// [`Op::FCvt`] from shape `from` to `to`.
    pub fn fcvt(
        &mut self,
        to: impl Into<Shape>,
        from: impl Into<Shape>,
        round: Round,
        a: Value,
    ) -> Value {
        self.emit_from(Op::FCvt, to.into(), from.into(), a, round as u128)
    }

    /// [`Op::FToInt`] from shape `from` to `to`.
    pub fn ftoint(
        &mut self,
        to: impl Into<Shape>,
        from: impl Into<Shape>,
        how: FpConv,
        a: Value,
    ) -> Value {
        self.emit_from(Op::FToInt, to.into(), from.into(), a, how.to_bits())
    }

    /// [`Op::IntToF`] from shape `from` to `to`.
    pub fn inttof(
        &mut self,
        to: impl Into<Shape>,
        from: impl Into<Shape>,
        how: FpConv,
        a: Value,
    ) -> Value {
        self.emit_from(Op::IntToF, to.into(), from.into(), a, how.to_bits())
    }

    /// [`Op::FRound`].
    pub fn fround(&mut self, shape: impl Into<Shape>, how: FpRound, a: Value) -> Value {
        self.emit(Op::FRound, shape, [a], how.to_bits())
    }

    /// [`Op::FpFlagsRead`].
    pub fn fpflags_read(&mut self) -> Value {
        self.emit(Op::FpFlagsRead, Ty::I32, [], 0)
    }

    /// [`Op::FpFlagsWrite`].
    pub fn fpflags_write(&mut self, flags: Value) {
        self.emit(Op::FpFlagsWrite, Ty::I32, [flags], 0);
    }

    /// Calls a helper; `None` if it has no result.
    pub fn call(&mut self, helper: HelperId, args: &[Value]) -> Option<Value> {
        let def = &self.desc.helpers[helper.0 as usize];
        debug_assert!(
            def.args.len() == args.len()
                && args.iter().zip(def.args).all(|(&v, &t)| self.ty(v) == t),
            "arguments of helper {}",
            def.name
        );
        match def.ret {
            Some(ty) => Some(self.push_any(Op::Call, ty.into(), ty.into(), args, helper.0 as u128)),
            None => {
                self.push_any(Op::CallNil, Shape::None, Shape::None, args, helper.0 as u128);
                None
            }
        }
    }
}
