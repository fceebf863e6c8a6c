//! Instructions: one uniform record, and the typed forms of its immediate.
//!
//! Every instruction is `op.shape args, imm` and yields at most one value, named by its index in the block.
//! What an op's immediate means is declared in [`crate::op`]; the types here pack and unpack it.

use crate::op::{Effect, Op};
use crate::ty::Shape;

/// A value: the index in its block of the instruction that computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub u32);

impl Value {
    /// No value (an unused argument place).
    pub const NONE: Value = Value(u32::MAX);

    /// Index of the defining instruction.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inst {
    /// The operation.
    pub op: Op,
    /// Shape it works in; with the op it gives the result type.
    pub shape: Shape,
    /// Source shape of a conversion; elsewhere equal to `shape`.
    pub from: Shape,
    /// Arguments; unused places are [`Value::NONE`].
    pub args: [Value; 4],
    /// The immediate, as the op's [`crate::op::ImmKind`] says.
    pub imm: u128,
}

impl Inst {
    /// The arguments in use.
    pub fn args(&self) -> impl DoubleEndedIterator<Item = Value> + '_ {
        self.args.iter().copied().filter(|&v| v != Value::NONE)
    }

    /// Is it an access at whose failure every register is exact ([`MemAttr::exact`])?
    pub fn is_exact_access(&self) -> bool {
        matches!(self.op.effect(), Effect::Load | Effect::Store)
            && MemAttr::from_bits(self.imm & 255).is_some_and(|attr| attr.exact)
    }
}

macro_rules! imm_enum {
    ($(#[$m:meta])* $name:ident { $($(#[$vm:meta])* $var:ident = $text:literal),* $(,)? }) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vm])* $var),* }
        impl $name {
            /// Every value, in the order of the encoding.
            pub const ALL: &'static [$name] = &[$($name::$var),*];
            /// The name in the text form.
            pub const fn name(self) -> &'static str {
                match self { $($name::$var => $text),* }
            }
            /// From the immediate's number.
            pub fn from_bits(bits: u128) -> Option<$name> {
                usize::try_from(bits).ok().and_then(|i| Self::ALL.get(i).copied())
            }
            /// From the name in the text form.
            pub fn parse(name: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|v| v.name() == name)
            }
        }
    };
}

imm_enum! {
    /// Integer comparison.
    IntCC {
        /// Equal.
        Eq = "eq",
        /// Not equal.
        Ne = "ne",
        /// Unsigned less.
        Ult = "ult",
        /// Unsigned less or equal.
        Ule = "ule",
        /// Unsigned greater.
        Ugt = "ugt",
        /// Unsigned greater or equal.
        Uge = "uge",
        /// Signed less.
        Slt = "slt",
        /// Signed less or equal.
        Sle = "sle",
        /// Signed greater.
        Sgt = "sgt",
        /// Signed greater or equal.
        Sge = "sge",
        /// Some common bit (`a & b != 0`).
        Test = "test",
    }
}

imm_enum! {
    /// Floating-point comparison; false when unordered. `…s` also raises Invalid for a quiet NaN.
    FloatCC {
        /// Equal, quiet.
        Eq = "eq",
        /// Less, signalling.
        Lt = "lts",
        /// Less or equal, signalling.
        Le = "les",
        /// Greater, signalling.
        Gt = "gts",
        /// Greater or equal, signalling.
        Ge = "ges",
        /// |a| > |b|, signalling.
        AbsGt = "absgts",
        /// |a| >= |b|, signalling.
        AbsGe = "absges",
        /// Unordered, quiet.
        Uno = "uno",
    }
}

imm_enum! {
    /// Rounding of a conversion or of round-to-integral.
    Round {
        /// As the guest's floating-point control says.
        Mode = "mode",
        /// To nearest, ties to even.
        NearestEven = "even",
        /// To nearest, ties away from zero.
        NearestAway = "away",
        /// Towards plus infinity.
        Up = "up",
        /// Towards minus infinity.
        Down = "down",
        /// Towards zero.
        Zero = "zero",
        /// To odd (von Neumann): inexact results get an odd significand.
        Odd = "odd",
    }
}

