//! Executable memory: one shared memory object mapped twice, once writable, once executable.
//!
//! Behind the executable view, within the reach of 32-bit displacements, lies plain data ([`ExecMem::data`]).
//! The object is used in two halves: when one is full, the other is begun and everything in the old one dropped.
//!
//! Invariant: what was placed is never written again (what changes lies in the data, private to the process). So a
//! forked child goes on with its parent's code, in the same memory: it places its own behind that, in objects of its
//! own, and neither uses a half again that the other may look at, but puts a new object there.

use super::arena::{Arena, HUGE};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::ptr;

/// The memory of the code cache.
#[derive(Debug)]
pub struct ExecMem {
    exec: *mut u8,
    write: *mut u8,
    size: usize,
    /// All bytes behind `exec` that are mapped.
    total: usize,
    /// The data beside the code.
    pub(super) data: Arena,
    half: usize,
    used: usize,
    /// Bytes of the current half whose pages are there.
    populated: usize,
    /// Up to here pages are small anyway; behind that the kernel may still be asked for huge ones.
    small: usize,
    huge: bool,
    /// What is placed apart begins here in the current half, and goes up to its end.
    apart: usize,
    /// Halves that another process may look at.
    shared: [bool; 2],
    /// What is not used of the current half is the parent's.
    parents: bool,
}

// SAFETY: the mappings are process-wide; all changes go through `&mut self`.
unsafe impl Send for ExecMem {}

/// Bytes whose pages are made at once while they are small.
const POPULATED: usize = 32 << 10;
/// Bytes on small pages, which are all that a short program needs.
const SMALL: usize = 4 * POPULATED;
/// Alignment of placed code in bytes.
const ALIGN: usize = 16;
/// The host's pages.
const PAGE: usize = 4096;
/// Has the kernel make a huge page of small ones, whether or not they are there; of Linux 6.1.
const MADV_COLLAPSE: libc::c_int = 25;

impl ExecMem {
    /// Maps `size` bytes for code (two halves, each a multiple of a huge page if that is to be used), and `data` bytes
    /// for data.
    pub fn new(size: usize, data: usize) -> io::Result<ExecMem> {
        let total = size + data;
        let (none, anon) = (libc::PROT_NONE, libc::MAP_PRIVATE | ANON);
        // Both views begin where a huge page can.
        let reserve = |len: usize| -> io::Result<*mut u8> {
            let at = map(ptr::null_mut(), len + HUGE, none, anon, -1)?;
            let before = (at as usize).next_multiple_of(HUGE) - at as usize;
            // SAFETY: what is cut off lies inside of the new mapping.
            unsafe {
                if before > 0 {
                    libc::munmap(at.cast(), before);
                }
                libc::munmap(at.add(before + len).cast(), HUGE - before);
                Ok(at.add(before))
            }
        };
        let exec = reserve(total.next_multiple_of(PAGE))?;
        let write = reserve(size)?;
        // SAFETY: `exec` has `total` bytes.
        let beside = unsafe { exec.add(size) };
        map(beside, data, libc::PROT_READ | libc::PROT_WRITE, anon | libc::MAP_FIXED, -1)?;
        let mut mem = ExecMem {
            exec,
            write,
            size,
            total: total.next_multiple_of(PAGE),
            // SAFETY: just mapped, and unmapped with `self`, which owns the arena.
            data: unsafe { Arena::new(beside, data) },
            half: 0,
            used: 0,
            populated: 0,
            small: SMALL,
            huge: true,
            apart: size / 2,
            shared: [false; 2],
            parents: false,
        };
        mem.put_object(0..size)?;
        Ok(mem)
    }

    /// Puts a fresh memory object at these offsets: what was placed there is gone.
    fn put_object(&mut self, at: Range<usize>) -> io::Result<()> {
        let (r, w, x) = (libc::PROT_READ, libc::PROT_WRITE, libc::PROT_EXEC);
        // SAFETY: inside of both reservations.
        let (exec, write) = unsafe { (self.exec.add(at.start), self.write.add(at.start)) };
        // Not a file with a name: `perf` looks into its map of names for anonymous code only.
        map(exec, at.len(), r | x, libc::MAP_SHARED | ANON | libc::MAP_FIXED, -1)?;
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        // SAFETY: both ranges are ours. An old size of 0 leaves the old mapping, which is shared, in its place.
        let done = unsafe {
            let write: *mut libc::c_void = write.cast();
            libc::mremap(exec.cast(), 0, at.len(), flags, write) != libc::MAP_FAILED
                && libc::mprotect(write, at.len(), r | w) == 0
        };
        if done { Ok(()) } else { self.put_file(at) }
    }

