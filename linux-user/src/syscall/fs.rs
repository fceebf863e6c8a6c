//! Opening and closing files, and the working directory.
//!
//! `openat` is where guest flag words, path redirection and the emulated files of `/proc` meet;
//! everything behind the returned descriptor is the host's own.

use linux_raw_sys::general as k;

use super::Arg::{DirFd, Fd, Flags, Hex, Mode, OutBuf, Path, Ptr, Size};
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};
use crate::procfs;
use crate::sysroot::Last;

/// Names of the flags that are the same for every guest; the others print as a number.
static OPEN_NAMES: &[(u64, &str)] = &[
    (k::O_WRONLY as u64, "O_WRONLY"),
    (k::O_RDWR as u64, "O_RDWR"),
    (k::O_CREAT as u64, "O_CREAT"),
    (k::O_EXCL as u64, "O_EXCL"),
    (k::O_NOCTTY as u64, "O_NOCTTY"),
    (k::O_TRUNC as u64, "O_TRUNC"),
    (k::O_APPEND as u64, "O_APPEND"),
    (k::O_NONBLOCK as u64, "O_NONBLOCK"),
    (k::O_CLOEXEC as u64, "O_CLOEXEC"),
    (k::O_PATH as u64, "O_PATH"),
];

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("openat", &[DirFd, Path, Flags(OPEN_NAMES), Mode], openat),
    Syscall::new("openat2", &[DirFd, Path, Ptr, Size], openat2),
    Syscall::native("close", &[Fd], k::__NR_close),
    Syscall::native("close_range", &[Fd, Fd, Hex], k::__NR_close_range),
    Syscall::new("chdir", &[Path], chdir),
    Syscall::native("fchdir", &[Fd], k::__NR_fchdir),
    Syscall::new("chroot", &[Path], chroot),
    Syscall::new("getcwd", &[OutBuf(1), Size], getcwd),
    Syscall::native("umask", &[Mode], k::__NR_umask),
];

fn openat(ctx: &mut Ctx<'_>, [dir, path, flags, mode, ..]: [u64; 6]) -> SysResult {
    let flags = ctx.layouts().open.to_host(flags as u32);
    open(ctx, dir, path, flags, |ctx, host| {
        ctx.blocking(k::__NR_openat, [dir, host, flags as u64, mode, 0, 0])
    })
}

/// `struct open_how`: flags, mode, resolve; later kernels may append fields.
const HOW_SIZE: usize = 24;

fn openat2(ctx: &mut Ctx<'_>, [dir, path, how, size, ..]: [u64; 6]) -> SysResult {
    if size < HOW_SIZE as u64 {
        return Err(Errno::EINVAL);
    }
    if size > 4096 {
        return Err(Errno::E2BIG);
    }
    let mut bytes = vec![0; size as usize];
    ctx.read_bytes(how, &mut bytes)?;
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let (flags, resolve) = (word(0), word(16));
    // Bits above 32 are unknown to every kernel: left in place, so that they are refused.
    let flags = flags & !u64::from(u32::MAX) | u64::from(ctx.layouts().open.to_host(flags as u32));
    bytes[..8].copy_from_slice(&flags.to_le_bytes());
    let host_how = bytes.as_ptr().addr() as u64;
    // A path confined to its directory is not looked up elsewhere.
    let confined = (k::RESOLVE_BENEATH | k::RESOLVE_IN_ROOT) as u64;
    if resolve & confined != 0 {
        let path = ctx.path(path)?;
        let path = path.as_ptr().addr() as u64;
        return ctx.blocking(k::__NR_openat2, [dir, path, host_how, size, 0, 0]);
    }
    open(ctx, dir, path, flags as u32, |ctx, host| {
        ctx.blocking(k::__NR_openat2, [dir, host, host_how, size, 0, 0])
    })
}

/// Finds the file that the guest means and opens it by `host_open` (given the host path's address),
/// unless it is one of `/proc`'s that must speak of the guest.
fn open(
    ctx: &mut Ctx<'_>,
    dir: u64,
    path: u64,
    flags: u32,
    host_open: impl FnOnce(&Ctx<'_>, u64) -> SysResult,
) -> SysResult {
    let exclusive = flags & k::O_CREAT != 0 && flags & k::O_EXCL != 0;
    let last = Last::nofollow(flags & k::O_NOFOLLOW != 0 || exclusive);
    let host = ctx.host_path(dir as i32, path, last)?;
    if let Some(entry) = procfs::entry_at(dir as i32, &host)
        && let Some(result) = procfs::open(ctx, entry, flags)
    {
        return result;
    }
    host_open(ctx, host.as_ptr().addr() as u64)
}

fn chdir(ctx: &mut Ctx<'_>, [path, ..]: [u64; 6]) -> SysResult {
    enter(ctx, k::__NR_chdir, path)
}

/// A new root hides the sysroot, so what it holds must be found without it, and the emulator too if
/// programs are to be started there.
fn chroot(ctx: &mut Ctx<'_>, [path, ..]: [u64; 6]) -> SysResult {
    enter(ctx, k::__NR_chroot, path)
}

fn enter(ctx: &Ctx<'_>, call: u32, path: u64) -> SysResult {
    let path = ctx.path(path)?;
    let host = ctx.process.sysroot.resolve_cwd(&path);
    ctx.native(call, [host.as_ptr().addr() as u64, 0, 0, 0, 0, 0])
}

/// The kernel's `getcwd`: yields the length with the NUL.
fn getcwd(ctx: &mut Ctx<'_>, [buf, size, ..]: [u64; 6]) -> SysResult {
    let mut host = [0u8; k::PATH_MAX as usize];
    let args = [host.as_mut_ptr().addr() as u64, host.len() as u64, 0, 0, 0, 0];
    let len = ctx.native(k::__NR_getcwd, args)? as usize;
    let guest = ctx.process.sysroot.strip_cwd(&host[..len - 1]);
    let bytes = match guest {
        Some(mut path) => {
            path.push(0);
            path
        }
        None => host[..len].to_vec(),
    };
    if bytes.len() as u64 > size {
        return Err(Errno::ERANGE);
    }
    ctx.write_bytes(buf, &bytes)?;
    Ok(bytes.len() as u64)
}
