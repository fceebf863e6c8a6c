//! From a run that differs to the first instruction that does.
//!
//! The follower's memory can be taken back to where the run began ([`crate::pages`]), so the run is made again and
//! again: by the reference interpreter, one instruction at a time, and by the guilty engine without chaining, which
//! then stops at the end of each region. Regions that end in a state which the reference passes through are right; the
//! first that does not is made again from smaller and smaller regions, down to single instructions.

use crate::event::Event;
use crate::follower::Difference;
use crate::machine::{Guest, Machine, Side};
use crate::pages::{self, Change};
use crate::registers::{self, Hash};
use isamorph_engine::region_former::Limits;
use isamorph_engine::{EngineConfig, EngineError, EngineKind};

/// Steps of an engine that are remembered of one run.
const LOG: usize = 8 << 20;
/// Instructions over which smaller regions are tried, one after the other.
const WINDOWS: [usize; 3] = [1 << 10, 1 << 16, LOG];
/// Instructions among which the reference is looked for with both registers and memory, once it has the registers.
const REACH: u64 = 1 << 24;

/// Which side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first engine, which led.
    Left,
    /// The second, which followed.
    Right,
}

/// The first instructions that differ.
#[derive(Clone, Debug)]
pub struct Culprit {
    /// Who is wrong.
    pub which: Which,
    /// Instructions from the begin of the run to here.
    pub index: u64,
    /// How many instructions it takes for the difference to show.
    pub insns: u32,
    /// The regions that it shows with.
    pub limits: Limits,
    /// The registers before.
    pub before: Vec<u8>,
    /// The registers after, by the reference.
    pub reference: Vec<u8>,
    /// The registers after, by the guilty engine.
    pub wrong: Vec<u8>,
    /// What the reference stored.
    pub reference_stores: Vec<Change>,
    /// What the guilty engine stored.
    pub wrong_stores: Vec<Change>,
}

/// What the search found.
#[derive(Clone, Debug)]
pub enum Finding {
    /// The first instructions that differ.
    Culprit(Box<Culprit>),
    /// Both agree with the reference when the run is made again.
    NotAgain,
    /// This side differs from the reference, but not without chaining and looking ahead: instructions of the run.
    Whole(Which, u64),
}

/// Finds the first instruction of a run that differs. The follower's memory is afterwards as before that instruction.
pub fn find(guest: &Guest, sides: [&Side; 2], d: &Difference) -> Result<Finding, EngineError> {
    let right_image = pages::with(|p| p.image());
    pages::with(|p| p.undo());
    let layout = &guest.frontend.desc().layout;
    let (start, hash) = (d.start.clone(), Hash::new(layout));
    let mut search = Search { guest, reference: guest.reference()?, start, hash };
    let (insns, event) = search.run_reference();
    let state = search.reference.state();
    let agrees = |other: &[u8], its: Event| {
        event.agrees(&its) && (!its.is_exact() || registers::same(layout, state, other))
    };
    let right = agrees(&d.right, d.right_event) && pages::with(|p| p.image()) == right_image;
    let left = agrees(&d.left, d.left_event) && pages::with(|p| p.differences()).is_empty();
    for (which, innocent) in [(Which::Right, right), (Which::Left, left)] {
        if !innocent {
            let culprit = search.search(which, sides[which as usize])?;
            return Ok(match culprit {
                Some(culprit) => Finding::Culprit(Box::new(culprit)),
                None => Finding::Whole(which, insns),
            });
        }
    }
    Ok(Finding::NotAgain)
}

struct Search<'a> {
    guest: &'a Guest,
    reference: Machine,
    /// Registers where the run begins.
    start: Vec<u8>,
    hash: Hash,
}

