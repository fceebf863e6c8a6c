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
    /// By value: its type (of no value: I1).
    pub tys: Vec<Ty>,
    /// By instruction: it has no effect and no user.
    pub void: Vec<bool>,
    /// By value: the value that it is.
    same: Vec<Value>,
    /// By slot: the value that it holds.
    slots: Vec<Value>,
}

impl Code {
    /// The value that this one is.
    pub fn resolve(&self, v: Value) -> Value {
        self.same[v.index()]
    }

    fn constant(&self, v: Value) -> Option<u128> {
        let inst = self.insts.get(v.index())?;
        (inst.op == Op::Const).then_some(inst.imm)
    }

    /// Reads a block.
    pub fn read(&mut self, desc: &GuestDesc, insts: &[Inst]) {
        self.insts.clear();
        self.tys.clear();
        self.void.clear();
        self.same.clear();
        self.slots.clear();
        self.slots.resize(desc.layout.slots.len(), Value::NONE);
        for (i, inst) in insts.iter().enumerate() {
            let mut inst = *inst;
            for v in &mut inst.args {
                if *v != Value::NONE {
                    *v = self.same[v.index()];
                }
            }
            let this = Value(i as u32);
            let info = inst.op.info();
            let ty = info.result.resolve(inst.shape, inst.from).unwrap_or(Ty::I1);
            let (mut same, mut void) = (this, false);
            match info.effect {
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
            self.tys.push(ty);
            self.void.push(void);
            self.same.push(same);
        }
    }

    fn simplified(&self, inst: &Inst, ty: Ty) -> Option<Simpler> {
        let [a, b, ..] = inst.args;
        match inst.op {
            Op::Const => return None,
            Op::Trunc | Op::Zext => {
                let from = self.insts[a.index()];
                let back = inst.op == Op::Trunc && matches!(from.op, Op::Zext | Op::Sext);
                if back && self.tys[from.args[0].index()] == ty {
                    return Some(Simpler::Same(from.args[0]));
                }
            }
            // The scalar that was put into an otherwise empty register.
            Op::Extract if inst.imm == 0 => {
                let from = self.insts[a.index()];
                let scalar = from.op == Op::ZextLane && from.shape.elem() == inst.shape.elem();
                return scalar.then_some(Simpler::Same(from.args[0]));
            }
            Op::Add | Op::Sub | Op::Or | Op::Xor if !inst.shape.is_vector() => {
                if self.constant(b) == Some(0) {
                    return Some(Simpler::Same(a));
                }
            }
            _ => {}
        }
        if !(ty.is_int() && ty != Ty::I128) || inst.shape.is_vector() {
            return None;
        }
        let mut args = [0; 4];
        for (bits, v) in args.iter_mut().zip(inst.args()) {
            *bits = self.constant(v)?;
        }
        let plain = inst.args().next().is_some();
        plain.then(|| Simpler::Constant(int::eval(inst.op, inst.shape, inst.from, inst.imm, &args)))
    }
}

/// What an instruction is equal to.
enum Simpler {
    Same(Value),
    Constant(u128),
}