imm_enum! {
    /// Atomic read-modify-write operation.
    Rmw {
        /// New value = operand.
        Xchg = "xchg",
        /// Sum.
        Add = "add",
        /// And.
        And = "and",
        /// Memory and not operand.
        AndNot = "andnot",
        /// Or.
        Or = "or",
        /// Exclusive or.
        Xor = "xor",
        /// Signed maximum.
        SMax = "smax",
        /// Signed minimum.
        SMin = "smin",
        /// Unsigned maximum.
        UMax = "umax",
        /// Unsigned minimum.
        UMin = "umin",
    }
}

imm_enum! {
    /// How lanes are narrowed to half their width.
    Narrow {
        /// Low half of the bits.
        Trunc = "trunc",
        /// Signed source saturated to signed.
        SatSS = "satss",
        /// Unsigned source saturated to unsigned.
        SatUU = "satuu",
        /// Signed source saturated to unsigned.
        SatSU = "satsu",
    }
}

imm_enum! {
    /// Memory barrier.
    Fence {
        /// Later accesses wait for earlier loads.
        Load = "load",
        /// Later stores wait for earlier stores.
        Store = "store",
        /// Everything waits for everything.
        Full = "full",
    }
}

imm_enum! {
    /// What memory is fetched for ahead of its use.
    Prefetch {
        /// To be read, into all levels of cache.
        L1 = "l1",
        /// To be read, from the second level on.
        L2 = "l2",
        /// To be read, from the third level on.
        L3 = "l3",
        /// To be read once.
        Stream = "stream",
        /// To be written.
        Write = "write",
    }
}

imm_enum! {
    /// Memory ordering of an access.
    Order {
        /// None beyond the guest's plain accesses.
        Relaxed = "relaxed",
        /// Load-acquire, RCpc.
        AcquirePc = "acqpc",
        /// Load-acquire, RCsc: ordered after earlier store-releases.
        Acquire = "acq",
        /// Store-release.
        Release = "rel",
        /// Acquire and release (read-modify-write).
        AcqRel = "acqrel",
    }
}

imm_enum! {
    /// Alignment that an access demands.
    Align {
        /// None.
        Any = "any",
        /// To its size; else an alignment fault.
        Natural = "natural",
        /// Any within 16 bytes; if it crosses a multiple of 16, an alignment fault.
        Within16 = "within16",
    }
}

imm_enum! {
    /// With whose rights an access is made (system mode).
    Privilege {
        /// The current level's.
        Current = "current",
        /// The unprivileged level's.
        User = "user",
    }
}

/// Attributes of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemAttr {
    /// Ordering.
    pub order: Order,
    /// Alignment rule.
    pub align: Align,
    /// Big-endian access.
    pub big_endian: bool,
    /// Rights.
    pub privilege: Privilege,
    /// Every register is exact when it fails, even where others' need not be: it stands for several guest instructions,
    /// and which of them failed is found by executing them one by one.
    pub exact: bool,
}

impl MemAttr {
    /// A plain little-endian access.
    pub const PLAIN: MemAttr = MemAttr {
        order: Order::Relaxed,
        align: Align::Any,
        big_endian: false,
        privilege: Privilege::Current,
        exact: false,
    };

    /// A naturally aligned access of this order.
    pub const fn ordered(order: Order) -> MemAttr {
        MemAttr { order, align: Align::Natural, ..MemAttr::PLAIN }
    }

    /// Packed: order in bits 0..2, exactness 3, natural alignment 4, endianness 5, privilege 6, alignment within 16
    /// bytes 7.
    #[inline]
    pub const fn to_bits(self) -> u128 {
        (self.order as u128)
            | (self.exact as u128) << 3
            | (self.align as u128 & 1) << 4
            | (self.align as u128 >> 1) << 7
            | (self.big_endian as u128) << 5
            | (self.privilege as u128) << 6
    }

