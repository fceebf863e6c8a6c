//! The few files of `/proc` that must speak of the guest where the host's speak of the emulator.
//!
//! `/proc/self/{exe,cmdline,environ,auxv,maps,smaps,mem}` and `/proc/cpuinfo` are answered here;
//! everything else of `/proc` (`fd`, `status`, `meminfo`…) is the host's. What other processes see of
//! this one is put right, as far as the kernel lets us, by [`announce`].
//!
//! Stands behind path redirection: it is asked with host paths. Invariant: it is only consulted for
//! `/proc/…` and never changes anything but descriptors.

mod announce;
pub mod cpuinfo;
mod maps;
mod smaps;

use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use linux_raw_sys::general as k;

use crate::errno::{Errno, SysResult};
use crate::syscall::Ctx;

pub use announce::{Shown, announce};

/// A file of `/proc` that is not simply the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The link to the program.
    Exe,
    /// `argv`, NUL-terminated each.
    Cmdline,
    /// The environment.
    Environ,
    /// The auxiliary vector.
    Auxv,
    /// The memory map.
    Maps,
    /// The memory map with figures.
    Smaps,
    /// Memory itself.
    Mem,
    /// The processors.
    Cpuinfo,
}

const OF_PROCESS: &[(&[u8], Entry)] = &[
    (b"exe", Entry::Exe),
    (b"cmdline", Entry::Cmdline),
    (b"environ", Entry::Environ),
    (b"auxv", Entry::Auxv),
    (b"maps", Entry::Maps),
    (b"smaps", Entry::Smaps),
    (b"mem", Entry::Mem),
];

/// Which file of ours the absolute host path means, if any.
fn entry(path: &[u8]) -> Option<Entry> {
    let rest = path.strip_prefix(b"/")?;
    let mut names = rest.split(|&b| b == b'/').filter(|n| !n.is_empty() && *n != b".");
    if names.next()? != b"proc" {
        return None;
    }
    let mut name = names.next()?;
    if name == b"cpuinfo" {
        return names.next().is_none().then_some(Entry::Cpuinfo);
    }
    if !is_self(name) {
        return None;
    }
    name = names.next()?;
    if name == b"task" {
        names.next()?; // any thread of ours has the same files
        name = names.next()?;
    }
    let found = OF_PROCESS.iter().find(|(n, _)| *n == name)?.1;
    names.next().is_none().then_some(found)
}

fn is_self(name: &[u8]) -> bool {
    let own_pid = || std::str::from_utf8(name).ok()?.parse().ok();
    name == b"self" || name == b"thread-self" || own_pid() == Some(std::process::id())
}

/// The absolute form of `path` if it could be one of ours: relative ones are completed with their
/// directory, but only if their last name is one that we answer.
fn absolute(dir: i32, path: &[u8]) -> Option<Vec<u8>> {
    if path.starts_with(b"/") {
        return path.starts_with(b"/proc").then(|| path.to_vec());
    }
    let last = path.rsplit(|&b| b == b'/').next()?;
    if last != b"cpuinfo" && !OF_PROCESS.iter().any(|(name, _)| *name == last) {
        return None;
    }
    let link = match dir {
        libc::AT_FDCWD => "/proc/self/cwd".to_owned(),
        _ => format!("/proc/self/fd/{dir}"),
    };
    let mut full = std::fs::read_link(link).ok()?.into_os_string().into_vec();
    full.push(b'/');
    full.extend_from_slice(path);
    full.starts_with(b"/proc").then_some(full)
}

/// Which file of ours `path`, relative to `dir`, means.
pub fn entry_at(dir: i32, path: &CStr) -> Option<Entry> {
    entry(&absolute(dir, path.to_bytes())?)
}

/// The host path to use in place of `path` where links are followed: the program's for `exe`.
pub fn followed(ctx: &Ctx<'_>, dir: i32, path: &CStr) -> Option<CString> {
    if entry_at(dir, path)? != Entry::Exe {
        return None;
    }
    CString::new(ctx.process.program.host_path.as_os_str().as_bytes()).ok()
}

/// Opens one of our files; `None` where the host's own will do.
pub fn open(ctx: &Ctx<'_>, entry: Entry, flags: u32) -> Option<SysResult> {
    if flags & k::O_PATH != 0 {
        return None;
    }
    let program = &ctx.process.program;
    let text = match entry {
        Entry::Exe => return None,
        // Writing there would pass by the map of the guest's memory, and reach the emulator's.
        Entry::Mem if flags & k::O_ACCMODE != k::O_RDONLY => return Some(Err(Errno::EACCES)),
        Entry::Mem => return None,
        Entry::Cmdline | Entry::Environ | Entry::Auxv if program.announced => return None,
        Entry::Cmdline => {
            program.argv.iter().flat_map(|arg| [arg.as_slice(), b"\0"].concat()).collect()
        }
        Entry::Environ => return None,
        Entry::Auxv => program.auxv.clone(),
        Entry::Maps => maps::maps(&ctx.process.space.areas(), &ctx.process.sysroot),
        Entry::Smaps => match smaps::smaps(&ctx.process.space.areas(), &ctx.process.sysroot) {
            Ok(text) => text,
            Err(error) => return Some(Err(error.into())),
        },
        Entry::Cpuinfo => (ctx.layouts().cpuinfo)(program.processor, processors()).into_bytes(),
    };
    if flags & k::O_ACCMODE != k::O_RDONLY {
        return Some(Err(Errno::EACCES));
    }
    if flags & k::O_DIRECTORY != 0 {
        return Some(Err(Errno::ENOTDIR));
    }
    Some(readable_copy(ctx, &text, flags))
}

