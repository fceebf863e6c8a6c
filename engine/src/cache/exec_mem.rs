//! Executable memory: one shared memory object mapped twice, once writable, once executable.
//!
//! Beside the executable view, within the reach of 32-bit displacements, lies the table of link slots, plain data.
//! The object is used in two halves: when one is full, the other is begun and everything in the old one dropped.
//!
//! Invariant: what was placed is never written again (what changes lies in the slots, private to the process). So a
//! forked child goes on with its parent's code, in the same memory: it places its own behind that, in an object of its
//! own, and neither uses a half again that the other may look at, but puts a new object there.

use isamorph_backend_abi::slot::{LinkSlot, Prediction, nowhere};
use std::io;
use std::ptr;

/// Offset of the counter in a slot.
pub const COUNT_OFFSET: u64 = std::mem::offset_of!(LinkSlot, count) as u64;

/// The memory of the code cache.
#[derive(Debug)]
pub struct ExecMem {
    exec: *mut u8,
    write: *mut u8,
    slots: *mut LinkSlot,
    size: usize,
    slot_count: usize,
    half: usize,
    used: usize,
    /// Bytes of the current half whose pages are there in both views.
    populated: usize,
    /// What is placed apart begins here in the current half, and goes up to its end; and where its pages begin.
    apart: usize,
    apart_populated: usize,
    /// Halves that another process may look at.
    shared: [bool; 2],
    /// What is not used of the current half is the parent's.
    parents: bool,
}

// SAFETY: the mappings are process-wide; all changes go through `&mut self`, link slots are atomics.
unsafe impl Send for ExecMem {}

/// Bytes whose pages are made at once.
const POPULATED: usize = 128 << 10;
/// Mispredictions that the first prediction of a branch outlives.
const FIRST_PATIENCE: u32 = 8;
/// Alignment of placed code in bytes.
const ALIGN: usize = 16;
/// The host's pages.
const PAGE: usize = 4096;

impl ExecMem {
    /// Maps `size` bytes for code (two halves) and `slot_count` link slots.
    pub fn new(size: usize, slot_count: usize) -> io::Result<ExecMem> {
        let total = size + slot_count * size_of::<LinkSlot>();
        let reserved = map(ptr::null_mut(), total, libc::PROT_NONE, libc::MAP_PRIVATE | ANON, -1)?;
        let write = map(ptr::null_mut(), size, libc::PROT_NONE, libc::MAP_PRIVATE | ANON, -1)?;
        // SAFETY: `reserved` has `total` bytes.
        let slots = unsafe { reserved.add(size) }.cast();
        let mut mem = ExecMem {
            exec: reserved,
            write,
            slots,
            size,
            slot_count,
            half: 0,
            used: 0,
            populated: 0,
            apart: size / 2,
            apart_populated: size / 2,
            shared: [false; 2],
            parents: false,
        };
        mem.put_object(0..size)?;
        let slot_bytes = slot_count * size_of::<LinkSlot>();
        let (r, w) = (libc::PROT_READ, libc::PROT_WRITE);
        let flags = libc::MAP_PRIVATE | ANON | libc::MAP_FIXED;
        map(mem.slots.cast(), slot_bytes, r | w, flags, -1)?;
        Ok(mem)
    }

    /// Puts a fresh memory object at these offsets: what was placed there is gone.
    fn put_object(&mut self, at: std::ops::Range<usize>) -> io::Result<()> {
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
        if done { Ok(()) } else { Err(io::Error::last_os_error()) }
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
        if used < apart {
            self.put_object(begin + used..begin + apart)?;
        }
        // SAFETY: inside of our own mapping.
        unsafe {
            libc::mprotect(self.write.add(begin).cast(), used, libc::PROT_NONE);
            libc::mprotect(self.write.add(begin + apart).cast(), half - apart, libc::PROT_NONE);
        }
        (self.used, self.populated) = (used, used);
        (self.apart, self.apart_populated) = (apart, apart);
        self.parents = false;
        Ok(())
    }

    /// Host addresses of executable code.
    pub fn range(&self) -> std::ops::Range<u64> {
        self.exec as u64..self.exec as u64 + self.size as u64
    }

    /// Bytes placed in the current half.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Begins the other half, whose contents are given up.
    ///
    /// # Errors
    /// If there is no memory for it: then nothing is placed any more.
    pub fn swap_halves(&mut self) -> io::Result<()> {
        let half = self.size / 2;
        self.half ^= 1;
        self.parents = false;
        (self.used, self.populated) = (half, half);
        (self.apart, self.apart_populated) = (half, half);
        if self.shared[self.half] {
            self.put_object(self.half * half..(self.half + 1) * half)?;
            self.shared[self.half] = false;
        }
        (self.used, self.populated) = (0, 0);
        Ok(())
    }

    /// Reserves `len` bytes away from the other code, for what seldom runs; as [`ExecMem::reserve`].
    pub fn reserve_apart(&mut self, len: usize) -> Option<u64> {
        if self.parents {
            self.part().ok()?;
        }
        let start = self.apart.checked_sub(len).filter(|start| *start >= self.used)?;
        self.apart = start;
        while self.apart_populated > self.apart {
            let chunk = (POPULATED / 4).min(self.apart_populated);
            self.apart_populated -= chunk;
            self.make_pages(self.apart_populated, chunk);
        }
        Some(self.exec as u64 + (self.half * (self.size / 2) + start) as u64)
    }

