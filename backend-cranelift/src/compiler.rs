//! The compiler: one per compiling thread, reused from region to region.
//!
//! Way of the data: `Region → plan → lower →` **Cranelift → patched exits →** [`CodeBlob`].
//!
//! Invariant: what Cranelift yields is checked before it is believed: the prologue's bytes, the size of the
//! frame, and the bytes of every exit that is overwritten.

use crate::abi;
use crate::blob::{CodeBlob, Listing};
use crate::finish;
use crate::graph::Graph;
use crate::lower::{self, Target};
use crate::plan::{Plan, SlotSet};
use crate::rotate;
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::FunctionBuilderContext;
use isamorph_ir::{GuestDesc, Region};
use std::fmt;

/// How much Cranelift optimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OptLevel {
    /// Register allocation only: 7.5 µs a guest instruction, code within 5-7 % of `Speed`.
    #[default]
    None,
    /// Everything. Cumulative floating-point flags may then be raised too early: what does not change in a loop
    /// is computed before it, even if the loop is left earlier.
    Speed,
}

/// Which accesses that may fault have a cold path that stores what the state lacks, instead of stores before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FaultExits {
    /// None.
    Never,
    /// Those in loops, for what the loops write.
    #[default]
    InLoops,
    /// All, for testing: larger code, and longer to compile.
    Everywhere,
}

/// What a region is compiled for.
#[derive(Clone, Copy)]
pub struct CompileOptions<'a> {
    /// Registers in the state are exact at every access that may fault.
    pub precise: bool,
    /// Where precise code has fault exits ([`CodeBlob::fault_exits`]).
    pub fault_exits: FaultExits,
    /// The poll word is looked at, at entries and in every loop.
    pub polls: bool,
    /// The Underflow flag is exact too where a result is rounded up to the least normal number (guests that
    /// detect tininess before rounding; the host detects it after). Costs two to four instructions for each
    /// multiplication: every result of a chain is looked at, not only its end.
    pub exact_underflow: bool,
    /// [`isamorph_ir::Block::fp_exact`] stands for nothing but the flushing of denormals, which the host is set to as well,
    /// and nobody looks at the cumulative flags.
    pub host_flushes: bool,
    /// Cranelift's effort.
    pub opt_level: OptLevel,
    /// The [`isamorph_ir::GuestDesc::ignored_top_bits`] of every address are cleared before its access. Else the
    /// host refuses such an address.
    pub clear_ignored_bits: bool,
    /// Ways out of the region that the engine does not see are counted ([`crate::abi::Transitions`]).
    pub count_transitions: bool,
    /// Host address of guest address 0.
    pub guest_base: u64,
    /// Yield the text forms too.
    pub listing: bool,
    /// Knows of some guest addresses that the condition flags are dead there.
    pub flags_dead_at: Option<&'a dyn Fn(u64) -> bool>,
}

impl Default for CompileOptions<'_> {
    fn default() -> Self {
        CompileOptions {
            precise: false,
            fault_exits: FaultExits::InLoops,
            polls: true,
            exact_underflow: false,
            host_flushes: false,
            opt_level: OptLevel::None,
            clear_ignored_bits: false,
            count_transitions: false,
            guest_base: 0,
            listing: false,
            flags_dead_at: None,
        }
    }
}

impl fmt::Debug for CompileOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompileOptions")
            .field("precise", &self.precise)
            .field("polls", &self.polls)
            .field("exact_underflow", &self.exact_underflow)
            .field("host_flushes", &self.host_flushes)
            .field("opt_level", &self.opt_level)
            .field("guest_base", &self.guest_base)
            .finish_non_exhaustive()
    }
}

impl CompileOptions<'_> {
    pub(crate) fn flags_dead_at(&self, pc: u64) -> bool {
        self.flags_dead_at.is_some_and(|f| f(pc))
    }
}

/// Why a region could not be compiled. The engine runs it on another tier.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Cranelift has no code generator for this host.
    #[error("no code generator for this host: {0}")]
    Host(String),
    /// The guest has more registers than a region can hold.
    #[error("guest {guest} has {slots} slots; the region compiler takes {}", SlotSet::CAPACITY)]
    TooManySlots {
        /// Name of the guest.
        guest: &'static str,
        /// Its number of slots.
        slots: usize,
    },
    /// Cranelift refused the region.
    #[error("Cranelift failed on the region at {pc:#x}: {message}")]
    Codegen {
        /// The region.
        pc: u64,
        /// Cranelift's words.
        message: String,
    },
    /// The region needs a larger frame than the trampoline reserves.
    #[error("the region at {pc:#x} needs a frame of {size} bytes, more than {}", abi::MAX_FRAME)]
    Frame {
        /// The region.
        pc: u64,
        /// Bytes.
        size: u32,
    },
    /// Generated code does not have the form that the region ABI relies on.
    #[error("unexpected code in the region at {pc:#x}: {what}")]
    Shape {
        /// The region.
        pc: u64,
        /// What is wrong.
        what: &'static str,
    },
}

/// Compiles regions of one guest.
pub struct Compiler {
    desc: &'static GuestDesc,
    quick: OwnedTargetIsa,
    speed: OwnedTargetIsa,
    fma: bool,
    rotates: bool,
    context: Context,
    builder: FunctionBuilderContext,
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").field("guest", &self.desc.name).finish_non_exhaustive()
    }
}

