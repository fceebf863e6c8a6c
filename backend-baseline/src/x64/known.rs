//! What is known of a block going forward: registers that hold a value already, and values that are others.
//!
//! The passes of `ir::opt` find more and cost more than cold code pays back; this one walk finds what nearly every block
//! has: registers read again after they were read or written, constants of constants, narrowing of what was widened.
//! It leaves a [`Node`] an instruction, which the walk backwards ([`super::live`]) completes.
//!
//! Invariant: instructions keep their numbers. A value that is another is never mentioned again.

use super::live::Overwritten;
use isamorph_ir::interp::int;
use isamorph_ir::op::Effect;
use isamorph_ir::{GuestDesc, Inst, Op, Shape, Ty, Value};

/// The instructions of a block, with what is known of them.
#[derive(Default)]
pub(crate) struct Code {
    pub insts: Vec<Inst>,
    /// One an instruction; and one for the terminal.
    pub(super) nodes: Vec<Node>,
    held: Held,
    pub(super) overwritten: Overwritten,
}

/// What is known of an instruction and its result.
#[derive(Clone, Copy)]
pub(super) struct Node {
    /// The value that its result is.
    pub same: Value,
    /// Index of the last instruction that needs it (the terminal's is the number of instructions).
    pub last: u32,
    /// Its first user.
    pub user: u32,
    /// The result's type (of no result: I1).
    pub ty: Ty,
    /// How often it is used, as far as that can be told.
    pub uses: u8,
    pub role: Role,
    /// Some value is needed by this instruction last.
    pub ends: bool,
}

/// What becomes of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It gets code where it stands.
    Here,
    /// Its users compute it.
    Lazy,
    /// It gets none: it has no effect and no user.
    Void,
}

impl Node {
    #[inline(always)]
    fn new(same: Value, ty: Ty, role: Role) -> Node {
        Node { same, last: 0, user: 0, ty, uses: 0, role, ends: false }
    }
}

/// Values that guest registers hold.
#[derive(Default)]
struct Held {
    /// By slot: a value, and the number of the block that it is of.
    by_slot: Vec<(u32, Value)>,
    block: u32,
}

impl Held {
    fn begin(&mut self, slots: usize) {
        self.block = self.block.wrapping_add(1);
        if self.by_slot.len() != slots || self.block == 0 {
            self.by_slot.clear();
            self.by_slot.resize(slots, (0, Value::NONE));
            self.block = 1;
        }
    }

    #[inline(always)]
    fn get(&self, slot: u128) -> Option<Value> {
        let (block, v) = self.by_slot[slot as usize];
        (block == self.block && v != Value::NONE).then_some(v)
    }

    #[inline(always)]
    fn set(&mut self, slot: u128, v: Value) {
        self.by_slot[slot as usize] = (self.block, v);
    }
}

impl Code {
    /// The value that this one is.
    pub fn resolve(&self, v: Value) -> Value {
        self.nodes[v.index()].same
    }

    /// A value's type.
    #[inline]
    pub fn ty(&self, v: Value) -> Ty {
        self.nodes[v.index()].ty
    }

    /// Reads a block, whose instructions it takes. False: the block looks at the cumulative floating-point flags.
    pub fn read(&mut self, desc: &GuestDesc, insts: &mut Vec<Inst>) -> bool {
        std::mem::swap(&mut self.insts, insts);
        let Code { insts: own, nodes, held, .. } = self;
        let mut blind = true;
        nodes.clear();
        nodes.reserve(own.len() + 1);
        held.begin(desc.layout.slots.len());
        let fp_flags = desc.fp.flags.0 as u128;
        for i in 0..own.len() {
            let (before, rest) = own.split_at_mut(i);
            let (inst, this) = (&mut rest[0], Value(i as u32));
            // What most instructions are.
            match inst.op {
                Op::Insn => {
                    nodes.push(Node::new(this, Ty::I1, Role::Here));
                    continue;
                }
                Op::Const => {
                    let ty = inst.shape.ty().unwrap_or(Ty::I1);
                    nodes.push(Node::new(this, ty, Role::Here));
                    continue;
                }
                Op::Get => {
                    let ty = inst.shape.ty().unwrap_or(Ty::I1);
                    let node = match held.get(inst.imm) {
                        Some(same) => Node::new(same, ty, Role::Void),
                        None => Node::new(this, ty, Role::Here),
                    };
                    if inst.imm != fp_flags {
                        held.set(inst.imm, node.same);
                    }
                    nodes.push(node);
                    continue;
                }
                _ => {}
            }
            for v in &mut inst.args {
                if *v == Value::NONE {
                    break;
                }
                *v = nodes[v.index()].same;
            }
            if inst.op == Op::Put {
                let v = inst.args[0];
                let again = held.get(inst.imm) == Some(v);
                if inst.imm != fp_flags {
                    held.set(inst.imm, v);
                }
                let role = if again { Role::Void } else { Role::Here };
                nodes.push(Node::new(this, Ty::I1, role));
                continue;
            }
            let ty = inst.op.result().resolve(inst.shape, inst.from).unwrap_or(Ty::I1);
            let mut node = Node::new(this, ty, Role::Here);
            match inst.op.effect() {
                Effect::Pure => match simplified(before, nodes, inst, ty) {
                    None => {}
                    Some(Simpler::Same(v)) => (node.same, node.role) = (v, Role::Void),
                    Some(Simpler::Constant(bits)) => {
                        (inst.op, inst.args, inst.imm) = (Op::Const, [Value::NONE; 4], bits);
                        inst.shape = Shape::Scalar(ty);
                    }
                },
                Effect::Helper => {
                    for slot in desc.helpers[inst.imm as usize].effects.writes {
                        held.set(slot.0 as u128, Value::NONE);
                    }
                }
                Effect::FpState => blind = false,
                _ => {}
            }
            nodes.push(node);
        }
        nodes.push(Node::new(Value::NONE, Ty::I1, Role::Void));
        blind
    }
}
/// What an instruction is equal to.
enum Simpler {
    Same(Value),
    Constant(u128),
}

/// What this pure instruction is equal to, as far as those before it tell.
#[inline]
fn simplified(before: &[Inst], nodes: &[Node], inst: &Inst, ty: Ty) -> Option<Simpler> {
    let [a, b, ..] = inst.args;
    if a == Value::NONE {
        return None;
    }
    let first = &before[a.index()];
    match inst.op {
        // Narrowing of what was widened.
        Op::Trunc if matches!(first.op, Op::Zext | Op::Sext) => {
            let narrow = first.args[0];
            if nodes[narrow.index()].ty == ty {
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
