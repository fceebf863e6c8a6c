//! Memory: brk, mmap and its relatives. What they change is [`crate::address_space`]'s.
//!
//! Invariant: nothing here reaches memory that is not the guest's: ranges are walked over the guest's own
//! areas, and code that goes stale is invalidated with no lock held.

use linux_raw_sys::general as k;

use super::Arg::{Enum, Fd, Flags, Hex, Int, OutOf, Ptr, Size};
use super::{Ctx, Syscall};
use crate::address_space::{MapRequest, Stale};
use crate::errno::{Errno, SysResult};
use crate::vma::{Backing, PAGE, Prot, page_down, page_up};

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("brk", &[Ptr], brk),
    Syscall::new("mmap", &[Ptr, Size, Flags(PROT), Flags(MAP), Fd, Hex], mmap),
    Syscall::new("munmap", &[Ptr, Size], munmap),
    Syscall::new("mprotect", &[Ptr, Size, Flags(PROT)], mprotect),
    Syscall::new("pkey_mprotect", &[Ptr, Size, Flags(PROT), Int], pkey_mprotect),
    Syscall::new("mremap", &[Ptr, Size, Size, Hex, Ptr], mremap),
    Syscall::new("madvise", &[Ptr, Size, Enum(ADVICE)], madvise),
    Syscall::new("msync", &[Ptr, Size, Hex], msync),
    Syscall::new("mincore", &[Ptr, Size, Ptr], mincore),
    Syscall::new("mlock", &[Ptr, Size], mlock),
    Syscall::new("mlock2", &[Ptr, Size, Hex], mlock2),
    Syscall::new("munlock", &[Ptr, Size], munlock),
    Syscall::new("mlockall", &[Hex], mlockall),
    Syscall::native("munlockall", &[], k::__NR_munlockall),
    Syscall::new("mbind", &[Ptr, Size, Int, Ptr, Size, Hex], mbind),
    Syscall::new("get_mempolicy", &[OutOf(4), Ptr, Size, Ptr, Hex], get_mempolicy),
    Syscall::native("set_mempolicy", &[Int, Ptr, Size], k::__NR_set_mempolicy),
    Syscall::new("shmat", &[Int, Ptr, Hex], shmat),
    Syscall::new("shmdt", &[Ptr], shmdt),
    Syscall::new("process_madvise", &[Fd, Ptr, Size, Int, Hex], process_madvise),
    Syscall::native("process_mrelease", &[Fd, Hex], k::__NR_process_mrelease),
];

const PROT: &[(u64, &str)] = &[
    (0, "PROT_NONE"),
    (1, "PROT_READ"),
    (2, "PROT_WRITE"),
    (4, "PROT_EXEC"),
    (PROT_BTI, "PROT_BTI"),
];

const MAP: &[(u64, &str)] = &[
    (k::MAP_SHARED_VALIDATE as u64, "MAP_SHARED_VALIDATE"),
    (k::MAP_SHARED as u64, "MAP_SHARED"),
    (k::MAP_PRIVATE as u64, "MAP_PRIVATE"),
    (k::MAP_FIXED as u64, "MAP_FIXED"),
    (k::MAP_ANONYMOUS as u64, "MAP_ANONYMOUS"),
    (k::MAP_GROWSDOWN as u64, "MAP_GROWSDOWN"),
    (k::MAP_DENYWRITE as u64, "MAP_DENYWRITE"),
    (k::MAP_LOCKED as u64, "MAP_LOCKED"),
    (k::MAP_NORESERVE as u64, "MAP_NORESERVE"),
    (k::MAP_POPULATE as u64, "MAP_POPULATE"),
    (k::MAP_STACK as u64, "MAP_STACK"),
    (k::MAP_HUGETLB as u64, "MAP_HUGETLB"),
    (k::MAP_FIXED_NOREPLACE as u64, "MAP_FIXED_NOREPLACE"),
];

