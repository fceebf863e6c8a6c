//! What the user is told when the guest dies of a fault of its own.
//!
//! Written in one `write` each, without locks of the standard library: other threads may have been
//! interrupted anywhere. Invariant: reading a program's symbols never fails loudly; there is then no
//! name.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;

use goblin::elf::Elf;
use goblin::elf::program_header::PT_LOAD;
use goblin::elf::sym::STT_FUNC;
use isamorph_ir::Exception;
use isamorph_ir::contract::TrapKind;
use linux_raw_sys::general as sys;

use crate::process::Process;
use crate::signal::Raised;
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
    let area = process.space.lock().map().find(addr).cloned();
    let Some(area) = area else { return "unmapped memory".into() };
    match area.backing_at(addr) {
        Backing::Anonymous("") => "anonymous memory".into(),
        Backing::Anonymous(label) => label.into(),
        Backing::SysV(_) => "shared memory".into(),
        Backing::File { path, offset, .. } => {
            let guest = process.sysroot.strip(path.as_os_str().as_encoded_bytes());
            let shown = guest
                .map_or_else(|| path.display().to_string(), |g| String::from_utf8_lossy(&g).into());
            match symbol(&path, offset) {
                Some((name, 0)) => format!("{name} in {shown}"),
                Some((name, delta)) => format!("{name}+{delta:#x} in {shown}"),
                None => format!("{shown} at file offset {offset:#x}"),
            }
        }
    }
}

/// Largest file whose symbols are looked at.
const MAX_FILE: u64 = 1 << 30;

/// The function at a file offset, and how far behind its start.
fn symbol(path: &std::path::Path, offset: u64) -> Option<(String, u64)> {
    let mut file = File::open(path).ok()?;
    if file.metadata().ok()?.len() > MAX_FILE {
        return None;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let elf = Elf::parse(&bytes).ok()?;
    let segment = elf.program_headers.iter().find(|p| {
        p.p_type == PT_LOAD && offset.checked_sub(p.p_offset).is_some_and(|d| d < p.p_filesz)
    })?;
    let addr = segment.p_vaddr.checked_add(offset - segment.p_offset)?;
    let named = elf.syms.iter().map(|s| (s, &elf.strtab));
    let dynamic = elf.dynsyms.iter().map(|s| (s, &elf.dynstrtab));
    let (best, strings) = named
        .chain(dynamic)
        .filter(|(s, _)| s.st_type() == STT_FUNC && s.st_value != 0 && s.st_value <= addr)
        .filter(|(s, _)| s.st_size == 0 || addr - s.st_value < s.st_size)
        .max_by_key(|(s, _)| s.st_value)?;
    let name = strings.get_at(best.st_name)?;
    Some((name.to_string(), addr - best.st_value))
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
            sys::SIGILL => "undefined instruction".into(),
            sys::SIGSEGV => "no room for a signal's frame on the stack".into(),
            _ => "raised by an instruction".into(),
        };
    };
    let access = match (fault.fetch, fault.write) {
        (true, _) => "jump to",
        (_, true) => "write to",
        _ => "read from",
    };
    let why = match fault.kind {
        TrapKind::Unmapped => "nothing is mapped there",
        TrapKind::Protected if fault.fetch => "it is not executable",
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
    if raised.fault.is_some_and(|fault| fault.fetch)
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
