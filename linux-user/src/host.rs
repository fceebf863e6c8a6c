//! Raw system calls to the host kernel, and the one kind of them that may block.
//!
//! A blocking call must not lose a signal that arrives between the last look at the inbox and the
//! `syscall` instruction. `isamorph_blocking_syscall` looks at the inbox flag inside a window of
//! instructions that the host's signal handler knows: when it interrupts the window it moves RIP to
//! the window's exit ([`leave_window`]), so the call is either not made, or was restartable.
//!
//! Invariant: nothing in the window touches the stack, so leaving it is a plain jump.

use std::sync::atomic::AtomicU32;

use linux_raw_sys::general as k;

use crate::errno::{Errno, SysResult};

std::arch::global_asm!(
    ".pushsection .text.isamorph_blocking_syscall,\"ax\",@progbits",
    ".p2align 4",
    ".globl isamorph_blocking_syscall",
    ".hidden isamorph_blocking_syscall",
    ".hidden isamorph_blocking_begin",
    ".hidden isamorph_blocking_insn",
    ".hidden isamorph_blocking_not_made",
    ".hidden isamorph_blocking_interrupted",
    ".globl isamorph_blocking_begin",
    ".globl isamorph_blocking_insn",
    ".globl isamorph_blocking_not_made",
    ".globl isamorph_blocking_interrupted",
    ".type isamorph_blocking_syscall, @function",
    // rdi: the inbox flag (u32), rsi: [number, six arguments]
    "isamorph_blocking_syscall:",
    "    mov rax, [rsi]",
    "    mov rdx, [rsi + 24]",
    "    mov r10, [rsi + 32]",
    "    mov r8, [rsi + 40]",
    "    mov r9, [rsi + 48]",
    "isamorph_blocking_begin:",
    "    cmp dword ptr [rdi], 0",
    "    jne isamorph_blocking_not_made",
    "    mov rdi, [rsi + 8]",
    "    mov rsi, [rsi + 16]",
    "isamorph_blocking_insn:",
    "    syscall",
    "    ret",
    "isamorph_blocking_not_made:",
    "    mov rax, -{not_made}",
    "    ret",
    "isamorph_blocking_interrupted:",
    "    mov rax, -{interrupted}",
    "    ret",
    ".size isamorph_blocking_syscall, . - isamorph_blocking_syscall",
    ".popsection",
    not_made = const NOT_MADE,
    interrupted = const INTERRUPTED,
);

/// Beyond the kernel's own results, which are above -4096 or addresses below 2^47.
const NOT_MADE: i64 = 0x2001;
const INTERRUPTED: i64 = 0x2000;

unsafe extern "C" {
    fn isamorph_blocking_syscall(flag: *const AtomicU32, call: *const [u64; 7]) -> i64;
    static isamorph_blocking_begin: u8;
    static isamorph_blocking_insn: u8;
    static isamorph_blocking_not_made: u8;
    static isamorph_blocking_interrupted: u8;
}

/// Where the host's signal handler resumes instead of `rip`, if it interrupted the window.
///
/// At the `syscall` instruction itself the call was not made yet, or the kernel has rewound it to make
/// it again (our handlers all have `SA_RESTART`): either way the guest's `SA_RESTART` decides.
pub(crate) fn leave_window(rip: u64) -> Option<u64> {
    let begin = (&raw const isamorph_blocking_begin).addr() as u64;
    let insn = (&raw const isamorph_blocking_insn).addr() as u64;
    if rip == insn {
        Some((&raw const isamorph_blocking_interrupted).addr() as u64)
    } else if (begin..insn).contains(&rip) {
        Some((&raw const isamorph_blocking_not_made).addr() as u64)
    } else {
        None
    }
}

#[inline]
fn result(value: i64) -> SysResult {
    match value {
        -4095..=-1 => Err(Errno::new(-value as i32)),
        _ => Ok(value as u64),
    }
}

/// One host system call that does not wait for anything.
///
/// # Safety
/// As the call itself: it must not unmap, remap or overwrite memory that the emulator relies on.
/// Passing guest pointers is fine (the kernel checks them).
#[inline]
pub unsafe fn syscall(number: u32, args: [u64; 6]) -> SysResult {
    let value: i64;
    // SAFETY: the kernel's own convention; what the call does is the caller's promise.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number as i64 => value,
            in("rdi") args[0], in("rsi") args[1], in("rdx") args[2],
            in("r10") args[3], in("r8") args[4], in("r9") args[5],
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    result(value)
}

/// Bytes from the host kernel's generator.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: the kernel writes at most N bytes to the array. So few (below 256) come whole and at once.
    let got =
        unsafe { syscall(k::__NR_getrandom, [bytes.as_mut_ptr() as u64, N as u64, 0, 0, 0, 0]) };
    debug_assert_eq!(got, Ok(N as u64), "the generator is there since Linux 3.17");
    bytes
}

/// One host system call that may wait, given up when a signal for the guest lies in the inbox whose
/// flag is `flag`: then [`Errno::RESTART_SYS`] or [`Errno::RESTART_NO_INTR`].
///
/// # Safety
/// As [`syscall`].
pub(crate) unsafe fn blocking_syscall(flag: &AtomicU32, number: u32, args: [u64; 6]) -> SysResult {
    let call = [number as u64, args[0], args[1], args[2], args[3], args[4], args[5]];
    // SAFETY: flag and call outlive the call; the rest is the caller's promise.
    match unsafe { isamorph_blocking_syscall(flag, &call) } {
        v if v == -NOT_MADE => Err(Errno::RESTART_NO_INTR),
        v if v == -INTERRUPTED => Err(Errno::RESTART_SYS),
        v => result(v),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linux_raw_sys::general::{__NR_close, __NR_getpid};

    #[test]
    fn results_and_errors() {
        // SAFETY: these calls touch no memory.
        unsafe {
            assert_eq!(syscall(__NR_getpid, [0; 6]), Ok(std::process::id() as u64));
            assert_eq!(syscall(__NR_close, [u64::MAX, 0, 0, 0, 0, 0]), Err(Errno::EBADF));
        }
    }

    #[test]
    fn a_raised_flag_keeps_the_call_from_being_made() {
        let flag = AtomicU32::new(1);
        // SAFETY: as above.
        let given_up = unsafe { blocking_syscall(&flag, __NR_getpid, [0; 6]) };
        assert_eq!(given_up, Err(Errno::RESTART_NO_INTR));
        flag.store(0, std::sync::atomic::Ordering::Relaxed);
        // SAFETY: as above.
        let made = unsafe { blocking_syscall(&flag, __NR_getpid, [0; 6]) };
        assert_eq!(made, Ok(std::process::id() as u64));
    }
}
