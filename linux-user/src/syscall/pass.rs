//! `Native` calls on their way to the host kernel: arguments checked and replaced by their kinds.
//!
//! A row of a `CALLS` table says what each argument is; this module makes of it what the host may
//! be given: a path becomes the host's path (sysroot, `/proc/self/exe`), a buffer must lie in the
//! guest's part of the address space, an `iovec` array is copied so that what was checked is what
//! the kernel uses.
//!
//! Invariant: the kernel never writes to memory of the emulator on behalf of a `Native` call.

use std::ffi::CString;

use super::{Arg, Ctx};
use crate::errno::Errno;
use crate::procfs;
use crate::sysroot::Last;
use crate::vma::{PAGE, page_down};

/// `AT_SYMLINK_NOFOLLOW`
const NOFOLLOW: u64 = linux_raw_sys::general::AT_SYMLINK_NOFOLLOW as u64;
/// `UIO_MAXIOV`
const MAX_IOV: u64 = 1024;

/// The length in argument `n`: of an `int` only the lower half of the register counts.
fn length(kinds: &[Arg], args: &[u64; 6], n: u8) -> u64 {
    let value = args[n as usize];
    match kinds.get(n as usize) {
        Some(Arg::Int) => value & u64::from(u32::MAX),
        _ => value,
    }
}

/// Arguments as the host kernel gets them, and the host memory that they point to.
#[derive(Default)]
pub struct Passed {
    /// For [`Ctx::native`] or [`Ctx::blocking`], while this value lives.
    pub args: [u64; 6],
    paths: Vec<CString>,
    iovecs: Vec<Vec<[u64; 2]>>,
}

/// Below this nothing of the emulator is ever mapped: the kernel places mappings without a wish from
/// `TASK_SIZE / 3` upwards (with an unlimited stack) or from the top downwards, programs at 2/3.
const EMULATOR_FLOOR: u64 = 0x2aaa_0000_0000;

impl Passed {
    fn replace_path(&mut self, i: usize, path: CString) {
        self.args[i] = path.as_ptr().addr() as u64;
        self.paths.push(path);
    }
}

impl Ctx<'_> {
    /// Whether the kernel, or we, may touch `len` bytes at `addr` on the guest's behalf: they are in
    /// the guest's part of the address space, mapped or not (who touches them finds out). `EFAULT`
    /// otherwise.
    pub fn check(&self, addr: u64, len: u64) -> Result<(), Errno> {
        let end = addr.saturating_add(len);
        if end <= EMULATOR_FLOOR {
            return Ok(());
        }
        let mut known = addr;
        for area in self.process.space.lock().map().overlapping(addr..end) {
            if area.start > known {
                break;
            }
            known = area.end;
        }
        // Of a buffer whose end is not mapped the kernel uses what there is.
        if known >= end || self.is_hole(known) { Ok(()) } else { Err(Errno::EFAULT) }
    }

    /// Whether nothing at all is mapped at the page of `addr`.
    fn is_hole(&self, addr: u64) -> bool {
        let mut resident = 0u8;
        let out = (&raw mut resident).addr() as u64;
        let args = [page_down(addr), PAGE, out, 0, 0, 0];
        self.native(linux_raw_sys::general::__NR_mincore, args) == Err(Errno::ENOMEM)
    }

    /// Fills `buf` from guest memory.
    pub fn read_bytes(&self, addr: u64, buf: &mut [u8]) -> Result<(), Errno> {
        self.check(addr, buf.len() as u64)?;
        self.mem().read_bytes(addr, buf)
    }

    /// Writes to guest memory; on a fault a first part may have been written.
    pub fn write_bytes(&self, addr: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.check(addr, bytes.len() as u64)?;
        self.mem().write_bytes(addr, bytes)
    }

    /// Checks and replaces `args` by their kinds.
    pub fn pass(&self, kinds: &[Arg], args: [u64; 6]) -> Result<Passed, Errno> {
        let mut out = Passed { args, ..Passed::default() };
        let mut dir = libc::AT_FDCWD;
        for (i, kind) in kinds.iter().enumerate().take(6) {
            let at = args[i];
            match *kind {
                Arg::DirFd => dir = at as i32,
                Arg::Path => self.pass_path(&mut out, i, dir, Last::Follow)?,
                Arg::Link => self.pass_path(&mut out, i, dir, Last::Keep)?,
                Arg::PathAt(n) => {
                    let last = Last::nofollow(args[n as usize] & NOFOLLOW != 0);
                    self.pass_path(&mut out, i, dir, last)?;
                }
                Arg::Mount if at != 0 => {
                    let path = self.path(at)?;
                    let host = self.process.sysroot.resolve_cwd(&path).into_owned();
                    out.replace_path(i, host);
                }
                Arg::In(n) | Arg::OutBuf(n) => self.check(at, length(kinds, &args, n))?,
                Arg::InOf(size) | Arg::OutOf(size) if at != 0 => {
                    self.check(at, size as u64)?;
                }
                Arg::FdPair => self.check(at, 8)?,
                Arg::Timespec if at != 0 => self.check(at, 16)?,
                Arg::Str if at != 0 => self.check(at, 1)?,
                Arg::IovIn(n) | Arg::IovOut(n) => {
                    let iovecs = self.iovecs(at, args[n as usize])?;
                    out.args[i] = iovecs.as_ptr().addr() as u64;
                    out.iovecs.push(iovecs);
                }
                _ => {}
            }
        }
        Ok(out)
    }

    /// Copies and checks an array of `struct iovec`.
    pub fn iovecs(&self, addr: u64, count: u64) -> Result<Vec<[u64; 2]>, Errno> {
        if count > MAX_IOV {
            return Err(Errno::EINVAL);
        }
        (0..count)
            .map(|i| {
                let iov: [u64; 2] = self.read(addr.wrapping_add(i * 16))?;
                self.check(iov[0], iov[1].min(i64::MAX as u64))?;
                Ok(iov)
            })
            .collect()
    }

    fn pass_path(&self, out: &mut Passed, i: usize, dir: i32, last: Last) -> Result<(), Errno> {
        if out.args[i] == 0 {
            return Ok(()); // utimensat and others take NULL; the kernel says EFAULT where not
        }
        let path = self.host_path(dir, out.args[i], last)?;
        out.replace_path(i, path);
        Ok(())
    }

    /// The host's path for the guest's path at `addr`, relative to descriptor `dir` unless absolute.
    pub fn host_path(&self, dir: i32, addr: u64, last: Last) -> Result<CString, Errno> {
        let path = self.path(addr)?;
        let host = self.process.sysroot.resolve(&path, last).into_owned();
        match last {
            Last::Follow => Ok(procfs::followed(self, dir, &host).unwrap_or(host)),
            Last::Keep => Ok(host),
        }
    }
}
