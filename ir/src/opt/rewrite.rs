//! The forward walk: rebuilds a block instruction by instruction, simplified.
//!
//! Rules look at one instruction whose arguments are already simplified and say what it is equal to. They may
//! build further values on the way; what turns out unused is removed by the backward walk.

use super::slots::Known;
use super::{algebra, cast, compare, flags, fold, lanes};
use crate::block::{Block, Hint, Term};
use crate::contract::GuestDesc;
use crate::inst::{Inst, Value};
use crate::op::{Effect, Op};
use crate::slot::Slot;
use crate::ty::{Shape, Ty};

/// What an instruction is equal to.
pub(super) enum Found {
    /// A value that is there.
    Value(Value),
    /// Another, simpler instruction.
    Inst(Inst),
}

/// A simplification: `None` if it does not apply.
type Rule = fn(&mut Rewriter, &Inst) -> Option<Found>;

/// In the order in which they are asked.
const RULES: [Rule; 6] =
    [fold::rule, algebra::rule, cast::rule, compare::rule, lanes::rule, flags::rule];

/// Rules applied to one instruction before it is taken as it is: bounds a quarrel between two rules.
const MAX_STEPS: usize = 16;

/// Places of the table of values seen (a power of two); each holds the two newest values that fall there.
const SEEN: usize = 128;

/// The block being rebuilt.
pub(super) struct Rewriter {
    out: Vec<Inst>,
    seen: [[Value; 2]; SEEN],
    known: Known,
    depth: u32,
}

/// Simplifies a block.
pub(super) fn walk(desc: &GuestDesc, block: &mut Block) {
    let mut rw = Rewriter {
        out: Vec::with_capacity(block.insts.len() + 8),
        seen: [[Value::NONE; 2]; SEEN],
        known: Known::new(desc),
        depth: 0,
    };
    let mut map = vec![Value::NONE; block.insts.len()];
    for (i, inst) in block.insts.iter().enumerate() {
        let mut inst = *inst;
        for v in &mut inst.args {
            if *v != Value::NONE {
                *v = map[v.index()];
            }
        }
        map[i] = match inst.op.info().effect {
            Effect::Pure => rw.simplify(inst),
            Effect::ReadSlot => {
                let slot = Slot(inst.imm as u16);
                rw.known.get(slot).unwrap_or_else(|| {
                    let v = rw.push(inst);
                    rw.known.set(slot, v);
                    v
                })
            }
            Effect::WriteSlot => {
                let slot = Slot(inst.imm as u16);
                if rw.known.get(slot) != Some(inst.args[0]) {
                    rw.push(inst);
                    rw.known.set(slot, inst.args[0]);
                }
                Value::NONE
            }
            Effect::Helper => {
                let effects = desc.helpers[inst.imm as usize].effects;
                effects.writes.iter().for_each(|&slot| rw.known.forget(slot));
                let pure = !effects.memory
                    && !effects.volatile
                    && effects.reads.is_empty()
                    && effects.writes.is_empty();
                if pure { rw.merged(inst) } else { rw.push(inst) }
            }
            _ => rw.push(inst),
        };
    }
    block.term = rw.terminal(&block.term, &map);
    block.insts = rw.out;
}

impl Rewriter {
    /// The instruction that computes a value.
    pub fn inst(&self, v: Value) -> Inst {
        self.out[v.index()]
    }

    /// The bits of a constant.
    pub fn constant(&self, v: Value) -> Option<u128> {
        let inst = self.out.get(v.index())?;
        (inst.op == Op::Const).then_some(inst.imm)
    }

    /// The type of a value.
    pub fn ty(&self, v: Value) -> Option<Ty> {
        let inst = self.out.get(v.index())?;
        inst.op.info().result.resolve(inst.shape, inst.from)
    }

    /// A constant of this type.
    pub fn make_const(&mut self, ty: Ty, bits: u128) -> Value {
        self.merged(constant(ty, bits))
    }

    /// The simplified value of an op in one shape.
    pub fn make(&mut self, op: Op, shape: impl Into<Shape>, args: &[Value], imm: u128) -> Value {
        self.simplify(inst(op, shape, args, imm))
    }