    /// The same by a file in memory, where the kernel does not map a thing for a second time (valgrind's, say).
    #[cold]
    fn put_file(&mut self, at: Range<usize>) -> io::Result<()> {
        let (r, w, x) = (libc::PROT_READ, libc::PROT_WRITE, libc::PROT_EXEC);
        // SAFETY: a call without preconditions.
        let file = match unsafe { libc::memfd_create(c"isamorph".as_ptr(), libc::MFD_CLOEXEC) } {
            -1 => return Err(io::Error::last_os_error()),
            // SAFETY: just opened, and nobody else's.
            file => unsafe { File::from_raw_fd(file) },
        };
        file.set_len(at.len() as u64)?;
        let flags = libc::MAP_SHARED | libc::MAP_NORESERVE | libc::MAP_FIXED;
        // SAFETY: inside of both reservations.
        let (exec, write) = unsafe { (self.exec.add(at.start), self.write.add(at.start)) };
        map(exec, at.len(), r | x, flags, file.as_raw_fd())?;
        map(write, at.len(), r | w, flags, file.as_raw_fd())?;
        Ok(())
    }

    /// The process forked: what lies here now is looked at by parent and child. The `child` places no more in it.
    pub fn forked(&mut self, child: bool) {
        self.shared = [true; 2];
        self.parents |= child;
    }

    /// Gives a forked child memory of its own behind the code that it has from its parent.
    fn part(&mut self) -> io::Result<()> {
        let (half, begin) = (self.size / 2, self.half * (self.size / 2));
        let apart = self.apart / PAGE * PAGE;
        let used = self.used.next_multiple_of(PAGE).min(apart);
        // A huge page begins where its object's would.
        let behind = (used + SMALL).next_multiple_of(HUGE).min(apart);
        for own in [used..behind, behind..apart] {
            if !own.is_empty() {
                self.put_object(begin + own.start..begin + own.end)?;
            }
        }
        // SAFETY: inside of our own mapping.
        unsafe {
            libc::mprotect(self.write.add(begin).cast(), used, libc::PROT_NONE);
            libc::mprotect(self.write.add(begin + apart).cast(), half - apart, libc::PROT_NONE);
        }
        self.begin_at(used);
        self.apart = apart;
        self.parents = false;
        Ok(())
    }

    /// Host addresses of executable code.
    pub fn range(&self) -> Range<u64> {
        self.exec as u64..self.exec as u64 + self.size as u64
    }

    /// Bytes placed in the current half.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Goes on at this offset of the current half, of which no page is there.
    fn begin_at(&mut self, used: usize) {
        (self.used, self.populated) = (used, used);
        self.small = used + SMALL;
    }

    /// Begins the other half, whose contents are given up.
    ///
    /// # Errors
    /// If there is no memory for it: then nothing is placed any more.
    pub fn swap_halves(&mut self) -> io::Result<()> {
        let half = self.size / 2;
        self.half ^= 1;
        self.parents = false;
        self.begin_at(half);
        self.apart = half;
        if self.shared[self.half] {
            self.put_object(self.half * half..(self.half + 1) * half)?;
            self.shared[self.half] = false;
        }
        self.begin_at(0);
        Ok(())
    }

    /// Reserves `len` bytes in front of what was reserved apart before, away from the other code: for what seldom runs.
    /// The host address; `None`: the half is full.
    pub fn reserve_apart(&mut self, len: usize) -> Option<u64> {
        if self.parents {
            self.part().ok()?;
        }
        self.apart = self.apart.checked_sub(len).filter(|start| *start >= self.used)?;
        Some(self.address(self.apart))
    }

    /// The host address of an offset in the current half.
    fn address(&self, offset: usize) -> u64 {
        self.exec as u64 + (self.half * (self.size / 2) + offset) as u64
    }

    /// Reserves `len` bytes in the current half; the host address. `None`: the half is full.
    pub fn reserve(&mut self, len: usize) -> Option<u64> {
        if self.parents {
            self.part().ok()?;
        }
        let mut start = self.used.next_multiple_of(ALIGN);
        if start + len > self.populated {
            start = self.populate(start, len)?;
        }
        self.used = start + len;
        Some(self.address(start))
    }

    /// Has pages made behind those that are there until `len` bytes from `start` on have theirs; where those begin,
    /// which may be farther behind. A fault for each page would cost more than what is written there.
    #[cold]
    fn populate(&mut self, mut start: usize, len: usize) -> Option<usize> {
        while start + len > self.populated {
            if start + len > self.apart {
                return None;
            }
            let huge = self.populated.next_multiple_of(HUGE);
            if self.huge && self.populated >= self.small && huge + HUGE <= self.apart {
                (start, self.populated) = (start.max(huge), huge);
                self.huge = self.make_huge_page(huge);
                if self.huge {
                    self.populated += HUGE;
                    continue;
                }
            }
            let chunk = POPULATED.min(self.size / 2 - self.populated);
            self.make_pages(self.populated, chunk);
            self.populated += chunk;
        }
        (start + len <= self.apart).then_some(start)
    }

    /// Has small pages made at this offset of the current half, in both views.
    fn make_pages(&self, at: usize, len: usize) {
        let offset = self.half * (self.size / 2) + at;
        // SAFETY: inside of both mappings. It is only advice: a kernel that does not know it lets pages fault.
        unsafe {
            libc::madvise(self.write.add(offset).cast(), len, libc::MADV_POPULATE_WRITE);
            libc::madvise(self.exec.add(offset).cast(), len, libc::MADV_POPULATE_READ);
        }
    }

