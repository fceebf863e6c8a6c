//! The host's assembly of a compiled region.
//!
//! Invariant: every byte of the blob is shown, as an instruction, as a constant, or as a way in; but for what is left
//! behind an exit of the instructions that the compiler overwrote, and is never reached.

use iced_x86::{Code, Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, OpKind};
use isamorph_backend_cranelift::abi::{ENGINE_OFFSET, EngineArea};
use isamorph_backend_cranelift::{CodeBlob, FixupKind};
use std::mem::offset_of;

/// Bytes of a constant on a line.
const CONSTANT: usize = 16;
/// Bytes of a thunk that passes an entry's number.
const THUNK: usize = 10;

/// Bytes that an exit takes: a call and a trap that were overwritten.
const EXIT: usize = 7;

/// The code, line by line, each with the guest instruction that it works for, as far as it has one.
pub fn lines(blob: &CodeBlob) -> Vec<(Option<u64>, String)> {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_branch_leading_zeros(false);
    options.set_space_after_operand_separator(true);
    options.set_rip_relative_addresses(true);

    // Several entries have thunks behind the code, one after the other.
    let ways_in = if blob.entries.len() > 1 { blob.entries.len() * THUNK } else { 0 };
    let thunks = blob.code.len().saturating_sub(ways_in);
    let mut constants = thunks;
    let mut lines = Vec::new();
    let mut decoder = Decoder::with_ip(64, &blob.code, 0, DecoderOptions::NONE);
    while decoder.can_decode() && decoder.position() < constants {
        let insn = decoder.decode();
        if let Some(at) = constant(blob, &insn) {
            constants = constants.min(at);
        }
        let mut text = String::new();
        formatter.format(&insn, &mut text);
        let text = with_exit(blob, &insn, text);
        lines.push((blob.guest_pc(insn.ip() as u32), line(insn.ip(), &text)));
        if leaves(&insn) {
            let next = (insn.ip() as usize + EXIT).min(blob.code.len());
            // Cannot fail within the code.
            let _ = decoder.set_position(next);
            decoder.set_ip(next as u64);
        }
    }
    for at in (decoder.position()..thunks).step_by(CONSTANT) {
        let bytes = &blob.code[at..thunks.min(at + CONSTANT)];
        let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
        lines.push((None, line(at as u64, &format!("db {}", hex.join(" ")))));
    }
    let _ = decoder.set_position(thunks);
    decoder.set_ip(thunks as u64);
    while decoder.can_decode() {
        let insn = decoder.decode();
        let mut text = String::new();
        formatter.format(&insn, &mut text);
        lines.push((None, line(insn.ip(), &text)));
    }
    lines
}

fn line(at: u64, text: &str) -> String {
    format!("{at:3x}  {text}")
}

/// The jump through a link slot whose displacement the engine will fill in.
fn exit<'b>(blob: &'b CodeBlob, insn: &Instruction) -> Option<&'b FixupKind> {
    let bytes = insn.ip()..insn.next_ip();
    blob.fixups.iter().find(|f| bytes.contains(&f.offset.into())).map(|f| &f.kind)
}

/// Whether an instruction is an exit without a fixup: a jump through RSI, or through a stub of the area.
fn leaves(insn: &Instruction) -> bool {
    let stub = |field: usize| insn.memory_displacement64() == (ENGINE_OFFSET + field) as u64;
    match insn.code() {
        Code::Jmp_rm64 if insn.op0_kind() == OpKind::Register => true,
        Code::Jmp_rm64 => stub(offset_of!(EngineArea, stubs.lookup)),
        Code::Call_rm64 => {
            insn.op0_kind() == OpKind::Memory && stub(offset_of!(EngineArea, stubs.region_exit))
        }
        _ => false,
    }
}

fn with_exit(blob: &CodeBlob, insn: &Instruction, text: String) -> String {
    match exit(blob, insn) {
        Some(FixupKind::DirectExit { target, ret: None }) => format!("jmp → {target:#x}"),
        Some(FixupKind::DirectExit { target, ret: Some(ret) }) => {
            format!("jmp → {target:#x} (call, returns to {ret:#x})")
        }
        Some(FixupKind::Continuation { target }) => format!("jmp → {target:#x}"),
        Some(FixupKind::Counter { target }) => format!("{text} ; executions of {target:#x}"),
        Some(FixupKind::Address { target }) => format!("{text} ; {target:#x}"),
        Some(FixupKind::Prediction { site }) => format!("{text} ; where {site:#x} goes to"),
        None if leaves(insn) => format!("{text} ; exit"),
        None => text,
    }
}

/// Where the constant lies that an instruction refers to.
fn constant(blob: &CodeBlob, insn: &Instruction) -> Option<usize> {
    if !insn.is_ip_rel_memory_operand() || exit(blob, insn).is_some() {
        return None;
    }
    let at = usize::try_from(insn.ip_rel_memory_address()).ok()?;
    (at >= insn.next_ip() as usize && at < blob.code.len()).then_some(at)
}
