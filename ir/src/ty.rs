//! Types of values and shapes of operations.
//!
//! A value has a [`Ty`]. An operation has a [`Shape`]: either a scalar type or a vector arrangement. Values
//! of every vector shape have the one type [`Ty::V128`]; lanes are little-endian, lane 0 in the low bits.
//! A 64-bit arrangement (`i8x8` …) ignores the upper half of its inputs and zeroes that of its result.

/// Type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ty {
    /// One bit: 0 or 1.
    I1,
    /// 8-bit integer.
    I8,
    /// 16-bit integer.
    I16,
    /// 32-bit integer.
    I32,
    /// 64-bit integer; also guest addresses.
    I64,
    /// 128-bit integer.
    I128,
    /// IEEE binary16.
    F16,
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
    /// 128-bit vector.
    V128,
    /// Condition flags, kept as the operands of the operation that set them (see [`crate::flags`]).
    Flags,
}

impl Ty {
    /// Every type.
    pub const ALL: [Ty; 11] = [
        Ty::I1,
        Ty::I8,
        Ty::I16,
        Ty::I32,
        Ty::I64,
        Ty::I128,
        Ty::F16,
        Ty::F32,
        Ty::F64,
        Ty::V128,
        Ty::Flags,
    ];

    /// Width in bits of the value (`Flags`: of its record in the state, 192).
    #[inline]
    pub const fn bits(self) -> u32 {
        match self {
            Ty::I1 => 1,
            Ty::I8 => 8,
            Ty::I16 | Ty::F16 => 16,
            Ty::I32 | Ty::F32 => 32,
            Ty::I64 | Ty::F64 => 64,
            Ty::I128 | Ty::V128 => 128,
            Ty::Flags => 192,
        }
    }

    /// Size in bytes in the guest state or in memory.
    #[inline]
    pub const fn bytes(self) -> u32 {
        self.bits().div_ceil(8)
    }

    /// Is this an integer type (`I1` included)?
    pub const fn is_int(self) -> bool {
        matches!(self, Ty::I1 | Ty::I8 | Ty::I16 | Ty::I32 | Ty::I64 | Ty::I128)
    }

    /// Is this a scalar floating-point type?
    pub const fn is_float(self) -> bool {
        matches!(self, Ty::F16 | Ty::F32 | Ty::F64)
    }

    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Ty::I1 => "i1",
            Ty::I8 => "i8",
            Ty::I16 => "i16",
            Ty::I32 => "i32",
            Ty::I64 => "i64",
            Ty::I128 => "i128",
            Ty::F16 => "f16",
            Ty::F32 => "f32",
            Ty::F64 => "f64",
            Ty::V128 => "v128",
            Ty::Flags => "flags",
        }
    }
}

/// Shape of an operation: a scalar type or a vector arrangement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// No value (an operation without a result).
    None,
    /// A scalar of this type (also `V128` as a whole, and `Flags`).
    Scalar(Ty),
    /// 16 lanes of I8.
    I8x16,
    /// 8 lanes of I16.
    I16x8,
    /// 4 lanes of I32.
    I32x4,
    /// 2 lanes of I64.
    I64x2,
    /// 8 lanes of F16.
    F16x8,
    /// 4 lanes of F32.
    F32x4,
    /// 2 lanes of F64.
    F64x2,
    /// 8 lanes of I8 in the low half.
    I8x8,
    /// 4 lanes of I16 in the low half.
    I16x4,
    /// 2 lanes of I32 in the low half.
    I32x2,
    /// One lane of I64 in the low half.
    I64x1,
    /// 4 lanes of F16 in the low half.
    F16x4,
    /// 2 lanes of F32 in the low half.
    F32x2,
    /// One lane of F64 in the low half.
    F64x1,
}

/// Scalar shapes by short names, so that `Shape::I64` reads like `Ty::I64`.
#[allow(missing_docs)]
impl Shape {
    pub const I1: Shape = Shape::Scalar(Ty::I1);
    pub const I8: Shape = Shape::Scalar(Ty::I8);
    pub const I16: Shape = Shape::Scalar(Ty::I16);
    pub const I32: Shape = Shape::Scalar(Ty::I32);
    pub const I64: Shape = Shape::Scalar(Ty::I64);
    pub const I128: Shape = Shape::Scalar(Ty::I128);
    pub const F16: Shape = Shape::Scalar(Ty::F16);
    pub const F32: Shape = Shape::Scalar(Ty::F32);
    pub const F64: Shape = Shape::Scalar(Ty::F64);
    pub const V128: Shape = Shape::Scalar(Ty::V128);
    pub const FLAGS: Shape = Shape::Scalar(Ty::Flags);
}

impl Shape {
    /// Every vector arrangement.
    pub const VECTORS: [Shape; 14] = [
        Shape::I8x16,
        Shape::I16x8,
        Shape::I32x4,
        Shape::I64x2,
        Shape::F16x8,
        Shape::F32x4,
        Shape::F64x2,
        Shape::I8x8,
        Shape::I16x4,
        Shape::I32x2,
        Shape::I64x1,
        Shape::F16x4,
        Shape::F32x2,
        Shape::F64x1,
    ];

