//! The fixed addresses of [`crate::case`] as memory of this process: guest addresses are host addresses.
//!
//! Invariant: one [`Arena`] at a time; whoever holds it alone writes code and data.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use isamorph_a64::processor::CpuModel;
use isamorph_engine::{Engine, EngineConfig};
use isamorph_ir::CodeSource;

use crate::case::{CODE, CODE_BYTES, DATA, DATA_BYTES, FIRST_BLOCK, Layout, Memory};

/// BRK: what ends a case that branches to [`CODE`].
const STUB: u32 = 0xd420_0000;

/// Guards the fixed addresses.
static CLAIM: Mutex<()> = Mutex::new(());

/// The code area and the page of data.
#[derive(Debug)]
pub struct Arena {
    _claim: MutexGuard<'static, ()>,
}

impl Arena {
    /// Maps both areas and takes guest faults; waits while another thread has them.
    pub fn claim() -> Result<Self> {
        // A test that failed with the claim leaves nothing behind that the next does not overwrite.
        let claim = CLAIM.lock().unwrap_or_else(PoisonError::into_inner);
        map(CODE, CODE_BYTES)?;
        map(DATA, DATA_BYTES)?;
        handle_faults()?;
        let mut arena = Self { _claim: claim };
        arena.protect_code(false);
        arena.bytes_mut(CODE, 4).copy_from_slice(&STUB.to_le_bytes());
        Ok(arena)
    }

    /// Writes the code of a batch. Engines must be told with [`isamorph_engine::Engine::invalidate`].
    pub fn place(&mut self, layout: &Layout) {
        let at = CODE + FIRST_BLOCK as u64;
        self.protect_code(false);
        self.bytes_mut(at, layout.bytes.len()).copy_from_slice(&layout.bytes);
        // No block may change another.
        self.protect_code(true);
    }

    fn protect_code(&mut self, protect: bool) {
        let access = libc::PROT_READ | if protect { 0 } else { libc::PROT_WRITE };
        // SAFETY: the mapping is ours alone, and `self` says that nobody uses it now.
        let done = unsafe { libc::mprotect(CODE as *mut libc::c_void, CODE_BYTES, access) };
        assert_eq!(done, 0, "the protection of an own mapping can be changed");
    }

    /// Puts the data into their initial state.
    pub fn reset(&mut self, memory: &Memory) {
        memory.fill(self.bytes_mut(DATA, DATA_BYTES));
    }

    /// The data as they are.
    pub fn data(&self) -> &[u8] {
        // SAFETY: the page is mapped readable, and no guest code runs while `self` is borrowed here.
        unsafe { std::slice::from_raw_parts(DATA as *const u8, DATA_BYTES) }
    }

    fn bytes_mut(&mut self, at: u64, count: usize) -> &mut [u8] {
        assert!(
            at == DATA && count == DATA_BYTES
                || at >= CODE && at + count as u64 <= CODE + CODE_BYTES as u64
        );
        // SAFETY: inside one of the two areas, which stay mapped as long as the process lives, are writable whenever
        // this is called, and are reached only through the one arena; no guest code runs while it is borrowed.
        unsafe { std::slice::from_raw_parts_mut(at as *mut u8, count) }
    }
}

fn map(at: u64, bytes: usize) -> Result<()> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new anonymous mapping that replaces nothing.
    let got = unsafe { libc::mmap(at as *mut libc::c_void, bytes, access, flags, -1, 0) };
    if got == libc::MAP_FAILED {
        let error = io::Error::last_os_error();
        // From the arena before this one.
        ensure!(error.raw_os_error() == Some(libc::EEXIST), "mapping {at:#x}: {error}");
        return Ok(());
    }
    ensure!(got as u64 == at, "the host maps {at:#x} at {got:p}");
    Ok(())
}

fn handle_faults() -> Result<()> {
    for signal in isamorph_engine::fault::SIGNALS {
        // SAFETY: sigaction is plain data; zero is a value.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: the handler is async-signal-safe and lives as long as the process.
        let done = unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
        ensure!(done == 0, "sigaction: {}", io::Error::last_os_error());
    }
    Ok(())
}

extern "C" fn on_signal(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: these are the handler's own arguments.
    if !unsafe { isamorph_engine::fault::on_host_signal(signal, info, context) } {
        // Not a guest's: the access happens again and ends the process.
        // SAFETY: resets a disposition.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// The code area as guest code.
#[derive(Clone, Copy, Debug)]
pub struct ArenaCode;

impl CodeSource for ArenaCode {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let end = CODE + CODE_BYTES as u64;
        if !(CODE..end).contains(&addr) {
            return 0;
        }
        let count = buf.len().min((end - addr) as usize);
        // SAFETY: inside the code area, which is mapped before any engine runs; it is written only while none does.
        let code = unsafe { std::slice::from_raw_parts(addr as *const u8, count) };
        buf[..count].copy_from_slice(code);
        count
    }
}

/// An engine over the arena's code, for a processor of this model.
pub fn engine(model: CpuModel, config: EngineConfig) -> Result<Arc<Engine>> {
    let frontend = Arc::new(isamorph_a64::A64::new(model));
    Engine::new(config, frontend, Arc::new(ArenaCode)).context("making an engine")
}