const ADVICE: &[(u64, &str)] = &[
    (k::MADV_NORMAL as u64, "MADV_NORMAL"),
    (k::MADV_RANDOM as u64, "MADV_RANDOM"),
    (k::MADV_SEQUENTIAL as u64, "MADV_SEQUENTIAL"),
    (k::MADV_WILLNEED as u64, "MADV_WILLNEED"),
    (k::MADV_DONTNEED as u64, "MADV_DONTNEED"),
    (k::MADV_FREE as u64, "MADV_FREE"),
    (k::MADV_REMOVE as u64, "MADV_REMOVE"),
    (k::MADV_DONTFORK as u64, "MADV_DONTFORK"),
    (k::MADV_HUGEPAGE as u64, "MADV_HUGEPAGE"),
    (k::MADV_NOHUGEPAGE as u64, "MADV_NOHUGEPAGE"),
    (k::MADV_DONTDUMP as u64, "MADV_DONTDUMP"),
];

/// `PROT_SEM`, and the growth bits that only stacks have: accepted and dropped.
const ACCEPTED_PROT: u64 = 7 | k::PROT_SEM as u64;

/// `PROT_BTI`, of processors with guarded pages.
const PROT_BTI: u64 = 0x10;

/// Protection bits of a guest without tags (`PROT_MTE`).
fn prot(ctx: &mut Ctx<'_>, bits: u64) -> Result<Prot, Errno> {
    let accepted = ACCEPTED_PROT | if ctx.process.guards_pages() { PROT_BTI } else { 0 };
    if bits & !accepted != 0 {
        return Err(Errno::EINVAL);
    }
    Ok(any_prot(ctx, bits))
}

/// The same where unknown bits are ignored. A guarded page is wanted: branch targets are looked at from now on.
fn any_prot(ctx: &mut Ctx<'_>, bits: u64) -> Prot {
    let prot = Prot::with_guards(bits as u32, ctx.process.guards_pages());
    if prot.contains(Prot::GUARDED) {
        ctx.process.check_branch_targets();
    }
    prot
}

fn brk(ctx: &mut Ctx<'_>, [wish, ..]: [u64; 6]) -> SysResult {
    let (end, stale) = ctx.process.space.brk(wish);
    ctx.process.invalidate(stale);
    Ok(end)
}

fn mmap(ctx: &mut Ctx<'_>, [addr, len, bits, flags, fd, offset]: [u64; 6]) -> SysResult {
    // mmap, unlike mprotect, ignores protection bits it does not know.
    let prot = any_prot(ctx, bits);
    let flags = flags as u32;
    let request = MapRequest { addr, len, prot, flags, fd: fd as i32, offset };
    let (addr, stale) = ctx.process.space.map(request)?;
    ctx.process.invalidate(stale);
    Ok(addr)
}

fn munmap(ctx: &mut Ctx<'_>, [addr, len, ..]: [u64; 6]) -> SysResult {
    let stale = ctx.process.space.unmap(addr, len)?;
    ctx.process.invalidate(stale);
    Ok(0)
}

fn mprotect(ctx: &mut Ctx<'_>, [addr, len, bits, ..]: [u64; 6]) -> SysResult {
    let prot = prot(ctx, bits)?;
    let (result, stale) = ctx.process.space.protect(addr, len, prot);
    ctx.process.invalidate(stale);
    result
}

/// Without protection keys, only key -1 (none) exists.
fn pkey_mprotect(ctx: &mut Ctx<'_>, args: [u64; 6]) -> SysResult {
    if args[3] as i32 != -1 {
        return Err(Errno::EINVAL);
    }
    mprotect(ctx, args)
}

fn mremap(ctx: &mut Ctx<'_>, [old, old_len, new_len, flags, to, _]: [u64; 6]) -> SysResult {
    let (addr, stale) = ctx.process.space.remap(old, old_len, new_len, flags as u32, to)?;
    ctx.process.invalidate(stale);
    Ok(addr)
}

