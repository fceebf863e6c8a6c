//! What engines see of A64: the [`Frontend`] contract.

use crate::processor::CpuModel;
use crate::{disasm, lift, state};
use isamorph_ir::{Block, CodeSource, Frontend, GuestDesc, Mode};

/// The A64 instruction set at EL0, as a processor has it.
#[derive(Clone, Copy, Debug, Default)]
pub struct A64 {
    model: CpuModel,
}

/// The A64 instruction set with everything that is implemented.
pub const A64: A64 = A64::new(CpuModel::MAX);

impl A64 {
    /// That of this processor.
    pub const fn new(model: CpuModel) -> A64 {
        A64 { model }
    }

    /// The processor.
    pub const fn model(&self) -> &CpuModel {
        &self.model
    }
}

/// Floating-point control differs from zero: computed by the reference.
const EXACT_FP: Mode = Mode(1);
/// The same, but FPCR.FZ alone is set, as programs do that were linked with `-ffast-math`.
const FLUSH: Mode = Mode(2);

impl Frontend for A64 {
    fn desc(&self) -> &'static GuestDesc {
        &state::DESC
    }

    fn mode(&self, state: &[u8]) -> Mode {
        match state::LAYOUT.read_u64(state, state::FPCR) {
            0 => Mode::default(),
            control if control == u64::from(state::fpcr::FZ) => FLUSH,
            _ => EXACT_FP,
        }
    }

    fn flushes(&self, mode: Mode) -> bool {
        mode == FLUSH
    }

    fn lift(&self, code: &dyn CodeSource, pc: u64, mode: Mode, max_insns: u32) -> Block {
        lift::block(&self.model, code, pc, mode, max_insns)
    }

    fn disassemble(&self, code: &dyn CodeSource, pc: u64, _: Mode) -> (String, u32) {
        let mut word = [0; 4];
        let text = match code.fetch(pc, &mut word) {
            4.. => disasm::disassemble(u32::from_le_bytes(word), pc),
            _ => String::from("(not executable)"),
        };
        (text, 4)
    }
}
