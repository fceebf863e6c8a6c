//! Host accesses that may fault, and return so.
//!
//! Each routine is a leaf in assembly that leaves the stack alone, returns its value in RAX (RDX: 0) and lies
//! between two labels. When the host faults there, [`crate::fault`] continues at the common recovery, which
//! returns with RDX = 1. Nothing else of the process may touch guest memory by pointer.

use std::arch::global_asm;

global_asm!(
    ".text",
    ".globl isamorph_ld8, isamorph_ld16, isamorph_ld32, isamorph_ld64, isamorph_ld128, isamorph_st8, isamorph_st16, isamorph_st32",
    ".globl isamorph_st64, isamorph_st128, isamorph_cas8, isamorph_cas16, isamorph_cas32, isamorph_cas64, isamorph_cas128, isamorph_copy",
    ".globl isamorph_access_begin",
    "isamorph_access_begin:",
    "isamorph_ld8: movzx eax, byte ptr [rdi]; xor edx, edx; ret",
    "isamorph_ld16: movzx eax, word ptr [rdi]; xor edx, edx; ret",
    "isamorph_ld32: mov eax, dword ptr [rdi]; xor edx, edx; ret",
    "isamorph_ld64: mov rax, qword ptr [rdi]; xor edx, edx; ret",
    "isamorph_ld128: movups xmm0, xmmword ptr [rdi]; movups xmmword ptr [rsi], xmm0; xor edx, edx; ret",
    "isamorph_st8: mov byte ptr [rdi], sil; xor edx, edx; ret",
    "isamorph_st16: mov word ptr [rdi], si; xor edx, edx; ret",
    "isamorph_st32: mov dword ptr [rdi], esi; xor edx, edx; ret",
    "isamorph_st64: mov qword ptr [rdi], rsi; xor edx, edx; ret",
    "isamorph_st128: movups xmm0, xmmword ptr [rsi]; movups xmmword ptr [rdi], xmm0; xor edx, edx; ret",
    // rdi address, rsi expected, rdx new; the old value in rax
    "isamorph_cas8: mov rax, rsi; lock cmpxchg byte ptr [rdi], dl; movzx eax, al; xor edx, edx; ret",
    "isamorph_cas16: mov rax, rsi; lock cmpxchg word ptr [rdi], dx; movzx eax, ax; xor edx, edx; ret",
    "isamorph_cas32: mov eax, esi; lock cmpxchg dword ptr [rdi], edx; mov eax, eax; xor edx, edx; ret",
    "isamorph_cas64: mov rax, rsi; lock cmpxchg qword ptr [rdi], rdx; xor edx, edx; ret",
    // rdi address, rsi -> {expected lo, hi, new lo, hi}; the old value replaces the expected one. RBX is the
    // callee's to keep: it waits in r8.
    "isamorph_cas128: mov r8, rbx; mov rax, [rsi]; mov rdx, [rsi + 8]; mov rbx, [rsi + 16]; mov rcx, [rsi + 24]",
    ".globl isamorph_cas128_insn",
    "isamorph_cas128_insn: lock cmpxchg16b xmmword ptr [rdi]",
    "mov rbx, r8; mov [rsi], rax; mov [rsi + 8], rdx; xor edx, edx; ret",
    // rdi destination, rsi source, rdx length; RCX counts what is left. `rep movsb` takes long to begin: short copies are
    // made in 16 bytes, the last of which overlap. What faults among these goes on byte by byte.
    "isamorph_copy: mov rcx, rdx; lea rax, [rdx - 16]; cmp rax, 1008; ja isamorph_copy_bytes",
    ".globl isamorph_copy_begin",
    "isamorph_copy_begin:",
    "2: movups xmm0, xmmword ptr [rsi]; movups xmmword ptr [rdi], xmm0; add rsi, 16; add rdi, 16; sub rcx, 16",
    "cmp rcx, 16; jae 2b",
    "movups xmm0, xmmword ptr [rsi + rcx - 16]; movups xmmword ptr [rdi + rcx - 16], xmm0; xor edx, edx; ret",
    ".globl isamorph_copy_bytes",
    "isamorph_copy_bytes: rep movsb; xor edx, edx; ret",
    ".globl isamorph_access_end",
    "isamorph_access_end:",
    ".globl isamorph_access_recover_cas128",
    "isamorph_access_recover_cas128: mov rbx, r8; mov edx, 1; ret",
    ".globl isamorph_access_recover",
    "isamorph_access_recover: mov rax, rcx; mov edx, 1; ret",
);

/// A routine's result.
#[repr(C)]
#[derive(Clone, Copy)]
struct Reply {
    value: u64,
    fault: u64,
}

