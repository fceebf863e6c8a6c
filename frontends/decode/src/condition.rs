//! `where` clauses: predicates over the fields of a word, already resolved to bit positions.
//!
//! Invariant: a condition reads only the bits in [`Condition::bits`], which makes deciding
//! disjointness by trying all their values exact.

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A constant.
    Const(u32),
    /// `width` bits of the word from bit `lo`.
    Bits {
        /// The lowest bit.
        lo: u32,
        /// How many bits, 1 to 32.
        width: u32,
    },
}

/// A comparison, unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// A predicate over a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// The operand is not zero.
    NonZero(Operand),
    /// The comparison holds.
    Compare(Operand, Comparison, Operand),
}

/// The low `width` bits set; `width` is at most 32.
pub(crate) fn ones(width: u32) -> u32 {
    if width >= 32 { u32::MAX } else { (1 << width) - 1 }
}

impl Operand {
    /// Its value in `word`.
    pub fn value(&self, word: u32) -> u32 {
        match *self {
            Operand::Const(c) => c,
            Operand::Bits { lo, width } => word >> lo & ones(width),
        }
    }

    fn bits(&self) -> u32 {
        match *self {
            Operand::Const(_) => 0,
            Operand::Bits { lo, width } => ones(width) << lo,
        }
    }
}

impl Comparison {
    /// Whether `a` and `b` stand in this relation.
    pub fn holds(self, a: u32, b: u32) -> bool {
        match self {
            Comparison::Eq => a == b,
            Comparison::Ne => a != b,
            Comparison::Lt => a < b,
            Comparison::Le => a <= b,
            Comparison::Gt => a > b,
            Comparison::Ge => a >= b,
        }
    }

    /// Its spelling, the same in tables and in Rust.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Eq => "==",
            Comparison::Ne => "!=",
            Comparison::Lt => "<",
            Comparison::Le => "<=",
            Comparison::Gt => ">",
            Comparison::Ge => ">=",
        }
    }
}

impl Condition {
    /// Whether it holds for `word`.
    pub fn holds(&self, word: u32) -> bool {
        match self {
            Condition::All(cs) => cs.iter().all(|c| c.holds(word)),
            Condition::Any(cs) => cs.iter().any(|c| c.holds(word)),
            Condition::Not(c) => !c.holds(word),
            Condition::NonZero(o) => o.value(word) != 0,
            Condition::Compare(a, cmp, b) => cmp.holds(a.value(word), b.value(word)),
        }
    }

    /// The bits of the word it reads.
    pub fn bits(&self) -> u32 {
        match self {
            Condition::All(cs) | Condition::Any(cs) => cs.iter().fold(0, |m, c| m | c.bits()),
            Condition::Not(c) => c.bits(),
            Condition::NonZero(o) => o.bits(),
            Condition::Compare(a, _, b) => a.bits() | b.bits(),
        }
    }
}
