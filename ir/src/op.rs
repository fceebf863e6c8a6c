//! The op table: every operation with its arguments, result, immediate, effects and a doc line.
//!
//! This table is the only declaration of an op. The builder, verifier, text form, passes, interpreter and
//! backends are driven by it or match on [`Op`] exhaustively, so that a new op without a meaning or without
//! a lowering does not compile.
//!
//! Meaning is total: shift amounts, division by zero, NaNs and conversions out of range are defined here,
//! never "what the host does". In an arrangement (vector shape) an op works lane by lane.

use crate::ty::{Shape, Ty};

/// Type of an argument or result, relative to an instruction's shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TyRule {
    /// Nothing.
    Nil,
    /// The shape's value type.
    S,
    /// The shape's lane type.
    E,
    /// The source shape's value type.
    From,
    /// A comparison's result: I1 for a scalar shape, V128 (all ones or zeros per lane) for a vector.
    Mask,
    /// This type.
    Is(Ty),
}

impl TyRule {
    /// The type this rule gives for an instruction of these shapes.
    #[inline]
    pub const fn resolve(self, shape: Shape, from: Shape) -> Option<Ty> {
        match self {
            TyRule::Nil => None,
            TyRule::S => shape.ty(),
            TyRule::E => shape.elem(),
            TyRule::From => from.ty(),
            TyRule::Mask => Some(if shape.is_vector() { Ty::V128 } else { Ty::I1 }),
            TyRule::Is(t) => Some(t),
        }
    }
}

/// What the immediate of an op means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImmKind {
    /// Unused, zero.
    None,
    /// The constant's bits.
    Const,
    /// A [`crate::Slot`].
    Slot,
    /// A guest address.
    Pc,
    /// A lane, byte or bit number, or an amount.
    Index,
    /// [`crate::inst::IntCC`].
    IntCC,
    /// [`crate::inst::FloatCC`].
    FloatCC,
    /// [`crate::flags::CondCC`].
    CondCC,
    /// [`crate::inst::MemAttr`].
    Mem,
    /// [`crate::inst::RmwAttr`].
    Rmw,
    /// [`crate::inst::Fence`].
    Fence,
    /// [`crate::inst::Prefetch`].
    Prefetch,
    /// [`crate::inst::FpConv`].
    FpConv,
    /// [`crate::inst::FpRound`].
    FpRound,
    /// [`crate::inst::Round`].
    Round,
    /// [`crate::inst::SignedShift`].
    SignedShift,
    /// [`crate::inst::Narrow`].
    Narrow,
    /// A flag: 0 or 1 (the op's doc line says of what).
    Flag,
    /// A [`crate::HelperId`]; its effects are the helper's.
    Helper,
}

/// What an op may do besides computing its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: may be removed, duplicated, moved.
    Pure,
    /// Reads a slot.
    ReadSlot,
    /// Writes a slot.
    WriteSlot,
    /// Reads the floating-point control and may raise cumulative flags: ordered among [`Effect::FpState`].
    Fp,
    /// Reads or writes the cumulative floating-point flags.
    FpState,
    /// Reads memory; may fault.
    Load,
    /// Writes memory (or both); may fault.
    Store,
    /// Orders memory accesses.
    Fence,
    /// Nothing that a program sees but by its clock: stays where it is.
    Hint,
    /// As its helper declares.
    Helper,
    /// Marks a guest instruction.
    Mark,
    /// May leave the block: every slot is looked at then.
    Exit,
}

/// Which shapes an op may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shapes {
    /// Only [`Shape::None`].
    Nil,
    /// Any value type but flags (scalars and V128 as a whole).
    AnyScalar,
    /// Any type of slot.
    AnySlot,
    /// I8..I128, and integer arrangements, and V128 as a whole.
    IntOrVec,
    /// I8..I128.
    Int,
    /// I32 and I64.
    Int32or64,
    /// Integer arrangements.
    IntVec,
    /// I8..I64 and integer arrangements.
    IntAndVec,
    /// F16..F64 and float arrangements.
    Float,
    /// Any arrangement.
    AnyVec,
    /// Anything that may lie in memory.
    Mem,
    /// Anything with a value.
    Any,
}

