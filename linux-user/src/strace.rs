//! `--strace`: system calls as text, one line each on the standard error output.
//!
//! Data-driven: the call's row says what each argument is ([`Arg`]). Invariant: printing changes nothing
//! the guest can see but the time.

use std::fmt::Write as _;

use crate::crash;
use crate::errno::SysResult;
use crate::memory::GuestMemory;
use crate::syscall::{Arg, Syscall};

/// Longest piece of a string or buffer that is shown.
const SHOWN: usize = 64;
/// Most elements of an array that are shown.
const ELEMENTS: usize = 16;

/// A system call about to be made: its name and the arguments that it reads.
pub struct Line {
    text: String,
    /// What the call writes, shown when it is done.
    after: Vec<(usize, Arg, u64)>,
}

impl Line {
    /// The beginning of the line.
    pub fn begin(tid: i32, call: &Syscall, args: &[u64; 6], memory: &GuestMemory) -> Line {
        let mut line = Line { text: format!("{tid} {}(", call.name), after: Vec::new() };
        for (n, (&arg, &value)) in call.args.iter().zip(args).enumerate() {
            if n > 0 {
                line.text.push_str(", ");
            }
            line.argument(n, arg, value, args, memory);
        }
        line.text.push(')');
        line
    }

    /// Of a call that has no row.
    pub fn begin_missing(tid: i32, name: &str, args: &[u64; 6]) -> Line {
        let args: Vec<String> = args.iter().map(|a| format!("{a:#x}")).collect();
        Line { text: format!("{tid} {name}({})", args.join(", ")), after: Vec::new() }
    }

    /// Writes what there is, and begins a line of its own for the result, if it comes to that.
    pub fn interrupted(self, name: &str) -> Line {
        let tid = self.text.split(' ').next().unwrap_or_default().to_string();
        crash::write(&format!("{} ...\n", self.text));
        Line { text: format!("{tid} ... {name}"), after: self.after }
    }

    /// Writes the line without a result: the call does not return.
    pub fn finish_without_return(self) {
        crash::write(&format!("{} = ?\n", self.text));
    }

    /// Writes the line with its result.
    pub fn finish(mut self, result: SysResult, memory: &GuestMemory) {
        match result {
            Ok(value) if value > 1 << 16 => {
                let _ = write!(self.text, " = {value:#x}");
            }
            Ok(value) => {
                let _ = write!(self.text, " = {value}");
            }
            Err(error) if error.is_restart() => {
                let _ = write!(self.text, " = ? {error:?}");
            }
            Err(error) => {
                let _ = write!(self.text, " = -1 {error:?} ({error})");
            }
        }
        if let Ok(value) = result {
            for (n, arg, addr) in std::mem::take(&mut self.after) {
                let _ = write!(self.text, " [{n}]=");
                self.result(arg, addr, value, memory);
            }
        }
        self.text.push('\n');
        crash::write(&self.text);
    }

    fn argument(&mut self, n: usize, arg: Arg, value: u64, args: &[u64; 6], memory: &GuestMemory) {
        let out = &mut self.text;
        let _ = match arg {
            Arg::Int => write!(out, "{}", value as i32),
            Arg::Fd => write!(out, "{}", value as i32),
            Arg::DirFd if value as i32 == libc::AT_FDCWD => write!(out, "AT_FDCWD"),
            Arg::DirFd => write!(out, "{}", value as i32),
            Arg::Long => write!(out, "{}", value as i64),
            Arg::Size => write!(out, "{value}"),
            Arg::Hex => write!(out, "{value:#x}"),
            Arg::Mode => write!(out, "{:#o}", value & 0o177_7777),
            Arg::Signal => write!(out, "{}", signal(value)),
            Arg::Flags(names) => write!(out, "{}", flags(value, names)),
            Arg::Enum(names) => match names.iter().find(|(v, _)| *v == value) {
                Some((_, name)) => write!(out, "{name}"),
                None => write!(out, "{}", value as i64),
            },
            Arg::Str | Arg::Path | Arg::Link | Arg::PathAt(_) | Arg::Mount => {
                write!(out, "{}", string(value, memory))
            }
            Arg::StrArray => write!(out, "{}", strings(value, memory)),
            Arg::In(len) => write!(out, "{}", buffer(value, args[len as usize % 6], memory)),
            Arg::Timespec => write!(out, "{}", timespec(value, memory)),
            Arg::IovIn(len) => write!(out, "{}", iovecs(value, args[len as usize % 6], memory)),
            Arg::Out | Arg::OutBuf(_) | Arg::FdPair => {
                self.after.push((n, arg, value));
                write!(self.text, "{}", pointer(value))
            }
            Arg::Ptr | Arg::InOf(_) | Arg::OutOf(_) | Arg::IovOut(_) => {
                write!(out, "{}", pointer(value))
            }
        };
    }

