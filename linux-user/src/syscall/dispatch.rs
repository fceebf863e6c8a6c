//! From a system-call instruction to its handler and back to the guest's result register.
//!
//! Invariant: a call that gave up for a signal leaves the guest's registers as they were; the thread's
//! `restart` says how it goes on, and `signal` settles that before the next guest instruction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Call, Ctx, GROUPS, Syscall};
use crate::crash;
use crate::errno::{Errno, SysResult};
use crate::process::Process;
use crate::strace::Line;
use crate::thread::Thread;

/// The calls of an ABI by number.
pub struct Table {
    entries: Vec<Option<Entry>>,
}

struct Entry {
    name: &'static str,
    /// Its group and row in that, or [`UNKNOWN`] or [`MISSING`]. Looked up when the call is first made: most programs make a
    /// few, and their start does not wait for the others. No lock: a child of `fork` could find it taken.
    row: AtomicU32,
}

const UNKNOWN: u32 = u32::MAX;
const MISSING: u32 = u32::MAX - 1;

impl Entry {
    fn call(&self) -> Option<&'static Syscall> {
        let mut row = self.row.load(Ordering::Relaxed);
        if row == UNKNOWN {
            row = self.look_up();
            self.row.store(row, Ordering::Relaxed);
        }
        GROUPS.get((row >> 16) as usize)?.get((row & 0xffff) as usize)
    }

    #[cold]
    fn look_up(&self) -> u32 {
        let found = GROUPS.iter().enumerate().find_map(|(group, rows)| {
            let at = rows.iter().position(|row| row.name == self.name)?;
            Some((group << 16 | at) as u32)
        });
        found.unwrap_or(MISSING)
    }
}

impl Table {
    /// Joins an ABI's numbers with the rows of every group.
    pub fn new(numbers: &[(u32, &'static str)]) -> Table {
        let count = numbers.iter().map(|n| n.0 as usize + 1).max().unwrap_or(0);
        let mut entries: Vec<Option<Entry>> = (0..count).map(|_| None).collect();
        for &(number, name) in numbers {
            entries[number as usize] = Some(Entry { name, row: UNKNOWN.into() });
        }
        Table { entries }
    }

    fn get(&self, number: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(number).ok()?)?.as_ref()
    }

    /// Names of the calls that answer `ENOSYS`, by number.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().flatten().filter(|e| e.call().is_none()).map(|e| e.name)
    }
}

/// Names of the system calls that the guest's kernel would have and this one has not.
pub fn missing_calls() -> Vec<&'static str> {
    Table::new(crate::abi::a64::numbers::NUMBERS).missing().collect()
}

impl Thread {
    /// Answers the system call that the guest has just made.
    pub(crate) fn system_call(&mut self, process: &Arc<Process>) {
        let abi = &process.abi;
        let (number, args) = abi.call(self.vcpu.state());
        let entry = process.table.get(number);
        let result = match entry.and_then(Entry::call) {
            Some(row) if process.strace => self.traced(process, row, args),
            Some(row) => self.carry_out(process, row, &args),
            None => {
                let name = entry.map_or_else(|| format!("syscall_{number}"), |e| e.name.into());
                self.missing(&name, number, &args)
            }
        };
        let state = self.vcpu.state_mut();
        match result {
            Ok(value) => abi.set_result(state, value),
            Err(error) if error.is_restart() => self.restart = Some(error),
            Err(error) => abi.set_result(state, -(error.number() as i64) as u64),
        }
    }

    // By reference: arguments that were just written word by word are slow to be copied.
    fn carry_out(&mut self, process: &Arc<Process>, row: &Syscall, args: &[u64; 6]) -> SysResult {
        let mut ctx = Ctx { process, thread: self };
        match row.call {
            Call::Handler(handler) => handler(&mut ctx, *args),
            Call::Native(number) if row.args.is_empty() => ctx.native(number, *args),
            Call::Native(number) => {
                let passed = ctx.pass(row.args, *args)?;
                ctx.native(number, passed.args)
            }
            Call::NativeBlocking(number) => {
                let passed = ctx.pass(row.args, *args)?;
                ctx.blocking(number, passed.args)
            }
        }
    }

    #[cold]
    fn traced(&mut self, process: &Arc<Process>, row: &Syscall, args: [u64; 6]) -> SysResult {
        let line = Line::begin(self.tid, row, &args, &process.memory);
        if ["exit", "exit_group", "rt_sigreturn"].contains(&row.name) {
            line.finish_without_return();
            return self.carry_out(process, row, &args);
        }
        let line = if row.name.starts_with("exec") { line.interrupted(row.name) } else { line };
        let result = self.carry_out(process, row, &args);
        line.finish(result, &process.memory);
        result
    }

    /// A call that is not there reports itself: in the log always, to the user once under `--strict`.
    #[cold]
    fn missing(&mut self, name: &str, number: u64, args: &[u64; 6]) -> SysResult {
        let process = &self.process;
        let result = Err(Errno::ENOSYS);
        if process.strace {
            Line::begin_missing(self.tid, name, args).finish(result, &process.memory);
        }
        if process.first_report(number) {
            tracing::warn!(name, number, "unimplemented system call");
            if process.strict {
                crash::write(&format!(
                    "isamorph: unimplemented system call {name} (number {number}): the program was told ENOSYS\n"
                ));
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::a64::numbers::NUMBERS;
    use std::collections::HashSet;

    #[test]
    fn every_row_has_a_name_of_its_own_and_a_number() {
        let mut seen = HashSet::new();
        let known: HashSet<&str> = NUMBERS.iter().map(|n| n.1).collect();
        for row in GROUPS.iter().flat_map(|g| g.iter()) {
            assert!(seen.insert(row.name), "two rows for {}", row.name);
            assert!(known.contains(row.name), "A64 has no call {}", row.name);
            assert!(row.args.len() <= 6, "{} has too many arguments", row.name);
        }
    }

    /// What is missing is written down here, so that nothing goes missing unseen.
    #[test]
    fn the_missing_calls_are_these() {
        let table = Table::new(NUMBERS);
        let missing: Vec<&str> = table.missing().collect();
        assert_eq!(missing, MISSING);
    }

    #[rustfmt::skip]
    const MISSING: &[&str] = &[
        // Asynchronous I/O whose rings the program reads itself.
        "io_setup", "io_destroy", "io_submit", "io_cancel", "io_getevents",
        // Gone from the kernel.
        "lookup_dcookie", "nfsservctl",
        // The machine's, not a process's.
        "quotactl", "kexec_load", "init_module", "delete_module",
        "ptrace", "reboot",
        "add_key", "request_key", "keyctl",
        "remap_file_pages", "migrate_pages", "move_pages",
        "perf_event_open", "finit_module", "seccomp", "bpf", "userfaultfd",
        "pkey_alloc", "pkey_free", "io_pgetevents", "kexec_file_load",
        "io_uring_setup", "io_uring_enter", "io_uring_register", "quotactl_fd",
        "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "memfd_secret",
        "set_mempolicy_home_node", "map_shadow_stack", "statmount", "listmount",
        "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal",
        "setxattrat", "getxattrat", "listxattrat", "removexattrat",
    ];
}