    /// The integer arrangement with lanes of `elem_bits` (8, 16, 32, 64) filling 64 or 128 bits.
    pub const fn int_vector(elem_bits: u32, full: bool) -> Shape {
        match (elem_bits, full) {
            (8, true) => Shape::I8x16,
            (16, true) => Shape::I16x8,
            (32, true) => Shape::I32x4,
            (64, true) => Shape::I64x2,
            (8, false) => Shape::I8x8,
            (16, false) => Shape::I16x4,
            (32, false) => Shape::I32x2,
            (64, false) => Shape::I64x1,
            _ => Shape::None,
        }
    }

    /// The floating-point arrangement with lanes of `elem_bits` (16, 32, 64) filling 64 or 128 bits.
    pub const fn float_vector(elem_bits: u32, full: bool) -> Shape {
        match (elem_bits, full) {
            (16, true) => Shape::F16x8,
            (32, true) => Shape::F32x4,
            (64, true) => Shape::F64x2,
            (16, false) => Shape::F16x4,
            (32, false) => Shape::F32x2,
            (64, false) => Shape::F64x1,
            _ => Shape::None,
        }
    }

    /// Type of a value of this shape; `None` for [`Shape::None`].
    #[inline]
    pub const fn ty(self) -> Option<Ty> {
        match self {
            Shape::None => None,
            Shape::Scalar(t) => Some(t),
            _ => Some(Ty::V128),
        }
    }

    /// Type of one lane (of a scalar: itself).
    pub const fn elem(self) -> Option<Ty> {
        Some(match self {
            Shape::None => return None,
            Shape::Scalar(t) => t,
            Shape::I8x16 | Shape::I8x8 => Ty::I8,
            Shape::I16x8 | Shape::I16x4 => Ty::I16,
            Shape::I32x4 | Shape::I32x2 => Ty::I32,
            Shape::I64x2 | Shape::I64x1 => Ty::I64,
            Shape::F16x8 | Shape::F16x4 => Ty::F16,
            Shape::F32x4 | Shape::F32x2 => Ty::F32,
            Shape::F64x2 | Shape::F64x1 => Ty::F64,
        })
    }

    /// Number of lanes (of a scalar: 1; of `None`: 0).
    pub const fn lanes(self) -> u32 {
        match self {
            Shape::None => 0,
            Shape::Scalar(_) | Shape::I64x1 | Shape::F64x1 => 1,
            Shape::I64x2 | Shape::F64x2 | Shape::I32x2 | Shape::F32x2 => 2,
            Shape::I32x4 | Shape::F32x4 | Shape::I16x4 | Shape::F16x4 => 4,
            Shape::I16x8 | Shape::F16x8 | Shape::I8x8 => 8,
            Shape::I8x16 => 16,
        }
    }

    /// Is this a vector arrangement?
    pub const fn is_vector(self) -> bool {
        !matches!(self, Shape::None | Shape::Scalar(_))
    }

    /// Is this a 64-bit arrangement (upper half ignored and zeroed)?
    pub const fn is_half(self) -> bool {
        matches!(
            self,
            Shape::I8x8
                | Shape::I16x4
                | Shape::I32x2
                | Shape::I64x1
                | Shape::F16x4
                | Shape::F32x2
                | Shape::F64x1
        )
    }

    /// The integer arrangement or type with the same lanes.
    pub const fn to_int(self) -> Shape {
        match self {
            Shape::F16x8 => Shape::I16x8,
            Shape::F32x4 => Shape::I32x4,
            Shape::F64x2 => Shape::I64x2,
            Shape::F16x4 => Shape::I16x4,
            Shape::F32x2 => Shape::I32x2,
            Shape::F64x1 => Shape::I64x1,
            Shape::Scalar(Ty::F16) => Shape::I16,
            Shape::Scalar(Ty::F32) => Shape::I32,
            Shape::Scalar(Ty::F64) => Shape::I64,
            s => s,
        }
    }

    /// The 128-bit arrangement with the same lane type.
    pub const fn to_full(self) -> Shape {
        match self {
            Shape::I8x8 => Shape::I8x16,
            Shape::I16x4 => Shape::I16x8,
            Shape::I32x2 => Shape::I32x4,
            Shape::I64x1 => Shape::I64x2,
            Shape::F16x4 => Shape::F16x8,
            Shape::F32x2 => Shape::F32x4,
            Shape::F64x1 => Shape::F64x2,
            s => s,
        }
    }

    /// The name in the text form (`i32x4`, `i64`; `none`).
    pub const fn name(self) -> &'static str {
        match self {
            Shape::None => "none",
            Shape::Scalar(t) => t.name(),
            Shape::I8x16 => "i8x16",
            Shape::I16x8 => "i16x8",
            Shape::I32x4 => "i32x4",
            Shape::I64x2 => "i64x2",
            Shape::F16x8 => "f16x8",
            Shape::F32x4 => "f32x4",
            Shape::F64x2 => "f64x2",
            Shape::I8x8 => "i8x8",
            Shape::I16x4 => "i16x4",
            Shape::I32x2 => "i32x2",
            Shape::I64x1 => "i64x1",
            Shape::F16x4 => "f16x4",
            Shape::F32x2 => "f32x2",
            Shape::F64x1 => "f64x1",
        }
    }

    /// The shape with this name in the text form.
    pub fn parse(name: &str) -> Option<Shape> {
        let scalars = Ty::ALL.into_iter().map(Shape::Scalar);
        scalars.chain(Shape::VECTORS).chain([Shape::None]).find(|s| s.name() == name)
    }
}

impl From<Ty> for Shape {
    #[inline]
    fn from(ty: Ty) -> Shape {
        Shape::Scalar(ty)
    }
}
