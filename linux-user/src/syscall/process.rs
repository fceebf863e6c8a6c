//! Processes: fork, execve, exit, wait. A guest process is a host process.
//!
//! Invariant: a child of `fork` has this thread alone and every lock free ([`Process::fork`]);
//! `execve` has found every error it can before it gives the old program up.

use std::ffi::CString;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use linux_raw_sys::general as k;

use super::Arg::{DirFd, Flags, Hex, Int, OutOf, Ptr, Str, StrArray};
use super::{Ctx, Syscall, thread};
use crate::errno::{Errno, SysResult};
use crate::exec::{self, EXECVE, FindError, NewProgram};
use crate::inbox;
use crate::thread::{Leave, Thread, own_tid};
use crate::vfork::vfork;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("exit", &[Int], |ctx, [code, ..]| leave(ctx, Leave::Thread(code as i32 & 0xff))),
    Syscall::new("exit_group", &[Int], |ctx, [code, ..]| {
        leave(ctx, Leave::Process(code as i32 & 0xff))
    }),
    Syscall::new("clone", &[Flags(CLONE), Ptr, Ptr, Ptr, Ptr], clone),
    Syscall::new("clone3", &[Ptr, Hex], clone3),
    Syscall::new("execve", &[Str, StrArray, Ptr], execve),
    Syscall::new("execveat", &[DirFd, Str, StrArray, Ptr, Hex], execveat),
    Syscall::blocking("wait4", &[Int, OutOf(4), Flags(WAIT), OutOf(144)], k::__NR_wait4),
    Syscall::blocking("waitid", &[Int, Int, OutOf(128), Flags(WAIT), OutOf(144)], k::__NR_waitid),
    Syscall::native("unshare", &[Flags(CLONE)], k::__NR_unshare),
];

const CLONE: &[(u64, &str)] = &[
    (k::CLONE_VM as u64, "CLONE_VM"),
    (k::CLONE_FS as u64, "CLONE_FS"),
    (k::CLONE_FILES as u64, "CLONE_FILES"),
    (k::CLONE_SIGHAND as u64, "CLONE_SIGHAND"),
    (k::CLONE_PIDFD as u64, "CLONE_PIDFD"),
    (k::CLONE_VFORK as u64, "CLONE_VFORK"),
    (k::CLONE_PARENT as u64, "CLONE_PARENT"),
    (k::CLONE_THREAD as u64, "CLONE_THREAD"),
    (k::CLONE_NEWNS as u64, "CLONE_NEWNS"),
    (k::CLONE_SYSVSEM as u64, "CLONE_SYSVSEM"),
    (k::CLONE_SETTLS as u64, "CLONE_SETTLS"),
    (k::CLONE_PARENT_SETTID as u64, "CLONE_PARENT_SETTID"),
    (k::CLONE_CHILD_CLEARTID as u64, "CLONE_CHILD_CLEARTID"),
    (k::CLONE_CHILD_SETTID as u64, "CLONE_CHILD_SETTID"),
    (k::CLONE_NEWUTS as u64, "CLONE_NEWUTS"),
    (k::CLONE_NEWIPC as u64, "CLONE_NEWIPC"),
    (k::CLONE_NEWUSER as u64, "CLONE_NEWUSER"),
    (k::CLONE_NEWPID as u64, "CLONE_NEWPID"),
    (k::CLONE_NEWNET as u64, "CLONE_NEWNET"),
    (k::CLONE_NEWCGROUP as u64, "CLONE_NEWCGROUP"),
    (k::SIGCHLD as u64, "SIGCHLD"),
];

const WAIT: &[(u64, &str)] = &[
    (k::WNOHANG as u64, "WNOHANG"),
    (k::WUNTRACED as u64, "WUNTRACED"),
    (k::WEXITED as u64, "WEXITED"),
    (k::WCONTINUED as u64, "WCONTINUED"),
    (k::WNOWAIT as u64, "WNOWAIT"),
    (k::__WALL as u64, "__WALL"),
];

/// Namespaces that a child enters at its birth.
pub(crate) const NAMESPACES: u64 = (k::CLONE_NEWNS
    | k::CLONE_NEWUTS
    | k::CLONE_NEWIPC
    | k::CLONE_NEWUSER
    | k::CLONE_NEWPID
    | k::CLONE_NEWNET
    | k::CLONE_NEWCGROUP) as u64;

fn leave(ctx: &mut Ctx<'_>, how: Leave) -> SysResult {
    ctx.thread.leave = Some(how);
    Ok(0)
}

