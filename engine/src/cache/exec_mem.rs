//! Executable memory: one shared memory object mapped twice, once writable, once executable.
//!
//! Beside the executable view, within the reach of 32-bit displacements, lies the table of link slots, plain data.
//! The object is used in two halves: when one is full, the other is begun and everything in the old one dropped.

use std::io;
use std::ptr;

/// A link slot: the code address that exits jump through, and how often baseline code may still go there.
#[repr(C)]
#[derive(Debug)]
pub struct LinkSlot {
    /// Host address, changed by single aligned stores.
    pub code: std::sync::atomic::AtomicU64,
    /// Executions left until the code counts as hot. Counted down by compiled code without a lock: threads may lose
    /// counts to each other.
    pub count: std::sync::atomic::AtomicI32,
    _pad: u32,
}

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
}

// SAFETY: the mappings are process-wide; all changes go through `&mut self`, link slots are atomics.
unsafe impl Send for ExecMem {}

/// Bytes whose pages are made at once.
const POPULATED: usize = 128 << 10;
/// Alignment of placed code in bytes.
const ALIGN: usize = 16;

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
        };
        mem.renew()?;
        Ok(mem)
    }

    /// Replaces the memory by a fresh object at the same addresses: what was placed is gone. A forked child
    /// calls this, since the object is shared with its parent.
    pub fn renew(&mut self) -> io::Result<()> {
        let (r, w, x) = (libc::PROT_READ, libc::PROT_WRITE, libc::PROT_EXEC);
        let fixed = libc::MAP_FIXED;
        // Not a file with a name: `perf` looks into its map of names for anonymous code only.
        map(self.exec, self.size, r | x, libc::MAP_SHARED | ANON | fixed, -1)?;
        self.map_again(r | w)?;
        let slot_bytes = self.slot_count * size_of::<LinkSlot>();
        map(self.slots.cast(), slot_bytes, r | w, libc::MAP_PRIVATE | ANON | fixed, -1)?;
        self.half = 0;
        self.used = 0;
        self.populated = 0;
        Ok(())
    }

    /// Maps the object of the executable view at the writable one too, with these rights.
    fn map_again(&self, rights: i32) -> io::Result<()> {
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        // SAFETY: both ranges are ours. An old size of 0 leaves the old mapping, which is shared, in its place.
        let done = unsafe {
            let write = self.write.cast();
            libc::mremap(self.exec.cast(), 0, self.size, flags, write) != libc::MAP_FAILED
                && libc::mprotect(write, self.size, rights) == 0
        };
        if done { Ok(()) } else { Err(io::Error::last_os_error()) }
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
    pub fn swap_halves(&mut self) {
        self.half ^= 1;
        self.used = 0;
        self.populated = 0;
    }

    /// Reserves `len` bytes in the current half; the host address. `None`: the half is full.
    pub fn reserve(&mut self, len: usize) -> Option<u64> {
        let start = self.used.next_multiple_of(ALIGN);
        if start + len > self.size / 2 {
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
            let offset = self.half * (self.size / 2) + self.populated;
            // SAFETY: inside of both mappings. It is only advice: a kernel that does not know it lets pages fault.
            unsafe {
                libc::madvise(self.write.add(offset).cast(), chunk, libc::MADV_POPULATE_WRITE);
                libc::madvise(self.exec.add(offset).cast(), chunk, libc::MADV_POPULATE_READ);
            }
            self.populated += chunk;
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

    /// Initialises a link slot.
    pub fn init_slot(&mut self, index: usize, code: u64, count: i32) {
        assert!(index < self.slot_count, "link slot {index} does not exist");
        let slot = LinkSlot { code: code.into(), count: count.into(), _pad: 0 };
        // SAFETY: in bounds; a slot is initialised before any code that uses it can run.
        unsafe { self.slots.add(index).write(slot) };
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
        mem.swap_halves();
        assert!(mem.reserve(1 << 19).is_some());
        mem.renew().unwrap();
        assert_eq!(mem.used(), 0);
    }
}
