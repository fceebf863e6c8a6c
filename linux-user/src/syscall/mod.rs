//! System calls: what a handler is, what it gets, and how a number finds it.
//!
//! Each group of calls (`fs`, `mem`, …) declares its calls as data beside the handlers: a `CALLS`
//! table of [`Syscall`] rows, without numbers. The numbers are the guest ABI's (`abi::a64::NUMBERS`);
//! [`Table::new`] joins both by name. So a second ABI reuses every handler, and `--strace` knows how
//! to print each argument.
//!
//! Invariant: every number of an ABI has exactly one row or is listed as missing (a test holds it);
//! a missing call answers `ENOSYS` and reports itself by name.

pub mod attr;
pub mod cred;
pub mod dir;
pub mod dispatch;
pub mod fd;
pub mod fs;
pub mod io;
pub mod ioctl;
pub mod ipc;
pub mod limits;
pub mod mem;
pub mod message;
pub mod mount;
pub mod mqueue;
pub mod net;
pub mod notify;
pub mod pass;
pub mod poll;
pub mod prctl;
pub mod process;
pub mod sched;
pub mod signal;
pub mod stat;
pub mod sysinfo;
pub mod thread;
pub mod time;
pub mod timer;
pub mod xattr;

pub use dispatch::Table;

use std::ffi::CString;
use std::sync::Arc;

use crate::abi::GuestAbi;
use crate::errno::{Errno, SysResult};
use crate::host;
use crate::layout::Layouts;
use crate::memory::{GuestMemory, Plain};
use crate::process::Process;
use crate::thread::Thread;

/// A handler: arguments as the registers hold them (64-bit; take `as i32` for an `int`).
pub type Handler = fn(&mut Ctx<'_>, [u64; 6]) -> SysResult;

/// How a call is carried out.
#[derive(Clone, Copy)]
pub enum Call {
    /// By our handler.
    Handler(Handler),
    /// By the host kernel, with the same arguments: every structure and constant is the same on the
    /// host and on 64-bit guests. The call does not wait for anything.
    Native(u32),
    /// As `Native`, but the call may wait, so signals interrupt it.
    NativeBlocking(u32),
}

/// One system call: its name, how `--strace` prints its arguments, and how it is carried out.
pub struct Syscall {
    /// Name as in the kernel's headers (`openat`).
    pub name: &'static str,
    /// One per argument; their number is the number of arguments.
    pub args: &'static [Arg],
    /// How it is carried out.
    pub call: Call,
}

impl Syscall {
    /// A call with a handler of ours.
    pub const fn new(name: &'static str, args: &'static [Arg], handler: Handler) -> Syscall {
        Syscall { name, args, call: Call::Handler(handler) }
    }

    /// A call the host kernel answers as it stands, at once. `host` is `__NR_…` of linux-raw-sys.
    pub const fn native(name: &'static str, args: &'static [Arg], host: u32) -> Syscall {
        Syscall { name, args, call: Call::Native(host) }
    }

    /// A call the host kernel answers as it stands and that may wait.
    pub const fn blocking(name: &'static str, args: &'static [Arg], host: u32) -> Syscall {
        Syscall { name, args, call: Call::NativeBlocking(host) }
    }
}

/// What an argument is: how `--strace` prints it, and what [`pass`] checks and replaces before a
/// `Native` call sees it (paths are redirected, memory must be the guest's).
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    /// Signed 32-bit decimal.
    Int,
    /// Signed 64-bit decimal.
    Long,
    /// Unsigned 64-bit decimal: a length, a count.
    Size,
    /// Hexadecimal.
    Hex,
    /// Octal: a file mode.
    Mode,
    /// A pointer (`NULL` if 0).
    Ptr,
    /// A file descriptor.
    Fd,
    /// A directory file descriptor or `AT_FDCWD`.
    DirFd,
    /// A NUL-terminated string in guest memory.
    Str,
    /// A NULL-terminated array of such strings (argv); only the first ones are printed.
    StrArray,
    /// Bytes the call reads; the length is argument number `.0`.
    In(u8),
    /// Bytes the call wrote; at most the result's number of them are printed after the call.
    Out,
    /// A signal number.
    Signal,
    /// A set of named bits; rest in hexadecimal.
    Flags(&'static [(u64, &'static str)]),
    /// One of several named values; else decimal.
    Enum(&'static [(u64, &'static str)]),
    /// `struct timespec` that the call reads.
    Timespec,
    /// `int[2]` that the call writes (pipe, socketpair).
    FdPair,
    /// A path whose last symlink is followed. After a `DirFd` argument it is relative to that.
    Path,
    /// A path whose last component is meant even if it is a symlink.
    Link,
    /// A path that is followed unless argument number `.0` has `AT_SYMLINK_NOFOLLOW`.
    PathAt(u8),
    /// A path of which the host's file comes first, then the sysroot's: what is mounted, and where.
    Mount,
    /// A buffer the call writes; its length is argument number `.0`.
    OutBuf(u8),
    /// A structure of `.0` bytes the call reads, or NULL.
    InOf(u16),
    /// A structure of `.0` bytes the call writes (and may read), or NULL.
    OutOf(u16),
    /// An array of `struct iovec` whose buffers the call reads; its length is argument number `.0`.
    IovIn(u8),
    /// An array of `struct iovec` whose buffers the call writes; its length is argument `.0`.
    IovOut(u8),
}