    /// The simplified value of a pure instruction.
    pub fn simplify(&mut self, mut inst: Inst) -> Value {
        // Rules may build values by rules: each level works on smaller parts, the bound is a safeguard.
        if self.depth < 8 {
            self.depth += 1;
            for _ in 0..MAX_STEPS {
                match RULES.iter().find_map(|rule| rule(self, &inst)) {
                    None => break,
                    Some(Found::Value(v)) => {
                        self.depth -= 1;
                        return v;
                    }
                    Some(Found::Inst(other)) => inst = other,
                }
            }
            self.depth -= 1;
        }
        self.merged(inst)
    }

    /// An equal value that is there, if it is remembered.
    pub fn find(&self, inst: &Inst) -> Option<Value> {
        let there = |v: &Value| self.out.get(v.index()) == Some(inst);
        self.seen[place(inst)].into_iter().find(there)
    }

    /// Does a register hold this value, so that it is there anyway?
    pub fn in_register(&self, v: Value) -> bool {
        self.known.holds(v)
    }

    fn merged(&mut self, inst: Inst) -> Value {
        if let Some(v) = self.find(&inst) {
            return v;
        }
        let v = self.push(inst);
        let seen = &mut self.seen[place(&inst)];
        *seen = [v, seen[0]];
        v
    }

    fn push(&mut self, inst: Inst) -> Value {
        self.out.push(inst);
        Value(self.out.len() as u32 - 1)
    }

    fn terminal(&self, term: &Term, map: &[Value]) -> Term {
        match *term {
            Term::Branch { cond, mut then, mut other } => {
                let mut cond = map[cond.index()];
                while self.inst(cond).op == Op::Not {
                    cond = self.inst(cond).args[0];
                    (then, other) = (other, then);
                }
                match self.constant(cond) {
                    Some(bits) => Term::goto(if bits & 1 != 0 { then } else { other }),
                    None if then == other => Term::goto(then),
                    None => Term::Branch { cond, then, other },
                }
            }
            Term::Indirect { target, hint } => {
                let target = map[target.index()];
                let ret = match hint {
                    Hint::Call { ret } => Some(ret),
                    Hint::Jump | Hint::Return => None,
                };
                match self.constant(target) {
                    // A return stays one: engines pair it with its call.
                    Some(pc) if hint != Hint::Return => {
                        Term::Goto { pc: pc as u64, ret, sync: false }
                    }
                    _ => Term::Indirect { target, hint },
                }
            }
            ref plain => plain.clone(),
        }
    }
}

/// An instruction that works in one shape.
pub(super) fn inst(op: Op, shape: impl Into<Shape>, args: &[Value], imm: u128) -> Inst {
    let shape = shape.into();
    let mut places = [Value::NONE; 4];
    places[..args.len()].copy_from_slice(args);
    Inst { op, shape, from: shape, args: places, imm }
}

/// A conversion.
pub(super) fn conversion(op: Op, to: Ty, from: Ty, a: Value) -> Inst {
    Inst { from: from.into(), ..inst(op, to, &[a], 0) }
}

/// A constant of this type; excess bits are dropped.
pub(super) fn constant(ty: Ty, bits: u128) -> Inst {
    let width = ty.bits();
    let bits = if width >= 128 { bits } else { bits & ((1 << width) - 1) };
    inst(Op::Const, ty, &[], bits)
}

fn place(inst: &Inst) -> usize {
    // Multiplicative hashing: the fields are small numbers, the upper bits of the product mix them well.
    let [a, b, c, d] = inst.args.map(|v| v.0 as u64);
    let mut h = inst.op as u64 | (shape_number(inst.shape) << 8) | (shape_number(inst.from) << 16);
    for word in [a | b << 32, c | d << 32, inst.imm as u64, (inst.imm >> 64) as u64] {
        h = (h ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        h ^= h >> 29;
    }
    (h >> 32) as usize % SEEN
}

fn shape_number(shape: Shape) -> u64 {
    match shape {
        Shape::None => 0,
        Shape::Scalar(ty) => 1 + ty as u64,
        vector => 16 + Shape::VECTORS.iter().position(|&v| v == vector).unwrap_or(0) as u64,
    }
}
