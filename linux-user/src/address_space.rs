//! A guest address space on the host: the only place that maps, unmaps and protects guest memory.
//!
//! Guest address = host address. The [`VmaMap`] says what the guest has; this carries it out with the
//! host kernel, only ever inside ranges that are the guest's: a range is claimed by
//! `MAP_FIXED_NOREPLACE` before it is recorded, so the emulator's own memory is never replaced.
//!
//! Invariants: host mapping and map agree when the lock is free; host protection is
//! [`Prot::host_bits`] of the guest's. Lock order: engine locks, then this lock; so nothing here calls the
//! engine: methods that make code stale return [`Stale`], and the caller invalidates with no lock held.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use isamorph_ir::{CodeImage, CodeSource};
use linux_raw_sys::general as sys;

use crate::errno::{Errno, SysResult};
use crate::memory::GuestMemory;
use crate::vma::{Backing, PAGE, Prot, Vma, VmaMap, page_down, page_up};

/// Where things lie in a guest's address space. Deterministic: the guest has no address randomisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Lowest address the guest may map.
    pub lowest: u64,
    /// Address after the highest that the guest may map (`TASK_SIZE`).
    pub limit: u64,
    /// Load address of position-independent programs.
    pub pie_base: u64,
    /// Top of the main stack. Mappings without a wish go below the stack, downwards.
    pub stack_top: u64,
    /// Lowest address that is chosen when the guest has no wish.
    pub free_bottom: u64,
    /// Where programs and libraries go that have no wish: each to a place that its size decides, so that compiled code
    /// of a library fits every program that uses it.
    pub libraries: Range<u64>,
}

impl Plan {
    /// For a 64-bit guest: it may map everything below 2^47, and what it leaves to us lies away from where
    /// an x86-64 Linux places the emulator (0x5555.. to 0x5655.. its image and heap, 0x7f.. downwards its
    /// libraries and stacks; from 0x2aaa.. upwards under `vm.legacy_va_layout`).
    pub const WIDE: Plan = Plan {
        lowest: 0x1_0000,
        limit: 1 << 47,
        pie_base: 0x1000_0000_0000,
        stack_top: 0x2a00_0000_0000,
        free_bottom: 0x1100_0000_0000,
        libraries: 0x1800_0000_0000..0x1900_0000_0000,
    };
}

/// Guest code in this range is gone or changed: translations of it must be dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "pass it to Process::invalidate"]
pub struct Stale(pub Option<Range<u64>>);

impl Stale {
    /// Nothing became stale.
    pub const NOTHING: Stale = Stale(None);
}

/// What `mmap` asks for, flags as asm-generic has them.
#[derive(Clone, Copy, Debug)]
pub struct MapRequest {
    /// Wished or fixed address.
    pub addr: u64,
    /// Length in bytes, not yet rounded.
    pub len: u64,
    /// Guest protection.
    pub prot: Prot,
    /// `MAP_*`.
    pub flags: u32,
    /// File descriptor, if not anonymous.
    pub fd: i32,
    /// File offset.
    pub offset: u64,
}

/// `MAP_*` flags that are handed to the host; all have the same value on every architecture with
/// asm-generic flags.
const HOST_FLAGS: u32 = sys::MAP_SHARED
    | sys::MAP_PRIVATE
    | sys::MAP_SHARED_VALIDATE
    | sys::MAP_ANONYMOUS
    | sys::MAP_LOCKED
    | sys::MAP_NORESERVE
    | sys::MAP_POPULATE
    | sys::MAP_NONBLOCK
    | sys::MAP_STACK
    | sys::MAP_HUGETLB
    | sys::MAP_SYNC
    | (sys::MAP_HUGE_MASK << sys::MAP_HUGE_SHIFT);

const HUGE_PAGE: u64 = 2 << 20;

/// The address space.
#[derive(Debug)]
pub struct AddressSpace {
    plan: Plan,
    memory: GuestMemory,
    /// There is, was or will be a guarded page.
    guards: AtomicBool,
    state: RwLock<State>,
}

