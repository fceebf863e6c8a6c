//! The follower's copy of the leader's memory, page by page, as the guest touches it.
//!
//! A page comes from the leader when the guest first touches it, read-only; the first store to it keeps what it held
//! before. So what a run of instructions changed is known exactly, can be compared, and can be taken back. Between
//! runs, what the leader's system calls wrote is taken over.
//!
//! Invariants: the leader waits while pages are taken from it; a page in the table is mapped, writable if and only if
//! it is dirty; guest memory is touched through the engine's access routines and by compiled code only, with no lock
//! held, so that the signal handler may take the table's. The table is the handler's one anchor.

use crate::channel::Area;
use isamorph_engine::fault;
use isamorph_engine::mem::user::UserMemory;
use isamorph_ir::CodeSource;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of a page.
pub const PAGE: u64 = 4096;

/// A page's bytes.
pub type Bytes = Box<[u8; PAGE as usize]>;

const WRITE: u32 = libc::PROT_WRITE as u32;
const EXEC: u32 = libc::PROT_EXEC as u32;
/// Guarded pages ([`isamorph_linux_user::vma::Prot::GUARDED`]).
const GUARDED: u32 = 16;

/// Whose memory is followed.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The process.
    pub pid: i32,
    /// Where guest address 0 lies in it.
    pub base: u64,
}

impl Source {
    /// Reads as much as is there; the number of bytes.
    pub fn read(&self, addr: u64, buf: &mut [u8]) -> usize {
        let local = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
        let at = self.base.wrapping_add(addr) as usize as *mut libc::c_void;
        let remote = libc::iovec { iov_base: at, iov_len: buf.len() };
        // SAFETY: writes to `buf` alone; the kernel checks the other process's addresses.
        let got = unsafe { libc::process_vm_readv(self.pid, &local, 1, &remote, 1, 0) };
        got.max(0) as usize
    }
}

/// Bytes at an address that differ, or that a run changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Address of the first.
    pub addr: u64,
    /// On one side, or before.
    pub left: Vec<u8>,
    /// On the other side, or after.
    pub right: Vec<u8>,
}

/// Contents of the pages that a run changed, by address.
pub type Image = BTreeMap<u64, Bytes>;

/// The table.
pub struct Pages {
    source: Source,
    areas: Vec<Area>,
    /// By address; of a dirty page what it held before.
    pages: BTreeMap<u64, Option<Bytes>>,
}

static PAGES: Mutex<Option<Pages>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<Pages>> {
    PAGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to follow a process: from now on faults of this process's guest accesses are answered from it.
pub fn follow(source: Source) {
    let mut table = lock();
    if let Some(old) = table.as_mut() {
        old.pages
            .keys()
            .copied()
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|page| old.drop_page(page));
    }
    let pages = BTreeMap::new();
    *table = Some(Pages { source, areas: vec![], pages });
    // SAFETY: the handler is async-signal-safe where it is called for: at guest accesses, which hold no lock.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER;
        libc::sigaction(libc::SIGSEGV, &action, std::ptr::null_mut());
        libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut());
    }
}

/// Works on the table. Guest memory is not to be touched meanwhile, but through it.
pub fn with<R>(f: impl FnOnce(&mut Pages) -> R) -> R {
    f(lock().as_mut().expect("following has begun"))
}

