//! How long values live, and which are computed where they are used.
//!
//! One walk backwards. A value is *lazy* if its only user computes it on the way: a comparison in front of a
//! branch, the sum that is an address, flags as the operands of what set them. A lazy value's operands live as
//! long as its user needs them. Pure values without a use are dead and get no code.

use isamorph_ir::op::Effect;
use isamorph_ir::{Block, Inst, Op, Shape, Value};

/// What is known of the values of a block.
#[derive(Default)]
pub(crate) struct Live {
    /// By value: index of the last instruction that needs it (the terminal's is the number of instructions).
    pub last: Vec<u32>,
    /// By value: how often it is used.
    pub uses: Vec<u16>,
    pub lazy: Vec<bool>,
    /// By value: its first user.
    user: Vec<u32>,
}

impl Live {
    pub fn of(&mut self, block: &Block) {
        let n = block.insts.len();
        for list in [&mut self.last, &mut self.user] {
            list.clear();
            list.resize(n, 0);
        }
        self.uses.clear();
        self.uses.resize(n, 0);
        self.lazy.clear();
        self.lazy.resize(n, false);
        for v in block.term.args() {
            self.last[v.index()] = n as u32;
            self.user[v.index()] = n as u32;
            self.uses[v.index()] += 1;
        }
        for (i, inst) in block.insts.iter().enumerate().rev() {
            if self.uses[i] == 0 {
                if matches!(inst.op.info().effect, Effect::Pure | Effect::ReadSlot) {
                    continue;
                }
                self.last[i] = i as u32;
            }
            let lazy = self.uses[i] != 0 && self.is_lazy(block, i, inst);
            self.lazy[i] = lazy;
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
    fn is_lazy(&self, block: &Block, i: usize, inst: &Inst) -> bool {
        let once = self.uses[i] == 1;
        let at = self.user[i] as usize;
        let user = block.insts.get(at);
        let this = Value(i as u32);
        match inst.op {
            Op::FlagsAdd | Op::FlagsSub | Op::FlagsLogic | Op::FlagsSel => true,
            Op::FlagsFCmp => inst.shape != Shape::F16 && !block.fp_exact,
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
                user.is_some_and(|u| u.op == Op::Add && u.args[1] == this && self.lazy[at])
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
