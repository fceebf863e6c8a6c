//! Linux user mode: one guest process inside one host process.
//!
//! Stands between the `cli`, which hands in a program and a frontend, and the `engine`, which runs guest
//! code: this crate loads the ELF file, lays out the stack, answers system calls and delivers signals.
//!
//! Invariant: guest address = host address, guest file descriptor = host file descriptor, guest
//! thread = host thread, guest process = host process; so the host kernel's own bookkeeping (limits,
//! locks, waits, signal queues) is the guest's.

pub mod abi;
pub mod address_space;
pub mod crash;
pub mod elf;
pub mod errno;
pub mod exec;
pub mod host;
pub mod inbox;
pub mod layout;
pub mod memory;
pub mod perf;
pub mod process;
pub mod procfs;
pub mod run;
pub mod signal;
pub mod stack;
pub mod strace;
pub mod symbols;
pub mod syscall;
pub mod sysroot;
pub mod thread;
mod vfork;
pub mod vma;

pub use errno::{Errno, SysResult};
pub use exec::{Reexec, inherited_environment};
pub use process::Processor;
pub use run::{ExitOutcome, RunConfig, RunError, run};
pub use signal::ignore_broken_pipes;
pub use syscall::dispatch::missing_calls;
