//! Assembly text of an instruction, for listings and messages.

use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Opcode, Operand};

/// `word` at `pc` as assembly; addresses relative to the PC are printed absolute. What the disassembler does not
/// know is printed as a `.inst` directive.
pub fn disassemble(word: u32, pc: u64) -> String {
    let bytes = word.to_le_bytes();
    let Ok(insn) = InstDecoder::default().decode(&mut U8Reader::new(&bytes)) else {
        return format!(".inst {word:#010x}");
    };
    let text = insn.to_string();
    let relative = insn.operands.iter().find(|o| matches!(o, Operand::PCOffset(_)));
    let Some(operand @ &Operand::PCOffset(offset)) = relative else { return text };
    let base = if insn.opcode == Opcode::ADRP { pc & !0xfff } else { pc };
    let target = base.wrapping_add_signed(offset);
    text.replace(&operand.to_string(), &format!("{target:#x}"))
}
