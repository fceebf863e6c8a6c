//! Tells the kernel where the guest's arguments lie, so that `/proc/PID/{cmdline,environ,auxv}` of
//! this process show the guest to everybody (`ps`, `pgrep`, `/proc/self`).
//!
//! `PR_SET_MM_MAP` needs no privilege, but a kernel built with `CONFIG_CHECKPOINT_RESTORE`; without
//! it the guest itself is answered by the parent module and others see the emulator's command line.

use std::ops::Range;

use linux_raw_sys::general::__NR_prctl;
use linux_raw_sys::prctl::{PR_SET_MM, PR_SET_MM_MAP, prctl_mm_map};

use crate::host;

/// What of the guest's stack is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Stack pointer at the program's entry.
    pub start_stack: u64,
    /// The strings of `argv`, which follow one another.
    pub args: Range<u64>,
    /// The strings of the environment, which follow one another.
    pub env: Range<u64>,
}

/// Whether the kernel took it. `auxv` are the bytes that the guest got.
pub fn announce(shown: &Shown, auxv: &[u8]) -> bool {
    let Some(own) = own_fields() else { return false };
    let map = prctl_mm_map {
        start_code: own.start_code,
        end_code: own.end_code,
        start_data: own.start_data,
        end_data: own.end_data,
        start_brk: own.start_brk,
        brk: own.brk,
        start_stack: shown.start_stack,
        arg_start: shown.args.start,
        arg_end: shown.args.end,
        env_start: shown.env.start,
        env_end: shown.env.end,
        auxv: auxv.as_ptr().cast_mut().cast(),
        auxv_size: auxv.len() as u32,
        exe_fd: u32::MAX,
    };
    let address = (&raw const map).addr() as u64;
    let size = size_of::<prctl_mm_map>() as u64;
    let args = [PR_SET_MM as u64, PR_SET_MM_MAP as u64, address, size, 0, 0];
    // SAFETY: the kernel copies `map` and `auxv`. The heap's fields keep their values; the others are
    // only shown.
    unsafe { host::syscall(__NR_prctl, args) }.is_ok()
}

/// What stays as it is.
struct OwnFields {
    start_code: u64,
    end_code: u64,
    start_data: u64,
    end_data: u64,
    start_brk: u64,
    brk: u64,
}

/// From our own program headers, as the kernel makes them out, and `brk(0)`. That the heap begins where it ends so far
/// only keeps it from shrinking below that.
fn own_fields() -> Option<OwnFields> {
    // SAFETY: the auxiliary vector tells where our own headers are mapped and how many there are.
    let headers = unsafe {
        let at = libc::getauxval(libc::AT_PHDR) as *const libc::Elf64_Phdr;
        if at.is_null() {
            return None;
        }
        std::slice::from_raw_parts(at, libc::getauxval(libc::AT_PHNUM) as usize)
    };
    // Only programs with a fixed address may lack a header for the headers.
    let own = headers.iter().find(|h| h.p_type == libc::PT_PHDR);
    let bias = own.map_or(0, |own| (headers.as_ptr() as u64).wrapping_sub(own.p_vaddr));
    let loads = || headers.iter().filter(|h| h.p_type == libc::PT_LOAD);
    let code = || loads().filter(|h| h.p_flags & libc::PF_X != 0);
    let end = |h: &libc::Elf64_Phdr| h.p_vaddr + h.p_filesz;
    // SAFETY: brk(0) only asks.
    let brk = unsafe { host::syscall(linux_raw_sys::general::__NR_brk, [0; 6]) }.ok()?;
    let at = |address: u64| address.wrapping_add(bias);
    Some(OwnFields {
        start_code: at(code().map(|h| h.p_vaddr).min()?),
        end_code: at(code().map(end).max()?),
        start_data: at(loads().map(|h| h.p_vaddr).max()?),
        end_data: at(loads().map(end).max()?),
        start_brk: brk,
        brk,
    })
}
