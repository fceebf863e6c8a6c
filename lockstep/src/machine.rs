//! A vCPU of one of our engines on the followed memory, without a process round it.

use crate::event::Event;
use crate::inputs::{Inputs, IsInput};
use crate::pages::Code;
use crate::patch::{Patch, Patched};
use isamorph_engine::region_former::Limits;
use isamorph_engine::{Engine, EngineConfig, EngineError, EngineKind, Vcpu};
use isamorph_ir::{Block, Frontend};
use std::sync::Arc;

/// What is compared: an engine, and the error put into it, if any.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Its set-up.
    pub engine: EngineConfig,
    /// Makes it wrong on purpose.
    pub patch: Option<Patch>,
}

/// The guest that both sides run.
#[derive(Clone)]
pub struct Guest {
    /// Its instruction set.
    pub frontend: Arc<dyn Frontend>,
    /// Instructions whose results are inputs.
    pub is_input: IsInput,
    /// Where to stop besides.
    pub from: Option<u64>,
}

impl Guest {
    /// The frontend of a side.
    pub fn frontend(&self, side: &Side) -> Arc<Inputs> {
        let inner: Arc<dyn Frontend> = match side.patch {
            Some(patch) => Arc::new(Patched { inner: self.frontend.clone(), patch }),
            None => self.frontend.clone(),
        };
        Arc::new(Inputs::new(inner, self.is_input, self.from))
    }

    /// A machine of this guest.
    pub fn machine(&self, side: &Side) -> Result<Machine, EngineError> {
        let frontend = self.frontend(side);
        let engine = Engine::new(side.engine, frontend.clone(), Arc::new(Code))?;
        Ok(Machine { vcpu: Vcpu::new(&engine), frontend })
    }

    /// The machine that others are measured by: the interpreter, without any passes. One step is one instruction.
    pub fn reference(&self) -> Result<Machine, EngineError> {
        let engine = EngineConfig {
            kind: EngineKind::Interp,
            optimise_interpreted: false,
            limits: Limits::of_blocks(1),
            ..EngineConfig::default()
        };
        self.machine(&Side { engine, patch: None })
    }
}

/// What became of a step.
enum Step {
    On,
    Kicked,
    At(Event),
}

/// A vCPU on the followed memory.
pub struct Machine {
    /// The vCPU.
    pub vcpu: Vcpu,
    frontend: Arc<Inputs>,
}

impl Machine {
    /// The registers.
    pub fn state(&self) -> &[u8] {
        self.vcpu.state()
    }

    /// Takes these registers over.
    pub fn load(&mut self, state: &[u8]) {
        self.vcpu.copy_state(state);
    }

    fn advance(&mut self) -> Step {
        let pc = self.vcpu.pc();
        match self.vcpu.step() {
            // A withheld instruction goes nowhere.
            None if self.vcpu.pc() == pc && self.frontend.stops_at(&Code, pc) => {
                Step::At(Event::Input)
            }
            None => Step::On,
            Some(exit) => Event::of(&exit).map_or(Step::Kicked, Step::At),
        }
    }

    /// Runs what its dispatcher takes for one step.
    pub fn step(&mut self) -> Option<Event> {
        match self.advance() {
            Step::At(event) => Some(event),
            Step::On | Step::Kicked => None,
        }
    }

    /// Makes so many steps.
    pub fn steps(&mut self, count: u64) {
        for _ in 0..count {
            self.step();
        }
    }

    /// Runs to the next event; `None` if somebody kicks the vCPU before.
    pub fn to_event(&mut self) -> Option<Event> {
        loop {
            match self.advance() {
                Step::At(event) => return Some(event),
                Step::Kicked => return None,
                Step::On => {}
            }
        }
    }

    /// The block at the PC as lifted.
    pub fn lift(&self, max_insns: u32) -> Block {
        let mode = self.frontend.mode(self.vcpu.state());
        self.frontend.lift(&Code, self.vcpu.pc(), mode, max_insns)
    }

    /// Its translations of code in these ranges are old.
    pub fn invalidate(&self, ranges: Vec<std::ops::Range<u64>>) {
        for range in ranges {
            self.vcpu.engine().invalidate(range);
        }
    }
}
