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

    fn constant(&self, v: Value) -> Option<u128> {
        let inst = self.insts.get(v.index())?;
        (inst.op == Op::Const).then_some(inst.imm)
    }

    /// Reads a block.
    pub fn read(&mut self, desc: &GuestDesc, insts: &[Inst]) {
        self.insts.clear();
        self.values.clear();
        self.insts.reserve(insts.len());
        self.values.reserve(insts.len());
        self.slots.clear();
        self.slots.resize(desc.layout.slots.len(), Value::NONE);
        for (i, inst) in insts.iter().enumerate() {
            let mut inst = *inst;
            for v in &mut inst.args {
                if *v == Value::NONE {
                    break;
                }
                *v = self.resolve(*v);
            }
            let this = Value(i as u32);
            let ty = inst.op.result().resolve(inst.shape, inst.from).unwrap_or(Ty::I1);
            let (mut same, mut void) = (this, false);
            match inst.op.effect() {
                Effect::Pure => match self.simplified(&inst, ty) {
                    Some(Simpler::Same(v)) => (same, void) = (v, true),
                    Some(Simpler::Constant(bits)) => {
                        (inst.op, inst.args, inst.imm) = (Op::Const, [Value::NONE; 4], bits);
                        inst.shape = Shape::Scalar(ty);
                    }
                    None => {}
                },
                Effect::ReadSlot => {
                    let held = &mut self.slots[inst.imm as usize];
                    if *held != Value::NONE {
                        (same, void) = (*held, true);
                    } else if inst.imm as u16 != desc.fp.flags.0 {
                        *held = this;
                    }
                }
                Effect::WriteSlot => {
                    let held = &mut self.slots[inst.imm as usize];
                    void = *held == inst.args[0];
                    if inst.imm as u16 != desc.fp.flags.0 {
                        *held = inst.args[0];
                    }
                }
                Effect::Helper => {
                    for slot in desc.helpers[inst.imm as usize].effects.writes {
                        self.slots[slot.0 as usize] = Value::NONE;
                    }
                }
                _ => {}
            }
            self.insts.push(inst);
            self.values.push(Known { same, ty, void });
        }
    }

    fn simplified(&self, inst: &Inst, ty: Ty) -> Option<Simpler> {
        let [a, b, ..] = inst.args;
        match inst.op {
            Op::Const => return None,
            Op::Trunc | Op::Zext => {
                let from = self.insts[a.index()];
                let back = inst.op == Op::Trunc && matches!(from.op, Op::Zext | Op::Sext);
                if back && self.ty(from.args[0]) == ty {
                    return Some(Simpler::Same(from.args[0]));
                }
            }
            // The scalar that was put into an otherwise empty register.
            Op::Extract if inst.imm == 0 => {
                let from = self.insts[a.index()];
                let scalar = from.op == Op::ZextLane && from.shape.elem() == inst.shape.elem();
                return scalar.then_some(Simpler::Same(from.args[0]));
            }
            Op::Add | Op::Sub | Op::Or | Op::Xor
                if !inst.shape.is_vector() && self.constant(b) == Some(0) =>
            {
                return Some(Simpler::Same(a));
            }
            _ => {}
        }
        if a == Value::NONE || self.insts[a.index()].op != Op::Const {
            return None;
        }
        if !(ty.is_int() && ty != Ty::I128) || inst.shape.is_vector() {
            return None;
        }
        let mut args = [0; 4];
        for (bits, v) in args.iter_mut().zip(inst.args()) {
            *bits = self.constant(v)?;
        }
        Some(Simpler::Constant(int::eval(inst.op, inst.shape, inst.from, inst.imm, &args)))
    }
}

/// What an instruction is equal to.
enum Simpler {
    Same(Value),
    Constant(u128),
}