/// What the lock guards. A child of `fork` inherits it whole, because the forking thread holds the lock.
#[derive(Clone, Debug, Default)]
pub struct State {
    map: VmaMap,
    brk_start: u64,
    brk: u64,
    /// Upper end of the area where mappings without a wish go.
    free_top: u64,
    /// The file mapped last, and its path.
    last_file: Option<(FileStamp, Arc<Path>)>,
}

/// Tells a file from others that have or had its inode, and from itself under another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileStamp {
    dev: u64,
    inode: u64,
    /// When the inode was last changed: made, renamed, linked.
    changed: (i64, i64),
}

impl FileStamp {
    fn of(fd: i32) -> Result<FileStamp, Errno> {
        // SAFETY: a zeroed stat buffer of ours, filled by the kernel.
        let stat = unsafe {
            let mut stat = std::mem::zeroed::<libc::stat>();
            if libc::fstat(fd, &mut stat) != 0 {
                return Err(Errno::last());
            }
            stat
        };
        let changed = (stat.st_ctime, stat.st_ctime_nsec);
        Ok(FileStamp { dev: stat.st_dev, inode: stat.st_ino, changed })
    }
}

/// A host `mmap` at a fixed address that the guest owns.
fn host_map(at: u64, len: u64, prot: u32, flags: u32, fd: i32, offset: u64) -> SysResult {
    let args = [at, len, prot as u64, flags as u64, fd as u64, offset];
    // SAFETY: callers pass MAP_FIXED only over ranges recorded as the guest's, else MAP_FIXED_NOREPLACE.
    unsafe { crate::host::syscall(sys::__NR_mmap, args) }
}

/// A host `mmap` over a range that is nobody's: `ENOMEM` if some of it is.
fn map_free(range: &Range<u64>, prot: u32, flags: u32, fd: i32, offset: u64) -> Result<(), Errno> {
    let len = range.end - range.start;
    match host_map(range.start, len, prot, flags | sys::MAP_FIXED_NOREPLACE, fd, offset) {
        Ok(at) if at == range.start => Ok(()),
        // A kernel older than 4.17 ignores NOREPLACE.
        Ok(at) => {
            let _ = host_range(sys::__NR_munmap, &(at..at + len), 0);
            Err(Errno::ENOMEM)
        }
        Err(Errno::EEXIST) => Err(Errno::ENOMEM),
        Err(error) => Err(error),
    }
}

/// A host call over a range that the guest owns.
fn host_range(number: u32, range: &Range<u64>, arg: u64) -> SysResult {
    let args = [range.start, range.end - range.start, arg, 0, 0, 0];
    // SAFETY: callers pass ranges recorded as the guest's.
    unsafe { crate::host::syscall(number, args) }
}

fn span(addr: u64, len: u64) -> Option<Range<u64>> {
    let end = addr.checked_add(page_up(len)?)?;
    Some(addr..end)
}

impl State {
    /// The areas.
    pub fn map(&self) -> &VmaMap {
        &self.map
    }

    /// Makes every page of `range` the guest's: what is not yet is reserved without access. The parts that
    /// were added, or `ENOMEM` if some of it is the emulator's own.
    fn claim(&self, range: Range<u64>) -> Result<Vec<Range<u64>>, Errno> {
        let mut claimed: Vec<Range<u64>> = Vec::new();
        for gap in self.map.gaps(range) {
            let flags = sys::MAP_PRIVATE | sys::MAP_ANONYMOUS | sys::MAP_NORESERVE;
            if map_free(&gap, 0, flags, -1, 0).is_err() {
                State::release(claimed);
                return Err(Errno::ENOMEM);
            }
            claimed.push(gap);
        }
        Ok(claimed)
    }

    /// Path, device and inode of a file that is mapped, for the map. What maps one part of a file goes on with others:
    /// the kernel is asked for a path once.
    fn file_backing(&mut self, stamp: FileStamp, fd: i32, offset: u64) -> Backing {
        let known = self.last_file.as_ref().filter(|(last, _)| *last == stamp);
        let path = known.map(|(_, path)| path.clone()).unwrap_or_else(|| {
            let link = format!("/proc/self/fd/{fd}");
            std::fs::read_link(link).unwrap_or_else(|_| PathBuf::new()).into()
        });
        self.last_file = Some((stamp, path.clone()));
        Backing::File { path, offset, dev: stamp.dev, inode: stamp.inode }
    }

