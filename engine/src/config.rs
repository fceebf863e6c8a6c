//! How an engine is set up.

use crate::region_former::Limits;
use crate::sample::Sampling;
use isamorph_backend_cranelift::FaultExits;
use std::path::PathBuf;
use thiserror::Error;

/// Which tiers run guest code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The reference interpreter alone.
    Interp,
    /// The baseline compiler alone: blocks, compiled when first reached.
    Baseline,
    /// Compiled regions alone, compiled when first reached.
    Jit,
    /// Baseline code at first; what is hot is compiled to regions in the background.
    #[default]
    Auto,
}

/// Set-up of an engine.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Tiers.
    pub kind: EngineKind,
    /// Run the optimising passes on interpreted blocks too (compiled regions always are optimised).
    pub optimise_interpreted: bool,
    /// Keep registers exact at every fault from the beginning.
    pub precise: bool,
    /// Where precise regions have fault exits.
    pub fault_exits: FaultExits,
    /// Keep the cumulative floating-point flags exact from the beginning, not only once the guest looks at them.
    pub exact_flags: bool,
    /// Executions of a loop's head or of a function after which the region there is compiled ([`EngineKind::Auto`]) while
    /// one core is idle; with more idle cores it is less, with none more.
    pub threshold: u32,
    /// Interpret what control comes to for the first time, and compile it when it comes again ([`EngineKind::Auto`]).
    pub interpret_first: bool,
    /// Let baseline code use no more of the host than x86-64-v2 has, for testing what older hosts get.
    pub plain_host: bool,
    /// Let compiled code jump to each other. Without, each returns to the dispatcher (lockstep, tests).
    pub chain: bool,
    /// Leave condition flags unstored at exits behind which they are dead. Without, the state is whole at every exit
    /// (lockstep).
    pub look_ahead: bool,
    /// Limits of regions.
    pub limits: Limits,
    /// Bytes of executable memory (virtual until used).
    pub code_bytes: usize,
    /// Host address of guest address 0.
    pub guest_base: u64,
    /// Compile code that counts the ways it takes without asking the engine. It is neither taken from the persistent cache
    /// nor kept there.
    pub count_transitions: bool,
    /// Sample where processor time goes.
    pub sampling: Option<Sampling>,
}

impl Default for EngineConfig {
    fn default() -> EngineConfig {
        EngineConfig {
            kind: EngineKind::Auto,
            optimise_interpreted: true,
            precise: false,
            fault_exits: FaultExits::default(),
            exact_flags: false,
            threshold: 60_000,
            interpret_first: true,
            plain_host: false,
            chain: true,
            look_ahead: true,
            limits: Limits {
                region_insns: 300,
                line_insns: 600,
                callee_insns: 64,
                inlined_insns: 200,
                block_insns: 64,
            },
            code_bytes: 256 << 20,
            guest_base: 0,
            count_transitions: false,
            sampling: None,
        }
    }
}

/// The persistent code cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Its directory.
    pub dir: PathBuf,
    /// Add to it.
    pub write: bool,
    /// Most bytes of all its files.
    pub limit: u64,
    /// Add everything that was compiled, whether or not that seems worth it, and wait for other processes.
    pub eager: bool,
}

impl StoreConfig {
    /// Bytes that a cache may have if nobody says otherwise.
    pub const LIMIT: u64 = 512 << 20;
}

/// Why an engine could not be made.
#[derive(Debug, Error)]
pub enum EngineError {
    /// No executable memory.
    #[error("cannot map {bytes} bytes for compiled code; allow the mapping or use --engine interp")]
    CodeMemory {
        /// Bytes asked for.
        bytes: usize,
        /// The host's reason.
        source: std::io::Error,
    },
    /// The host has no compiler.
    #[error("this host has no code generator; use --engine interp")]
    Backend(#[from] isamorph_backend_cranelift::CompileError),
    /// The guest's registers do not fit.
    #[error("the state of guest {guest} has {size} bytes, more than the {max} there is room for")]
    State {
        /// Guest.
        guest: &'static str,
        /// Its size.
        size: u32,
        /// The room.
        max: u32,
    },
}
