//! The pages that the leader and whoever follows it share, and whose turn it is.
//!
//! Strictly in turns: the leader publishes where it stands, hands over and waits; the follower looks, answers and
//! hands back. The file behind the pages is closed as soon as they are mapped, so that the guest has the
//! descriptors it would have anyway.
//!
//! Invariant: the plain fields are touched only by the side whose turn it is.

use isamorph_ir::StateLayout;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Areas of the guest's address space that fit.
pub const MAX_AREAS: usize = 32768;

/// An area of the guest's address space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Area {
    /// First address.
    pub start: u64,
    /// Address after the last.
    pub end: u64,
    /// `PROT_*` bits of the guest.
    pub prot: u32,
    /// Changes when what lies behind the area does.
    pub backing: u32,
}

/// Where the leader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stand {
    /// About to run.
    Start = 1,
    /// At something that is its own to carry out.
    Event = 2,
}

/// What the leader tells besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Flag {
    /// The guest made a second thread.
    Threads = 1,
    /// It maps some memory at two addresses.
    Aliases = 2,
    /// A signal waits for the next event.
    Signal = 4,
}

/// What the leader published.
#[repr(C)]
pub struct Shared {
    /// 0: the leader's; 1: the follower's.
    turn: AtomicU32,
    /// What was told: bits of [`Flag`]s.
    flags: AtomicU32,
    /// A [`Stand`].
    pub stand: u32,
    /// The areas changed since the last publication.
    pub areas_changed: u32,
    /// How many there are.
    pub areas: u32,
    /// The event, as [`crate::event::Event::to_words`] writes it.
    pub event: [u64; 4],
    /// Guest instructions interpreted.
    pub insns: u64,
    /// The registers.
    pub state: [u8; StateLayout::MAX_SIZE as usize],
    area: [Area; MAX_AREAS],
}

impl Shared {
    /// The areas.
    pub fn areas(&self) -> &[Area] {
        &self.area[..(self.areas as usize).min(MAX_AREAS)]
    }

    /// Changes the areas; those beyond [`MAX_AREAS`] are left out.
    pub fn set_areas(&mut self, areas: impl Iterator<Item = Area>) {
        self.areas = 0;
        for (to, area) in self.area.iter_mut().zip(areas) {
            *to = area;
            self.areas += 1;
        }
    }
}

/// Which side of the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Runs the program.
    Leader = 0,
    /// Compares.
    Follower = 1,
}

/// One side's end.
pub struct Channel {
    shared: *mut Shared,
    side: Side,
}

// SAFETY: the memory lives as long as the process; the turn says who may touch what.
unsafe impl Send for Channel {}
// SAFETY: as above; the methods that give out references are used by one thread at a time (the leader's first).
unsafe impl Sync for Channel {}

impl Channel {
    /// A new channel, the follower's end; and the file that a child is to inherit for [`Channel::adopt`].
    pub fn new() -> io::Result<(Channel, OwnedFd)> {
        // SAFETY: a valid name. Without CLOEXEC: it is for a child.
        let fd = unsafe { libc::memfd_create(c"isamorph-diff".as_ptr(), 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just made, owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: a call on our own file.
        if unsafe { libc::ftruncate(fd.as_raw_fd(), size_of::<Shared>() as i64) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((Channel::map(fd.as_raw_fd(), Side::Follower)?, fd))
    }

    /// The leader's end, of the file it inherited; closes the file.
    pub fn adopt(fd: RawFd) -> io::Result<Channel> {
        // SAFETY: the caller was told that this descriptor is the channel's and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Channel::map(fd.as_raw_fd(), Side::Leader)
    }

    fn map(fd: RawFd, side: Side) -> io::Result<Channel> {
        let (rw, size) = (libc::PROT_READ | libc::PROT_WRITE, size_of::<Shared>());
        // SAFETY: a new mapping where the kernel likes, of a file that has this size.
        let at = unsafe { libc::mmap(ptr::null_mut(), size, rw, libc::MAP_SHARED, fd, 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Channel { shared: at.cast(), side })
    }

    fn turn(&self) -> &AtomicU32 {
        // SAFETY: mapped for good; the reference covers the atomic alone.
        unsafe { &*ptr::addr_of!((*self.shared).turn) }
    }

    fn flags(&self) -> &AtomicU32 {
        // SAFETY: as for `turn`.
        unsafe { &*ptr::addr_of!((*self.shared).flags) }
    }

    /// Tells something at any time, from any thread.
    pub fn tell(&self, flag: Flag) {
        self.flags().fetch_or(flag as u32, Ordering::AcqRel);
    }

    /// Was it told?
    pub fn told(&self, flag: Flag) -> bool {
        self.flags().load(Ordering::Acquire) & flag as u32 != 0
    }

    /// Forgets it.
    pub fn forget(&self, flag: Flag) {
        self.flags().fetch_and(!(flag as u32), Ordering::AcqRel);
    }

    /// What is shared, while it is this side's turn.
    #[allow(clippy::mut_from_ref)]
    pub fn shared(&self) -> &mut Shared {
        debug_assert_eq!(self.turn().load(Ordering::Acquire), self.side as u32);
        // SAFETY: it is this side's turn, the other side waits; each side uses one reference at a time.
        unsafe { &mut *self.shared }
    }

    /// Hands over to the other side.
    pub fn hand_over(&self) {
        self.turn().store(1 - self.side as u32, Ordering::Release);
        // SAFETY: wakes whoever waits at a word of ours.
        unsafe { libc::syscall(libc::SYS_futex, self.turn().as_ptr(), libc::FUTEX_WAKE, 1) };
    }

    /// Waits for this side's turn, at most so long. Did it come?
    pub fn wait(&self, at_most: Duration) -> bool {
        for _ in 0..SPINS {
            if self.turn().load(Ordering::Acquire) == self.side as u32 {
                return true;
            }
            std::hint::spin_loop();
        }
        let time = libc::timespec {
            tv_sec: at_most.as_secs() as i64,
            tv_nsec: at_most.subsec_nanos() as i64,
        };
        let others = 1 - self.side as u32;
        // SAFETY: waits at a word of ours; the time is ours.
        unsafe {
            let word = self.turn().as_ptr();
            libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, others, &raw const time);
        }
        self.turn().load(Ordering::Acquire) == self.side as u32
    }
}

/// Looks at the turn before sleeping: the other side is often quick.
const SPINS: u32 = 2000;
