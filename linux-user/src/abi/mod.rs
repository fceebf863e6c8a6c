//! What differs between guest ABIs: registers of a call, system-call numbers, signal frames.
//!
//! Invariant: nothing outside this folder names a guest register.

pub mod a64;

use isamorph_engine::sample::FrameRegisters;

use crate::address_space::Plan;
use crate::elf::Target;
use crate::errno::Errno;
use crate::layout::Layouts;
use crate::memory::GuestMemory;

/// `siginfo_t`, 128 bytes, the same on every 64-bit Linux.
pub type SigInfo = [u8; 128];

/// An alternate signal stack, as `sigaltstack` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AltStack {
    /// Lowest address.
    pub base: u64,
    /// `SS_*`.
    pub flags: u32,
    /// Bytes.
    pub size: u64,
}

/// A signal's handler call, to be laid out on the guest's stack.
pub struct SignalFrame<'a> {
    /// Signal number.
    pub signal: u32,
    /// Its information.
    pub info: &'a SigInfo,
    /// Address of the handler.
    pub handler: u64,
    /// `SA_SIGINFO`: the handler takes three arguments.
    pub with_info: bool,
    /// Where the handler returns to.
    pub restorer: u64,
    /// Top of the stack to use: the alternate one's, or `None` for the current stack pointer.
    pub stack_top: Option<u64>,
    /// The alternate stack as the frame records it.
    pub alt_stack: AltStack,
    /// Mask to be restored when the handler returns.
    pub mask: u64,
    /// Of a memory fault: what the processor would report.
    pub fault: Option<FaultReport>,
}

/// A memory fault as a signal frame tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultReport {
    /// Faulting address; of [`Fault::Stack`] the stack pointer.
    pub addr: u64,
    /// What was tried.
    pub fault: Fault,
    /// Why.
    pub kind: isamorph_ir::contract::TrapKind,
}

/// What an instruction tried when it faulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A load.
    Read,
    /// A store or read-modify-write.
    Write,
    /// To be fetched.
    Fetch,
    /// An access by the stack pointer, which must be aligned for that.
    Stack,
}

/// What returning from a handler restores besides the registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The signal mask.
    pub mask: u64,
    /// The alternate stack.
    pub alt_stack: AltStack,
}

/// Arguments of `clone`, whose order differs between ABIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloneArgs {
    /// `CLONE_*`, the exit signal in the low byte.
    pub flags: u64,
    /// The child's stack pointer, or 0.
    pub stack: u64,
    /// Where the parent is told the child's id.
    pub parent_tid: u64,
    /// Where the child is told its id, or cleared at its end.
    pub child_tid: u64,
    /// Thread pointer of the child.
    pub tls: u64,
}

/// A guest's Linux ABI. `state` is the guest's registers, laid out by the frontend's `StateLayout`.
pub trait GuestAbi: Send + Sync {
    /// The machine's name: `AT_PLATFORM`.
    fn name(&self) -> &'static str;
    /// What its programs look like.
    fn target(&self) -> Target;
    /// Its address space.
    fn plan(&self) -> Plan;
    /// Structures and constants that differ from the host's.
    fn layouts(&self) -> &'static Layouts;
    /// Number and name of every system call of this ABI.
    fn numbers(&self) -> &'static [(u32, &'static str)];
    /// Stack that a signal frame needs: `AT_MINSIGSTKSZ`.
    fn min_signal_stack(&self) -> u64;
    /// Smallest alternate stack that `sigaltstack` takes (`MINSIGSTKSZ`).
    fn least_alt_stack(&self) -> u64;
    /// Code that calls `rt_sigreturn`, for handlers without a restorer.
    fn trampoline(&self) -> Vec<u8>;

    /// Offset in the trampoline of the instruction that handlers return to.
    fn trampoline_entry(&self) -> u64;

    /// Sets the registers for the first instruction.
    fn start(&self, state: &mut [u8], entry: u64, stack: u64);
    /// Number and arguments of the system call just made.
    fn call(&self, state: &[u8]) -> (u64, [u64; 6]);
    /// Puts a system call's result (`-errno` for errors).
    fn set_result(&self, state: &mut [u8], value: u64);
    /// The register that holds results.
    fn result(&self, state: &[u8]) -> u64;
    /// Goes back to the system-call instruction just executed, its arguments unchanged.
    fn rewind_call(&self, state: &mut [u8]);
    /// Sorts the arguments of `clone`.
    fn clone_args(&self, args: [u64; 6]) -> CloneArgs;
    /// Makes the state of a new thread or process out of its maker's: result 0, stack and thread pointer
    /// as given.
    fn become_child(&self, state: &mut [u8], stack: Option<u64>, tls: Option<u64>);
    /// The stack pointer.
    fn stack_pointer(&self, state: &[u8]) -> u64;

    /// Where the current function returns to, as far as a register tells.
    fn return_address(&self, state: &[u8]) -> Option<u64>;

    /// What leads to the callers of the current function, if programs keep frame pointers by this ABI.
    fn frame_registers(&self) -> Option<FrameRegisters> {
        None
    }

    /// Lays `frame` on the guest's stack and sets the registers for its handler. On an error no register
    /// is changed.
    fn push_frame(
        &self,
        state: &mut [u8],
        memory: &GuestMemory,
        frame: &SignalFrame<'_>,
    ) -> Result<(), Errno>;
    /// Restores the registers from the frame that the stack pointer points to.
    fn pop_frame(&self, state: &mut [u8], memory: &GuestMemory) -> Result<Resumed, Errno>;

    /// Puts fresh keys of pointer authentication, from `random`, in the place of those that `which` names
    /// (`PR_PAC_AP*KEY`; 0: all). `EINVAL` for a key that this guest does not have.
    fn reset_pointer_keys(
        &self,
        _state: &mut [u8],
        _which: u64,
        _random: &[u128; 5],
    ) -> Result<(), Errno> {
        Err(Errno::EINVAL)
    }

    /// The thread looks at branch targets from now on, if this guest has such.
    fn check_branch_targets(&self, _state: &mut [u8]) {}

    /// The registers as text, several lines, for a crash report.
    fn show_registers(&self, state: &[u8]) -> String;
}
