//! What the user is told when the guest dies of a fault of its own.
//!
//! Written in one `write` each, without locks of the standard library: other threads may have been
//! interrupted anywhere.

use std::fmt::Write as _;

use isamorph_ir::Exception;
use isamorph_ir::contract::TrapKind;
use linux_raw_sys::general as sys;

use crate::abi::Fault;
use crate::process::Process;
use crate::signal::Raised;
use crate::symbols::Symbols;
use crate::thread::Thread;
use crate::vma::Backing;

/// Writes to the standard error output, as far as it can.
pub(crate) fn write(text: &str) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        // SAFETY: the bytes are ours.
        let n = unsafe { libc::write(2, rest.as_ptr().cast(), rest.len()) };
        if n <= 0 {
            return;
        }
        rest = &rest[n as usize..];
    }
}

/// `name+0x14 in /bin/program`, as far as it is known.
pub fn locate(process: &Process, addr: u64) -> String {
    Symbols::default().locate(&process.space, &process.sysroot, addr).to_string()
}

/// `SIGSEGV` and the like.
pub fn signal_name(signal: u32) -> String {
    let name = match signal {
        sys::SIGHUP => "SIGHUP",
        sys::SIGINT => "SIGINT",
        sys::SIGQUIT => "SIGQUIT",
        sys::SIGILL => "SIGILL",
        sys::SIGTRAP => "SIGTRAP",
        sys::SIGABRT => "SIGABRT",
        sys::SIGBUS => "SIGBUS",
        sys::SIGFPE => "SIGFPE",
        sys::SIGKILL => "SIGKILL",
        sys::SIGUSR1 => "SIGUSR1",
        sys::SIGSEGV => "SIGSEGV",
        sys::SIGUSR2 => "SIGUSR2",
        sys::SIGPIPE => "SIGPIPE",
        sys::SIGALRM => "SIGALRM",
        sys::SIGTERM => "SIGTERM",
        sys::SIGSTKFLT => "SIGSTKFLT",
        sys::SIGCHLD => "SIGCHLD",
        sys::SIGCONT => "SIGCONT",
        sys::SIGSTOP => "SIGSTOP",
        sys::SIGTSTP => "SIGTSTP",
        sys::SIGTTIN => "SIGTTIN",
        sys::SIGTTOU => "SIGTTOU",
        sys::SIGURG => "SIGURG",
        sys::SIGXCPU => "SIGXCPU",
        sys::SIGXFSZ => "SIGXFSZ",
        sys::SIGVTALRM => "SIGVTALRM",
        sys::SIGPROF => "SIGPROF",
        sys::SIGWINCH => "SIGWINCH",
        sys::SIGIO => "SIGIO",
        sys::SIGPWR => "SIGPWR",
        sys::SIGSYS => "SIGSYS",
        n => return format!("SIGRT_{}", n.saturating_sub(32)),
    };
    name.to_string()
}

fn reason(raised: &Raised) -> String {
    let Some(fault) = &raised.fault else {
        return match raised.signal {
            sys::SIGTRAP => "breakpoint instruction".into(),
            sys::SIGILL if raised.target => {
                "an indirect branch to guarded code (PROT_BTI) that is no target of such".into()
            }
            sys::SIGILL => "undefined instruction".into(),
            sys::SIGSEGV => "no room for a signal's frame on the stack".into(),
            _ => "raised by an instruction".into(),
        };
    };
    let access = match fault.fault {
        Fault::Fetch => "jump to",
        Fault::Write => "write to",
        Fault::Read => "read from",
        Fault::Stack => "access by the stack pointer",
    };
    let why = match fault.kind {
        TrapKind::Unmapped => "nothing is mapped there",
        TrapKind::Protected if fault.fault == Fault::Fetch => "it is not executable",
        TrapKind::Protected => "its protection forbids it",
        TrapKind::Align => "it is not aligned",
        TrapKind::Bus => "nothing is behind the mapping (the file is shorter)",
    };
    format!("{access} {:#x}: {why}", fault.addr)
}

/// Tells of a fault that ends the process.
pub(crate) fn report(thread: &Thread, raised: &Raised) {
    let process = &thread.process;
    let pc = thread.vcpu.pc();
    let mut text = format!(
        "isamorph: {}: {}\n  pc {pc:#x}: {}\n",
        signal_name(raised.signal),
        reason(raised),
        locate(process, pc),
    );
    if raised.fault.is_some_and(|report| report.fault == Fault::Fetch)
        && let Some(from) = process.abi.return_address(thread.vcpu.state())
    {
        let _ = writeln!(text, "  return address {from:#x}: {}", locate(process, from));
    }
    if let Some(fault) = &raised.fault
        && near_stack_end(process, fault.addr)
    {
        text.push_str(
            "  the address is just below the main stack: it overflowed (see `ulimit -s`)\n",
        );
    }
    let _ = writeln!(text, "{}", process.abi.show_registers(thread.vcpu.state()));
    if !raised.exact {
        text.push_str(
            "  registers may be older than the fault: run with --engine interp for exact ones\n",
        );
    }
    write(&text);
}

fn near_stack_end(process: &Process, addr: u64) -> bool {
    const GUARD: u64 = 1 << 20;
    let space = process.space.lock();
    let mut areas = space.map().iter();
    areas.any(|a| {
        a.backing == Backing::Anonymous("[stack]")
            && (a.start.saturating_sub(GUARD)..a.start).contains(&addr)
    })
}

/// Tells of an instruction that this emulator does not know yet.
pub(crate) fn unimplemented(thread: &Thread, exception: &Exception) {
    if let Exception::Unimplemented { class, bytes } = exception {
        let pc = thread.vcpu.pc();
        let place = locate(&thread.process, pc);
        tracing::error!(class, bytes, pc, "unimplemented instruction");
        write(&format!(
            "isamorph: unimplemented instruction: {class} (encoding {bytes:#010x}) at pc {pc:#x}: {place}\n"
        ));
    }
}
