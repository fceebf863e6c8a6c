//! The A64 signal frame: `struct rt_sigframe { siginfo; ucontext }` with its records, as the kernel's
//! arch/arm64 headers lay it out (uapi: sigcontext.h, ucontext.h), and a frame record above it.
//!
//! Invariant: what [`push`] writes, [`pop`] restores; [`pop`] takes nothing on trust, for the guest may
//! have written the frame.

use isamorph_ir::contract::TrapKind;

use super::A64;
use crate::abi::{AltStack, Fault, FaultReport, Resumed, SignalFrame};
use crate::errno::Errno;
use crate::layout::record::{get_u32, get_u64};
use crate::memory::GuestMemory;

/// Offset of `ucontext` in the frame: after `siginfo_t`.
const UC: usize = 128;
/// `uc_stack`, `uc_sigmask`, `uc_mcontext` in the ucontext.
const UC_STACK: usize = UC + 16;
const UC_MASK: usize = UC + 40;
/// `struct sigcontext`: 16-byte aligned after the 1024-bit mask.
const MC: usize = UC + 176;
const MC_FAULT: usize = MC;
const MC_REGS: usize = MC + 8;
const MC_SP: usize = MC_REGS + 31 * 8;
const MC_PC: usize = MC_SP + 8;
const MC_PSTATE: usize = MC_PC + 8;
/// `__reserved`: 4096 bytes of records.
const RECORDS: usize = MC + 288;
const RECORDS_SIZE: usize = 4096;
/// The whole frame.
pub const SIZE: u64 = (RECORDS + RECORDS_SIZE) as u64;

const FPSIMD_MAGIC: u32 = 0x4650_8001;
const FPSIMD_SIZE: usize = 8 + 8 + 32 * 16;
const ESR_MAGIC: u32 = 0x4553_5201;
const ESR_SIZE: usize = 16;
/// The record that points to more records elsewhere; we never make one.
const EXTRA_MAGIC: u32 = 0x4558_5401;

/// FPSR.QC.
const QC: u64 = 1 << 27;
/// PSTATE bits that are the flags N, Z, C, V.
const NZCV_SHIFT: u32 = 28;
/// PSTATE.DIT and PSTATE.SSBS, which their slots hold at these places.
const DIT: u64 = 1 << 24;
const SSBS: u64 = 1 << 12;
/// PSTATE.BTYPE, likewise, and its value after a call by register.
const BTYPE: u64 = 3 << 10;
const CALLED: u64 = 2 << 10;

