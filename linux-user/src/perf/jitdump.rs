//! `jit-PID.dump`: names and bytes of code with the time at which it came to be, for `perf inject --jit`.
//!
//! Format: Linux's `tools/perf/Documentation/jitdump-specification.txt`, version 1. `perf` finds the file by a mapping of
//! its first page that is executable by name (`perf record` notes those); nothing is ever executed there. Times are of
//! CLOCK_MONOTONIC: `perf record -k mono`.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::ptr;

/// `JiTD`, as a number of this host's byte order.
pub const MAGIC: u32 = 0x4a69_5444;
/// Version of the format.
pub const VERSION: u32 = 1;
/// Bytes of the file's header.
pub const HEADER: u32 = 40;
/// Bytes of a record's header.
pub const RECORD: u32 = 16;
/// A record of code that came to be.
pub const CODE_LOAD: u32 = 0;
/// A record of the lines of a source that the next code comes from.
pub const DEBUG_INFO: u32 = 2;
/// `EM_X86_64`.
pub const MACHINE: u32 = 62;

/// The file, and its page that tells `perf` of it.
#[derive(Debug)]
pub struct DumpFile {
    pub(super) path: PathBuf,
    file: File,
    pid: u32,
    #[expect(dead_code, reason = "mapped as long as the file is open")]
    marker: Marker,
    /// Number of the next piece of code.
    next: u64,
}

impl DumpFile {
    /// The dump of this process, in this folder.
    pub fn create(folder: &Path, pid: u32) -> Result<DumpFile, (PathBuf, io::Error)> {
        let path = folder.join(format!("jit-{pid}.dump"));
        let make = || {
            let mut file = super::create(&path)?;
            let words = [MAGIC, VERSION, HEADER, MACHINE, 0, pid];
            let mut header: Vec<u8> = words.into_iter().flat_map(u32::to_ne_bytes).collect();
            header.extend(now().to_ne_bytes());
            // No flags: the time is the system's, not the processor's.
            header.extend(0u64.to_ne_bytes());
            file.write_all(&header)?;
            let marker = Marker::new(&file)?;
            Ok((file, marker))
        };
        match make() {
            Ok((file, marker)) => Ok(DumpFile { path, file, pid, marker, next: 0 }),
            Err(error) => Err((path, error)),
        }
    }

    /// Adds code; with a source file, host addresses and the lines that the code from there on comes from.
    pub fn add(
        &mut self,
        host: u64,
        code: &[u8],
        name: &str,
        source: Option<(&Path, &[(u64, u32)])>,
    ) -> io::Result<()> {
        let time = now();
        let mut records = match source {
            Some((path, lines)) if !lines.is_empty() => debug_info(host, path, lines, time),
            _ => vec![],
        };
        records.extend(load(self.pid, self.next, host, code, name, time));
        self.next += 1;
        self.file.write_all(&records)
    }
}

/// A record of the lines that the code at an address comes from.
fn debug_info(host: u64, path: &Path, lines: &[(u64, u32)], time: u64) -> Vec<u8> {
    let name = path.as_os_str().as_encoded_bytes();
    let size = RECORD as usize + 16 + lines.len() * (16 + name.len() + 1);
    let mut record = Vec::with_capacity(size);
    record.extend([DEBUG_INFO, size as u32].into_iter().flat_map(u32::to_ne_bytes));
    record.extend([time, host, lines.len() as u64].into_iter().flat_map(u64::to_ne_bytes));
    for &(address, line) in lines {
        record.extend(address.to_ne_bytes());
        record.extend([line, 0].into_iter().flat_map(u32::to_ne_bytes));
        record.extend(name);
        record.push(0);
    }
    record
}

/// A record of code that came to be at a time.
fn load(pid: u32, number: u64, host: u64, code: &[u8], name: &str, time: u64) -> Vec<u8> {
    const FIXED: usize = RECORD as usize + 2 * 4 + 4 * 8;
    let size = FIXED + name.len() + 1 + code.len();
    let mut record = Vec::with_capacity(size);
    record.extend([CODE_LOAD, size as u32].into_iter().flat_map(u32::to_ne_bytes));
    record.extend(time.to_ne_bytes());
    let thread = crate::thread::own_tid() as u32;
    record.extend([pid, thread].into_iter().flat_map(u32::to_ne_bytes));
    let words = [host, host, code.len() as u64, number];
    record.extend(words.into_iter().flat_map(u64::to_ne_bytes));
    record.extend(name.as_bytes());
    record.push(0);
    record.extend(code);
    record
}

/// Nanoseconds of CLOCK_MONOTONIC.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a structure of ours. The clock is always there.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The file's first page, mapped for `perf` to see.
#[derive(Debug)]
struct Marker(*mut libc::c_void);

// SAFETY: an address that is only unmapped.
unsafe impl Send for Marker {}

const PAGE: usize = 4096;

impl Marker {
    fn new(file: &File) -> io::Result<Marker> {
        let rights = libc::PROT_READ | libc::PROT_EXEC;
        // SAFETY: a new mapping where the kernel likes; never written, and nobody jumps there.
        let page = unsafe {
            libc::mmap(ptr::null_mut(), PAGE, rights, libc::MAP_PRIVATE, file.as_raw_fd(), 0)
        };
        if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Marker(page)) }
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and nobody has its address.
        unsafe { libc::munmap(self.0, PAGE) };
    }
}