/// Processors this process may run on; what `/proc/cpuinfo` lists.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A descriptor to read `text` from, in the place of the lowest free one.
fn readable_copy(ctx: &Ctx<'_>, text: &[u8], flags: u32) -> SysResult {
    let name = c"proc".as_ptr().addr() as u64;
    let fd = ctx.native(k::__NR_memfd_create, [name, k::MFD_CLOEXEC as u64, 0, 0, 0, 0])?;
    let filled = fill(ctx, fd, text).and_then(|()| {
        // A second open makes the description read-only; it takes the first one's number.
        let path = CString::new(format!("/proc/self/fd/{fd}")).expect("digits");
        let kept = flags & (k::O_CLOEXEC | k::O_NONBLOCK);
        let args = [libc::AT_FDCWD as u64, path.as_ptr().addr() as u64, kept as u64, 0, 0, 0];
        let second = ctx.native(k::__NR_openat, args)?;
        let moved = ctx.native(k::__NR_dup3, [second, fd, (flags & k::O_CLOEXEC) as u64, 0, 0, 0]);
        ctx.native(k::__NR_close, [second, 0, 0, 0, 0, 0])?;
        moved
    });
    if filled.is_err() {
        ctx.native(k::__NR_close, [fd, 0, 0, 0, 0, 0])?;
    }
    filled
}

fn fill(ctx: &Ctx<'_>, fd: u64, mut text: &[u8]) -> Result<(), Errno> {
    while !text.is_empty() {
        let args = [fd, text.as_ptr().addr() as u64, text.len() as u64, 0, 0, 0];
        let written = ctx.native(k::__NR_write, args)?;
        text = &text[written as usize..];
    }
    Ok(())
}

/// What `readlink` of a name under `/proc` yields, where the host's answer would show the emulator or
/// the sysroot's place on the host.
pub fn read_link(ctx: &Ctx<'_>, dir: i32, path: &CStr) -> Option<Vec<u8>> {
    if entry_at(dir, path) == Some(Entry::Exe) {
        return Some(ctx.process.program.exe.as_os_str().as_bytes().to_vec());
    }
    let name = path.to_bytes();
    if !name.starts_with(b"/proc/") {
        return None;
    }
    let host = std::fs::read_link(as_path(name)).ok()?.into_os_string();
    let sysroot = &ctx.process.sysroot;
    if name.ends_with(b"/exe") {
        let program = program_of(as_path(name), &host)?;
        return Some(sysroot.strip(&program).unwrap_or(program));
    }
    if name.ends_with(b"/cwd") {
        return sysroot.strip_cwd(host.as_bytes());
    }
    sysroot.strip(host.as_bytes())
}

/// The guest program of another process, if that runs under the emulator too: the lowest file in its memory but the
/// emulator's own, for guests live below what else the emulator maps.
fn program_of(link: &Path, host_exe: &OsString) -> Option<Vec<u8>> {
    if std::fs::read_link("/proc/self/exe").ok()?.as_os_str() != host_exe {
        return None;
    }
    let maps = std::fs::read(link.with_file_name("maps")).ok()?;
    let files = maps.split(|&b| b == b'\n').filter_map(|line| {
        let at = line.iter().position(|&b| b == b'/')?;
        Some(&line[at..])
    });
    files.map(<[u8]>::to_vec).find(|file| file != host_exe.as_bytes())
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_process_are_found_in_every_spelling() {
        let pid = std::process::id();
        assert_eq!(entry(b"/proc/self/exe"), Some(Entry::Exe));
        assert_eq!(entry(b"/proc//self/./maps"), Some(Entry::Maps));
        assert_eq!(entry(b"/proc/thread-self/auxv"), Some(Entry::Auxv));
        assert_eq!(entry(format!("/proc/{pid}/cmdline").as_bytes()), Some(Entry::Cmdline));
        assert_eq!(entry(format!("/proc/self/task/{pid}/mem").as_bytes()), Some(Entry::Mem));
        assert_eq!(entry(b"/proc/cpuinfo"), Some(Entry::Cpuinfo));
    }

    #[test]
    fn the_rest_is_the_hosts() {
        for path in ["/proc/1/exe", "/proc/self/fd/3", "/proc/self/exe/x", "/proc", "/x/self/exe"] {
            assert_eq!(entry(path.as_bytes()), None, "{path}");
        }
        assert_eq!(entry_at(libc::AT_FDCWD, c"maps"), None);
    }

    #[test]
    fn a_relative_name_is_completed_by_its_directory() {
        use std::os::fd::AsRawFd;
        let dir = std::fs::File::open("/proc/self").expect("procfs is mounted");
        assert_eq!(entry_at(dir.as_raw_fd(), c"exe"), Some(Entry::Exe));
        assert_eq!(entry_at(dir.as_raw_fd(), c"status"), None);
    }
}