/// Carries out a host call on every mapped part of a page-aligned range, as the kernel walks over areas.
fn on_areas(ctx: &Ctx<'_>, number: u32, addr: u64, len: u64, rest: [u64; 4]) -> SysResult {
    let end = page_up(len).and_then(|len| addr.checked_add(len)).ok_or(Errno::EINVAL)?;
    if end == addr {
        return Ok(0);
    }
    let [a, b, c, d] = rest;
    ctx.process.space.for_each_part(addr..end, |part| {
        let args = [part.start, part.end - part.start, a, b, c, d];
        ctx.native(number, args).map(drop)
    })
}

fn aligned(addr: u64) -> Result<(), Errno> {
    if addr.is_multiple_of(PAGE) { Ok(()) } else { Err(Errno::EINVAL) }
}

fn madvise(ctx: &mut Ctx<'_>, [addr, len, advice, ..]: [u64; 6]) -> SysResult {
    aligned(addr)?;
    let result = on_areas(ctx, k::__NR_madvise, addr, len, [advice, 0, 0, 0]);
    let drops = [k::MADV_DONTNEED, k::MADV_FREE, k::MADV_REMOVE, MADV_DONTNEED_LOCKED];
    if drops.contains(&(advice as u32)) {
        let end = addr.saturating_add(len);
        let code = ctx.process.space.lock().map().has_code(addr..end);
        ctx.process.invalidate(Stale(code.then_some(addr..end)));
    }
    result
}

const MADV_DONTNEED_LOCKED: u32 = 24;

fn msync(ctx: &mut Ctx<'_>, [addr, len, flags, ..]: [u64; 6]) -> SysResult {
    aligned(addr)?;
    on_areas(ctx, k::__NR_msync, addr, len, [flags, 0, 0, 0])
}

fn mincore(ctx: &mut Ctx<'_>, [addr, len, out, ..]: [u64; 6]) -> SysResult {
    aligned(addr)?;
    let end = page_up(len).and_then(|len| addr.checked_add(len)).ok_or(Errno::ENOMEM)?;
    if !ctx.process.space.lock().map().covers(addr..end) {
        return Err(Errno::ENOMEM);
    }
    ctx.check(out, (end - addr) / PAGE)?;
    ctx.native(k::__NR_mincore, [addr, len, out, 0, 0, 0])
}

/// mlock rounds its start down.
fn lock_range(addr: u64, len: u64) -> Result<(u64, u64), Errno> {
    let start = addr & !(PAGE - 1);
    let len = len.checked_add(addr - start).ok_or(Errno::EINVAL)?;
    Ok((start, len))
}

fn mlock(ctx: &mut Ctx<'_>, [addr, len, ..]: [u64; 6]) -> SysResult {
    let (addr, len) = lock_range(addr, len)?;
    on_areas(ctx, k::__NR_mlock, addr, len, [0; 4])
}

fn mlock2(ctx: &mut Ctx<'_>, [addr, len, flags, ..]: [u64; 6]) -> SysResult {
    let (addr, len) = lock_range(addr, len)?;
    on_areas(ctx, k::__NR_mlock2, addr, len, [flags, 0, 0, 0])
}

fn munlock(ctx: &mut Ctx<'_>, [addr, len, ..]: [u64; 6]) -> SysResult {
    let (addr, len) = lock_range(addr, len)?;
    on_areas(ctx, k::__NR_munlock, addr, len, [0; 4])
}

/// Locks what the guest has now; memory to come is the emulator's too, so `MCL_FUTURE` is dropped.
fn mlockall(ctx: &mut Ctx<'_>, [flags, ..]: [u64; 6]) -> SysResult {
    let known = k::MCL_CURRENT | k::MCL_FUTURE | k::MCL_ONFAULT;
    let flags = flags as u32;
    if flags == 0 || flags & !known != 0 || flags == k::MCL_ONFAULT {
        return Err(Errno::EINVAL);
    }
    if flags & k::MCL_CURRENT != 0 {
        let on_fault = (flags & k::MCL_ONFAULT != 0) as u64;
        for area in ctx.process.space.areas() {
            // As the kernel does, without telling what could not be locked.
            let args = [area.start, area.end - area.start, on_fault, 0, 0, 0];
            let _ = ctx.native(k::__NR_mlock2, args);
        }
    }
    Ok(0)
}