    /// Has a huge page made there, where none is used yet. False: the kernel does not. A huge page costs what forty small
    /// ones do, since shared memory is made page by page and mapped twice; and code on it misses no TLB.
    fn make_huge_page(&self, at: usize) -> bool {
        // SAFETY: inside of the writable view, and nothing was written there.
        unsafe {
            let at = self.write.add(self.half * (self.size / 2) + at);
            // What is empty is not collapsed.
            at.write_volatile(0xcc);
            libc::madvise(at.cast(), HUGE, MADV_COLLAPSE) == 0
        }
    }

    /// Code at an executable address obtained from [`ExecMem::reserve`], to be written before it first runs.
    ///
    /// # Panics
    /// If the range does not lie in the cache: the caller's error.
    pub fn writable(&mut self, at: u64, len: usize) -> &mut [u8] {
        let offset = (at - self.exec as u64) as usize;
        assert!(offset + len <= self.size, "a write outside of the code cache");
        // SAFETY: in bounds of the writable view, which nothing else refers to.
        unsafe { std::slice::from_raw_parts_mut(self.write.add(offset), len) }
    }

    /// Code that was written.
    ///
    /// # Panics
    /// If the range does not lie in the cache: the caller's error.
    pub fn read(&self, at: u64, len: usize) -> &[u8] {
        let offset = (at - self.exec as u64) as usize;
        assert!(offset + len <= self.size, "a read outside of the code cache");
        // SAFETY: in bounds of the executable view, which can be read; it changes under `&mut self` only.
        unsafe { std::slice::from_raw_parts(self.exec.add(offset), len) }
    }
}

impl Drop for ExecMem {
    fn drop(&mut self) {
        // SAFETY: both ranges were mapped by `new` and are ours alone.
        unsafe {
            libc::munmap(self.exec.cast(), self.total);
            libc::munmap(self.write.cast(), self.size);
        }
    }
}

const ANON: libc::c_int = libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;

fn map(at: *mut u8, len: usize, prot: i32, flags: i32, fd: i32) -> io::Result<*mut u8> {
    // SAFETY: fixed mappings are made only over ranges that `ExecMem` reserved.
    let p = unsafe { libc::mmap(at.cast(), len, prot, flags, fd, 0) };
    if p == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(p.cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_written_is_executed_and_never_writable_there() {
        let mut mem = ExecMem::new(1 << 20, 4096).unwrap();
        let at = mem.reserve(6).unwrap();
        mem.writable(at, 6).copy_from_slice(&[0xb8, 42, 0, 0, 0, 0xc3]);
        // SAFETY: the bytes are `mov eax, 42; ret`.
        let f: extern "C" fn() -> u32 = unsafe { std::mem::transmute(at as usize) };
        assert_eq!(f(), 42);
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!maps.lines().any(|l| l.contains("rwx")), "{maps}");
        assert!(mem.reserve(1 << 19).is_none());
        mem.swap_halves().unwrap();
        assert!(mem.reserve(1 << 19).is_some());
        mem.swap_halves().unwrap();
        assert_eq!(mem.used(), 0);
    }

    /// `mov eax, n; ret`, placed and called.
    fn placed(mem: &mut ExecMem, n: u8) -> extern "C" fn() -> u32 {
        let at = mem.reserve(6).unwrap();
        mem.writable(at, 6).copy_from_slice(&[0xb8, n, 0, 0, 0, 0xc3]);
        // SAFETY: the bytes are a function.
        unsafe { std::mem::transmute(at as usize) }
    }

    #[test]
    fn a_forked_child_keeps_its_parents_code_and_parts_from_it() {
        let mut mem = ExecMem::new(1 << 20, 4096).unwrap();
        let old = placed(&mut mem, 1);
        let mut pipe = [0; 2];
        // SAFETY: the child uses nothing but its own memory and system calls, and ends at once.
        let child = unsafe {
            assert_eq!(libc::pipe(pipe.as_mut_ptr()), 0);
            libc::fork()
        };
        mem.forked(child == 0);
        if child == 0 {
            let own = placed(&mut mem, 2);
            // Wait for the parent to place at the same address, and to use both halves again.
            // SAFETY: a byte of ours.
            unsafe { libc::read(pipe[0], [0u8].as_mut_ptr().cast(), 1) };
            let right = old() == 1 && own() == 2;
            // SAFETY: ends the child.
            unsafe { libc::_exit(if right { 0 } else { 1 }) };
        }
        let parents = placed(&mut mem, 3);
        assert_eq!((old(), parents()), (1, 3));
        for _ in 0..2 {
            mem.swap_halves().unwrap();
            assert_eq!(placed(&mut mem, 4)(), 4);
        }
        let mut status = 0;
        // SAFETY: system calls on what was made above.
        unsafe {
            libc::write(pipe[1], [0u8].as_ptr().cast(), 1);
            libc::waitpid(child, &raw mut status, 0);
            for fd in pipe {
                libc::close(fd);
            }
        }
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status:#x}");
    }
}