/// A thread or process to be made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Child {
    pub flags: u64,
    pub exit_signal: u32,
    /// Stack pointer, if not the maker's.
    pub stack: Option<u64>,
    pub tls: Option<u64>,
    /// Where its id is written, by the maker and by itself.
    pub parent_tid: Option<u64>,
    pub child_tid: Option<u64>,
    /// Where it is cleared at its end, or 0.
    pub clear_tid: u64,
    /// Where a descriptor for it is written.
    pub pidfd: Option<u64>,
    /// What a thread does not share though it would by being a host thread.
    pub unshare: u64,
}

impl Child {
    /// From the flags; `child_tid` and `parent_tid` as registers or `clone_args` have them.
    fn new(flags: u64, parent_tid: u64, child_tid: u64, tls: u64) -> Child {
        let has = |flag: u32| flags & flag as u64 != 0;
        Child {
            flags,
            tls: has(k::CLONE_SETTLS).then_some(tls),
            parent_tid: has(k::CLONE_PARENT_SETTID).then_some(parent_tid),
            child_tid: has(k::CLONE_CHILD_SETTID).then_some(child_tid),
            clear_tid: if has(k::CLONE_CHILD_CLEARTID) { child_tid } else { 0 },
            ..Child::default()
        }
    }

    fn has(&self, flag: u32) -> bool {
        self.flags & flag as u64 != 0
    }
}

fn clone(ctx: &mut Ctx<'_>, args: [u64; 6]) -> SysResult {
    let args = ctx.process.abi.clone_args(args);
    let flags = args.flags & 0xffff_ffff & !(k::CSIGNAL as u64);
    let mut child = Child::new(flags, args.parent_tid, args.child_tid, args.tls);
    child.exit_signal = (args.flags & k::CSIGNAL as u64) as u32;
    child.stack = (args.stack != 0).then_some(args.stack);
    if child.has(k::CLONE_PIDFD) {
        if child.has(k::CLONE_PARENT_SETTID) {
            return Err(Errno::EINVAL);
        }
        child.pidfd = Some(args.parent_tid);
    }
    make(ctx, child)
}

/// `struct clone_args` in 64-bit words: flags, pidfd, child_tid, parent_tid, exit_signal, stack,
/// stack_size, tls, set_tid, set_tid_size, cgroup.
const CLONE_ARGS_WORDS: usize = 11;
/// The first version's size.
const CLONE_ARGS_LEAST: u64 = 64;

fn clone3(ctx: &mut Ctx<'_>, [addr, size, ..]: [u64; 6]) -> SysResult {
    if size < CLONE_ARGS_LEAST {
        return Err(Errno::EINVAL);
    }
    if size > crate::vma::PAGE {
        return Err(Errno::E2BIG);
    }
    let mut bytes = vec![0; size.max(8 * CLONE_ARGS_WORDS as u64) as usize];
    ctx.mem().read_bytes(addr, &mut bytes[..size as usize])?;
    let word = |n: usize| crate::layout::record::get_u64(&bytes, 8 * n);
    if bytes[8 * CLONE_ARGS_WORDS..].iter().any(|&b| b != 0) {
        return Err(Errno::E2BIG);
    }
    let [flags, stack, stack_size] = [word(0), word(5), word(6)];
    let wants_ids = word(8) != 0 || word(9) != 0;
    let wants_cgroup = flags & 1 << 33 != 0;
    if wants_ids || wants_cgroup {
        tracing::warn!("clone3 with set_tid or a cgroup is not implemented");
        return Err(Errno::EINVAL);
    }
    if flags & k::CSIGNAL as u64 != 0 || (stack == 0) != (stack_size == 0) || word(4) > 64 {
        return Err(Errno::EINVAL);
    }
    let mut child = Child::new(flags, word(3), word(2), word(7));
    child.exit_signal = word(4) as u32;
    child.stack = (stack != 0).then(|| stack.wrapping_add(stack_size));
    child.pidfd = child.has(k::CLONE_PIDFD).then(|| word(1));
    make(ctx, child)
}

