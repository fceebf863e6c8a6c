//! What engines see of A64: the [`Frontend`] contract.

use crate::processor::CpuModel;
use crate::{disasm, lift, state};
use isamorph_ir::{Block, CodeSource, Frontend, GuestDesc, Inst, Mode};

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

/// The bits of the translation mode.
pub(crate) mod mode {
    use isamorph_ir::Mode;

    /// Floating-point control differs from zero: computed by the reference.
    const EXACT_FP: u32 = 1;
    /// The same, but FPCR.FZ alone is set, as programs do that were linked with `-ffast-math`.
    const FLUSH: u32 = 2;
    /// Some page is guarded: PSTATE.BTYPE is kept and looked at ([`crate::lift::target`]).
    const TARGETS: u32 = 4;
    /// SP is not a multiple of 16 ([`crate::lift::stack`]).
    const MISALIGNED_SP: u32 = 8;
    /// Lowest bit of PSTATE.BTYPE, a passing one.
    const BTYPE_SHIFT: u32 = 24;

    /// The mode of a state with this FPCR and SP, and BTYPE if branch targets are checked.
    pub(super) fn of(fpcr: u64, sp: u64, btype: Option<u64>) -> Mode {
        let fp = match fpcr {
            0 => 0,
            control if control == u64::from(crate::state::fpcr::FZ) => FLUSH,
            _ => EXACT_FP,
        };
        let stack = if sp.is_multiple_of(16) { 0 } else { MISALIGNED_SP };
        let target = btype.map_or(0, |btype| TARGETS | (btype as u32 & 3) << BTYPE_SHIFT);
        Mode(fp | stack | target)
    }

    /// Is floating point left to the reference (unless the host can flush as the guest does)?
    pub(crate) fn exact_fp(mode: Mode) -> bool {
        mode.0 & (EXACT_FP | FLUSH) != 0
    }

    /// Does floating-point control differ from the usual by flushing alone?
    pub(super) fn flushes(mode: Mode) -> bool {
        mode.0 & FLUSH != 0
    }

    /// Are branch targets checked?
    pub(crate) fn checks_targets(mode: Mode) -> bool {
        mode.0 & TARGETS != 0
    }

    /// PSTATE.BTYPE, if the mode tells it.
    pub(crate) fn btype(mode: Mode) -> Option<u8> {
        mode.is_passing().then_some((mode.0 >> BTYPE_SHIFT & 3) as u8)
    }

    /// Is SP misaligned?
    pub(crate) fn misaligned_sp(mode: Mode) -> bool {
        mode.0 & MISALIGNED_SP != 0
    }
}

impl Frontend for A64 {
    fn desc(&self) -> &'static GuestDesc {
        &state::DESC
    }

    fn mode(&self, state: &[u8]) -> Mode {
        let read = |slot| state::LAYOUT.read_u64(state, slot);
        let targets = read(state::CHECKS_TARGETS) != 0;
        let btype = targets.then(|| read(state::BTYPE) >> state::BTYPE_SHIFT);
        mode::of(read(state::FPCR), read(state::SP), btype)
    }

    fn flushes(&self, mode: Mode) -> bool {
        mode::flushes(mode)
    }

    fn variant(&self) -> u64 {
        // FNV-1a over the model's name with its switches.
        let name = self.model.to_string();
        name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    fn lift_in(
        &self,
        room: Vec<Inst>,
        code: &dyn CodeSource,
        pc: u64,
        mode: Mode,
        max_insns: u32,
    ) -> Block {
        lift::block(room, &self.model, code, pc, mode, max_insns)
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
