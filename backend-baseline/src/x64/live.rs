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
    /// By value: index of the last instruction that needs it (the terminal's is the number of instructions).
    pub last: Vec<u32>,
    /// By value: how often it is used.
    pub uses: Vec<u16>,
    pub role: Vec<Role>,
    /// By value: its first user.
    user: Vec<u32>,
}

/// Slots that are written before anybody can look at them: those beyond 128 never count as such.
#[derive(Clone, Copy, Default)]
struct Overwritten(u128);

impl Overwritten {
    fn bit(slot: u128) -> u128 {
        if slot < 128 { 1 << slot } else { 0 }
    }
}

impl Live {
    /// `end`: what the terminal uses; `exact`: floating point is left to the reference.
    pub fn of(&mut self, desc: &GuestDesc, code: &Code, end: Option<Value>, exact: bool) {
        let n = code.insts.len();
        for list in [&mut self.last, &mut self.user] {
            list.clear();
            list.resize(n, 0);
        }
        self.uses.clear();
        self.uses.resize(n, 0);
        self.role.clear();
        self.role.resize(n, Role::Void);
        if let Some(v) = end {
            self.last[v.index()] = n as u32;
            self.user[v.index()] = n as u32;
            self.uses[v.index()] += 1;
        }
        let mut overwritten = Overwritten::default();
        for (i, inst) in code.insts.iter().enumerate().rev() {
            if code.void[i] {
                continue;
            }
            match inst.op.info().effect {
                Effect::Pure | Effect::ReadSlot if self.uses[i] == 0 => continue,
                // A write before it is looked at.
                Effect::ReadSlot => overwritten.0 &= !Overwritten::bit(inst.imm),
                Effect::WriteSlot => {
                    let bit = Overwritten::bit(inst.imm);
                    if overwritten.0 & bit != 0 {
                        continue;
                    }
                    let fp = [desc.fp.control.0, desc.fp.flags.0];
                    if !fp.contains(&(inst.imm as u16)) {
                        overwritten.0 |= bit;
                    }
                }
                Effect::Load | Effect::Store | Effect::Helper => overwritten.0 = 0,
                _ => {}
            }
            if self.uses[i] == 0 {
                self.last[i] = i as u32;
            }
            let lazy = self.uses[i] != 0 && self.is_lazy(code, i, inst, exact);
            self.role[i] = if lazy { Role::Lazy } else { Role::Here };
            let needed = if lazy { self.last[i] } else { i as u32 };
            for v in inst.args() {
                let v = v.index();
                self.last[v] = self.last[v].max(needed);
                self.user[v] = i as u32;
                self.uses[v] = self.uses[v].saturating_add(1);
            }
        }
    }

    /// Is value `i`, all of whose uses are known, computed by its users?
    fn is_lazy(&self, code: &Code, i: usize, inst: &Inst, exact: bool) -> bool {
        let once = self.uses[i] == 1;
        let at = self.user[i] as usize;
        let user = code.insts.get(at);
        let this = Value(i as u32);
        match inst.op {
            Op::FlagsAdd | Op::FlagsSub | Op::FlagsLogic | Op::FlagsSel => true,
            Op::FlagsFCmp => inst.shape != Shape::F16 && !exact,
            Op::Select => inst.shape == Shape::FLAGS,
            Op::ICmp if inst.shape.is_vector() => false,
            Op::ICmp | Op::Cond if once => match user {
                None => true,
                Some(u) => u.op == Op::Select && u.shape != Shape::FLAGS && u.args[0] == this,
            },
            Op::Add if once && inst.shape == Shape::I64 => {
                user.is_some_and(|u| is_address(u, this))
            }
            // The index of a lazy sum.
            Op::ShlI if once && inst.shape == Shape::I64 && inst.imm <= 3 => {
                let lazy = self.role.get(at) == Some(&Role::Lazy);
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