    /// Reserves `len` bytes in the current half; the host address. `None`: the half is full.
    pub fn reserve(&mut self, len: usize) -> Option<u64> {
        if self.parents {
            self.part().ok()?;
        }
        let start = self.used.next_multiple_of(ALIGN);
        if start + len > self.apart {
            return None;
        }
        self.used = start + len;
        self.populate();
        Some(self.exec as u64 + (self.half * (self.size / 2) + start) as u64)
    }

    /// Has the pages of what is reserved made in both views, many at once: a fault for each would cost more than what
    /// is written there.
    fn populate(&mut self) {
        while self.populated < self.used {
            let chunk = POPULATED.min(self.size / 2 - self.populated);
            self.make_pages(self.populated, chunk);
            self.populated += chunk;
        }
    }

    /// Has pages of the current half made.
    fn make_pages(&self, at: usize, len: usize) {
        let offset = self.half * (self.size / 2) + at;
        // SAFETY: inside of both mappings. It is only advice: a kernel that does not know it lets pages fault.
        unsafe {
            libc::madvise(self.write.add(offset).cast(), len, libc::MADV_POPULATE_WRITE);
            libc::madvise(self.exec.add(offset).cast(), len, libc::MADV_POPULATE_READ);
        }
    }

    /// Writes code at an executable address obtained from [`ExecMem::reserve`].
    ///
    /// # Panics
    /// If the range does not lie in the cache: the caller's error.
    pub fn write(&mut self, at: u64, bytes: &[u8]) {
        let offset = (at - self.exec as u64) as usize;
        assert!(offset + bytes.len() <= self.size, "a write outside of the code cache");
        // SAFETY: in bounds of the writable view, which nothing else refers to.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.write.add(offset), bytes.len()) };
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

    /// The number of link slots.
    pub fn slot_count(&self) -> usize {
        self.slot_count
    }

    /// A link slot.
    pub fn slot(&self, index: usize) -> &LinkSlot {
        assert!(index < self.slot_count, "link slot {index} does not exist");
        // SAFETY: in bounds; the table lives as long as the mapping, its words are atomics (or written under
        // `&mut self` before the slot is used).
        unsafe { &*self.slots.add(index) }
    }

    /// Initialises the link slot of a guest address, leading to its thunk.
    pub fn init_slot(&mut self, index: usize, pc: u64, thunk: u64, count: i32) {
        assert!(index < self.slot_count, "link slot {index} does not exist");
        let slot = LinkSlot { code: thunk.into(), pc, count: count.into(), thunk: thunk as u32 };
        // SAFETY: in bounds; a slot is initialised before any code that uses it can run.
        unsafe { self.slots.add(index).write(slot) };
    }

    /// Makes a slot the prediction for the branch at this address.
    pub fn init_prediction(&mut self, index: usize, site: u64) {
        assert!(index < self.slot_count, "link slot {index} does not exist");
        let slot = std::ptr::from_ref(nowhere()) as u64;
        let made =
            Prediction { slot: slot.into(), site, patience: 0.into(), next: FIRST_PATIENCE.into() };
        // SAFETY: in bounds and as large as a slot; it is initialised before any code that uses it can run.
        unsafe { self.slots.add(index).cast::<Prediction>().write(made) };
    }

    /// The prediction in a slot that is one.
    pub fn prediction(&self, index: usize) -> &Prediction {
        assert!(index < self.slot_count, "link slot {index} does not exist");
        // SAFETY: in bounds; both forms of a slot are plain words of the same sizes.
        unsafe { &*self.slots.add(index).cast::<Prediction>() }
    }

    /// The slot at this host address.
    pub fn slot_at(&self, address: u64) -> Option<usize> {
        let index = address.checked_sub(self.slots as u64)? as usize / size_of::<LinkSlot>();
        (index < self.slot_count).then_some(index)
    }

    /// The slot whose counter lies at this host address.
    pub fn slot_of_counter(&self, address: u64) -> Option<usize> {
        let offset = address.checked_sub(self.slots as u64 + COUNT_OFFSET)? as usize;
        let index = offset / size_of::<LinkSlot>();
        (index < self.slot_count).then_some(index)
    }

    /// Host address of a link slot.
    pub fn slot_addr(&self, index: usize) -> u64 {
        self.slots as u64 + (index * size_of::<LinkSlot>()) as u64
    }
}

impl Drop for ExecMem {
    fn drop(&mut self) {
        let total = self.size + self.slot_count * size_of::<LinkSlot>();
        // SAFETY: both ranges were mapped by `new` and are ours alone.
        unsafe {
            libc::munmap(self.exec.cast(), total);
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
        let mut mem = ExecMem::new(1 << 20, 16).unwrap();
        let at = mem.reserve(6).unwrap();
        mem.write(at, &[0xb8, 42, 0, 0, 0, 0xc3]);
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
        mem.write(at, &[0xb8, n, 0, 0, 0, 0xc3]);
        // SAFETY: the bytes are a function.
        unsafe { std::mem::transmute(at as usize) }
    }

    #[test]
    fn a_forked_child_keeps_its_parents_code_and_parts_from_it() {
        let mut mem = ExecMem::new(1 << 20, 16).unwrap();
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
