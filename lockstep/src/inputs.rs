//! A frontend that withholds some instructions, so that any engine stops before them.
//!
//! A withheld instruction is lifted as an empty block that goes to itself through the dispatcher: whoever steps the
//! vCPU sees its PC there, and carries the instruction out by interpreting what the frontend inside lifts. Engines
//! need to know nothing of it, and regions end there as they do at a system call.

use isamorph_ir::{Block, CodeSource, Frontend, GuestDesc, Inst, Mode, Term};
use std::sync::Arc;

/// Tells from an instruction's bytes whether its result comes from outside of the program.
pub type IsInput = fn(&[u8]) -> bool;

/// A frontend whose withheld instructions are stops.
pub struct Inputs {
    inner: Arc<dyn Frontend>,
    is_input: IsInput,
    /// A place to stop at besides.
    place: Option<u64>,
}

impl Inputs {
    /// Withholds what `is_input` says, and the instruction at `place`.
    pub fn new(inner: Arc<dyn Frontend>, is_input: IsInput, place: Option<u64>) -> Inputs {
        Inputs { inner, is_input, place }
    }

    /// The frontend inside, which withholds nothing.
    pub fn inner(&self) -> &Arc<dyn Frontend> {
        &self.inner
    }

    /// Is the instruction at `pc` withheld?
    pub fn stops_at(&self, code: &dyn CodeSource, pc: u64) -> bool {
        let mut bytes = [0; 16];
        let unit = 1 << self.inner.desc().insn_shift;
        let bytes = &mut bytes[..unit];
        self.place == Some(pc) || (code.fetch(pc, bytes) == unit && (self.is_input)(bytes))
    }
}

impl Frontend for Inputs {
    fn desc(&self) -> &'static GuestDesc {
        self.inner.desc()
    }

    fn mode(&self, state: &[u8]) -> Mode {
        self.inner.mode(state)
    }

    fn variant(&self) -> u64 {
        // Never the inner one's: what is lifted is not the same.
        !self.inner.variant()
    }

    fn lift_in(
        &self,
        room: Vec<Inst>,
        code: &dyn CodeSource,
        pc: u64,
        mode: Mode,
        max_insns: u32,
    ) -> Block {
        let unit = 1 << self.desc().insn_shift;
        if self.stops_at(code, pc) {
            let term = Term::Goto { pc, ret: None, sync: true };
            return Block { len: unit, term, ..Block::new(pc) };
        }
        let block = self.inner.lift_in(room, code, pc, mode, max_insns);
        let inside = (unit..block.len).step_by(unit as usize);
        let mut stops = inside.map(|at| pc.wrapping_add(at.into()));
        match stops.position(|at| self.stops_at(code, at)) {
            Some(before) => self.inner.lift(code, pc, mode, before as u32 + 1),
            None => block,
        }
    }

    fn disassemble(&self, code: &dyn CodeSource, pc: u64, mode: Mode) -> (String, u32) {
        self.inner.disassemble(code, pc, mode)
    }
}
