//! Spilled vectors move to the sixteen vector registers that Cranelift does not allot.
//!
//! Guests with 32 vector registers have loops in which more than 16 vectors are alive. Cranelift allots xmm0 to xmm15 and
//! keeps the others on the stack. On a host with AVX-512 there are xmm16 to xmm31 too, which belong to nobody in a region:
//! here the most used stack slots become such registers. An access of a slot takes six bytes or more, and so does the
//! EVEX form of the same instruction with a register in its place: instructions are rewritten where they stand.
//!
//! Way of the data: Cranelift's bytes → **[`promote`]** → exits are overwritten.
//!
//! Invariants: a slot is promoted only if every access of the frame is known, all that touch it begin at its first byte,
//! read or write it as one vector (or read its low part), and have an EVEX form; a region that calls anything stays as it
//! is, since calls keep no such register; no byte moves.

use crate::finished::instructions;
use cranelift_codegen::CompiledCode;
use iced_x86::{Code, Instruction, Mnemonic, OpKind, Register};
use std::arch::is_x86_feature_detected;
use std::collections::BTreeMap;
use std::ops::Range;

/// xmm16 to xmm31.
const REGISTERS: u8 = 16;
/// Bytes of a slot.
const SLOT: u64 = 16;

/// An access of the frame that has an EVEX form.
struct Access {
    code: Range<usize>,
    form: Evex,
}

/// What of an EVEX instruction the instruction that it replaces tells.
#[derive(Clone, Copy)]
struct Evex {
    /// R, X, B (inverted, at bits 7 to 5) and the opcode map.
    rxb_map: u8,
    /// W, vvvv (inverted), pp as in the second payload byte.
    w_vvvv_pp: u8,
    opcode: u8,
    /// The register field of ModRM.
    reg: u8,
    immediate: Option<u8>,
}

/// What is known of a slot.
#[derive(Default)]
struct Slot {
    accesses: Vec<Access>,
    /// Something touches it in another way.
    stays: bool,
}

/// Rewrites a region's code, which begins with its prologue; how many slots became registers.
pub(crate) fn promote(code: &mut [u8], compiled: &CompiledCode) -> usize {
    let host = is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq");
    if !host {
        return 0;
    }
    let exits: Vec<u64> = compiled.buffer.relocs().iter().map(|r| r.offset.into()).collect();
    let Some(slots) = slots(code, &exits) else { return 0 };
    let mut found: Vec<Slot> = slots.into_values().filter(|s| !s.stays).collect();
    found.sort_by_key(|s| std::cmp::Reverse(s.accesses.len()));
    found.truncate(REGISTERS as usize);
    for (n, slot) in found.iter().enumerate() {
        for access in &slot.accesses {
            access.form.write(&mut code[access.code.clone()], n as u8);
        }
    }
    found.len()
}

