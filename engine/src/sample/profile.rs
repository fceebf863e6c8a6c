//! What the samples come to.

use super::Doing;
use super::buffer::Note;
use crate::cache::map::{CodeCache, CodeTier};
use std::collections::HashMap;
use std::time::Duration;

/// Where a thread was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In a region.
    Region,
    /// In a block of baseline code.
    Baseline,
    /// In a function of the engine's that compiled code called: what has no code of its own.
    Helper,
    /// In the interpreter.
    Interpreter,
    /// Finding, linking and dropping code.
    Dispatch,
    /// Compiling a block.
    CompileBlock,
    /// Compiling a region on a guest thread, or in the background.
    CompileRegion,
    /// Working for the guest's system calls and signals, outside of the kernel.
    Linux,
    /// In the kernel, in the guest's system calls.
    Kernel,
}

impl Place {
    /// All of them.
    pub const ALL: [Place; 9] = [
        Place::Region,
        Place::Baseline,
        Place::Helper,
        Place::Interpreter,
        Place::Dispatch,
        Place::CompileBlock,
        Place::CompileRegion,
        Place::Linux,
        Place::Kernel,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Place::Region => "region code",
            Place::Baseline => "baseline code",
            Place::Helper => "helpers of compiled code",
            Place::Interpreter => "interpreter",
            Place::Dispatch => "dispatch",
            Place::CompileBlock => "baseline compiler",
            Place::CompileRegion => "region compiler",
            Place::Linux => "system calls",
            Place::Kernel => "kernel",
        }
    }
}

/// A place in the guest's program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot {
    /// Where the thread was.
    pub place: Place,
    /// Guest address at which the block or region begins that ran; of other places the guest's PC.
    pub unit: u64,
    /// Guest address of the instruction, as exact as the place allows: the block's in the interpreter, the next
    /// instruction's in a system call. 0: what the engine does on its own account.
    pub pc: u64,
    /// Return addresses of the callers, innermost first, if they were asked for. In regions the first ones may be
    /// missing.
    pub callers: Box<[u64]>,
}

/// Samples by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Processor time that a weight of one stands for.
    pub interval: Duration,
    /// Samples taken.
    pub samples: u64,
    /// Weight of samples that found no room.
    pub lost: u64,
    /// Weight by place.
    pub spots: HashMap<Spot, u64>,
}

impl Profile {
    pub(super) fn add(&mut self, note: &Note, code: Option<&CodeCache>) {
        self.samples += 1;
        let called = note.host_pc == 0 && note.called_from != 0;
        // A return address belongs to the call before it.
        let host_pc = if called { note.called_from - 1 } else { note.host_pc };
        let seen = code.filter(|_| host_pc != 0).and_then(|code| code.unit(host_pc));
        let (place, unit, pc) = match seen {
            Some((unit, pc, _)) if called => (Place::Helper, unit, pc),
            Some((unit, pc, CodeTier::Region)) => (Place::Region, unit, pc),
            Some((unit, pc, CodeTier::Baseline)) => (Place::Baseline, unit, pc),
            None => {
                let place = outside(note);
                // Compiled code leaves an old PC behind when it asks for more of it.
                let known = matches!(place, Place::Interpreter | Place::Linux | Place::Kernel);
                let pc = if known { note.guest_pc } else { 0 };
                (place, pc, pc)
            }
        };
        let callers = if pc == 0 { [].into() } else { note.callers[..note.depth].into() };
        *self.spots.entry(Spot { place, unit, pc, callers }).or_default() += note.weight;
    }

    /// Weight of all samples.
    pub fn total(&self) -> u64 {
        self.spots.values().sum()
    }

    /// Weight of the samples at a place.
    pub fn weight(&self, place: Place) -> u64 {
        self.spots.iter().filter(|(s, _)| s.place == place).map(|(_, w)| w).sum()
    }

    /// Processor time that a weight stands for.
    pub fn time(&self, weight: u64) -> Duration {
        Duration::from_nanos(self.interval.as_nanos() as u64 * weight)
    }
}

/// Where a thread is that is not in compiled code or called from it. Thunks between blocks are the dispatcher's.
fn outside(note: &Note) -> Place {
    match note.doing {
        Doing::Linux if note.kernel => Place::Kernel,
        Doing::Linux => Place::Linux,
        Doing::Dispatch => Place::Dispatch,
        Doing::Interpret => Place::Interpreter,
        Doing::Block => Place::CompileBlock,
        Doing::Region => Place::CompileRegion,
    }
}
