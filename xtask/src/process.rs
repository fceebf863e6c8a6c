//! Runs other programs: with their output passed through, or captured together with the CPU time and a time limit.
//!
//! Invariant: a program that outlives its limit is ended with its whole process group, so nothing is left behind.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a captured program did.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended. `None`: it was ended because it exceeded its time limit.
    pub status: Option<ExitStatus>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// User and system CPU time of it and of the children it waited for.
    pub cpu: Duration,
    /// Time on the clock.
    pub wall: Duration,
    /// Largest resident set, in KiB.
    pub max_rss_kib: u64,
}

impl Outcome {
    /// Exited with status 0.
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// How it ended, in words: `exit status 3`, `signal 11`, `time limit exceeded`.
    pub fn ending(&self) -> String {
        match self.status {
            None => "time limit exceeded".into(),
            Some(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("exit status {code}"),
                (None, Some(signal)) => format!("signal {signal}"),
                (None, None) => status.to_string(),
            },
        }
    }

    /// The last lines of standard error (and of standard output, if that is all there is), for a report.
    pub fn tail(&self, lines: usize) -> String {
        let text = if self.stderr.is_empty() { &self.stdout } else { &self.stderr };
        let text = String::from_utf8_lossy(text);
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// The command as one would type it, for messages.
pub fn display(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| quote(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs `command` with its output passed through; an error unless it exits with status 0.
pub fn run(command: &mut Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("cannot start `{}`", display(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", display(command));
    }
    Ok(())
}

/// Runs `command` quietly; an error that carries its output unless it exits with status 0.
pub fn run_quiet(command: &mut Command) -> Result<String> {
    let output =
        command.output().with_context(|| format!("cannot start `{}`", display(command)))?;
    if !output.status.success() {
        bail!(
            "`{}` failed: {}\n{}{}",
            display(command),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs `command` with `stdin` as its input, for at most `limit`.
pub fn capture(command: &mut Command, stdin: &[u8], limit: Duration) -> Result<Outcome> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let begin = Instant::now();
    let mut child =
        command.spawn().with_context(|| format!("cannot start `{}`", display(command)))?;
    let pid = i32::try_from(child.id()).expect("a pid fits a pid_t");
    let mut to_child = child.stdin.take().expect("stdin was piped");
    let mut from_stdout = child.stdout.take().expect("stdout was piped");
    let mut from_stderr = child.stderr.take().expect("stderr was piped");

    std::thread::scope(|scope| {
        // A program may end without reading its input: a broken pipe is its business.
        scope.spawn(move || to_child.write_all(stdin).ok());
        let stdout = scope.spawn(move || read_all(&mut from_stdout, pid));
        let stderr = scope.spawn(move || read_all(&mut from_stderr, pid));
        let (ended, watch) = mpsc::channel::<()>();
        let watcher = scope.spawn(move || {
            let expired = watch.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
            if expired {
                kill_group(pid);
            }
            expired
        });
        let (status, usage) = wait(pid).with_context(|| format!("waiting for pid {pid}"))?;
        let wall = begin.elapsed();
        drop(ended);
        let expired = watcher.join().expect("the watcher does not panic");
        // Whatever it left running would keep the pipes open.
        kill_group(pid);
        Ok(Outcome {
            status: (!expired).then_some(status),
            stdout: stdout.join().expect("the reader does not panic"),
            stderr: stderr.join().expect("the reader does not panic"),
            cpu: timeval(usage.ru_utime) + timeval(usage.ru_stime),
            wall,
            max_rss_kib: usage.ru_maxrss.try_into().unwrap_or(0),
        })
    })
}

/// More than any program that is captured writes: what writes without end is ended.
const MAX_OUTPUT: u64 = 256 << 20;

fn read_all(from: &mut impl Read, pid: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What came before an error is still worth reporting.
    let _ = from.by_ref().take(MAX_OUTPUT).read_to_end(&mut bytes);
    if bytes.len() as u64 == MAX_OUTPUT {
        kill_group(pid);
    }
    bytes
}

fn timeval(time: libc::timeval) -> Duration {
    let micros = time.tv_sec * 1_000_000 + time.tv_usec;
    Duration::from_micros(micros.try_into().unwrap_or(0))
}

fn kill_group(pid: i32) {
    // SAFETY: kill takes no pointers; the group is the one that `capture` made for its child.
    unsafe { libc::kill(-pid, libc::SIGKILL) };
}

fn wait(pid: i32) -> Result<(ExitStatus, libc::rusage)> {
    let mut status = 0;
    // SAFETY: rusage is plain integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live locals of the right types.
        let got = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if got == pid {
            return Ok((ExitStatus::from_raw(status), usage));
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error.into());
        }
    }
}

/// Is `program` on the `PATH`?
pub fn on_path(program: impl AsRef<OsStr>) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|dir| dir.join(program.as_ref()).is_file())
}

/// Does `work` on every item, on all cores; the results come in the items' order.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..cores.min(items.len()) {
            let (send, next, work) = (send.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    if send.send((index, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
    });
    drop(send);
    let mut results: Vec<(usize, R)> = receive.into_iter().collect();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