fn isa(opt_level: &str) -> Result<OwnedTargetIsa, CompileError> {
    let mut flags = settings::builder();
    let verify = if cfg!(debug_assertions) { "true" } else { "false" };
    for (name, value) in [
        ("opt_level", opt_level),
        ("regalloc_algorithm", "backtracking"),
        ("enable_verifier", verify),
        ("unwind_info", "false"),
        ("enable_probestack", "false"),
        ("machine_code_cfg_info", "false"),
        ("preserve_frame_pointers", "false"),
    ] {
        flags.set(name, value).map_err(|e| CompileError::Host(e.to_string()))?;
    }
    cranelift_native::builder()
        .map_err(|e| CompileError::Host(e.to_owned()))?
        .finish(settings::Flags::new(flags))
        .map_err(|e| CompileError::Host(e.to_string()))
}

impl Compiler {
    /// A compiler for this guest on this host.
    ///
    /// # Errors
    /// If Cranelift does not know the host, or the guest has too many registers.
    pub fn new(desc: &'static GuestDesc) -> Result<Compiler, CompileError> {
        let slots = desc.layout.slots.len();
        if slots > SlotSet::CAPACITY {
            return Err(CompileError::TooManySlots { guest: desc.name, slots });
        }
        let quick = isa("none")?;
        let has = |name: &str| {
            quick.isa_flags().iter().any(|f| f.name == name && f.as_bool() == Some(true))
        };
        // What vector ops are built from: x86-64-v2.
        for name in ["has_ssse3", "has_sse41", "has_sse42", "has_popcnt"] {
            if !has(name) {
                return Err(CompileError::Host(format!("the host's processor lacks {name}")));
            }
        }
        let fma = has("has_fma");
        let rotates = has("has_avx512vl") && has("has_avx512f");
        Ok(Compiler {
            desc,
            quick,
            speed: isa("speed")?,
            fma,
            rotates,
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
        })
    }

    /// Compiles a region.
    ///
    /// # Errors
    /// See [`CompileError`]; the compiler stays usable.
    pub fn compile(
        &mut self,
        region: &Region,
        opts: &CompileOptions<'_>,
    ) -> Result<CodeBlob, CompileError> {
        let mut result = self.compile_with(region, opts, self.rotates);
        // What was made to be rewritten did not come through: without it, then.
        let is_shape = |r: &Result<_, _>| matches!(r, Err(CompileError::Shape { .. }));
        if is_shape(&result) && opts.precise && opts.fault_exits != FaultExits::Never {
            let opts = CompileOptions { fault_exits: FaultExits::Never, ..*opts };
            result = self.compile_with(region, &opts, self.rotates);
            result.iter_mut().for_each(|blob| blob.unguarded = true);
        }
        if is_shape(&result) && self.rotates {
            result = self.compile_with(region, opts, false);
        }
        if result.is_err() {
            self.builder = FunctionBuilderContext::new();
        }
        result
    }

    fn compile_with(
        &mut self,
        region: &Region,
        opts: &CompileOptions<'_>,
        rotates: bool,
    ) -> Result<CodeBlob, CompileError> {
        let result = self.try_compile(region, opts, rotates);
        self.context.clear();
        result
    }

    fn try_compile(
        &mut self,
        region: &Region,
        opts: &CompileOptions<'_>,
        rotates: bool,
    ) -> Result<CodeBlob, CompileError> {
        let frontend_config = self.quick.frontend_config();
        let mut target = Target { frontend_config, desc: self.desc, fma: self.fma, rotates };
        let graph = Graph::new(self.desc, region);
        let plan = Plan::new(self.desc, &graph, opts);
        let builder = &mut self.builder;
        let func = &mut self.context.func;
        let mut lowered = lower::region(func, builder, target, &graph, &plan, opts);
        if lowered.rotations > 0 && !rotate::only_stand_ins(func, lowered.rotations) {
            target.rotates = false;
            func.clear();
            lowered = lower::region(func, builder, target, &graph, &plan, opts);
        }
        // Passes that copy and merge instructions would do so with stand-ins, without their marks.
        let optimised = opts.opt_level == OptLevel::Speed && !lowered.patched;
        let isa = if optimised { &self.speed } else { &self.quick };
        let clif = opts.listing.then(|| self.context.func.display().to_string());
        self.context.set_disasm(opts.listing);
        let pc = region.pc();
        self.context
            .compile(&**isa, &mut ControlPlane::default())
            .map_err(|e| CompileError::Codegen { pc, message: e.inner.to_string() })?;
        let compiled = self.context.compiled_code().expect("just compiled");
        let (func, counts) = (&self.context.func, opts.count_transitions);
        let mut blob = finish::blob(pc, compiled, func, lowered, counts, optimised)?;
        for block in &region.blocks {
            let range = block.pc..block.pc.wrapping_add(block.len as u64);
            // A callee is there once for each call.
            if !blob.guest_ranges.contains(&range) {
                blob.guest_ranges.push(range);
            }
        }
        blob.guest_insns = region.guest_insns();
        let vcode = compiled.vcode.clone().unwrap_or_default();
        blob.listing = clif.map(|clif| Listing { clif, vcode });
        Ok(blob)
    }
}
