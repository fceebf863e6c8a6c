//! The follower: starts the leader, makes each of its runs after it in a memory of its own, and compares.
//!
//! The leader runs the real program and makes its system calls; between two events the follower first runs the same
//! instructions by the other engine, from the leader's registers and memory, then the leader does, and where they
//! meet, registers and memory are compared. So each input is taken once, and both sides see it.

use crate::channel::{Channel, Flag, Shared, Stand};
use crate::event::Event;
use crate::machine::{Guest, Machine, Side};
use crate::pages::{self, Change, Source};
use crate::registers;
use isamorph_engine::{EngineError, Kicker};
use isamorph_linux_user::abi::GuestAbi;
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Why a comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The leader cannot be started.
    #[error("cannot start the program's process: {0}")]
    Start(#[from] io::Error),
    /// An engine cannot be made.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The other emulator does not do what is asked of it.
    #[error(transparent)]
    Oracle(#[from] crate::gdb::Error),
}

/// How far it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Events compared.
    pub events: u64,
    /// Guest instructions, as far as an interpreter counted them.
    pub insns: u64,
}

/// How a comparison ended.
#[derive(Debug)]
pub enum Verdict {
    /// Equal to the program's end.
    Equal(ExitStatus),
    /// Equal as far as it went.
    Left(Left),
    /// A difference.
    Different(Box<Difference>),
}

/// Why the comparison went no further, though nothing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// As many instructions as the user wished.
    Enough,
    /// The program made a second thread, which is not compared.
    Threads,
    /// It maps some memory at two addresses, of which a follower has two copies.
    Aliases,
    /// A signal came while it ran on and on without an event; it is delivered at events only.
    Signal,
    /// A signal was delivered, which is not compared with another emulator.
    Handler,
    /// It was replaced by another program, which is not compared.
    Replaced,
    /// It never came to the place from which the user wished to compare.
    NeverBegun,
}

/// What differs where the sides met.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Registers where the run began.
    pub start: Vec<u8>,
    /// Registers where the leader's run ended.
    pub left: Vec<u8>,
    /// Registers where the follower's ended.
    pub right: Vec<u8>,
    /// What ended the leader's run.
    pub left_event: Event,
    /// What ended the follower's.
    pub right_event: Event,
    /// Memory (left: the follower's, right: the leader's).
    pub memory: Vec<Change>,
}

/// A comparison under way.
pub struct Follower {
    channel: Arc<Channel>,
    child: Child,
    replica: Machine,
    abi: Arc<dyn GuestAbi>,
    max_insns: Option<u64>,
    /// How far it came.
    pub extent: Extent,
    start: Vec<u8>,
    right_event: Event,
    last_call: Option<u64>,
    /// The replica makes a run.
    following: Arc<AtomicBool>,
}

/// Seconds that a run may go on after a signal came.
const SIGNAL_SECONDS: u32 = 5;
/// How often it looks whether the leader still lives.
const PATIENCE: Duration = Duration::from_millis(100);

impl Follower {
    /// Follows a child that has inherited the channel.
    pub fn new(
        channel: Channel,
        child: Child,
        guest: &Guest,
        right: &Side,
        abi: Arc<dyn GuestAbi>,
        max_insns: Option<u64>,
    ) -> Result<Follower, Error> {
        pages::follow(Source { pid: child.id() as i32, base: 0 });
        let (channel, replica) = (Arc::new(channel), guest.machine(right)?);
        let following = Arc::new(AtomicBool::new(false));
        watch(channel.clone(), replica.vcpu.kicker(), following.clone())?;
        Ok(Follower {
            channel,
            child,
            replica,
            following,
            abi,
            max_insns,
            extent: Extent::default(),
            start: vec![],
            right_event: Event::Input,
            last_call: None,
        })
    }