/// The frame's slots by offset; `None` if not all of its accesses can be known, or something is called.
fn slots(code: &[u8], exits: &[u64]) -> Option<BTreeMap<u64, Slot>> {
    let mut slots: BTreeMap<u64, Slot> = BTreeMap::new();
    // Ranges that are touched in ways that keep a slot where it is.
    let mut others: Vec<Range<u64>> = Vec::new();
    for insn in instructions(code) {
        let span = insn.ip() as usize..insn.next_ip() as usize;
        match insn.mnemonic() {
            Mnemonic::INVALID => return None,
            // An exit is a call that a relocation belongs to.
            Mnemonic::Call if !exits.contains(&(insn.ip() + 1)) => return None,
            Mnemonic::Call | Mnemonic::Nop => continue,
            // The prologue.
            Mnemonic::Push if insn.ip() == 0 => continue,
            Mnemonic::Push | Mnemonic::Pop | Mnemonic::Ret => return None,
            // Through a table, which would lie in the code.
            Mnemonic::Jmp if insn.op0_kind() != OpKind::NearBranch64 => return None,
            _ => {}
        }
        let is_sub = matches!(insn.code(), Code::Sub_rm64_imm8 | Code::Sub_rm64_imm32);
        if is_sub && insn.op0_register() == Register::RSP && insn.ip() <= 8 {
            continue;
        }
        let registers = (0..insn.op_count()).filter(|n| insn.op_kind(*n) == OpKind::Register);
        let by_register =
            registers.map(|n| insn.op_register(n)).any(|r| r.full_register() == Register::RSP);
        if by_register && insn.ip() > 1 {
            return None;
        }
        let memory = (0..insn.op_count()).any(|n| insn.op_kind(n) == OpKind::Memory);
        match insn.memory_base() {
            Register::RSP if memory => {}
            Register::RBP if memory => return None,
            _ => continue,
        }
        let at = insn.memory_displacement64();
        let size = insn.memory_size().size() as u64;
        if insn.memory_index() != Register::None || size == 0 {
            return None;
        }
        match Evex::of(&insn, &code[span.clone()]) {
            Some(form) => {
                let slot = slots.entry(at).or_default();
                slot.accesses.push(Access { code: span, form });
            }
            None => others.push(at..at + size),
        }
    }
    let mut last: Option<u64> = None;
    for at in slots.keys().copied().collect::<Vec<_>>() {
        // Slots that overlap stay both.
        if let Some(before) = last.filter(|before| at - before < SLOT) {
            for at in [before, at] {
                slots.get_mut(&at).expect("a key").stays = true;
            }
        }
        last = Some(at);
    }
    for other in others {
        let from = other.start.saturating_sub(SLOT - 1);
        for (_, slot) in slots.range_mut(from..other.end) {
            slot.stays = true;
        }
    }
    Some(slots)
}

impl Evex {
    /// The EVEX form of an access of the frame, if it has one that is no longer.
    fn of(insn: &Instruction, bytes: &[u8]) -> Option<Evex> {
        let form = Evex::parse(insn, bytes)?;
        let length = 6 + usize::from(form.immediate.is_some());
        (bytes.len() >= length).then_some(form)
    }

    fn parse(insn: &Instruction, bytes: &[u8]) -> Option<Evex> {
        // (R X B inverted and map, W vvvv inverted and pp, bytes up to the opcode)
        let (rxb, map, w_vvvv_pp, opcode_at) = match *bytes {
            // VEX of 128 bits.
            [0xc5, b, ..] if b & 4 == 0 => (b & 0x80 | 0x60, 1, b & 0x7b, 2),
            [0xc4, a, b, ..] if b & 4 == 0 => (a & 0xe0, a & 0x1f, b & 0xfb, 3),
            // EVEX without masking, broadcast or registers above 15.
            [0x62, a, b, 0x08, ..] if a & 0x18 == 0x10 => (a & 0xe0, a & 7, b & 0xfb, 4),
            [0xf3, 0x0f, ..] => (0xe0, 1, 0x7a, 2),
            [0xf3, rex @ 0x40..=0x47, 0x0f, ..] => (!(rex << 5) & 0xe0, 1, 0x7a, 3),
            _ => return None,
        };
        let is_evex = bytes[0] == 0x62;
        let legacy = bytes[0] == 0xf3;
        let opcode = *bytes.get(opcode_at)?;
        let wide = match (map, w_vvvv_pp & 3) {
            // Moves between registers that Cranelift makes for itself.
            (1, 2) if matches!(opcode, 0x6f | 0x7f) => false,
            _ if legacy => return None,
            _ if is_evex => w_vvvv_pp & 0x80 != 0,
            (1, pp) => wide_in_0f(opcode, pp)?,
            (2, 1) => wide_in_0f38(opcode, w_vvvv_pp & 0x80 != 0)?,
            (3, 1) if opcode == 0x0f => false,
            _ => return None,
        };
        let has_immediate = match insn.op_kind(insn.op_count() - 1) {
            OpKind::Immediate8 => true,
            OpKind::Memory | OpKind::Register => false,
            _ => return None,
        };
        let reg = *bytes.get(opcode_at + 1)? >> 3 & 7;
        Some(Evex {
            rxb_map: rxb | map,
            w_vvvv_pp: w_vvvv_pp & 0x7b | u8::from(wide) << 7,
            opcode,
            reg,
            immediate: has_immediate.then(|| *bytes.last().expect("not empty")),
        })
    }

