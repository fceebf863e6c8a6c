//! The instructions of finished code, one after the other.
//!
//! Invariant: what lies behind the code (constants, by Cranelift's layout) is not taken for code.

use iced_x86::{Decoder, DecoderOptions, Instruction};

/// The instructions of a region that Cranelift finished; addresses are offsets.
pub(crate) fn instructions(code: &[u8]) -> impl Iterator<Item = Instruction> + '_ {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    // Constants are read relative to the instruction, and come after all code.
    let mut end = code.len() as u64;
    std::iter::from_fn(move || {
        let insn = decoder.can_decode().then(|| decoder.decode())?;
        if insn.is_ip_rel_memory_operand() {
            end = end.min(insn.ip_rel_memory_address());
        }
        (insn.next_ip() <= end).then_some(insn)
    })
}
