//! How long values live, and which are computed where they are used.
//!
//! One walk backwards. A value is *lazy* if its only user computes it on the way: a comparison in front of a
//! branch, the sum that is an address, flags as the operands of what set them. A lazy value's operands live as
//! long as its user needs them. Pure values without a use are dead and get no code, nor do writes of registers that are
//! overwritten before anybody can look.

use super::known::{Code, Role};
use isamorph_ir::op::Effect;
use isamorph_ir::{GuestDesc, Inst, Op, Shape, Value};

/// Slots that are written before anybody can look at them.
#[derive(Default)]
pub(super) struct Overwritten {
    /// By slot: the count at which it was last found to be overwritten.
    pub at: Vec<u32>,
    /// Moves when somebody can look, and from block to block.
    pub now: u32,
}

impl Overwritten {
    pub fn begin(&mut self, slots: usize) {
        if self.at.len() != slots || self.now > u32::MAX / 2 {
            self.at.clear();
            self.at.resize(slots, 0);
            self.now = 0;
        }
        self.now += 1;
    }
}

impl Code {
    /// Index of the last instruction that needs the value.
    #[inline]
    pub fn last(&self, v: Value) -> u32 {
        self.nodes[v.index()].last
    }

    /// Has the value a user?
    pub fn is_used(&self, v: Value) -> bool {
        self.nodes[v.index()].uses != 0
    }

    /// What becomes of an instruction.
    #[inline]
    pub fn role(&self, i: usize) -> Role {
        self.nodes[i].role
    }

    /// Is some value over behind this instruction?
    pub fn ends(&self, i: usize) -> bool {
        self.nodes[i].ends
    }

    /// Completes what is known by a walk backwards. `end`: what the terminal uses; `exact`: floating point is left to the
    /// reference.
    pub fn live(&mut self, desc: &GuestDesc, end: Option<Value>, exact: bool) {
        let n = self.insts.len();
        if let Some(v) = end {
            let node = &mut self.nodes[v.index()];
            (node.last, node.user, node.uses) = (n as u32, n as u32, 1);
        }
        self.overwritten.begin(desc.layout.slots.len());
        let fp = [desc.fp.control.0 as u128, desc.fp.flags.0 as u128];
        for i in (0..n).rev() {
            let node = &mut self.nodes[i];
            if node.role == Role::Void {
                continue;
            }
            let inst = &self.insts[i];
            // What most instructions are.
            match inst.op {
                Op::Insn => continue,
                Op::Const | Op::Get if node.uses == 0 => {
                    node.role = Role::Void;
                    continue;
                }
                Op::Const => continue,
                Op::Get => {
                    // A write before it is looked at.
                    self.overwritten.at[inst.imm as usize] = 0;
                    continue;
                }
                Op::Put => {
                    let at = &mut self.overwritten.at[inst.imm as usize];
                    if *at == self.overwritten.now {
                        node.role = Role::Void;
                        continue;
                    }
                    if !fp.contains(&inst.imm) {
                        *at = self.overwritten.now;
                    }
                    (node.last, node.ends) = (i as u32, true);
                    let v = inst.args[0];
                    self.uses(v, i as u32, i as u32);
                    continue;
                }
                _ => {}
            }
            match inst.op.effect() {
                Effect::Pure if node.uses == 0 => {
                    node.role = Role::Void;
                    continue;
                }
                Effect::Load | Effect::Store | Effect::Helper | Effect::Exit => {
                    self.overwritten.now += 1;
                }
                _ => {}
            }
            let mut needed = i as u32;
            if node.uses == 0 {
                (node.last, node.ends) = (i as u32, true);
            } else if self.is_lazy(Value(i as u32), exact) {
                let node = &mut self.nodes[i];
                node.role = Role::Lazy;
                needed = node.last;
            }
            for v in self.insts[i].args {
                if v == Value::NONE {
                    break;
                }
                self.uses(v, i as u32, needed);
            }
        }
    }

    /// This instruction uses a value, which is `needed` until then.
    #[inline(always)]
    fn uses(&mut self, v: Value, user: u32, needed: u32) {
        let node = &mut self.nodes[v.index()];
        node.user = user;
        node.uses = node.uses.saturating_add(1);
        if node.last < needed {
            node.last = needed;
            self.nodes[needed as usize].ends = true;
        }
    }

    /// Is this value, all of whose uses are known, computed by its users?
    fn is_lazy(&self, this: Value, exact: bool) -> bool {
        let (node, inst) = (&self.nodes[this.index()], &self.insts[this.index()]);
        let once = node.uses == 1;
        let at = node.user as usize;
        let user = self.insts.get(at);
        match inst.op {
            Op::FlagsAdd | Op::FlagsSub | Op::FlagsLogic | Op::FlagsSel => true,
            Op::FlagsFCmp => {
                // Comparing raises floating-point flags: not after somebody looked at them.
                let end = self.insts.len().min(node.last as usize);
                let looks = |u: &Inst| {
                    matches!(u.op.effect(), Effect::FpState | Effect::Helper | Effect::Exit)
                };
                let between = &self.insts[this.index() + 1..end];
                inst.shape != Shape::F16 && !exact && !between.iter().any(looks)
            }
            Op::Select => inst.shape == Shape::FLAGS,
            Op::ICmp if inst.shape.is_vector() => false,
            Op::ICmp | Op::Cond if once => match user {
                None => true,
                Some(u) if u.op == Op::ExitIf => true,
                Some(u) => u.op == Op::Select && u.shape != Shape::FLAGS && u.args[0] == this,
            },
            Op::Add if once && inst.shape == Shape::I64 => {
                user.is_some_and(|u| is_address(u, this))
            }
            // The index of a lazy sum.
            Op::ShlI if once && inst.shape == Shape::I64 && inst.imm <= 3 => {
                let lazy = self.nodes[at].role == Role::Lazy;
                user.is_some_and(|u| u.op == Op::Add && u.args[1] == this && lazy)
            }
            _ => false,
        }
    }
}

/// Is this value the address of a plain access, and nothing else of it?
fn is_address(user: &Inst, v: Value) -> bool {
    match user.op {
        Op::Load | Op::PrefetchOp => true,
        Op::Store => user.args[0] == v && user.args[1] != v,
        _ => false,
    }
}
