//! What is known of a block going forward: registers that hold a value already, and values that are others.
//!
//! The passes of `ir::opt` find more and cost more than cold code pays back; this one walk finds what nearly every block
//! has: registers read again after they were read or written, constants of constants, narrowing of what was widened.
//!
//! Invariant: instructions keep their numbers. A value that is another is never mentioned again.

use isamorph_ir::interp::int;
use isamorph_ir::op::Effect;
use isamorph_ir::{GuestDesc, Inst, Op, Shape, Ty, Value};

/// The instructions of a block, with what is known of them.
#[derive(Default)]
pub(crate) struct Code {
    pub insts: Vec<Inst>,
    values: Vec<Known>,
    /// By slot: the value that it holds.
    slots: Vec<Value>,
}

/// What is known of an instruction.
#[derive(Clone, Copy)]
struct Known {
    /// The value that its result is.
    same: Value,
    /// The result's type (of no result: I1).
    ty: Ty,
    /// It has no effect and no user.
    void: bool,
}

impl Code {
    /// The value that this one is.
    pub fn resolve(&self, v: Value) -> Value {
        self.values[v.index()].same
    }

    /// A value's type.
    pub fn ty(&self, v: Value) -> Ty {
        self.values[v.index()].ty
    }

    /// Has this instruction no effect and no user?
    pub fn is_void(&self, i: usize) -> bool {
        self.values[i].void
    }

    /// Reads a block.
    pub fn read(&mut self, desc: &GuestDesc, insts: &[Inst]) {
        let Code { insts: own, values, slots } = self;
        own.clear();
        own.extend_from_slice(insts);
        values.clear();
        values.reserve(insts.len());
        slots.clear();
        slots.resize(desc.layout.slots.len(), Value::NONE);
        for i in 0..own.len() {
            let (before, rest) = own.split_at_mut(i);
            let (inst, this) = (&mut rest[0], Value(i as u32));
            // What most instructions are.
            match inst.op {
                Op::Insn => {
                    values.push(Known { same: this, ty: Ty::I1, void: false });
                    continue;
                }
                Op::Const => {
                    let ty = inst.shape.ty().unwrap_or(Ty::I1);
                    values.push(Known { same: this, ty, void: false });
                    continue;
                }
                Op::Get => {
                    let held = &mut slots[inst.imm as usize];
                    let void = *held != Value::NONE;
                    let same = if void { *held } else { this };
                    if inst.imm as u16 != desc.fp.flags.0 {
                        *held = same;
                    }
                    let ty = inst.shape.ty().unwrap_or(Ty::I1);
                    values.push(Known { same, ty, void });
                    continue;
                }
                _ => {}
            }
            for v in &mut inst.args {
                if *v == Value::NONE {
                    break;
                }
                *v = values[v.index()].same;
            }
            let ty = inst.op.result().resolve(inst.shape, inst.from).unwrap_or(Ty::I1);
            let mut known = Known { same: this, ty, void: false };
            match inst.op.effect() {
                Effect::Pure => match simplified(before, values, inst, ty) {
                    None => {}
                    Some(Simpler::Same(v)) => (known.same, known.void) = (v, true),
                    Some(Simpler::Constant(bits)) => {
                        (inst.op, inst.args, inst.imm) = (Op::Const, [Value::NONE; 4], bits);
                        inst.shape = Shape::Scalar(ty);
                    }
                },
                Effect::WriteSlot => {
                    let held = &mut slots[inst.imm as usize];
                    known.void = *held == inst.args[0];
                    if inst.imm as u16 != desc.fp.flags.0 {
                        *held = inst.args[0];
                    }
                }
                Effect::Helper => {
                    for slot in desc.helpers[inst.imm as usize].effects.writes {
                        slots[slot.0 as usize] = Value::NONE;
                    }
                }
                _ => {}
            }
            values.push(known);
        }
    }
}

/// What an instruction is equal to.
enum Simpler {
    Same(Value),
    Constant(u128),
}

/// What this pure instruction is equal to, as far as those before it tell.
#[inline]
fn simplified(before: &[Inst], values: &[Known], inst: &Inst, ty: Ty) -> Option<Simpler> {
    let [a, b, ..] = inst.args;
    if a == Value::NONE {
        return None;
    }
    let first = &before[a.index()];
    match inst.op {
        // Narrowing of what was widened.
        Op::Trunc if matches!(first.op, Op::Zext | Op::Sext) => {
            let narrow = first.args[0];
            if values[narrow.index()].ty == ty {
                return Some(Simpler::Same(narrow));
            }
        }
        // The scalar that was put into an otherwise empty register.
        Op::Extract if inst.imm == 0 => {
            let scalar = first.op == Op::ZextLane && first.shape.elem() == inst.shape.elem();
            return scalar.then_some(Simpler::Same(first.args[0]));
        }
        Op::Add | Op::Sub | Op::Or | Op::Xor if !inst.shape.is_vector() => {
            let second = &before[b.index()];
            if second.op == Op::Const && second.imm == 0 {
                return Some(Simpler::Same(a));
            }
        }
        _ => {}
    }
    if first.op != Op::Const || !ty.is_int() || ty == Ty::I128 || inst.shape.is_vector() {
        return None;
    }
    let mut args = [0; 4];
    for (bits, v) in args.iter_mut().zip(inst.args()) {
        let arg = &before[v.index()];
        if arg.op != Op::Const {
            return None;
        }
        *bits = arg.imm;
    }
    Some(Simpler::Constant(int::eval(inst.op, inst.shape, inst.from, inst.imm, &args)))
}
