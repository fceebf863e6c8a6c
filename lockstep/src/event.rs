//! What ends a run of instructions that both sides make alone.

use isamorph_engine::{Access, MemFault, TrapKind, VmExit};

/// Where a side stopped, as far as both must agree on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A system call; the PC is behind it.
    Syscall,
    /// An instruction that the frontend withholds; the PC is at it.
    Input,
    /// An exception; the PC is at it.
    Exception,
    /// A failed access; the PC is at the instruction.
    Fault {
        /// Address that could not be accessed.
        addr: u64,
        /// Was it a store?
        write: bool,
        /// Are the registers as before the instruction?
        exact: bool,
    },
}

impl Event {
    /// What an exit of the vCPU is; `None` if it is nothing of the guest's.
    pub fn of(exit: &VmExit) -> Option<Event> {
        Some(match exit {
            VmExit::Syscall { .. } => Event::Syscall,
            VmExit::Exception(_) => Event::Exception,
            VmExit::Fault(MemFault { addr, access, exact, kind, .. }) => Event::Fault {
                // The host tells only some address of a misaligned access.
                addr: if *kind == TrapKind::Align { 0 } else { *addr },
                write: *access == Access::Write,
                exact: *exact,
            },
            VmExit::Interrupted => return None,
        })
    }

    /// Are registers to be compared there?
    pub fn is_exact(&self) -> bool {
        !matches!(self, Event::Fault { exact: false, .. })
    }

    /// The same event, whether or not registers were exact?
    pub fn agrees(&self, other: &Event) -> bool {
        match (self, other) {
            (Event::Fault { addr, write, .. }, Event::Fault { addr: a, write: w, .. }) => {
                (addr, write) == (a, w)
            }
            _ => self == other,
        }
    }

    /// As words of the channel.
    pub fn to_words(self) -> [u64; 4] {
        match self {
            Event::Syscall => [1, 0, 0, 0],
            Event::Input => [2, 0, 0, 0],
            Event::Exception => [3, 0, 0, 0],
            Event::Fault { addr, write, exact } => [4, addr, write.into(), exact.into()],
        }
    }

    /// From words of the channel.
    pub fn from_words(words: [u64; 4]) -> Option<Event> {
        Some(match words {
            [1, ..] => Event::Syscall,
            [2, ..] => Event::Input,
            [3, ..] => Event::Exception,
            [4, addr, write, exact] => Event::Fault { addr, write: write != 0, exact: exact != 0 },
            _ => return None,
        })
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Event::Syscall => write!(f, "a system call"),
            Event::Input => write!(f, "an instruction that reads an input"),
            Event::Exception => write!(f, "an exception"),
            Event::Fault { addr, write: true, .. } => write!(f, "a fault storing at {addr:#x}"),
            Event::Fault { addr, .. } => write!(f, "a fault at {addr:#x}"),
        }
    }
}