fn make(ctx: &mut Ctx<'_>, mut child: Child) -> SysResult {
    let has = |flag| child.has(flag);
    if (has(k::CLONE_THREAD) && !has(k::CLONE_SIGHAND))
        || (has(k::CLONE_SIGHAND) && !has(k::CLONE_VM))
        || (has(k::CLONE_FS) && has(k::CLONE_NEWNS))
    {
        return Err(Errno::EINVAL);
    }
    if has(k::CLONE_THREAD) {
        let private = [k::CLONE_FS, k::CLONE_FILES, k::CLONE_SYSVSEM];
        child.unshare = private.into_iter().filter(|&f| !has(f)).map(u64::from).sum();
        return thread::spawn(ctx, child);
    }
    if has(k::CLONE_PARENT) || (has(k::CLONE_VM) && !has(k::CLONE_VFORK)) {
        tracing::warn!(
            flags = child.flags,
            "clone: CLONE_PARENT, and CLONE_VM alone, are not implemented"
        );
        return Err(Errno::EINVAL);
    }
    let borrows = has(k::CLONE_VM) && has(k::CLONE_VFORK);
    if !borrows {
        if has(k::CLONE_NEWPID) {
            tracing::warn!("clone: CLONE_NEWPID without CLONE_VM|CLONE_VFORK is not implemented");
            return Err(Errno::EINVAL);
        }
        if child.exit_signal != k::SIGCHLD {
            tracing::warn!(
                signal = child.exit_signal,
                "clone: the parent is told by SIGCHLD instead"
            );
        }
    }
    ctx.thread.hold_signals()?;
    let made = if borrows { vfork(ctx, &child) } else { fork(ctx, child) };
    let told = match made {
        Ok(pid) if pid != 0 => tell_parent(ctx, &child, pid),
        _ => Ok(()),
    };
    ctx.thread.open_signals();
    told.and(made)
}

/// A pipe through which a child tells that it could not enter its namespaces.
struct Verdict {
    read: OwnedFd,
    write: OwnedFd,
}

impl Verdict {
    fn new() -> Result<Verdict, Errno> {
        let mut fds = [0; 2];
        // SAFETY: the array is ours, and so are the new descriptors.
        unsafe {
            if libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
                return Err(Errno::last());
            }
            Ok(Verdict { read: OwnedFd::from_raw_fd(fds[0]), write: OwnedFd::from_raw_fd(fds[1]) })
        }
    }

    /// In the parent: the child's error, if it had one.
    fn wait(self) -> Result<(), Errno> {
        drop(self.write);
        let mut error = [0; 4];
        // SAFETY: the buffer is ours. No signal interrupts: they are held.
        let n = unsafe { libc::read(self.read.as_raw_fd(), error.as_mut_ptr().cast(), 4) };
        if n == 4 { Err(Errno::new(i32::from_ne_bytes(error))) } else { Ok(()) }
    }

    /// In the child: the parent's `clone` fails.
    fn fail(self, error: Errno) -> ! {
        let bytes = error.number().to_ne_bytes();
        // SAFETY: the bytes are ours; then the child ends.
        unsafe {
            libc::write(self.write.as_raw_fd(), bytes.as_ptr().cast(), bytes.len());
            libc::_exit(127)
        }
    }
}

fn fork(ctx: &mut Ctx<'_>, child: Child) -> SysResult {
    let namespaces = child.flags & NAMESPACES;
    let verdict = if namespaces != 0 { Some(Verdict::new()?) } else { None };
    let result = match ctx.process.fork() {
        Ok(0) => {
            become_child(ctx.thread, &child);
            if let Some(verdict) = verdict {
                // SAFETY: a call without pointers.
                let entered =
                    unsafe { crate::host::syscall(k::__NR_unshare, [namespaces, 0, 0, 0, 0, 0]) };
                if let Err(error) = entered {
                    verdict.fail(error);
                }
            }
            return Ok(0);
        }
        Ok(pid) => pid,
        Err(error) => return Err(error),
    };
    if let Some(verdict) = verdict
        && let Err(error) = verdict.wait()
    {
        // SAFETY: reaps the child that failed; no pointers.
        unsafe { libc::waitpid(result, std::ptr::null_mut(), 0) };
        return Err(error);
    }
    Ok(result as u64)
}

fn become_child(thread: &mut Thread, child: &Child) {
    thread.tid = own_tid();
    thread.leader = true;
    thread.inbox.clear();
    thread.signals.forget_pending();
    thread.clear_tid = child.clear_tid;
    thread.robust_list = 0;
    if let Some(addr) = child.child_tid {
        let _ = thread.process.memory.write(addr, &thread.tid);
    }
    let abi = thread.process.abi.clone();
    abi.become_child(thread.vcpu.state_mut(), child.stack, child.tls);
}

/// What the maker of a process is told besides the child's id.
fn tell_parent(ctx: &Ctx<'_>, child: &Child, pid: u64) -> Result<(), Errno> {
    if let Some(addr) = child.parent_tid {
        let _ = ctx.write(addr, &(pid as i32));
    }
    if let Some(addr) = child.pidfd {
        let fd = ctx.native(k::__NR_pidfd_open, [pid, 0, 0, 0, 0, 0])?;
        ctx.write(addr, &(fd as i32))?;
    }
    Ok(())
}

