//! Runs cases on our own engines, in this process.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Result, bail};
use isamorph_a64::processor::CpuModel;
use isamorph_engine::{Engine, EngineConfig, EngineKind, FaultExits, TrapKind, Vcpu, VmExit};
use isamorph_ir::Exception;

use crate::arena::{self, Arena};
use crate::case::{CODE, CODE_BYTES, Case, End, Layout, Outcome, Place, hash};
use crate::state::{Slots, State};

/// What executes a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The reference interpreter on the IR as lifted.
    Interp,
    /// The interpreter on the IR after the passes.
    Optimised,
    /// Blocks by the baseline compiler: registers are exact always.
    Baseline,
    /// The same with no more host instructions than x86-64-v2 has.
    Plain,
    /// Compiled regions whose registers are exact at exits only.
    Jit,
    /// Compiled regions whose registers are exact at every fault.
    Precise,
    /// The same with fault exits at all accesses, not only in loops.
    Guarded,
    /// Compiled regions of a program that never looks at FPSR, which is not compared.
    Flagless,
}

impl Kind {
    /// Those whose registers are exact at faults: they agree on everything.
    pub const EXACT: [Self; 6] =
        [Self::Interp, Self::Optimised, Self::Baseline, Self::Plain, Self::Precise, Self::Guarded];

    fn config(self) -> EngineConfig {
        let (kind, optimise_interpreted) = match self {
            Self::Interp => (EngineKind::Interp, false),
            Self::Optimised => (EngineKind::Interp, true),
            Self::Baseline | Self::Plain => (EngineKind::Baseline, true),
            Self::Jit | Self::Precise | Self::Guarded | Self::Flagless => (EngineKind::Jit, true),
        };
        let precise = matches!(self, Self::Precise | Self::Guarded);
        let everywhere = self == Self::Guarded;
        let fault_exits = if everywhere { FaultExits::Everywhere } else { FaultExits::InLoops };
        EngineConfig {
            kind,
            optimise_interpreted,
            precise,
            fault_exits,
            plain_host: self == Self::Plain,
            // Every case is asked for its flags at the end.
            exact_flags: self != Self::Flagless,
            ..EngineConfig::default()
        }
    }

    /// Are registers exact after a fault?
    pub fn is_exact(self) -> bool {
        !matches!(self, Self::Jit | Self::Flagless)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interp => "interp",
            Self::Optimised => "optimised",
            Self::Baseline => "baseline",
            Self::Plain => "plain",
            Self::Jit => "jit",
            Self::Precise => "precise",
            Self::Guarded => "guarded",
            Self::Flagless => "flagless",
        })
    }
}

impl FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> Result<Self> {
        Ok(match word {
            "interp" => Self::Interp,
            "optimised" => Self::Optimised,
            "baseline" => Self::Baseline,
            "plain" => Self::Plain,
            "jit" => Self::Jit,
            "precise" => Self::Precise,
            "guarded" => Self::Guarded,
            "flagless" => Self::Flagless,
            _ => {
                bail!(
                    "`{word}` is no engine: interp, optimised, baseline, plain, jit, precise, guarded, flagless"
                )
            }
        })
    }
}

/// One engine with a vCPU.
struct Machine {
    kind: Kind,
    engine: Arc<Engine>,
    vcpu: Vcpu,
}

/// Several engines over one arena.
pub struct Engines {
    arena: Arena,
    slots: Slots,
    machines: Vec<Machine>,
}

impl Engines {
    /// Engines of these kinds, for a processor with all that is implemented.
    pub fn new(kinds: &[Kind]) -> Result<Self> {
        Self::with_model(kinds, CpuModel::MAX)
    }

    /// Engines of these kinds for a processor of this model.
    pub fn with_model(kinds: &[Kind], model: CpuModel) -> Result<Self> {
        let arena = Arena::claim()?;
        let machines = kinds
            .iter()
            .map(|&kind| {
                let engine = arena::engine(model, kind.config())?;
                let vcpu = Vcpu::new(&engine);
                Ok(Machine { kind, engine, vcpu })
            })
            .collect::<Result<Vec<_>>>()?;
        let slots = Slots::of(isamorph_a64::state::LAYOUT);
        Ok(Self { arena, slots, machines })
    }

    /// The kinds, in the order of the results.
    pub fn kinds(&self) -> Vec<Kind> {
        self.machines.iter().map(|machine| machine.kind).collect()
    }

    /// Runs a batch: for every case, what became of it on every engine.
    pub fn run(&mut self, cases: &[Case]) -> Vec<Vec<Outcome>> {
        let layout = Layout::of(cases);
        self.arena.place(&layout);
        for machine in &self.machines {
            machine.engine.invalidate(CODE..CODE + CODE_BYTES as u64);
        }
        cases.iter().zip(&layout.places).map(|(case, place)| self.run_case(case, *place)).collect()
    }

    fn run_case(&mut self, case: &Case, place: Place) -> Vec<Outcome> {
        let Self { arena, slots, machines } = self;
        machines
            .iter_mut()
            .map(|machine| {
                arena.reset(&case.memory);
                let begin = State { pc: place.pc, ..case.state.clone() };
                begin.write(slots, machine.vcpu.state_mut());
                let end = run_to_end(&mut machine.vcpu);
                let state = State::read(slots, machine.vcpu.state());
                let data = arena.data();
                Outcome { end, state, hash: hash(data), data: Some(data.to_vec()) }
            })
            .collect()
    }
}

/// Runs until the case has ended, as a Linux process would see it.
fn run_to_end(vcpu: &mut Vcpu) -> End {
    let signal = |number, address| End::Signal { number, address };
    loop {
        return match vcpu.run() {
            VmExit::Interrupted => continue,
            VmExit::Syscall { imm } => End::Call { imm },
            VmExit::Exception(Exception::Breakpoint(_)) if vcpu.pc() == CODE => End::Left,
            VmExit::Exception(exception) => match exception {
                Exception::Breakpoint(_) => signal(libc::SIGTRAP, 0),
                Exception::Undefined(_) | Exception::Privileged(_) => signal(libc::SIGILL, 0),
                Exception::BranchTarget => signal(libc::SIGILL, 0),
                Exception::StackAlign => {
                    let layout = &vcpu.engine().desc().layout;
                    let sp = layout.find("sp").expect("A64 has it");
                    signal(libc::SIGBUS, layout.read_u64(vcpu.state(), sp))
                }
                Exception::Fetch => signal(libc::SIGSEGV, vcpu.pc()),
                Exception::Unimplemented { class, .. } => End::Unimplemented(class),
            },
            VmExit::Fault(fault) => match fault.kind {
                TrapKind::Unmapped | TrapKind::Protected => signal(libc::SIGSEGV, fault.addr),
                TrapKind::Align | TrapKind::Bus => signal(libc::SIGBUS, fault.addr),
            },
        };
    }
}
