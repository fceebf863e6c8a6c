//! How long values live, and which are computed where they are used.
//!
//! One walk backwards. A value is *lazy* if its only user computes it on the way: a comparison in front of a
//! branch, the sum that is an address, flags as the operands of what set them. A lazy value's operands live as
//! long as its user needs them. Pure values without a use are dead and get no code, nor do writes of registers that are
//! overwritten before anybody can look.

use super::known::Code;
use isamorph_ir::op::Effect;
use isamorph_ir::{GuestDesc, Inst, Op, Shape, Value};

/// What becomes of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It gets code where it stands.
    Here,
    /// Its users compute it.
    Lazy,
    /// It gets none.
    Void,
}

/// What is known of the values of a block.
#[derive(Default)]
pub(crate) struct Live {
    values: Vec<Life>,
    overwritten: Overwritten,
}

/// How a value lives, and what ends where it stands.
#[derive(Clone, Copy)]
struct Life {
    /// Index of the last instruction that needs it (the terminal's is the number of instructions).
    last: u32,
    /// Its first user.
    user: u32,
    /// How often it is used.
    uses: u16,
    role: Role,
    /// Some value is needed by this instruction last.
    ends: bool,
}

const UNUSED: Life = Life { last: 0, user: 0, uses: 0, role: Role::Void, ends: false };

/// Slots that are written before anybody can look at them.
#[derive(Default)]
struct Overwritten {
    /// By slot: the count at which it was last found to be overwritten.
    at: Vec<u32>,
    /// Moves when somebody can look, and from block to block.
    now: u32,
}

impl Overwritten {
    fn begin(&mut self, slots: usize) {
        if self.at.len() != slots || self.now > u32::MAX / 2 {
            self.at.clear();
            self.at.resize(slots, 0);
            self.now = 0;
        }
        self.now += 1;
    }
}

impl Live {
    /// Index of the last instruction that needs the value.
    pub fn last(&self, v: Value) -> u32 {
        self.values[v.index()].last
    }

    /// Has the value a user?
    pub fn is_used(&self, v: Value) -> bool {
        self.values[v.index()].uses != 0
    }

    /// What becomes of an instruction.
    pub fn role(&self, i: usize) -> Role {
        self.values[i].role
    }

    /// Is some value over behind this instruction?
    pub fn ends(&self, i: usize) -> bool {
        self.values[i].ends
    }

    /// `end`: what the terminal uses; `exact`: floating point is left to the reference.
    pub fn of(&mut self, desc: &GuestDesc, code: &Code, end: Option<Value>, exact: bool) {
        let n = code.insts.len();
        self.values.clear();
        // The last one stands for the terminal.
        self.values.resize(n + 1, UNUSED);
        if let Some(v) = end {
            self.values[v.index()] = Life { last: n as u32, user: n as u32, uses: 1, ..UNUSED };
        }
        self.overwritten.begin(desc.layout.slots.len());
        for (i, inst) in code.insts.iter().enumerate().rev() {
            if code.is_void(i) {
                continue;
            }
            let life = &mut self.values[i];
            // What most instructions are.
            match inst.op {
                Op::Insn => {
                    life.role = Role::Here;
                    continue;
                }
                Op::Const | Op::Get if life.uses == 0 => continue,
                Op::Const => {
                    life.role = Role::Here;
                    continue;
                }
                Op::Get => {
                    life.role = Role::Here;
                    // A write before it is looked at.
                    self.overwritten.at[inst.imm as usize] = 0;
                    continue;
                }
                _ => {}
            }
            let mut life = *life;
            match inst.op.effect() {
                Effect::Pure | Effect::ReadSlot if life.uses == 0 => continue,
                Effect::ReadSlot => self.overwritten.at[inst.imm as usize] = 0,
                Effect::WriteSlot => {
                    let at = &mut self.overwritten.at[inst.imm as usize];
                    if *at == self.overwritten.now {
                        continue;
                    }
                    let fp = [desc.fp.control.0, desc.fp.flags.0];
                    if !fp.contains(&(inst.imm as u16)) {
                        *at = self.overwritten.now;
                    }
                }
                Effect::Load | Effect::Store | Effect::Helper | Effect::Exit => {
                    self.overwritten.now += 1;
                }
                _ => {}
            }
            if life.uses == 0 {
                life.last = i as u32;
                life.ends = true;
            }
            let lazy = life.uses != 0 && self.is_lazy(code, Value(i as u32), inst, exact);
            life.role = if lazy { Role::Lazy } else { Role::Here };
            let needed = if lazy { life.last } else { i as u32 };
            self.values[i] = life;
            for v in inst.args {
                if v == Value::NONE {
                    break;
                }
                let v = &mut self.values[v.index()];
                v.user = i as u32;
                v.uses = v.uses.saturating_add(1);
                if v.last < needed {
                    v.last = needed;
                    self.values[needed as usize].ends = true;
                }
            }
        }
    }

    /// Is this value, all of whose uses are known, computed by its users?
    fn is_lazy(&self, code: &Code, this: Value, inst: &Inst, exact: bool) -> bool {
        let life = &self.values[this.index()];
        let once = life.uses == 1;
        let at = life.user as usize;
        let user = code.insts.get(at);
        match inst.op {
            Op::FlagsAdd | Op::FlagsSub | Op::FlagsLogic | Op::FlagsSel => true,
            Op::FlagsFCmp => {
                // Comparing raises floating-point flags: not after somebody looked at them.
                let end = code.insts.len().min(life.last as usize);
                let looks = |u: &Inst| {
                    matches!(u.op.effect(), Effect::FpState | Effect::Helper | Effect::Exit)
                };
                let between = &code.insts[this.index() + 1..end];
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
                let lazy = self.values.get(at).is_some_and(|l| l.role == Role::Lazy);
                user.is_some_and(|u| u.op == Op::Add && u.args[1] == this && lazy)
            }
            _ => false,
        }
    }
}

/// Is this value the address of a plain access, and nothing else of it?
fn is_address(user: &Inst, v: Value) -> bool {
    match user.op {
        Op::Load => true,
        Op::Store => user.args[0] == v && user.args[1] != v,
        _ => false,
    }
}