/// Longest argument or variable (`MAX_ARG_STRLEN`).
const MAX_STRING: usize = 32 * 4096;
/// Most bytes of all arguments and variables together.
const MAX_STRINGS: usize = 6 << 20;

/// The strings of a NULL-terminated array; a NULL array is empty.
fn strings(ctx: &Ctx<'_>, array: u64, room: &mut usize) -> Result<Vec<Vec<u8>>, Errno> {
    let mut list = Vec::new();
    if array == 0 {
        return Ok(list);
    }
    let mut at = array;
    loop {
        let pointer: u64 = ctx.read(at)?;
        if pointer == 0 {
            return Ok(list);
        }
        let string = ctx.mem().cstr(pointer, MAX_STRING)?.ok_or(Errno::E2BIG)?;
        *room = room.checked_sub(string.len() + 9).ok_or(Errno::E2BIG)?;
        list.push(string);
        at = at.wrapping_add(8);
    }
}

fn execve(ctx: &mut Ctx<'_>, [path, argv, env, ..]: [u64; 6]) -> SysResult {
    let path = ctx.path(path)?;
    run_program(ctx, path.into_bytes(), argv, env)
}

fn execveat(ctx: &mut Ctx<'_>, [dir, path, argv, env, flags, _]: [u64; 6]) -> SysResult {
    let known = k::AT_EMPTY_PATH | k::AT_SYMLINK_NOFOLLOW;
    if flags as u32 & !known != 0 {
        return Err(Errno::EINVAL);
    }
    let path = ctx.path(path)?.into_bytes();
    if path.starts_with(b"/") || (dir as i32 == libc::AT_FDCWD && !path.is_empty()) {
        return run_program(ctx, path, argv, env);
    }
    if path.is_empty() && flags as u32 & k::AT_EMPTY_PATH == 0 {
        return Err(Errno::ENOENT);
    }
    let link = format!("/proc/self/fd/{}", dir as i32);
    let target = std::fs::read_link(&link).map_err(|_| Errno::EBADF)?;
    let mut named = target.as_os_str().as_bytes().to_vec();
    if !path.is_empty() {
        named = [&named[..], b"/", &path].concat();
    } else if !Path::new(&target).is_file() {
        // Deleted or never named: the descriptor itself, if it survives.
        named = link.into_bytes();
    }
    let named = ctx.process.sysroot.strip(&named).unwrap_or(named);
    run_program(ctx, named, argv, env)
}

fn run_program(ctx: &mut Ctx<'_>, path: Vec<u8>, argv: u64, env: u64) -> SysResult {
    let mut room = MAX_STRINGS;
    let argv = strings(ctx, argv, &mut room)?;
    let env = strings(ctx, env, &mut room)?;
    let path = own_program(ctx, path);
    let process = ctx.process.clone();
    if let Err(error) = check(ctx, &path, &argv) {
        if let FindError::Format { .. } = error.root() {
            tracing::warn!("execve: {error}");
        }
        return Err(error.errno());
    }
    ctx.thread.new_program = Some(NewProgram::new(&process.reexec, path, argv, env)?);
    process.keep_code();
    process.actions.prepare_exec();
    let host_stack = process.limits.lend_stack();
    let error = start(ctx);
    drop(host_stack);
    process.actions.cancel_exec();
    ctx.thread.new_program = None;
    if ctx.thread.vforked {
        inbox::block_all();
    }
    Err(error)
}

/// Gives this program up for the new one; returns only if that failed.
fn start(ctx: &Ctx<'_>) -> Errno {
    let Some(program) = &ctx.thread.new_program else { return Errno::EINVAL };
    // A signal that comes now is delivered first, and the call made again.
    inbox::set_host_mask(ctx.thread.signals.mask);
    program.start(|args| ctx.blocking(EXECVE, args))
}

/// The guest's own program where the name means it through `/proc`.
fn own_program(ctx: &Ctx<'_>, path: Vec<u8>) -> Vec<u8> {
    let means_it = CString::new(path.clone())
        .ok()
        .and_then(|path| crate::procfs::followed(ctx, libc::AT_FDCWD, &path))
        .is_some();
    if means_it { ctx.process.program.exe.as_os_str().as_bytes().to_vec() } else { path }
}

/// Every error that the new program would meet, as far as it can be known.
fn check(ctx: &Ctx<'_>, path: &[u8], argv: &[Vec<u8>]) -> Result<(), FindError> {
    let process = ctx.process;
    let target = process.abi.target();
    let found = exec::find(&process.sysroot, target, path, argv)?;
    if let Some(interpreter) = &found.image.interpreter {
        exec::find_interpreter(&process.sysroot, target, interpreter)?;
    }
    Ok(())
}