    fn release(claimed: Vec<Range<u64>>) {
        for range in claimed {
            let _ = host_range(sys::__NR_munmap, &range, 0);
        }
    }

    fn stale(&self, range: Range<u64>) -> Stale {
        Stale(self.map.has_code(range.clone()).then_some(range))
    }

    /// Whether nothing of the guest's or of ours lies there.
    fn is_free(&self, range: &Range<u64>) -> bool {
        if self.map.overlapping(range.clone()).next().is_some() {
            return false;
        }
        // Only tried out: the caller claims it again under the same lock.
        self.claim(range.clone()).map(State::release).is_ok()
    }

    fn choose(&self, plan: &Plan, len: u64, align: u64) -> Option<u64> {
        self.map.gap_below(plan.free_bottom..self.free_top, len, align)
    }
}

impl AddressSpace {
    /// An empty address space.
    pub fn new(plan: Plan) -> AddressSpace {
        let state = State { free_top: plan.stack_top, ..State::default() };
        let (memory, guards) = (GuestMemory::default(), AtomicBool::new(false));
        AddressSpace { plan, memory, guards, state: RwLock::new(state) }
    }

    /// A guarded page is about to be there. Was or will one be already?
    pub fn expect_guards(&self) -> bool {
        self.guards.swap(true, Ordering::AcqRel)
    }

    /// Is there, was there or will there be a guarded page?
    pub fn has_guards(&self) -> bool {
        self.guards.load(Ordering::Acquire)
    }

    /// Its plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where a library goes whose mapping has so many bytes. Two of the same size want the same place: the second goes
    /// where there is room.
    pub fn library_place(&self, len: u64) -> u64 {
        /// Places are so far apart, which suits every alignment that linkers use.
        const PLACE: u64 = 2 << 20;
        let Range { start, end } = self.plan.libraries;
        let hash = len.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        start + hash % ((end - start) / PLACE) * PLACE
    }

    /// The wish of a request without one: the dynamic linker's, for a library. It reserves room for all of one, or
    /// maps the file itself.
    fn own_wish(&self, request: &MapRequest, len: u64) -> Option<u64> {
        let MapRequest { addr, prot, flags, fd, offset, .. } = *request;
        let private = flags & sys::MAP_TYPE == sys::MAP_PRIVATE;
        let other = sys::MAP_NORESERVE | sys::MAP_STACK | sys::MAP_HUGETLB | sys::MAP_GROWSDOWN;
        if addr != 0 || !private || flags & other != 0 || offset != 0 {
            return None;
        }
        let library = if flags & sys::MAP_ANONYMOUS != 0 {
            prot == Prot::NONE
        } else {
            let mut head = [0; 4];
            // SAFETY: the buffer is ours.
            let n = unsafe { libc::pread(fd, head.as_mut_ptr().cast(), head.len(), 0) };
            n == 4 && crate::elf::is_elf(&head)
        };
        library.then(|| self.library_place(len))
    }