/// What a handler works with: the calling thread, its process, guest memory.
pub struct Ctx<'a> {
    /// The process: address space, signal actions, sysroot, program.
    pub process: &'a Arc<Process>,
    /// The calling thread.
    pub thread: &'a mut Thread,
}

impl Ctx<'_> {
    /// The guest's ABI.
    pub fn abi(&self) -> &dyn GuestAbi {
        &*self.process.abi
    }

    /// Structures and constants as the guest has them.
    pub fn layouts(&self) -> &'static Layouts {
        self.process.abi.layouts()
    }

    /// Guest memory.
    pub fn mem(&self) -> &GuestMemory {
        &self.process.memory
    }

    /// Reads a plain structure or integer at a guest address; `EFAULT` if it is not readable.
    pub fn read<T: Plain>(&self, addr: u64) -> Result<T, Errno> {
        self.check(addr, size_of::<T>() as u64)?;
        self.mem().read(addr)
    }

    /// Writes a plain structure or integer at a guest address; `EFAULT` if it is not writable.
    pub fn write<T: Plain>(&self, addr: u64, value: &T) -> Result<(), Errno> {
        self.check(addr, size_of::<T>() as u64)?;
        self.mem().write(addr, value)
    }

    /// The path at a guest address: `EFAULT`, or `ENAMETOOLONG` from 4096 bytes on.
    pub fn path(&self, addr: u64) -> Result<CString, Errno> {
        self.check(addr, 1)?;
        self.mem().path(addr)
    }

    /// A host call that does not wait. Guest pointers may be passed as they are.
    ///
    /// Not for calls that change mappings (`mem` owns them), signal state (`signal`) or threads.
    #[inline]
    pub fn native(&self, number: u32, args: [u64; 6]) -> SysResult {
        // SAFETY: callers keep to the rule above; pointers are guest pointers (or valid host ones).
        unsafe { host::syscall(number, args) }
    }

    /// A host call that may wait. A signal for the guest ends it with a restart code, which handlers
    /// pass on unchanged (having undone or not yet done their effects).
    pub fn blocking(&self, number: u32, args: [u64; 6]) -> SysResult {
        // SAFETY: as in `native`.
        unsafe { host::blocking_syscall(self.thread.signal_flag(), number, args) }
    }
}

/// Every group's calls, without numbers.
pub static GROUPS: &[&[Syscall]] = &[
    attr::CALLS,
    cred::CALLS,
    dir::CALLS,
    fd::CALLS,
    fs::CALLS,
    io::CALLS,
    ioctl::CALLS,
    ipc::CALLS,
    limits::CALLS,
    mem::CALLS,
    message::CALLS,
    mount::CALLS,
    mqueue::CALLS,
    net::CALLS,
    notify::CALLS,
    poll::CALLS,
    prctl::CALLS,
    process::CALLS,
    sched::CALLS,
    signal::CALLS,
    stat::CALLS,
    sysinfo::CALLS,
    thread::CALLS,
    time::CALLS,
    timer::CALLS,
    xattr::CALLS,
];
