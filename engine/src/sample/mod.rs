//! Sampling: where a guest's processor time goes, for `--stats` and `isamorph profile`.
//!
//! Way of the data: a timer of each thread's own processor time → a signal on that thread, whose handler
//! ([`on_host_signal`]) notes host PC, guest PC and [`Doing`] in the thread's [`Buffer`] → [`Sampler::drain`], which finds
//! the guest instruction of each in the code cache → [`Profile`].
//!
//! The signal is SIGFPE with the timer's own code and value: linux-user's handler for it is always in place and never
//! blocked, so that no signal number is taken from the guest and its mask does not skew the samples. No integer or
//! floating-point operation of ours raises it. A timer of *processor* time expires on the way back to user mode
//! (Linux since 5.9), so that it cuts no system call short.
//!
//! Invariants: the handler takes no lock and allocates nothing; whoever reuses the memory of compiled code drains
//! first, so that a host PC is looked up in the code it was seen in.

mod buffer;
mod profile;
mod stack;

pub use buffer::on_host_signal;
pub(crate) use buffer::wants_drain;
pub use profile::{Place, Profile, Spot};
pub use stack::FrameRegisters;

use crate::cache::map::CodeCache;
use crate::vcpu::Shared;
use buffer::{Buffer, Timer};
use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a thread is at, outside of compiled code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Doing {
    /// The guest's system calls and signals.
    #[default]
    Linux,
    /// Finding and linking code.
    Dispatch,
    /// Interpreting.
    Interpret,
    /// Compiling a block on the guest's own thread.
    Block,
    /// Compiling a region, on the guest's own thread or the compiler's.
    Region,
}

impl Doing {
    fn from_u8(n: u8) -> Doing {
        [Doing::Linux, Doing::Dispatch, Doing::Interpret, Doing::Block, Doing::Region]
            .into_iter()
            .find(|d| *d as u8 == n)
            .unwrap_or_default()
    }
}

thread_local! {
    static DOING: Cell<Doing> = const { Cell::new(Doing::Linux) };
}

/// While it lives, this thread is at something else than before.
pub(crate) struct During(Doing);

/// The calling thread is at this until the result is dropped.
pub(crate) fn during(doing: Doing) -> During {
    During(DOING.replace(doing))
}

impl Drop for During {
    fn drop(&mut self) {
        DOING.set(self.0);
    }
}

/// How an engine is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Processor time between two samples of a thread. The host's clock tick is the least there can be.
    pub interval: Duration,
    /// Note the callers too.
    pub stacks: bool,
}

/// The samples of an engine.
pub(crate) struct Sampler {
    wish: Sampling,
    guest_base: u64,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    profile: Profile,
    buffers: Vec<Arc<Buffer>>,
}

impl Sampler {
    pub fn new(wish: Sampling, guest_base: u64) -> Sampler {
        Sampler { wish, guest_base, state: Mutex::default() }
    }

    /// The lock; `fork` holds it so that the child finds it free.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Samples the calling thread while the result lives. `None`: the host has no timer for it.
    pub fn attach(
        &self,
        vcpu: Option<&Arc<Shared>>,
        pc: u32,
        frames: Option<FrameRegisters>,
    ) -> Option<Sampled> {
        let buffer =
            Arc::new(Buffer::new(vcpu, pc, frames.filter(|_| self.wish.stacks), self.guest_base));
        let timer = match Timer::start(&buffer, self.wish.interval) {
            Ok(timer) => timer,
            Err(error) => {
                tracing::error!("a thread is not sampled: no timer of its processor time: {error}");
                return None;
            }
        };
        self.lock().buffers.push(buffer);
        Some(Sampled(timer))
    }

    /// Takes over what the threads noted. `code` is the cache as it was since the last time.
    pub fn drain(&self, code: Option<&CodeCache>) {
        let State { profile, buffers } = &mut *self.lock();
        for buffer in &*buffers {
            buffer.drain(|note| profile.add(note, code));
            profile.lost += buffer.take_lost();
        }
        buffers.retain(|buffer| Arc::strong_count(buffer) > 1);
    }

    /// What was seen so far; drained before.
    pub fn profile(&self) -> Profile {
        Profile { interval: self.wish.interval, ..self.lock().profile.clone() }
    }
}

impl State {
    /// In a forked child, which has no timers: begins anew.
    pub fn forget(&mut self) {
        *self = State::default();
    }
}

/// While it lives, the thread that got it is sampled.
pub struct Sampled(#[expect(dead_code, reason = "its end is what it is for")] Timer);