    /// Inverse of [`MemAttr::to_bits`].
    #[inline]
    pub fn from_bits(bits: u128) -> Option<MemAttr> {
        // What most accesses are.
        if bits == 0 {
            return Some(MemAttr::PLAIN);
        }
        Some(MemAttr {
            order: Order::from_bits(bits & 7)?,
            exact: bits >> 3 & 1 == 1,
            align: Align::from_bits(bits >> 4 & 1 | bits >> 6 & 2)?,
            big_endian: bits >> 5 & 1 == 1,
            privilege: Privilege::from_bits(bits >> 6 & 1)?,
        })
    }
}

/// Immediate of [`Op::AtomicRmw`]: which operation, and the access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RmwAttr {
    /// Operation.
    pub rmw: Rmw,
    /// Access.
    pub mem: MemAttr,
}

impl RmwAttr {
    /// Packed: the access in bits 0..7, the operation from bit 8.
    pub const fn to_bits(self) -> u128 {
        self.mem.to_bits() | (self.rmw as u128) << 8
    }

    /// Inverse of [`RmwAttr::to_bits`].
    pub fn from_bits(bits: u128) -> Option<RmwAttr> {
        Some(RmwAttr { rmw: Rmw::from_bits(bits >> 8)?, mem: MemAttr::from_bits(bits & 255)? })
    }
}

/// Immediate of conversions between integer (or fixed point) and floating point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FpConv {
    /// Rounding.
    pub round: Round,
    /// The integer is signed.
    pub signed: bool,
    /// Fraction bits of the fixed-point integer (0..=64).
    pub fbits: u8,
}

impl FpConv {
    /// Packed: rounding in bits 0..3, sign in bit 4, fraction bits from bit 8.
    pub const fn to_bits(self) -> u128 {
        (self.round as u128) | (self.signed as u128) << 4 | (self.fbits as u128) << 8
    }

    /// Inverse of [`FpConv::to_bits`].
    pub fn from_bits(bits: u128) -> Option<FpConv> {
        Some(FpConv {
            round: Round::from_bits(bits & 15)?,
            signed: bits >> 4 & 1 == 1,
            fbits: u8::try_from(bits >> 8).ok()?,
        })
    }
}

/// Immediate of [`Op::FRound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FpRound {
    /// Rounding.
    pub round: Round,
    /// Raise Inexact when the value changes.
    pub exact: bool,
}

impl FpRound {
    /// Packed: rounding in bits 0..3, `exact` in bit 4.
    pub const fn to_bits(self) -> u128 {
        (self.round as u128) | (self.exact as u128) << 4
    }

    /// Inverse of [`FpRound::to_bits`].
    pub fn from_bits(bits: u128) -> Option<FpRound> {
        Some(FpRound { round: Round::from_bits(bits & 15)?, exact: bits >> 4 & 1 == 1 })
    }
}

/// Immediate of [`Op::ShiftBySigned`]: per-lane shifts by a signed amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignedShift {
    /// Lanes are signed.
    pub signed: bool,
    /// Right shifts round (add half of the last place).
    pub round: bool,
    /// Left shifts saturate.
    pub saturate: bool,
    /// Signed lanes saturate to the unsigned range.
    pub to_unsigned: bool,
}

impl SignedShift {
    /// Packed: one bit each, in the order of the fields.
    pub const fn to_bits(self) -> u128 {
        (self.signed as u128)
            | (self.round as u128) << 1
            | (self.saturate as u128) << 2
            | (self.to_unsigned as u128) << 3
    }

    /// Inverse of [`SignedShift::to_bits`].
    pub fn from_bits(bits: u128) -> Option<SignedShift> {
        (bits < 16).then_some(SignedShift {
            signed: bits & 1 == 1,
            round: bits >> 1 & 1 == 1,
            saturate: bits >> 2 & 1 == 1,
            to_unsigned: bits >> 3 & 1 == 1,
        })
    }
}