    fn result(&mut self, arg: Arg, addr: u64, value: u64, memory: &GuestMemory) {
        let text = match arg {
            Arg::FdPair => match memory.read::<[i32; 2]>(addr) {
                Ok([a, b]) => format!("[{a}, {b}]"),
                Err(_) => pointer(addr),
            },
            _ => buffer(addr, value, memory),
        };
        self.text.push_str(&text);
    }
}

fn pointer(value: u64) -> String {
    if value == 0 { "NULL".into() } else { format!("{value:#x}") }
}

fn signal(value: u64) -> String {
    match value as u32 {
        0 => "0".into(),
        n if n <= crate::signal::MAX_SIGNAL => crash::signal_name(n),
        n => n.to_string(),
    }
}

fn flags(value: u64, names: &[(u64, &str)]) -> String {
    let mut rest = value;
    let mut text = String::new();
    for &(bit, name) in names {
        if bit != 0 && rest & bit == bit {
            rest &= !bit;
            text = if text.is_empty() { name.into() } else { format!("{text}|{name}") };
        }
    }
    match (text.is_empty(), rest) {
        (true, _) => match names.iter().find(|(v, _)| *v == value) {
            Some((_, name)) => (*name).into(),
            None => format!("{value:#x}"),
        },
        (_, 0) => text,
        _ => format!("{text}|{rest:#x}"),
    }
}

fn quoted(bytes: &[u8], more: bool) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', byte as char]),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            0x20..=0x7e => text.push(byte as char),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push_str(if more { "\"..." } else { "\"" });
    text
}

fn string(addr: u64, memory: &GuestMemory) -> String {
    if addr == 0 {
        return pointer(addr);
    }
    match memory.cstr(addr, GuestMemory::PATH_MAX) {
        Ok(Some(bytes)) => quoted(&bytes, false),
        _ => pointer(addr),
    }
}

fn strings(addr: u64, memory: &GuestMemory) -> String {
    let mut shown = Vec::new();
    for n in 0.. {
        match memory.read::<u64>(addr.wrapping_add(8 * n)) {
            Ok(0) => break,
            Ok(_) if shown.len() == ELEMENTS => {
                shown.push("...".to_string());
                break;
            }
            Ok(at) => shown.push(string(at, memory)),
            Err(_) => return pointer(addr),
        }
    }
    format!("[{}]", shown.join(", "))
}

fn buffer(addr: u64, len: u64, memory: &GuestMemory) -> String {
    let mut bytes = vec![0; SHOWN.min(len.min(i32::MAX as u64) as usize)];
    if addr == 0 || memory.read_bytes(addr, &mut bytes).is_err() {
        return pointer(addr);
    }
    quoted(&bytes, len as usize > SHOWN)
}

fn iovecs(addr: u64, count: u64, memory: &GuestMemory) -> String {
    let shown: Vec<String> = (0..count.min(ELEMENTS as u64))
        .map_while(|n| memory.read::<[u64; 2]>(addr.wrapping_add(16 * n)).ok())
        .map(|[base, len]| buffer(base, len, memory))
        .collect();
    let more = if count > ELEMENTS as u64 { ", ..." } else { "" };
    format!("[{}{more}]", shown.join(", "))
}

fn timespec(addr: u64, memory: &GuestMemory) -> String {
    match memory.read::<[i64; 2]>(addr) {
        Ok([seconds, nanos]) if addr != 0 => format!("{{{seconds}, {nanos}}}"),
        _ => pointer(addr),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_names_and_a_rest() {
        let names = &[(0, "O_RDONLY"), (1, "O_WRONLY"), (0x40, "O_CREAT")];
        assert_eq!(flags(0, names), "O_RDONLY");
        assert_eq!(flags(0x41, names), "O_WRONLY|O_CREAT");
        assert_eq!(flags(0x1040, names), "O_CREAT|0x1000");
        assert_eq!(flags(0x1000, names), "0x1000");
    }

    #[test]
    fn arguments_are_shown_by_their_kind() {
        const CALL: Syscall = Syscall::native(
            "x",
            &[Arg::DirFd, Arg::Path, Arg::In(3), Arg::Size, Arg::Mode, Arg::Timespec],
            0,
        );
        let path = c"/tmp/a\tb";
        let time = [3i64, 4];
        let args = [
            -100i64 as u64,
            path.as_ptr().addr() as u64,
            path.as_ptr().addr() as u64,
            4,
            0o644,
            time.as_ptr().addr() as u64,
        ];
        let line = Line::begin(7, &CALL, &args, &GuestMemory::default());
        assert_eq!(line.text, r#"7 x(AT_FDCWD, "/tmp/a\tb", "/tmp", 4, 0o644, {3, 4})"#);
    }

    #[test]
    fn bad_pointers_are_shown_as_numbers() {
        let memory = GuestMemory::default();
        assert_eq!(string(0, &memory), "NULL");
        assert_eq!(string(8, &memory), "0x8");
        assert_eq!(strings(8, &memory), "0x8");
        assert_eq!(buffer(8, 4, &memory), "0x8");
    }
}