impl Shapes {
    /// Is this shape allowed?
    pub const fn allows(self, s: Shape) -> bool {
        let ty = match s.ty() {
            None => return matches!(self, Shapes::Nil),
            Some(t) => t,
        };
        let vector = s.is_vector();
        let elem = match s.elem() {
            None => return false,
            Some(t) => t,
        };
        let multi_int = elem.is_int() && !matches!(elem, Ty::I1);
        match self {
            Shapes::Nil => false,
            Shapes::AnyScalar => !vector && !matches!(ty, Ty::Flags),
            Shapes::AnySlot => !vector,
            Shapes::IntOrVec => multi_int || matches!(s, Shape::Scalar(Ty::V128 | Ty::I1)),
            Shapes::Int => !vector && multi_int,
            Shapes::Int32or64 => matches!(s, Shape::Scalar(Ty::I32 | Ty::I64)),
            Shapes::IntVec => vector && elem.is_int(),
            Shapes::IntAndVec => multi_int && !matches!(elem, Ty::I128),
            Shapes::Float => elem.is_float(),
            Shapes::AnyVec => vector,
            Shapes::Mem => !vector && !matches!(ty, Ty::I1 | Ty::Flags),
            Shapes::Any => true,
        }
    }
}

/// An op's declaration.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The op.
    pub op: Op,
    /// Name in the text form.
    pub name: &'static str,
    /// Shapes it may have.
    pub shapes: Shapes,
    /// Has it a source shape of its own (printed as `op.shape.from`)?
    pub converts: bool,
    /// Types of the arguments.
    pub args: &'static [TyRule],
    /// Type of the result.
    pub result: TyRule,
    /// Its immediate.
    pub imm: ImmKind,
    /// Its effect.
    pub effect: Effect,
    /// What it does.
    pub doc: &'static str,
}