    /// Writes the instruction with register 16 + `n` for the access of memory, and fills up the bytes.
    fn write(self, to: &mut [u8], n: u8) {
        // Both bits are inverted: of register 16 + n, X is bit 4 and B bit 3.
        let b = if n & 8 == 0 { 0x20 } else { 0 };
        // R as it was, R' is bit 4 of the register field, inverted.
        let payload =
            [self.rxb_map & 0x80 | b | 0x10 | self.rxb_map & 0x1f, self.w_vvvv_pp | 4, 0x08];
        let modrm = 0xc0 | self.reg << 3 | n & 7;
        let insn = [0x62, payload[0], payload[1], payload[2], self.opcode, modrm];
        to[..6].copy_from_slice(&insn);
        let mut at = 6;
        if let Some(immediate) = self.immediate {
            to[at] = immediate;
            at += 1;
        }
        let rest = &mut to[at..];
        let nop: &[u8] = match rest.len() {
            0 => &[],
            1 => &[0x90],
            2 => &[0x66, 0x90],
            3 => &[0x0f, 0x1f, 0x00],
            4 => &[0x0f, 0x1f, 0x40, 0x00],
            5 => &[0x0f, 0x1f, 0x44, 0x00, 0x00],
            _ => &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
        };
        rest[..nop.len()].copy_from_slice(nop);
        rest[nop.len()..].fill(0x90);
    }
}

/// Of an instruction with a 128-bit operand in memory, in opcode map 0F, with this prefix (0: none, 1: 66, 2: F3): has its
/// EVEX form W set? `None`: it has none that does the same.
fn wide_in_0f(opcode: u8, pp: u8) -> Option<bool> {
    Some(match (pp, opcode) {
        // Moves; arithmetic, logic and shuffles of single precision.
        (0, 0x10 | 0x11 | 0x28 | 0x29) => false,
        (0, 0x14 | 0x15 | 0x51 | 0x54..=0x59 | 0x5c..=0x5f | 0xc6) => false,
        // The same of double precision.
        (1, 0x10 | 0x11 | 0x28 | 0x29) => true,
        (1, 0x14 | 0x15 | 0x51 | 0x54..=0x59 | 0x5c..=0x5f | 0xc6) => true,
        (1, 0x6f | 0x7f) => false,
        // Lanes of 8 and 16 bits: W is ignored.
        (1, 0x60 | 0x61 | 0x63 | 0x67..=0x69 | 0xd1 | 0xd5 | 0xd8..=0xda | 0xdc..=0xde) => false,
        (1, 0xe0 | 0xe1 | 0xe3..=0xe5 | 0xe8..=0xea | 0xec..=0xee | 0xf1 | 0xf5 | 0xf6) => false,
        (1, 0xf8 | 0xf9 | 0xfc | 0xfd) => false,
        // Lanes of 32 bits, and logic.
        (1, 0x62 | 0x6a | 0x6b | 0x70 | 0xd2 | 0xdb | 0xdf | 0xe2 | 0xeb | 0xef | 0xf2) => false,
        (1, 0xfa | 0xfe) => false,
        // Lanes of 64 bits.
        (1, 0x6c | 0x6d | 0xd3 | 0xd4 | 0xf3 | 0xf4 | 0xfb) => true,
        _ => return None,
    })
}

/// The same of opcode map 0F38 with prefix 66; `w` is VEX.W.
fn wide_in_0f38(opcode: u8, w: bool) -> Option<bool> {
    Some(match opcode {
        // pshufb, pmaddubsw, pmulhrsw, pabsb, pabsw, pabsd
        0x00 | 0x04 | 0x0b | 0x1c..=0x1e => false,
        // pmovsx and pmovzx, which read a part of the slot
        0x20..=0x25 | 0x30..=0x35 => false,
        // pmuldq
        0x28 => true,
        // packusdw, minima and maxima, pmulld
        0x2b | 0x38..=0x40 => false,
        // Fused multiply-adds of vectors
        0x96..=0x98 | 0x9a | 0x9c | 0x9e | 0xa6..=0xa8 | 0xaa | 0xac | 0xae => w,
        0xb6..=0xb8 | 0xba | 0xbc | 0xbe => w,
        _ => return None,
    })
}