extern "C" fn on_signal(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: errno is the thread's own.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: the kernel's own arguments.
    let (code, addr, write) = unsafe {
        let regs = &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        ((*info).si_code, (*info).si_addr() as u64, regs[libc::REG_ERR as usize] & 2 != 0)
    };
    const MAPERR_OR_ACCERR: Range<i32> = 1..3;
    let known = signal == libc::SIGSEGV && MAPERR_OR_ACCERR.contains(&code);
    let answered = known && lock().as_mut().is_some_and(|pages| pages.touch(addr, write));
    // SAFETY: as above.
    if !answered && !unsafe { fault::on_host_signal(signal, info, context) } {
        // A fault of our own: it comes again, and ends the process.
        // SAFETY: resets a disposition.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

fn protect(page: u64, write: bool) {
    let prot = if write { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
    // SAFETY: a page of the table, which is the guest's.
    unsafe { libc::mprotect(page as *mut libc::c_void, PAGE as usize, prot) };
}

/// The bytes of a page of the table.
fn bytes(page: u64) -> &'static [u8; PAGE as usize] {
    // SAFETY: pages of the table are mapped and readable; no guest code runs while the table is worked on.
    unsafe { &*(page as *const [u8; PAGE as usize]) }
}

/// Replaces the bytes of a page of the table, which is left read-only.
fn fill(page: u64, with: &[u8; PAGE as usize]) {
    protect(page, true);
    // SAFETY: as in `bytes`, and writable now.
    unsafe { *(page as *mut [u8; PAGE as usize]) = *with };
    protect(page, false);
}

impl Pages {
    fn area(&self, addr: u64) -> Option<&Area> {
        let after = self.areas.partition_point(|a| a.start <= addr);
        self.areas[..after].last().filter(|a| addr < a.end)
    }

    /// The guest touched an address that it could not. True: now it can.
    fn touch(&mut self, addr: u64, write: bool) -> bool {
        let Some(area) = self.area(addr) else { return false };
        let allowed = if write { area.prot & WRITE != 0 } else { area.prot & !GUARDED != 0 };
        let page = addr & !(PAGE - 1);
        let here = self.pages.contains_key(&page);
        if !allowed || (here && !write) || (!here && !self.fetch(page)) {
            return false;
        }
        if write {
            let before = self.pages.get_mut(&page).expect("fetched above");
            if before.is_some() {
                return false;
            }
            *before = Some(Box::new(*bytes(page)));
            protect(page, true);
        }
        true
    }

    /// Maps a page with what the leader has there.
    fn fetch(&mut self, page: u64) -> bool {
        let rw = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
        let at = page as *mut libc::c_void;
        // SAFETY: a new mapping that replaces nothing.
        if unsafe { libc::mmap(at, PAGE as usize, rw, flags, -1, 0) } != at {
            return false;
        }
        // SAFETY: just mapped, and known to nobody else.
        let content = unsafe { &mut *(page as *mut [u8; PAGE as usize]) };
        self.pages.insert(page, None);
        if self.source.read(page, content) != PAGE as usize {
            self.drop_page(page);
            return false;
        }
        protect(page, false);
        true
    }

    fn drop_page(&mut self, page: u64) {
        if self.pages.remove(&page).is_some() {
            // SAFETY: a page of the table; nobody else knows of it.
            unsafe { libc::munmap(page as *mut libc::c_void, PAGE as usize) };
        }
    }

    /// The areas are these now; the code that went with those that are gone.
    pub fn set_areas(&mut self, areas: &[Area]) -> Vec<Range<u64>> {
        let old = std::mem::replace(&mut self.areas, areas.to_vec());
        let mut gone = vec![];
        for page in self.pages.keys().copied().collect::<Vec<_>>() {
            let after = old.partition_point(|a| a.start <= page);
            let before = old[..after].last().filter(|a| page < a.end);
            // A grown or split area is the same area to the pages that stay.
            let kind = |a: &Area| (a.prot, a.backing);
            if before.map(kind) == self.area(page).map(kind) && before.is_some() {
                continue;
            }
            if before.is_some_and(|a| a.prot & EXEC != 0) {
                gone.push(page..page + PAGE);
            }
            self.drop_page(page);
        }
        gone
    }

    /// Pages that the guest may write, with what the leader has there.
    fn compared(&self) -> Vec<(u64, Bytes)> {
        let writable = |page: &u64| self.area(*page).is_some_and(|a| a.prot & WRITE != 0);
        let pages: Vec<u64> = self.pages.keys().copied().filter(writable).collect();
        let mut found = Vec::with_capacity(pages.len());
        for run in pages.chunk_by(|a, b| a + PAGE == *b) {
            let mut buf = vec![0; run.len() * PAGE as usize];
            let got = self.source.read(run[0], &mut buf);
            for (page, bytes) in run.iter().zip(buf[..got].chunks_exact(PAGE as usize)) {
                found.push((*page, Box::new(bytes.try_into().expect("a page"))));
            }
        }
        found
    }

    /// Takes over what the leader's memory holds now; the code that changed by that.
    pub fn refresh(&mut self) -> Vec<Range<u64>> {
        self.commit();
        let mut stale = vec![];
        for (page, theirs) in self.compared() {
            if *bytes(page) != *theirs {
                fill(page, &theirs);
                if self.area(page).is_some_and(|a| a.prot & EXEC != 0) {
                    stale.push(page..page + PAGE);
                }
            }
        }
        stale
    }

    /// Where the leader's memory (right) differs from this copy (left).
    pub fn differences(&self) -> Vec<Change> {
        let compared = self.compared();
        let differ = compared.iter().filter(|(page, theirs)| *bytes(*page) != **theirs);
        differ.flat_map(|(page, theirs)| changes(*page, bytes(*page), &theirs[..])).collect()
    }

    /// Where the leader's memory (right) differs from what was stored here since the last [`Self::commit`] (left).
    pub fn dirty_differences(&self) -> Vec<Change> {
        let mut theirs = [0; PAGE as usize];
        let mut found = vec![];
        for page in self.dirty() {
            if self.source.read(page, &mut theirs) == theirs.len() {
                found.extend(changes(page, bytes(page), &theirs));
            }
        }
        found
    }

    fn dirty(&self) -> Vec<u64> {
        self.pages.iter().filter(|(_, before)| before.is_some()).map(|(page, _)| *page).collect()
    }

    /// What was stored since the last [`Self::commit`] stays.
    pub fn commit(&mut self) {
        for page in self.dirty() {
            self.pages.insert(page, None);
            protect(page, false);
        }
    }

    /// Takes back what was stored since the last [`Self::commit`].
    pub fn undo(&mut self) {
        for page in self.dirty() {
            let before = self.pages.get_mut(&page).and_then(Option::take).expect("dirty");
            fill(page, &before);
        }
    }

    /// The pages that differ from what they held at the last [`Self::commit`].
    pub fn image(&self) -> Image {
        let changed = |(page, before): (&u64, &Option<Bytes>)| {
            let before = before.as_ref()?;
            (*bytes(*page) != **before).then(|| (*page, Box::new(*bytes(*page))))
        };
        self.pages.iter().filter_map(changed).collect()
    }

    /// What was stored since the last [`Self::commit`].
    pub fn stores(&self) -> Vec<Change> {
        let dirty = self.pages.iter().filter_map(|(page, b)| b.as_ref().map(|b| (*page, b)));
        dirty.flat_map(|(page, before)| changes(page, &before[..], bytes(page))).collect()
    }

    /// Is there executable code at this address, and to which address?
    fn code_until(&self, addr: u64) -> Option<u64> {
        self.area(addr).filter(|a| a.prot & EXEC != 0).map(|a| a.end)
    }
}

/// The runs of bytes that differ; a few equal ones between two do not part them.
fn changes(page: u64, left: &[u8], right: &[u8]) -> Vec<Change> {
    let mut found: Vec<Range<usize>> = vec![];
    for at in (0..left.len()).filter(|&at| left[at] != right[at]) {
        match found.last_mut() {
            Some(last) if at - last.end < 8 => last.end = at + 1,
            _ => found.push(at..at + 1),
        }
    }
    let change = |range: Range<usize>| Change {
        addr: page + range.start as u64,
        left: left[range.clone()].to_vec(),
        right: right[range].to_vec(),
    };
    found.into_iter().map(change).collect()
}

/// The code of the followed program.
pub struct Code;

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let end = lock().as_ref().and_then(|pages| pages.code_until(addr));
        let Some(end) = end else { return 0 };
        let there = buf.len().min((end - addr) as usize);
        // The lock is free again: reading may fetch the page.
        UserMemory::new(0).read_some(addr, &mut buf[..there])
    }

    fn guarded(&self, addr: u64) -> bool {
        let pages = lock();
        pages.as_ref().and_then(|p| p.area(addr)).is_some_and(|a| a.prot & GUARDED != 0)
    }
}