impl Search<'_> {
    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        let layout = &self.guest.frontend.desc().layout;
        layout.read(a, layout.pc) == layout.read(b, layout.pc) && registers::same(layout, a, b)
    }

    /// The engine of a side with these regions, stopping at the end of each in a whole state.
    fn machine(&self, side: &Side, limits: Limits) -> Result<Machine, EngineError> {
        let engine = EngineConfig { limits, chain: false, look_ahead: false, ..side.engine };
        self.guest.machine(&Side { engine, ..*side })
    }

    /// The whole run by the reference: its instructions and its end.
    fn run_reference(&mut self) -> (u64, Event) {
        self.reference.load(&self.start);
        let mut insns = 0;
        loop {
            if let Some(event) = self.reference.step() {
                return (insns, event);
            }
            insns += 1;
        }
    }

    /// The first wrong instructions of a side, by one of the ways in which its engine runs code.
    fn search(&mut self, which: Which, side: &Side) -> Result<Option<Culprit>, EngineError> {
        let kinds = match side.engine.kind {
            // It compiles some code both ways, when it likes; here each way is taken from the beginning.
            EngineKind::Auto => vec![EngineKind::Baseline, EngineKind::Jit],
            kind => vec![kind],
        };
        for kind in kinds {
            let engine = EngineConfig { kind, ..side.engine };
            if let Some(culprit) = self.search_one(which, &Side { engine, ..*side })? {
                return Ok(Some(culprit));
            }
        }
        Ok(None)
    }

    fn search_one(&mut self, which: Which, side: &Side) -> Result<Option<Culprit>, EngineError> {
        // Near the begin it costs little to look at once.
        if let Some(culprit) = self.smallest(which, side, WINDOWS[0])? {
            return Ok(Some(culprit));
        }
        let mut machine = self.machine(side, side.engine.limits)?;
        let Some(insns) = self.locate(&mut machine, LOG) else { return Ok(None) };
        self.begin_after(insns);
        for window in WINDOWS {
            if let Some(culprit) = self.smallest(which, side, window)? {
                return Ok(Some(Culprit { index: culprit.index + insns, ..culprit }));
            }
        }
        let full = side.engine.limits;
        Ok(Some(self.culprit(which, &mut machine, full, insns)))
    }

    /// What is wrong within so many instructions from where the run begins now, with the smallest blocks that show it,
    /// each a region of its own.
    fn smallest(
        &mut self,
        which: Which,
        side: &Side,
        window: usize,
    ) -> Result<Option<Culprit>, EngineError> {
        for block_insns in [1, 2, 3, 4, 6, 8, 12, 16, 32, side.engine.limits.block_insns] {
            let limits = Limits::of_blocks(block_insns);
            let mut machine = self.machine(side, limits)?;
            let steps = window / limits.block_insns as usize;
            if let Some(insns) = self.locate(&mut machine, steps) {
                self.begin_after(insns);
                return Ok(Some(self.culprit(which, &mut machine, limits, insns)));
            }
        }
        Ok(None)
    }

    /// The run begins only after so many instructions.
    fn begin_after(&mut self, insns: u64) {
        pages::with(|p| p.undo());
        self.reference.load(&self.start);
        self.reference.steps(insns);
        self.start = self.reference.state().to_vec();
        pages::with(|p| p.commit());
    }

    /// After how many instructions the reference is where the engine's first wrong step begins, if one of these many
    /// is wrong.
    fn locate(&mut self, machine: &mut Machine, steps: usize) -> Option<u64> {
        let log = self.log(machine, steps);
        let met = self.walk(&log);
        // The registers agree after as many steps as were met; memory perhaps not so long.
        let steps = met.len() - 1;
        let last = self.memory_agrees(machine, steps, met[steps]);
        if last.is_some() {
            return last.filter(|_| steps < log.len());
        }
        let (mut good, mut insns, mut bad) = (0, 0, steps);
        while bad - good > 1 {
            let middle = good.midpoint(bad);
            match self.memory_agrees(machine, middle, met[middle]) {
                Some(after) => (good, insns) = (middle, after),
                None => bad = middle,
            }
        }
        Some(insns)
    }

    /// The states after each step of an engine (PC and hash), to the next event.
    fn log(&mut self, machine: &mut Machine, steps: usize) -> Vec<(u64, u64)> {
        pages::with(|p| p.undo());
        machine.load(&self.start);
        let mut log = vec![];
        while log.len() < steps {
            let event = machine.step();
            log.push((machine.vcpu.pc(), self.hash.of(machine.state())));
            if event.is_some() {
                break;
            }
        }
        log
    }

    /// After how many of its instructions the reference comes to each of these states, from the begin of the run on
    /// (which is the first entry), as far as it comes to them.
    fn walk(&mut self, log: &[(u64, u64)]) -> Vec<u64> {
        pages::with(|p| p.undo());
        self.reference.load(&self.start);
        let mut met = vec![0];
        let mut done = 0;
        let mut ended = false;
        loop {
            let pc = self.reference.vcpu.pc();
            if log.get(met.len() - 1).is_some_and(|next| next.0 == pc) {
                let here = (pc, self.hash.of(self.reference.state()));
                while log.get(met.len() - 1) == Some(&here) {
                    met.push(done);
                }
            }
            if ended || met.len() > log.len() {
                return met;
            }
            ended = self.reference.step().is_some();
            done += 1;
        }
    }

    /// After how many instructions the reference has both the registers and the memory of an engine after these
    /// steps; not before it has the registers for the first time, after `insns`. It may have them several times.
    fn memory_agrees(&mut self, machine: &mut Machine, steps: usize, insns: u64) -> Option<u64> {
        pages::with(|p| p.undo());
        machine.load(&self.start);
        machine.steps(steps as u64);
        let theirs = pages::with(|p| p.image());
        pages::with(|p| p.undo());
        self.reference.load(&self.start);
        self.reference.steps(insns);
        for done in insns..insns + REACH {
            if self.same(self.reference.state(), machine.state())
                && pages::with(|p| p.image()) == theirs
            {
                return Some(done);
            }
            if self.reference.step().is_some() {
                break;
            }
        }
        None
    }

    /// What is wrong with the engine's first step from where the run begins now.
    fn culprit(
        &mut self,
        which: Which,
        machine: &mut Machine,
        limits: Limits,
        index: u64,
    ) -> Culprit {
        pages::with(|p| p.undo());
        let before = self.start.clone();
        machine.load(&before);
        let insns = machine.lift(limits.block_insns).guest_insns.max(1);
        machine.step();
        let wrong_stores = pages::with(|p| p.stores());
        pages::with(|p| p.undo());
        self.reference.load(&before);
        for _ in 0..insns {
            if self.reference.step().is_some() {
                break;
            }
        }
        let reference_stores = pages::with(|p| p.stores());
        pages::with(|p| p.undo());
        Culprit {
            which,
            index,
            insns,
            limits,
            before,
            reference: self.reference.state().to_vec(),
            wrong: machine.state().to_vec(),
            reference_stores,
            wrong_stores,
        }
    }
}