unsafe extern "C" {
    fn isamorph_ld8(addr: u64) -> Reply;
    fn isamorph_ld16(addr: u64) -> Reply;
    fn isamorph_ld32(addr: u64) -> Reply;
    fn isamorph_ld64(addr: u64) -> Reply;
    fn isamorph_ld128(addr: u64, out: *mut u128) -> Reply;
    fn isamorph_st8(addr: u64, value: u64) -> Reply;
    fn isamorph_st16(addr: u64, value: u64) -> Reply;
    fn isamorph_st32(addr: u64, value: u64) -> Reply;
    fn isamorph_st64(addr: u64, value: u64) -> Reply;
    fn isamorph_st128(addr: u64, value: *const u128) -> Reply;
    fn isamorph_cas8(addr: u64, expected: u64, new: u64) -> Reply;
    fn isamorph_cas16(addr: u64, expected: u64, new: u64) -> Reply;
    fn isamorph_cas32(addr: u64, expected: u64, new: u64) -> Reply;
    fn isamorph_cas64(addr: u64, expected: u64, new: u64) -> Reply;
    fn isamorph_cas128(addr: u64, pair: *mut [u128; 2]) -> Reply;
    fn isamorph_copy(to: u64, from: u64, len: u64) -> Reply;
    fn isamorph_access_begin();
    fn isamorph_access_end();
    fn isamorph_access_recover();
    fn isamorph_access_recover_cas128();
    fn isamorph_cas128_insn();
    fn isamorph_copy_begin();
    fn isamorph_copy_bytes();
}

/// The host address faulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostFault;

fn reply(r: Reply) -> Result<u64, HostFault> {
    if r.fault == 0 { Ok(r.value) } else { Err(HostFault) }
}

/// Where to continue after a fault at this host PC, if it lies in a routine of this module.
pub(crate) fn recovery(host_pc: u64) -> Option<u64> {
    let at = |f: unsafe extern "C" fn()| f as usize as u64;
    if !(at(isamorph_access_begin)..at(isamorph_access_end)).contains(&host_pc) {
        return None;
    }
    if (at(isamorph_copy_begin)..at(isamorph_copy_bytes)).contains(&host_pc) {
        return Some(at(isamorph_copy_bytes));
    }
    let cas128 = host_pc == at(isamorph_cas128_insn);
    Some(at(if cas128 { isamorph_access_recover_cas128 } else { isamorph_access_recover }))
}

/// Loads 1, 2, 4, 8 or 16 bytes from a host address.
#[inline]
pub fn load(addr: u64, size: u32) -> Result<u128, HostFault> {
    // SAFETY: the routines only read the address given; a fault there is recovered from (module page). `out` is
    // ours and is written only on success.
    unsafe {
        let r = match size {
            1 => isamorph_ld8(addr),
            2 => isamorph_ld16(addr),
            4 => isamorph_ld32(addr),
            8 => isamorph_ld64(addr),
            _ => {
                let mut out = 0u128;
                return reply(isamorph_ld128(addr, &mut out)).map(|_| out);
            }
        };
        reply(r).map(u128::from)
    }
}

/// Stores 1, 2, 4, 8 or 16 bytes at a host address.
///
/// # Safety
/// The address must belong to the guest: what lies there changes.
#[inline]
pub unsafe fn store(addr: u64, size: u32, value: u128) -> Result<(), HostFault> {
    // SAFETY: the caller gives a guest address; a fault there is recovered from (module page).
    unsafe {
        reply(match size {
            1 => isamorph_st8(addr, value as u64),
            2 => isamorph_st16(addr, value as u64),
            4 => isamorph_st32(addr, value as u64),
            8 => isamorph_st64(addr, value as u64),
            _ => isamorph_st128(addr, &value),
        })
        .map(drop)
    }
}

/// Atomic compare and exchange of 1 to 16 bytes; the old value.
///
/// # Safety
/// The address must belong to the guest; for 16 bytes it must be aligned.
#[inline]
pub unsafe fn cas(addr: u64, size: u32, expected: u128, new: u128) -> Result<u128, HostFault> {
    let (e, n) = (expected as u64, new as u64);
    // SAFETY: as for `store`; `pair` is ours.
    unsafe {
        let r = match size {
            1 => isamorph_cas8(addr, e, n),
            2 => isamorph_cas16(addr, e, n),
            4 => isamorph_cas32(addr, e, n),
            8 => isamorph_cas64(addr, e, n),
            _ => {
                let mut pair = [expected, new];
                return reply(isamorph_cas128(addr, &mut pair)).map(|_| pair[0]);
            }
        };
        reply(r).map(u128::from)
    }
}

/// Copies bytes between host addresses. On a fault, the number of bytes not copied.
///
/// # Safety
/// `to` must be the guest's, or valid for writes of `len` bytes; `from` the guest's, or valid for reads.
pub unsafe fn copy(to: u64, from: u64, len: usize) -> Result<(), usize> {
    // SAFETY: as the caller promises; a fault on the guest's side is recovered from.
    let r = unsafe { isamorph_copy(to, from, len as u64) };
    if r.fault == 0 { Ok(()) } else { Err(r.value as usize) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_of_every_size() {
        let mut word = [0u128; 2];
        let at = word.as_mut_ptr() as u64;
        for size in [1u32, 2, 4, 8, 16] {
            let v = 0x1122_3344_5566_7788_99aa_bbcc_ddee_ff01_u128;
            let mask = if size == 16 { u128::MAX } else { (1 << (8 * size)) - 1 };
            // SAFETY: `word` is ours and aligned.
            unsafe {
                store(at, size, v).unwrap();
                assert_eq!(load(at, size), Ok(v & mask));
                assert_eq!(cas(at, size, v & mask, 5), Ok(v & mask));
                assert_eq!(cas(at, size, v & mask, 6), Ok(5));
            }
            assert_eq!(load(at, size), Ok(5));
        }
    }
}