    /// The leader's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The name of the system call that was last compared, if it was the last event.
    pub fn last_call(&self) -> Option<&'static str> {
        let number = self.last_call?;
        self.abi.numbers().iter().find(|n| u64::from(n.0) == number).map(|n| n.1)
    }

    /// Compares until the program ends or something differs. The leader is then still where it differs.
    pub fn run(&mut self) -> Result<Verdict, Error> {
        loop {
            if !self.channel.wait(PATIENCE) {
                if let Some(status) = self.child.try_wait()? {
                    return Ok(self.ended(status));
                }
                continue;
            }
            let channel = self.channel.clone();
            let shared = channel.shared();
            if shared.stand == Stand::Start as u32 {
                if let Some(left) = self.not_comparable() {
                    return Ok(Verdict::Left(left));
                }
                if !self.follow(shared) {
                    return Ok(Verdict::Left(Left::Signal));
                }
                let enough = |max| self.extent.insns >= max;
                if self.max_insns.is_some_and(enough) {
                    return Ok(Verdict::Left(Left::Enough));
                }
            } else if let Some(difference) = self.compare(shared) {
                // A thread that just began may be why.
                return Ok(match self.not_comparable() {
                    Some(left) => Verdict::Left(left),
                    None => Verdict::Different(Box::new(difference)),
                });
            }
            self.channel.hand_over();
        }
    }

    fn not_comparable(&self) -> Option<Left> {
        let told = [(Flag::Threads, Left::Threads), (Flag::Aliases, Left::Aliases)];
        told.into_iter().find(|(flag, _)| self.channel.told(*flag)).map(|(_, left)| left)
    }

    fn ended(&self, status: ExitStatus) -> Verdict {
        if self.extent.events == 0 {
            return Verdict::Left(Left::NeverBegun);
        }
        match self.last_call() {
            Some("execve" | "execveat") => Verdict::Left(Left::Replaced),
            _ => Verdict::Equal(status),
        }
    }

    /// Makes the run that the leader is about to make. False: it seems to wait for a signal in a loop of its own.
    fn follow(&mut self, shared: &Shared) -> bool {
        if shared.areas_changed != 0 {
            self.replica.invalidate(pages::with(|p| p.set_areas(shared.areas())));
        }
        self.replica.invalidate(pages::with(pages::Pages::refresh));
        let size = self.replica.state().len();
        self.start = shared.state[..size].to_vec();
        self.replica.load(&self.start);
        self.following.store(true, Ordering::Release);
        let event = self.replica.to_event();
        self.following.store(false, Ordering::Release);
        self.channel.forget(Flag::Signal);
        self.extent.insns = self.extent.insns.max(self.replica.vcpu.interpreted_insns());
        let Some(event) = event else { return false };
        self.right_event = event;
        true
    }

    fn compare(&mut self, shared: &Shared) -> Option<Difference> {
        let (left, right) = (&shared.state[..self.start.len()], self.replica.state());
        let left_event = Event::from_words(shared.event)?;
        let right_event = self.right_event;
        let layout = &self.replica.vcpu.engine().desc().layout;
        let registers = left_event.is_exact() && right_event.is_exact();
        let same = if registers {
            registers::same(layout, left, right)
        } else {
            layout.read(left, layout.pc) == layout.read(right, layout.pc)
        };
        let memory = pages::with(|pages| pages.differences());
        self.extent.events += 1;
        self.extent.insns = self.extent.insns.max(shared.insns);
        self.last_call = (left_event == Event::Syscall).then(|| self.abi.call(left).0);
        if same && left_event.agrees(&right_event) && memory.is_empty() {
            return None;
        }
        let (start, left, right) = (self.start.clone(), left.to_vec(), right.to_vec());
        Some(Difference { start, left, right, left_event, right_event, memory })
    }
}

/// Kicks the replica out of a run during which the leader has had a signal for some seconds.
fn watch(channel: Arc<Channel>, kicker: Kicker, following: Arc<AtomicBool>) -> io::Result<()> {
    let watch = move || {
        let mut seen = 0;
        while Arc::strong_count(&following) > 1 {
            std::thread::sleep(Duration::from_secs(1));
            let waits = following.load(Ordering::Acquire) && channel.told(Flag::Signal);
            seen = if waits { seen + 1 } else { 0 };
            if seen == SIGNAL_SECONDS {
                kicker.kick();
            }
        }
    };
    std::thread::Builder::new().name("isamorph-watch".into()).spawn(watch).map(drop)
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It waits for an answer that will not come, or is over.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