    /// The areas, for reading. Holds off every change: be short.
    pub fn lock(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The exclusive lock; `fork` holds it so that the child finds it free.
    pub(crate) fn lock_exclusive(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A copy of all areas, ascending, for `/proc/self/maps`.
    pub fn areas(&self) -> Vec<Vma> {
        self.lock().map.iter().cloned().collect()
    }

    fn allowed(&self, range: &Range<u64>) -> bool {
        range.start >= self.plan.lowest && range.end <= self.plan.limit
    }

    /// `mmap`.
    pub fn map(&self, request: MapRequest) -> Result<(u64, Stale), Errno> {
        use sys::{MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_HUGETLB, MAP_TYPE};
        let MapRequest { addr, prot, flags, fd, offset, .. } = request;
        if !offset.is_multiple_of(PAGE) || request.len == 0 {
            return Err(Errno::EINVAL);
        }
        let shared = match flags & MAP_TYPE {
            sys::MAP_PRIVATE => false,
            sys::MAP_SHARED | sys::MAP_SHARED_VALIDATE => true,
            _ => return Err(Errno::EINVAL),
        };
        let len = page_up(request.len).filter(|&l| l <= self.plan.limit).ok_or(Errno::ENOMEM)?;
        let anonymous = flags & MAP_ANONYMOUS != 0;
        let file = if anonymous { None } else { Some(FileStamp::of(fd)?) };
        let fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) != 0;
        let own_wish = if fixed { None } else { self.own_wish(&request, len) };

        let mut state = self.lock_exclusive();
        let range = if fixed {
            if !addr.is_multiple_of(PAGE) {
                return Err(Errno::EINVAL);
            }
            let range = span(addr, len).ok_or(Errno::ENOMEM)?;
            if range.start < self.plan.lowest {
                return Err(Errno::EPERM);
            }
            if range.end > self.plan.limit {
                return Err(Errno::ENOMEM);
            }
            if flags & MAP_FIXED_NOREPLACE != 0 && state.map.overlapping(range.clone()).count() != 0
            {
                return Err(Errno::EEXIST);
            }
            range
        } else {
            let huge = flags & MAP_HUGETLB != 0 || (anonymous && len.is_multiple_of(HUGE_PAGE));
            let wish = own_wish.unwrap_or(page_down(addr));
            self.place(&state, wish, len, if huge { HUGE_PAGE } else { PAGE })?
        };
        let stale = state.stale(range.clone());
        let host_flags = flags & HOST_FLAGS;
        let bits = prot.host_bits();
        if state.map.overlapping(range.clone()).next().is_none() {
            // One call for what is nobody's yet.
            map_free(&range, bits, host_flags, fd, offset)?;
        } else {
            let claimed = state.claim(range.clone())?;
            if let Err(error) = host_map(range.start, len, bits, host_flags | MAP_FIXED, fd, offset)
            {
                State::release(claimed);
                return Err(error);
            }
        }
        let backing = match file {
            None => Backing::Anonymous(""),
            Some(stamp) => state.file_backing(stamp, fd, offset),
        };
        state.map.insert(Vma { start: range.start, end: range.end, prot, shared, backing });
        Ok((range.start, stale))
    }

    /// An address for `len` bytes: the wish if it is free, else the highest gap.
    fn place(&self, state: &State, wish: u64, len: u64, align: u64) -> Result<Range<u64>, Errno> {
        if wish != 0
            && let Some(range) = span(wish, len)
            && self.allowed(&range)
            && state.is_free(&range)
        {
            return Ok(range);
        }
        let start = state.choose(&self.plan, len, align).ok_or(Errno::ENOMEM)?;
        Ok(start..start + len)
    }

    /// Gives `make` an address for `len` bytes (the wish if it is free), lets it map something there by
    /// `MAP_FIXED`-like means, and records it: for `shmat`. `make` gets the address of a reservation.
    pub fn attach(
        &self,
        wish: u64,
        len: u64,
        prot: Prot,
        backing: Backing,
        make: impl FnOnce(u64) -> Result<(), Errno>,
    ) -> Result<u64, Errno> {
        let len = page_up(len).filter(|&l| l != 0).ok_or(Errno::EINVAL)?;
        let mut state = self.lock_exclusive();
        let range = self.place(&state, wish, len, PAGE)?;
        let claimed = state.claim(range.clone())?;
        if let Err(error) = make(range.start) {
            State::release(claimed);
            return Err(error);
        }
        let Range { start, end } = range;
        state.map.insert(Vma { start, end, prot, shared: true, backing });
        Ok(start)
    }

    /// Gives back what [`Self::attach`] placed at `addr`, by `unmake`: for `shmdt`.
    pub fn detach(
        &self,
        addr: u64,
        unmake: impl FnOnce(u64) -> Result<(), Errno>,
    ) -> Result<Stale, Errno> {
        let mut state = self.lock_exclusive();
        let area = state.map.find(addr).filter(|a| a.start == addr);
        let range = match area {
            Some(area) if matches!(area.backing, Backing::SysV(_)) => area.range(),
            _ => return Err(Errno::EINVAL),
        };
        unmake(addr)?;
        let stale = state.stale(range.clone());
        state.map.remove(range);
        Ok(stale)
    }

    /// `munmap`.
    pub fn unmap(&self, addr: u64, len: u64) -> Result<Stale, Errno> {
        let range = span(addr, len).ok_or(Errno::EINVAL)?;
        if !addr.is_multiple_of(PAGE) || range.is_empty() || range.end > self.plan.limit {
            return Err(Errno::EINVAL);
        }
        let mut state = self.lock_exclusive();
        let stale = state.stale(range.clone());
        for part in state.map.parts(range) {
            host_range(sys::__NR_munmap, &part.range(), 0)?;
            state.map.remove(part.range());
        }
        Ok(stale)
    }

    /// `mprotect`. Linux changes what lies before a hole and then reports `ENOMEM`; so does this.
    pub fn protect(&self, addr: u64, len: u64, prot: Prot) -> (SysResult, Stale) {
        let Some(range) = span(addr, len) else { return (Err(Errno::ENOMEM), Stale::NOTHING) };
        if !addr.is_multiple_of(PAGE) {
            return (Err(Errno::EINVAL), Stale::NOTHING);
        }
        let mut state = self.lock_exclusive();
        let first_gap = state.map.gaps(range.clone()).first().cloned();
        let mapped = range.start..first_gap.as_ref().map_or(range.end, |gap| gap.start);
        if mapped.is_empty() {
            let result = if range.is_empty() { Ok(0) } else { Err(Errno::ENOMEM) };
            return (result, Stale::NOTHING);
        }
        let stale = state.stale(mapped.clone());
        if let Err(error) = host_range(sys::__NR_mprotect, &mapped, prot.host_bits() as u64) {
            return (Err(error), stale);
        }
        state.map.protect(mapped, prot);
        (if first_gap.is_some() { Err(Errno::ENOMEM) } else { Ok(0) }, stale)
    }

    /// `mremap`.
    pub fn remap(
        &self,
        old: u64,
        old_len: u64,
        new_len: u64,
        flags: u32,
        new_addr: u64,
    ) -> Result<(u64, Stale), Errno> {
        use sys::{MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE};
        let may_move = flags & MREMAP_MAYMOVE != 0;
        let keep_old = flags & MREMAP_DONTUNMAP != 0;
        let fixed = flags & MREMAP_FIXED != 0;
        if flags & !(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) != 0
            || ((fixed || keep_old) && !may_move)
            || (keep_old && old_len != new_len)
            || !old.is_multiple_of(PAGE)
        {
            return Err(Errno::EINVAL);
        }
        let from = span(old, old_len).ok_or(Errno::EINVAL)?;
        let len = page_up(new_len).filter(|&l| l != 0).ok_or(Errno::EINVAL)?;
        let mut state = self.lock_exclusive();
        let area = state.map.find(old).cloned().ok_or(Errno::EFAULT)?;
        if from.end > area.end {
            return Err(Errno::EFAULT);
        }
        let stale = state.stale(from.clone());
        let old_len = from.end - from.start;

        if !fixed && !keep_old && len <= old_len {
            let tail = old + len..from.end;
            if !tail.is_empty() {
                host_range(sys::__NR_munmap, &tail, 0)?;
                state.map.remove(tail);
            }
            return Ok((old, stale));
        }
        let moved_area = |at: u64| Vma {
            start: at,
            end: at + len,
            backing: area.backing_at(old),
            ..area.clone()
        };
        if !fixed && !keep_old && from.end == area.end {
            let grown = span(old, len).ok_or(Errno::ENOMEM)?;
            let extra = from.end..grown.end;
            // The host grows it in place if the pages behind are free there too.
            if old_len != 0
                && self.allowed(&grown)
                && state.map.overlapping(extra).next().is_none()
                && host_remap(&from, len, 0, 0).is_ok()
            {
                state.map.insert(moved_area(old));
                return Ok((old, stale));
            }
        }
        if !may_move {
            return Err(Errno::ENOMEM);
        }
        let to = if fixed {
            let to = span(new_addr, len).ok_or(Errno::EINVAL)?;
            let overlaps = to.start < from.end && from.start < to.end;
            if !new_addr.is_multiple_of(PAGE) || !self.allowed(&to) || overlaps {
                return Err(Errno::EINVAL);
            }
            to
        } else {
            self.place(&state, 0, len, PAGE)?
        };
        let replaced = state.stale(to.clone());
        let claimed = state.claim(to.clone())?;
        let host_flags = MREMAP_MAYMOVE | MREMAP_FIXED | (flags & MREMAP_DONTUNMAP);
        if let Err(error) = host_remap(&from, len, host_flags, to.start) {
            State::release(claimed);
            return Err(error);
        }
        if !keep_old && old_len != 0 {
            state.map.remove(from);
        }
        state.map.insert(moved_area(to.start));
        Ok((to.start, join(stale, replaced)))
    }

    /// Sets where the heap begins: after the program's image.
    pub fn set_brk_start(&self, addr: u64) {
        let mut state = self.lock_exclusive();
        let start = page_up(addr).unwrap_or(addr);
        state.brk_start = start;
        state.brk = start;
    }

    /// `brk`: the new end of the heap, or the old one if it cannot be as wished.
    pub fn brk(&self, wish: u64) -> (u64, Stale) {
        let mut state = self.lock_exclusive();
        let old = state.brk;
        let (Some(old_end), Some(new_end)) = (page_up(old), page_up(wish)) else {
            return (old, Stale::NOTHING);
        };
        if wish < state.brk_start || new_end > self.plan.limit {
            return (old, Stale::NOTHING);
        }
        let mut stale = Stale::NOTHING;
        if new_end > old_end {
            let grown = old_end..new_end;
            // Linux keeps a page free between the heap and the next mapping.
            let free = state.map.overlapping(old_end..new_end + PAGE).next().is_none();
            if !free || state.claim(grown.clone()).is_err() {
                return (old, Stale::NOTHING);
            }
            if host_range(sys::__NR_mprotect, &grown, Prot::RW.host_bits() as u64).is_err() {
                State::release(vec![grown]);
                return (old, Stale::NOTHING);
            }
            state.map.insert(Vma {
                start: old_end,
                end: new_end,
                prot: Prot::RW,
                shared: false,
                backing: Backing::Anonymous("[heap]"),
            });
        } else if new_end < old_end {
            let gone = new_end..old_end;
            stale = state.stale(gone.clone());
            for part in state.map.parts(gone) {
                let _ = host_range(sys::__NR_munmap, &part.range(), 0);
                state.map.remove(part.range());
            }
        }
        state.brk = wish;
        (wish, stale)
    }

    /// Start and current end of the heap.
    pub fn heap(&self) -> Range<u64> {
        let state = self.lock();
        state.brk_start..state.brk
    }

    /// Maps the main stack of `size` bytes below the plan's top; the guard pages below it stay unmapped.
    /// Mappings without a wish go below both from now on.
    pub fn map_stack(&self, size: u64, prot: Prot) -> Result<Range<u64>, Errno> {
        /// Pages kept free below the stack, as the kernel's `stack_guard_gap`.
        const GUARD: u64 = 256 * PAGE;
        let range = self.plan.stack_top - size..self.plan.stack_top;
        let mut state = self.lock_exclusive();
        if state.map.overlapping(range.clone()).next().is_some() {
            return Err(Errno::EEXIST);
        }
        state.claim(range.clone())?;
        host_range(sys::__NR_mprotect, &range, prot.host_bits() as u64)?;
        state.map.insert(Vma {
            start: range.start,
            end: range.end,
            prot,
            shared: false,
            backing: Backing::Anonymous("[stack]"),
        });
        state.free_top = range.start - GUARD;
        Ok(range)
    }

    /// Maps one anonymous page with these bytes that the guest may read and execute, under `label`: the
    /// signal trampoline, which the kernel's vDSO would hold.
    pub fn map_code_page(&self, label: &'static str, bytes: &[u8]) -> Result<u64, Errno> {
        let mut state = self.lock_exclusive();
        let start = state.choose(&self.plan, PAGE, PAGE).ok_or(Errno::ENOMEM)?;
        let range = start..start + PAGE;
        state.claim(range.clone())?;
        host_range(sys::__NR_mprotect, &range, Prot::RW.host_bits() as u64)?;
        self.memory.write_bytes(start, bytes)?;
        host_range(sys::__NR_mprotect, &range, Prot::RX.host_bits() as u64)?;
        let backing = Backing::Anonymous(label);
        state.map.insert(Vma { start, end: range.end, prot: Prot::RX, shared: false, backing });
        Ok(start)
    }

    /// Calls `act` on each mapped part of `range`; `ENOMEM` at the end if there were holes, as the
    /// kernel's walks over areas do.
    pub fn for_each_part(
        &self,
        range: Range<u64>,
        mut act: impl FnMut(&Vma) -> Result<(), Errno>,
    ) -> SysResult {
        let state = self.lock();
        for part in state.map.parts(range.clone()) {
            act(&part)?;
        }
        if state.map.covers(range) { Ok(0) } else { Err(Errno::ENOMEM) }
    }
}

fn join(a: Stale, b: Stale) -> Stale {
    match (a.0, b.0) {
        // One range over both: what lies between is translated anew, no more.
        (Some(a), Some(b)) => Stale(Some(a.start.min(b.start)..a.end.max(b.end))),
        (a, b) => Stale(a.or(b)),
    }
}

fn host_remap(from: &Range<u64>, new_len: u64, flags: u32, to: u64) -> SysResult {
    let args = [from.start, from.end - from.start, new_len, flags as u64, to, 0];
    // SAFETY: both ranges are the guest's by the map, or free and grown in place by the kernel.
    unsafe { crate::host::syscall(sys::__NR_mremap, args) }
}

impl Drop for AddressSpace {
    fn drop(&mut self) {
        let mut whole = 0..0;
        for area in self.areas() {
            if area.start != whole.end {
                let _ = host_range(sys::__NR_munmap, &whole, 0);
                whole.start = area.start;
            }
            whole.end = area.end;
        }
        let _ = host_range(sys::__NR_munmap, &whole, 0);
    }
}

impl CodeSource for AddressSpace {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        // Held while reading, so that nothing is unmapped meanwhile.
        let state = self.lock();
        let mut end = addr;
        let wanted = addr.saturating_add(buf.len() as u64);
        while end < wanted {
            match state.map.code_end(end) {
                Some(of_area) => end = of_area,
                None => break,
            }
        }
        let executable = (end.min(wanted) - addr) as usize;
        // A page may still have no file behind it.
        self.memory.read_some(addr, &mut buf[..executable])
    }

