//! `ioctl`: requests to devices, terminals, sockets and files.
//!
//! Numbers, `struct termios`, `struct winsize`, `struct ifreq` and the like are the same on every
//! 64-bit machine, so the host kernel answers. What it may write is bounded by the size in the
//! request's number; older requests have none there and write at most a page.
//!
//! Source: `asm-generic/ioctl.h`, `asm-generic/ioctls.h`, `linux/sockios.h`.

use linux_raw_sys::general as k;

use super::Arg::{Enum, Fd, Hex};
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};

/// The group's calls.
pub static CALLS: &[Syscall] = &[Syscall::new("ioctl", &[Fd, Enum(REQUESTS), Hex], ioctl)];

static REQUESTS: &[(u64, &str)] = &[
    (libc::TCGETS, "TCGETS"),
    (libc::TCSETS, "TCSETS"),
    (libc::TCSETSW, "TCSETSW"),
    (libc::TCSETSF, "TCSETSF"),
    (libc::TIOCGPGRP, "TIOCGPGRP"),
    (libc::TIOCSPGRP, "TIOCSPGRP"),
    (libc::TIOCGWINSZ, "TIOCGWINSZ"),
    (libc::TIOCSWINSZ, "TIOCSWINSZ"),
    (libc::TIOCSCTTY, "TIOCSCTTY"),
    (libc::TIOCNOTTY, "TIOCNOTTY"),
    (libc::TIOCGPTN, "TIOCGPTN"),
    (libc::TIOCSPTLCK, "TIOCSPTLCK"),
    (libc::FIONREAD, "FIONREAD"),
    (libc::FIONBIO, "FIONBIO"),
    (libc::FIOCLEX, "FIOCLEX"),
    (libc::FIONCLEX, "FIONCLEX"),
    (libc::SIOCGIFCONF, "SIOCGIFCONF"),
    (libc::SIOCGIFFLAGS, "SIOCGIFFLAGS"),
    (libc::SIOCGIFADDR, "SIOCGIFADDR"),
    (libc::SIOCGIFINDEX, "SIOCGIFINDEX"),
    (FICLONE, "FICLONE"),
    (FS_IOC_GETFLAGS, "FS_IOC_GETFLAGS"),
    (FS_IOC_FIEMAP, "FS_IOC_FIEMAP"),
];

const FICLONE: u64 = 0x4004_9409;
const FS_IOC_GETFLAGS: u64 = 0x8008_6601;
const FS_IOC_FIEMAP: u64 = 0xc020_660b;

/// Arguments below this are numbers (`TCSBRK 1`, `TIOCSCTTY 1`, a descriptor), for no guest maps
/// memory there (`vm.mmap_min_addr`).
const NUMBERS: u64 = 0x1_0000;
/// What a request without a size in its number may write.
const PAGE: u64 = 4096;

/// Size and direction bits of a request (`_IOC_SIZE`, `_IOC_DIR`).
fn argument_size(request: u32) -> u64 {
    let (direction, size) = (request >> 30, (request >> 16) & 0x3fff);
    if direction == 0 { PAGE } else { size.into() }
}

fn ioctl(ctx: &mut Ctx<'_>, [fd, request, arg, ..]: [u64; 6]) -> SysResult {
    // An unsigned int, which musl passes as a negative long.
    let request = request & u64::from(u32::MAX);
    // Some requests take a negative number as their argument.
    let number = arg < NUMBERS || arg as i64 >= -4096 && (arg as i64) < 0;
    if !number {
        ctx.check(arg, argument_size(request as u32))?;
    }
    match request {
        // The structure points to the list of interfaces.
        libc::SIOCGIFCONF => {
            let len: i32 = ctx.read(arg)?;
            let list: u64 = ctx.read(arg.wrapping_add(8))?;
            let len = u64::try_from(len).map_err(|_| Errno::EINVAL)?;
            ctx.check(list, len)?;
        }
        // Extents follow the header, as many as it says.
        FS_IOC_FIEMAP => {
            const HEADER: u64 = 32;
            const EXTENT: u64 = 56;
            let extents: u32 = ctx.read(arg.wrapping_add(24))?;
            ctx.check(arg, HEADER + EXTENT * u64::from(extents))?;
        }
        _ => {}
    }
    ctx.blocking(k::__NR_ioctl, [fd, request, arg, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_in_the_number_or_a_page() {
        assert_eq!(argument_size(FS_IOC_GETFLAGS as u32), 8);
        assert_eq!(argument_size(FICLONE as u32), 4);
        assert_eq!(argument_size(libc::TCGETS as u32), PAGE);
        assert_eq!(argument_size(libc::TIOCGPTN as u32), 4);
    }
}