macro_rules! ops {
    ($( $(#[$attr:meta])* $doc:literal $op:ident $name:literal $shapes:ident ($($arg:expr),*) -> $res:expr, $imm:ident, $eff:ident $(, $conv:ident)? ;)*) => {
        /// An operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op { $(#[doc = $doc] $op),* }

        /// Every op's declaration, indexed by `op as usize`.
        pub static OPS: &[OpInfo] = &[$(OpInfo {
            op: Op::$op, name: $name, shapes: Shapes::$shapes, converts: ops!(@conv $($conv)?),
            args: &[$($arg),*], result: $res, imm: ImmKind::$imm, effect: Effect::$eff, doc: $doc,
        }),*];
    };
    (@conv) => { false };
    (@conv from) => { true };
}

use TyRule::{E, From, Is, Mask, Nil, S};
const I1: TyRule = Is(Ty::I1);
const I32: TyRule = Is(Ty::I32);
const I64: TyRule = Is(Ty::I64);
const I128: TyRule = Is(Ty::I128);
const V: TyRule = Is(Ty::V128);
const FL: TyRule = Is(Ty::Flags);

ops! {
    // Constants, slots, marks
    "The constant of these bits." Const "const" AnyScalar () -> S, Const, Pure;
    "The slot's value; the shape is the slot's type." Get "get" AnySlot () -> S, Slot, ReadSlot;
    "Writes the slot; the shape is the slot's type." Put "put" AnySlot (S) -> Nil, Slot, WriteSlot;
    "The guest instruction at this address begins." Insn "insn" Nil () -> Nil, Pc, Mark;
    "If a, which is rare: leaves the block for the address imm; the engine looks at the state first." ExitIf "exit_if" Nil (I1) -> Nil, Pc, Exit;

    // Integer arithmetic, scalar or per lane, modulo 2^width
    "a + b." Add "add" IntOrVec (S, S) -> S, None, Pure;
    "a - b." Sub "sub" IntOrVec (S, S) -> S, None, Pure;
    "a * b, low half." Mul "mul" IntOrVec (S, S) -> S, None, Pure;
    "Upper half of the unsigned product." UMulHi "umulhi" Int32or64 (S, S) -> S, None, Pure;
    "Upper half of the signed product." SMulHi "smulhi" Int32or64 (S, S) -> S, None, Pure;
    "Unsigned a / b; a / 0 = 0." UDiv "udiv" Int32or64 (S, S) -> S, None, Pure;
    "Signed a / b towards zero; a / 0 = 0; MIN / -1 = MIN." SDiv "sdiv" Int32or64 (S, S) -> S, None, Pure;
    "-a." Neg "neg" IntOrVec (S) -> S, None, Pure;
    "|a|, of MIN: MIN." Abs "abs" IntAndVec (S) -> S, None, Pure;
    "a & b." And "and" IntOrVec (S, S) -> S, None, Pure;
    "a | b." Or "or" IntOrVec (S, S) -> S, None, Pure;
    "a ^ b." Xor "xor" IntOrVec (S, S) -> S, None, Pure;
    "a & !b." AndNot "andnot" IntOrVec (S, S) -> S, None, Pure;
    "!a." Not "not" IntOrVec (S) -> S, None, Pure;

    // Shifts. Scalar amounts count modulo the width.
    "a << (b mod width)." Shl "shl" Int (S, S) -> S, None, Pure;
    "a >> (b mod width), zeros in." LShr "lshr" Int (S, S) -> S, None, Pure;
    "a >> (b mod width), sign in." AShr "ashr" Int (S, S) -> S, None, Pure;
    "a rotated right by b mod width." Rotr "rotr" Int (S, S) -> S, None, Pure;
    "a << imm; imm = width gives 0." ShlI "shli" IntAndVec (S) -> S, Index, Pure;
    "a >> imm, zeros in; imm = width gives 0." LShrI "lshri" IntAndVec (S) -> S, Index, Pure;
    "a >> imm, sign in; imm = width gives the sign." AShrI "ashri" IntAndVec (S) -> S, Index, Pure;
    "a rotated right by imm (0 <= imm < width)." RotrI "rotri" Int (S) -> S, Index, Pure;
    "Per lane: shift by the signed low byte of b's lane: left if positive, right if negative (Arm SSHL family)."
        ShiftBySigned "shift_signed" IntVec (S, S) -> S, SignedShift, Pure;
    "a >> imm (1..=width), rounded: half of the last place added first; Flag-free. Unsigned." URShrI "urshri" IntVec (S) -> S, Index, Pure;
    "a >> imm (1..=width), rounded. Signed." SRShrI "srshri" IntVec (S) -> S, Index, Pure;

    // Bits
    "Leading zeros; of 0: the width." Clz "clz" IntAndVec (S) -> S, None, Pure;
    "Trailing zeros; of 0: the width." Ctz "ctz" IntAndVec (S) -> S, None, Pure;
    "Leading bits equal to the sign bit, which is not counted." Cls "cls" IntAndVec (S) -> S, None, Pure;
    "Number of ones." Popcnt "popcnt" IntAndVec (S) -> S, None, Pure;
    "Bits in reverse order." BitRev "bitrev" IntAndVec (S) -> S, None, Pure;
    "Bytes in reverse order." Bswap "bswap" Int (S) -> S, None, Pure;

    // Comparison, selection
    "a cc b." ICmp "icmp" IntAndVec (S, S) -> Mask, IntCC, Pure;
    "c ? a : b." Select "select" Any (I1, S, S) -> S, None, Pure;
    "Bitwise (m & a) | (!m & b)." BitSel "bitsel" IntOrVec (S, S, S) -> S, None, Pure;
    "Signed minimum." SMin "smin" IntAndVec (S, S) -> S, None, Pure;
    "Signed maximum." SMax "smax" IntAndVec (S, S) -> S, None, Pure;
    "Unsigned minimum." UMin "umin" IntAndVec (S, S) -> S, None, Pure;
    "Unsigned maximum." UMax "umax" IntAndVec (S, S) -> S, None, Pure;

    // Conversions
    "Zero extension." Zext "zext" Int (From) -> S, None, Pure, from;
    "Sign extension." Sext "sext" Int (From) -> S, None, Pure, from;
    "Low bits." Trunc "trunc" AnyScalar (From) -> S, None, Pure, from;
    "The same bits as another type of the same width." Bitcast "bitcast" AnyScalar (From) -> S, None, Pure, from;
    "lo | hi << 64." Concat "concat" AnyScalar (I64, I64) -> I128, None, Pure;
    "Upper 64 bits." Hi64 "hi64" AnyScalar (I128) -> I64, None, Pure;

    // Flags
    "Flags of a + b." FlagsAdd "flags_add" Int32or64 (S, S) -> FL, None, Pure;
    "Flags of a - b; carry = no borrow." FlagsSub "flags_sub" Int32or64 (S, S) -> FL, None, Pure;
    "Flags of a + b + c." FlagsAdc "flags_adc" Int32or64 (S, S, I1) -> FL, None, Pure;
    "N and Z of a; C and V clear." FlagsLogic "flags_logic" Int32or64 (S) -> FL, None, Pure;
    "Flags from the nibble NZCV (bits 3..0 of a)." FlagsPack "flags_pack" Any (I32) -> FL, None, Pure;
    "Flags of a comparison: less N, equal ZC, greater C, unordered CV. Flag: signal quiet NaNs." FlagsFCmp "flags_fcmp" Float (S, S) -> FL, Flag, Fp;
    "c ? a : b." FlagsSel "flags_sel" Any (I1, FL, FL) -> FL, None, Pure;
    "The nibble NZCV." FlagsBits "flags_bits" Any (FL) -> I32, None, Pure;
    "Does the condition hold?" Cond "cond" Any (FL) -> I1, CondCC, Pure;

    // Memory: addresses are I64
    "Loads." Load "load" Mem (I64) -> S, Mem, Load;
    "Stores." Store "store" Mem (I64, S) -> Nil, Mem, Store;
    "Atomic read-modify-write; the old value." AtomicRmw "rmw" Int (I64, S) -> S, Rmw, Store;
    "Atomic compare with b and exchange with c; the old value." AtomicCas "cas" Int (I64, S, S) -> S, Mem, Store;
    "If p: atomic compare of memory with b and exchange with c. 1 if stored. If not p: no access, 0." CasIf "cas_if" Int (I1, I64, S, S) -> I1, Mem, Store;
    "Fetches memory ahead of its use; never faults." PrefetchOp "prefetch" Nil (I64) -> Nil, Prefetch, Hint;
    "Memory barrier." FenceOp "fence" Nil () -> Nil, Fence, Fence;

    // Lanes
    "Every lane = a." Splat "splat" AnyVec (E) -> S, None, Pure;
    "Lane imm." Extract "extract" AnyVec (S) -> E, Index, Pure;
    "a with lane imm replaced by b." Insert "insert" AnyVec (S, E) -> S, Index, Pure;
    "Lane 0 = a, all else 0." ZextLane "zext_lane" AnyVec (E) -> S, None, Pure;
    "Low 64 bits kept, upper zeroed." Lo64 "lo64" Any (V) -> V, None, Pure;
    "Even-numbered results: lanes of the low halves interleaved (ZIP1)." Zip1 "zip1" AnyVec (S, S) -> S, None, Pure;
    "Lanes of the high halves interleaved (ZIP2)." Zip2 "zip2" AnyVec (S, S) -> S, None, Pure;
    "Even lanes of a, then of b (UZP1)." Uzp1 "uzp1" AnyVec (S, S) -> S, None, Pure;
    "Odd lanes of a, then of b (UZP2)." Uzp2 "uzp2" AnyVec (S, S) -> S, None, Pure;
    "Even lanes of a and b alternating (TRN1)." Trn1 "trn1" AnyVec (S, S) -> S, None, Pure;
    "Odd lanes of a and b alternating (TRN2)." Trn2 "trn2" AnyVec (S, S) -> S, None, Pure;
    "Bytes imm.. of a followed by b (EXT); shape i8x16 or i8x8." Ext "ext" IntVec (S, S) -> S, Index, Pure;
    "Lanes in reverse order within containers of imm bits." RevLanes "rev_lanes" IntVec (S) -> S, Index, Pure;
    "Per byte of b: that byte of the 16-byte table a; 0 if the index is 16 or more. Shape i8x16 or i8x8 (b and result)." Tbl "tbl" IntVec (V, S) -> S, None, Pure;
    "Lanes of the low half of a, sign- (Flag 1) or zero-extended to the shape's lanes." WidenLo "widen_lo" IntVec (From) -> S, Flag, Pure, from;
    "The same of the high half." WidenHi "widen_hi" IntVec (From) -> S, Flag, Pure, from;
    "Lanes of the full-width source narrowed to a 64-bit arrangement." NarrowOp "narrow" IntVec (From) -> S, Narrow, Pure, from;
    "Saturating signed sum." SAddSat "sadd_sat" IntAndVec (S, S) -> S, None, Pure;
    "Saturating unsigned sum." UAddSat "uadd_sat" IntAndVec (S, S) -> S, None, Pure;
    "Saturating signed difference." SSubSat "ssub_sat" IntAndVec (S, S) -> S, None, Pure;
    "Saturating unsigned difference." USubSat "usub_sat" IntAndVec (S, S) -> S, None, Pure;
    "(a + b) >> 1 without overflow, signed. Flag: rounded up." SAvg "savg" IntVec (S, S) -> S, Flag, Pure;
    "(a + b) >> 1 without overflow, unsigned. Flag: rounded up." UAvg "uavg" IntVec (S, S) -> S, Flag, Pure;
    "(a - b) >> 1 without overflow, signed." SHSub "shsub" IntVec (S, S) -> S, None, Pure;
    "(a - b) >> 1 without overflow, unsigned." UHSub "uhsub" IntVec (S, S) -> S, None, Pure;
    "|a - b|, signed." SAbd "sabd" IntVec (S, S) -> S, None, Pure;
    "|a - b|, unsigned." UAbd "uabd" IntVec (S, S) -> S, None, Pure;
    "Saturated upper half of 2*a*b, signed, lanes of 16 or 32 bits. Flag: rounded." SQDMulHi "sqdmulhi" IntVec (S, S) -> S, Flag, Pure;
    "Carry-less product, low half, i8x16 or i8x8." PMul "pmul" IntVec (S, S) -> S, None, Pure;
    "Sum of the lanes." ReduceAdd "reduce_add" IntVec (S) -> E, None, Pure;
    "Signed maximum of the lanes." ReduceSMax "reduce_smax" IntVec (S) -> E, None, Pure;
    "Signed minimum of the lanes." ReduceSMin "reduce_smin" IntVec (S) -> E, None, Pure;
    "Unsigned maximum of the lanes." ReduceUMax "reduce_umax" IntVec (S) -> E, None, Pure;
    "Unsigned minimum of the lanes." ReduceUMin "reduce_umin" IntVec (S) -> E, None, Pure;

    // Floating point: NaNs, rounding, flushing and flags as the guest's policy and control say
    "a + b." FAdd "fadd" Float (S, S) -> S, None, Fp;
    "a - b." FSub "fsub" Float (S, S) -> S, None, Fp;
    "a * b." FMul "fmul" Float (S, S) -> S, None, Fp;
    "a * b; 0 * infinity = 2 with the signs' product (FMULX)." FMulX "fmulx" Float (S, S) -> S, None, Fp;
    "a / b." FDiv "fdiv" Float (S, S) -> S, None, Fp;
    "Square root." FSqrt "fsqrt" Float (S) -> S, None, Fp;
    "a * b + c, rounded once." FMulAdd "fmuladd" Float (S, S, S) -> S, None, Fp;
    "Minimum; a NaN gives a NaN; -0 < +0." FMin "fmin" Float (S, S) -> S, None, Fp;
    "Maximum; a NaN gives a NaN; -0 < +0." FMax "fmax" Float (S, S) -> S, None, Fp;
    "Minimum; one quiet NaN gives the other operand." FMinNum "fminnum" Float (S, S) -> S, None, Fp;
    "Maximum; one quiet NaN gives the other operand." FMaxNum "fmaxnum" Float (S, S) -> S, None, Fp;
    "Sign bit cleared." FAbs "fabs" Float (S) -> S, None, Pure;
    "Sign bit inverted." FNeg "fneg" Float (S) -> S, None, Pure;
    "Reciprocal estimate (FRECPE)." FRecipEst "frecip_est" Float (S) -> S, None, Fp;
    "Reciprocal square root estimate (FRSQRTE)." FRsqrtEst "frsqrt_est" Float (S) -> S, None, Fp;
    "2 - a * b, fused (FRECPS)." FRecipStep "frecip_step" Float (S, S) -> S, None, Fp;
    "(3 - a * b) / 2, fused (FRSQRTS)." FRsqrtStep "frsqrt_step" Float (S, S) -> S, None, Fp;
    "Reciprocal exponent (FRECPX)." FRecipExp "frecip_exp" Float (S) -> S, None, Fp;
    "a cc b." FCmp "fcmp" Float (S, S) -> Mask, FloatCC, Fp;
    "Between precisions. A 64-bit arrangement widens its lanes, or receives narrowed ones." FCvt "fcvt" Float (From) -> S, Round, Fp, from;
    "To integer or fixed point, saturating; NaN gives 0." FToInt "ftoint" IntAndVec (From) -> S, FpConv, Fp, from;
    "From integer or fixed point." IntToF "inttof" Float (From) -> S, FpConv, Fp, from;
    "To an integral value." FRound "fround" Float (S) -> S, FpRound, Fp;
    "The cumulative flags (bits of [`crate::contract::fp_flags`])." FpFlagsRead "fpflags_read" Any () -> I32, None, FpState;
    "Replaces the cumulative flags." FpFlagsWrite "fpflags_write" Any (I32) -> Nil, None, FpState;

    // Helpers
    "Calls a helper; shape = its result, or none." Call "call" Any () -> S, Helper, Helper;
    "Calls a helper without a result." CallNil "call_nil" Nil () -> Nil, Helper, Helper;
}

/// What code generators ask of every instruction, in few bytes: the table of declarations does not fit their cache.
static TRAITS: [(Effect, TyRule); 256] = {
    let mut traits = [(Effect::Pure, TyRule::Nil); 256];
    let mut i = 0;
    while i < OPS.len() {
        traits[i] = (OPS[i].effect, OPS[i].result);
        i += 1;
    }
    traits
};

impl Op {
    /// Its effect.
    #[inline]
    pub fn effect(self) -> Effect {
        TRAITS[self as u8 as usize].0
    }

    /// The type of its result.
    #[inline]
    pub fn result(self) -> TyRule {
        TRAITS[self as u8 as usize].1
    }

    /// The declaration.
    pub fn info(self) -> &'static OpInfo {
        &OPS[self as usize]
    }

    /// The op of this name in the text form.
    pub fn parse(name: &str) -> Option<Op> {
        OPS.iter().find(|o| o.name == name).map(|o| o.op)
    }
}