    fn guarded(&self, addr: u64) -> bool {
        self.lock().map.find(addr).is_some_and(|area| area.prot.contains(Prot::GUARDED))
    }

    fn image(&self, addr: u64) -> Option<CodeImage> {
        let state = self.lock();
        let code = state.map.find(addr)?;
        let Backing::File { path, offset, dev, inode } = &code.backing else { return None };
        if code.shared || !code.prot.contains(Prot::EXEC) || code.prot.contains(Prot::WRITE) {
            return None;
        }
        let base = code.start.checked_sub(*offset)?;
        // The file's first page tells most of it: its headers and the linker's build id. Where it is not mapped, the
        // first page of the code has to do.
        let same = |b: &Backing| matches!(b, Backing::File { dev: d, inode: i, offset: 0, .. } if (d, i) == (dev, inode));
        let first = state.map.find(base).filter(|v| v.start == base && same(&v.backing));
        let mut head = vec![0; PAGE as usize];
        let there = self.memory.read_some(first.map_or(code.start, |v| v.start), &mut head);
        head.truncate(there);
        let (guarded, name) = (code.prot.contains(Prot::GUARDED), path.display().to_string());
        Some(CodeImage { range: code.start..code.end, base, head, guarded, name })
    }
}

#[cfg(test)]
mod tests;