fn put(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

fn put32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// ESR_EL1 of a fault at EL0 (Arm ARM, ESR_ELx): exception class, IL, WnR, fault status at level 3.
fn syndrome(fault: &FaultReport) -> u64 {
    let class: u64 = match fault.fault {
        Fault::Fetch if fault.kind == TrapKind::Align => return 0x22 << 26 | 1 << 25,
        Fault::Stack => return 0x26 << 26 | 1 << 25,
        Fault::Fetch => 0x20,
        Fault::Read | Fault::Write => 0x24,
    };
    let write = fault.fault == Fault::Write;
    let status = match fault.kind {
        TrapKind::Unmapped => 0b00_0111,
        TrapKind::Protected => 0b00_1111,
        TrapKind::Align => 0b10_0001,
        TrapKind::Bus => 0b01_0000,
    };
    class << 26 | 1 << 25 | (write as u64) << 6 | status
}

/// The address that the kernel keeps of a fault: none of a misaligned PC or SP.
fn fault_address(fault: &FaultReport) -> u64 {
    match fault.fault {
        Fault::Fetch if fault.kind == TrapKind::Align => 0,
        Fault::Stack => 0,
        _ => fault.addr,
    }
}

pub(super) fn push(
    abi: &A64,
    state: &mut [u8],
    memory: &GuestMemory,
    frame: &SignalFrame<'_>,
) -> Result<(), Errno> {
    let old_sp = abi.get(state, abi.sp);
    let top = frame.stack_top.unwrap_or(old_sp);
    let record = top.wrapping_sub(16) & !15;
    let sp = record.wrapping_sub(SIZE) & !15;

    let mut bytes = vec![0; SIZE as usize];
    bytes[..UC].copy_from_slice(frame.info);
    put(&mut bytes, UC_STACK, frame.alt_stack.base);
    put32(&mut bytes, UC_STACK + 8, frame.alt_stack.flags);
    put(&mut bytes, UC_STACK + 16, frame.alt_stack.size);
    put(&mut bytes, UC_MASK, frame.mask);
    put(&mut bytes, MC_FAULT, frame.fault.as_ref().map_or(0, fault_address));
    for (n, &slot) in abi.x.iter().enumerate() {
        put(&mut bytes, MC_REGS + 8 * n, abi.get(state, slot));
    }
    put(&mut bytes, MC_SP, old_sp);
    put(&mut bytes, MC_PC, abi.get(state, abi.pc));
    let [nzcv, dit, ssbs, btype] =
        [abi.nzcv, abi.dit, abi.ssbs, abi.btype].map(|slot| abi.get(state, slot));
    put(&mut bytes, MC_PSTATE, nzcv << NZCV_SHIFT | dit | ssbs | btype);

    put32(&mut bytes, RECORDS, FPSIMD_MAGIC);
    put32(&mut bytes, RECORDS + 4, FPSIMD_SIZE as u32);
    let saturated = abi.layout.read(state, abi.qc) != 0;
    let fpsr = abi.get(state, abi.fpsr) | if saturated { QC } else { 0 };
    put32(&mut bytes, RECORDS + 8, fpsr as u32);
    put32(&mut bytes, RECORDS + 12, abi.get(state, abi.fpcr) as u32);
    for (n, &slot) in abi.v.iter().enumerate() {
        let at = RECORDS + 16 + 16 * n;
        bytes[at..at + 16].copy_from_slice(&abi.layout.read(state, slot).to_le_bytes());
    }
    if let Some(fault) = &frame.fault {
        let at = RECORDS + FPSIMD_SIZE;
        put32(&mut bytes, at, ESR_MAGIC);
        put32(&mut bytes, at + 4, ESR_SIZE as u32);
        put(&mut bytes, at + 8, syndrome(fault));
    }

    memory.write_bytes(sp, &bytes)?;
    memory.write(record, &[abi.get(state, abi.x[29]), abi.get(state, abi.x[30])])?;

    abi.set(state, abi.x[0], frame.signal as u64);
    if frame.with_info {
        abi.set(state, abi.x[1], sp);
        abi.set(state, abi.x[2], sp + UC as u64);
    }
    abi.set(state, abi.x[29], record);
    abi.set(state, abi.x[30], frame.restorer);
    abi.set(state, abi.sp, sp);
    abi.set(state, abi.pc, frame.handler);
    if abi.checks_targets(state) {
        abi.set(state, abi.btype, CALLED);
    }
    abi.open_monitor(state);
    Ok(())
}

pub(super) fn pop(abi: &A64, state: &mut [u8], memory: &GuestMemory) -> Result<Resumed, Errno> {
    let sp = abi.get(state, abi.sp);
    if !sp.is_multiple_of(16) {
        return Err(Errno::EFAULT);
    }
    let mut bytes = vec![0; SIZE as usize];
    memory.read_bytes(sp, &mut bytes)?;
    let vectors = find_fpsimd(&bytes[RECORDS..]).ok_or(Errno::EINVAL)? + RECORDS;

    for (n, &slot) in abi.x.iter().enumerate() {
        abi.set(state, slot, get_u64(&bytes, MC_REGS + 8 * n));
    }
    abi.set(state, abi.sp, get_u64(&bytes, MC_SP));
    abi.set(state, abi.pc, get_u64(&bytes, MC_PC));
    let pstate = get_u64(&bytes, MC_PSTATE);
    abi.set(state, abi.nzcv, pstate >> NZCV_SHIFT & 15);
    abi.set(state, abi.dit, pstate & DIT);
    abi.set(state, abi.ssbs, pstate & SSBS);
    if abi.checks_targets(state) {
        abi.set(state, abi.btype, pstate & BTYPE);
    }
    let fpsr = get_u32(&bytes, vectors + 8) as u64;
    abi.set(state, abi.fpsr, fpsr & 0x9f);
    abi.layout.write(state, abi.qc, if fpsr & QC != 0 { u128::MAX } else { 0 });
    abi.set(state, abi.fpcr, (get_u32(&bytes, vectors + 12) & FPCR_BITS) as u64);
    for (n, &slot) in abi.v.iter().enumerate() {
        let at = vectors + 16 + 16 * n;
        let value = u128::from_le_bytes(bytes[at..at + 16].try_into().expect("16 bytes"));
        abi.layout.write(state, slot, value);
    }
    abi.open_monitor(state);
    Ok(Resumed {
        mask: get_u64(&bytes, UC_MASK),
        alt_stack: AltStack {
            base: get_u64(&bytes, UC_STACK),
            flags: get_u32(&bytes, UC_STACK + 8),
            size: get_u64(&bytes, UC_STACK + 16),
        },
    })
}

/// FPCR bits that exist without trapped exceptions: AHP, DN, FZ, RMode, FZ16.
const FPCR_BITS: u32 = 0x07c8_0000;

/// Offset of the `fpsimd_context` among the records.
fn find_fpsimd(records: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at + 8 <= records.len() {
        let (magic, size) = (get_u32(records, at), get_u32(records, at + 4) as usize);
        match magic {
            FPSIMD_MAGIC if size == FPSIMD_SIZE && at + size <= records.len() => return Some(at),
            0 | EXTRA_MAGIC => return None,
            _ if size < 8 || !size.is_multiple_of(16) => return None,
            _ => at += size,
        }
    }
    None
}