/// The kernel fills the whole mask, as many bits as the guest says.
fn get_mempolicy(ctx: &mut Ctx<'_>, [mode, nodes, max, addr, flags, _]: [u64; 6]) -> SysResult {
    ctx.check(mode, 4)?;
    ctx.check(nodes, max.div_ceil(64) * 8)?;
    ctx.native(k::__NR_get_mempolicy, [mode, nodes, max, addr, flags, 0])
}

/// Only advice that loses nothing, and only about the guest's part: the process may be this one.
fn process_madvise(
    ctx: &mut Ctx<'_>,
    [pid, areas, count, advice, flags, _]: [u64; 6],
) -> SysResult {
    let harmless = [k::MADV_WILLNEED, k::MADV_COLD, k::MADV_PAGEOUT, k::MADV_COLLAPSE];
    if !harmless.contains(&(advice as u32)) {
        return Err(Errno::EINVAL);
    }
    let areas = ctx.iovecs(areas, count)?;
    let at = areas.as_ptr().addr() as u64;
    ctx.native(k::__NR_process_madvise, [pid, at, count, advice, flags, 0])
}

fn mbind(ctx: &mut Ctx<'_>, [addr, len, mode, nodes, max, flags]: [u64; 6]) -> SysResult {
    aligned(addr)?;
    on_areas(ctx, k::__NR_mbind, addr, len, [mode, nodes, max, flags])
}

/// The host's `SHM_*` flags, which are every architecture's.
const SHM_RDONLY: u64 = 0o10000;
const SHM_RND: u64 = 0o20000;
const SHM_REMAP: u64 = 0o40000;
const SHM_EXEC: u64 = 0o100000;

fn shmat(ctx: &mut Ctx<'_>, [id, wish, flags, ..]: [u64; 6]) -> SysResult {
    // SAFETY: a buffer of ours that the kernel fills.
    let size = unsafe {
        let mut about: libc::shmid_ds = std::mem::zeroed();
        if libc::shmctl(id as i32, libc::IPC_STAT, &mut about) < 0 {
            return Err(Errno::last());
        }
        about.shm_segsz as u64
    };
    let wish = if flags & SHM_RND != 0 { page_down(wish) } else { wish };
    aligned(wish)?;
    if flags & SHM_REMAP != 0 {
        if wish == 0 {
            return Err(Errno::EINVAL);
        }
        let stale = ctx.process.space.unmap(wish, size)?;
        ctx.process.invalidate(stale);
    }
    let write = if flags & SHM_RDONLY == 0 { Prot::RW } else { Prot::READ };
    let exec = if flags & SHM_EXEC != 0 { Prot::EXEC } else { Prot::NONE };
    let host_flags = flags & SHM_RDONLY | SHM_REMAP;
    let backing = Backing::SysV(id as i32);
    ctx.process.space.attach(wish, size, write.union(exec), backing, |at| {
        if wish != 0 && at != wish {
            return Err(Errno::EINVAL);
        }
        ctx.native(k::__NR_shmat, [id, at, host_flags, 0, 0, 0]).map(drop)
    })
}

fn shmdt(ctx: &mut Ctx<'_>, [addr, ..]: [u64; 6]) -> SysResult {
    let detach = |at| ctx.native(k::__NR_shmdt, [at, 0, 0, 0, 0, 0]).map(drop);
    let stale = ctx.process.space.detach(addr, detach)?;
    ctx.process.invalidate(stale);
    Ok(0)
}
