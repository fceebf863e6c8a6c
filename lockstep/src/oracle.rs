//! Another emulator as the leader: qemu-aarch64, driven through its gdb stub.
//!
//! It runs the program and its system calls; our engine follows it as it follows a leader of ours. At the first
//! difference the program is started anew, led to the begin of the run that differs, and both sides make it one
//! instruction at a time.

use crate::channel::Area;
use crate::event::Event;
use crate::follower::{Difference, Error, Extent, Left};
use crate::gdb::{self, Client, Stop, TRAP};
use crate::machine::{Guest, Machine, Side};
use crate::pages::{self, Source};
use crate::registers;
use crate::symbols::Symbols;
use isamorph_engine::region_former::Limits;
use isamorph_ir::StateLayout;
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};

/// Where guest address 0 lies in the oracle's process.
pub const BASE: u64 = 0x1000_0000_0000;
/// How large the guest's address space is there.
pub const SIZE: u64 = 0x40_0000_0000;

const WRITE: u32 = libc::PROT_WRITE as u32;
const READ_EXEC: u32 = (libc::PROT_READ | libc::PROT_EXEC) as u32;

/// Numbers of A64 system calls after which there is nothing to compare with.
const EXIT: [u64; 2] = [93, 94];
const EXECVE: [u64; 2] = [221, 281];
const SIGRETURN: u64 = 139;
const CLONE: [u64; 2] = [220, 435];
/// `CLONE_THREAD`.
const THREAD: u64 = 0x10000;

/// How a comparison with the oracle ended.
pub enum Verdict {
    /// Equal to the program's end.
    Equal,
    /// Equal as far as it went.
    Left(Left),
    /// A run between two events ended differently.
    Run(Box<Difference>),
    /// An instruction did.
    Insn(Box<Step>),
}

/// An instruction that differs.
#[derive(Clone, Debug)]
pub struct Step {
    /// Instructions from the begin of the run.
    pub index: u64,
    /// Registers before.
    pub before: Vec<u8>,
    /// Registers after, by the oracle.
    pub oracle: Vec<u8>,
    /// Registers after, by our engine.
    pub ours: Vec<u8>,
    /// Memory after that differs (left: ours, right: the oracle's).
    pub memory: Vec<pages::Change>,
}

/// The oracle's process, stopped.
struct Oracle {
    child: Child,
    socket: PathBuf,
    client: Client,
    layout: StateLayout,
}

impl Oracle {
    fn start(mut command: Command, layout: StateLayout) -> Result<Oracle, Error> {
        let socket = std::env::temp_dir().join(format!("isamorph-diff-{}", std::process::id()));
        let _ = fs::remove_file(&socket);
        let (base, size) = (format!("{BASE:#x}"), format!("{SIZE:#x}"));
        command.env("QEMU_GUEST_BASE", base).env("QEMU_RESERVED_VA", size);
        let child = command.env("QEMU_GDB", &socket).spawn()?;
        let mut client = Client::connect(&socket)?;
        client.ask("qSupported:xmlRegisters=arm;swbreak+")?;
        // The numbers of the floating-point registers count from when their description was read.
        client.ask("qXfer:features:read:target.xml:0,fff")?;
        client.tell("QCatchSyscalls:1")?;
        Ok(Oracle { child, socket, client, layout })
    }

    /// Puts the registers that it tells into a state.
    fn read(&mut self, state: &mut [u8], vectors: bool) -> Result<(), gdb::Error> {
        // CPSR, the last, has four bytes.
        let mut core = self.client.bytes("g")?;
        core.resize(34 * 8, 0);
        let word =
            |n: usize| u64::from_le_bytes(core[8 * n..8 * n + 8].try_into().expect("eight bytes"));
        let layout = self.layout;
        let mut set = |name: &str, value: u128| {
            let slot = layout.find(name).expect("a register of A64");
            layout.write(state, slot, value);
        };
        for n in 0..31 {
            set(&format!("x{n}"), word(n).into());
        }
        set("sp", word(31).into());
        set("pc", word(32).into());
        set("nzcv", (word(33) as u32 >> 28).into());
        if !vectors {
            return Ok(());
        }
        let mut wide = |request: String| -> Result<u128, gdb::Error> {
            let mut bytes = self.client.bytes(&request)?;
            bytes.resize(16, 0);
            Ok(u128::from_le_bytes(bytes.try_into().expect("sixteen bytes")))
        };
        for n in 0..32 {
            set(&format!("v{n}"), wide(format!("p{:x}", 34 + n))?);
        }
        let fpsr = wide("p42".into())?;
        set("fpsr", fpsr & 0x9f);
        set("qc", fpsr >> 27 & 1);
        set("fpcr", wide("p43".into())?);
        Ok(())
    }

    /// The guest's areas, as its process has them mapped.
    fn areas(&self) -> Vec<Area> {
        let text = fs::read_to_string(format!("/proc/{}/maps", self.child.id()));
        let parse = |line: &str| {
            let mut words = line.split_whitespace();
            let (start, end) = words.next()?.split_once('-')?;
            let rights = words.next()?;
            let offset = u64::from_str_radix(words.next()?, 16).ok()?;
            let inode: u64 = words.nth(1)?.parse().ok()?;
            let hex = |text: &str| u64::from_str_radix(text, 16).ok()?.checked_sub(BASE);
            let (start, end) = (hex(start)?, hex(end)?);
            let write = if rights.contains('w') { WRITE } else { 0 };
            let mapped = rights.starts_with('r') && end <= SIZE;
            // Which pages are executable only the guest's own kernel knows.
            let (prot, backing) = (READ_EXEC | write, (inode ^ offset) as u32);
            mapped.then_some(Area { start, end, prot, backing })
        };
        text.unwrap_or_default().lines().filter_map(parse).collect()
    }

    fn symbols(&self) -> Symbols {
        Symbols::of(self.child.id(), BASE)
    }

    fn source(&self) -> Source {
        Source { pid: self.child.id() as i32, base: BASE }
    }

    /// From an event on to where its instruction is over.
    fn pass(&mut self, event: Event, pc: u64) -> Result<Option<Left>, Error> {
        if event == Event::Input {
            self.client.run("s")?;
            return Ok(None);
        }
        // Behind the call, its result is not yet in a register: it is at the next instruction.
        match self.client.run("c")? {
            Stop::Return(_) => {}
            _ => return Ok(Some(Left::Handler)),
        }
        match self.client.run_to(pc)? {
            Stop::Signal(TRAP) => Ok(None),
            _ => Ok(Some(Left::Handler)),
        }
    }

    /// Why a call is the last to be compared.
    fn last(&self, number: u64, flags: u64) -> Option<Left> {
        match number {
            n if EXECVE.contains(&n) => Some(Left::Replaced),
            n if n == CLONE[1] || (n == CLONE[0] && flags & THREAD != 0) => Some(Left::Threads),
            SIGRETURN => Some(Left::Handler),
            _ => None,
        }
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.socket);
    }
}

/// Compares one engine with the oracle.
pub struct Comparison<'a> {
    /// What both run.
    pub guest: &'a Guest,
    /// Our engine.
    pub side: &'a Side,
    /// Starts the oracle, but for where its gdb socket is.
    pub command: &'a dyn Fn() -> Command,
    /// How far it came.
    pub extent: Extent,
}

impl Comparison<'_> {
    /// Compares to the end or to the first difference.
    pub fn run(&mut self) -> Result<(Verdict, Symbols), Error> {
        let mut replica = self.guest.machine(self.side)?;
        let layout = self.guest.frontend.desc().layout;
        let mut oracle = Oracle::start((self.command)(), layout)?;
        pages::follow(oracle.source());
        let mut state = replica.state().to_vec();
        loop {
            let start = match self.event(&mut oracle, &mut replica, &mut state)? {
                Ok(()) => continue,
                Err(Verdict::Run(difference)) => difference,
                Err(verdict) => return Ok((verdict, oracle.symbols())),
            };
            let events = self.extent.events - 1;
            drop(oracle);
            let (found, oracle) = self.again(events)?;
            let verdict = found.map_or(Verdict::Run(start), |step| Verdict::Insn(Box::new(step)));
            return Ok((verdict, oracle.symbols()));
        }
    }

    /// One run and the event at its end. The inner error: how the comparison ends.
    fn event(
        &mut self,
        oracle: &mut Oracle,
        replica: &mut Machine,
        state: &mut [u8],
    ) -> Result<Result<(), Verdict>, Error> {
        oracle.read(state, true)?;
        replica.invalidate(pages::with(|p| p.set_areas(&oracle.areas())));
        replica.invalidate(pages::with(pages::Pages::refresh));
        replica.load(state);
        let start = state.to_vec();
        let Some(ours) = replica.to_event() else { return Ok(Err(Verdict::Left(Left::Handler))) };
        let stop = match ours {
            Event::Input => oracle.client.run_to(replica.vcpu.pc())?,
            _ => oracle.client.run("c")?,
        };
        let theirs = match stop {
            Stop::Call(_) => Event::Syscall,
            Stop::Signal(TRAP) => Event::Input,
            Stop::Signal(_) => ours,
            Stop::Return(_) | Stop::Exited(_) | Stop::Died(_) => Event::Exception,
        };
        let mut left = replica.state().to_vec();
        oracle.read(&mut left, true)?;
        let layout = oracle.layout;
        let memory = pages::with(|p| p.differences());
        self.extent.events += 1;
        self.extent.insns = replica.vcpu.interpreted_insns();
        let same = registers::same(&layout, &left, replica.state());
        if !same || ours != theirs || !memory.is_empty() {
            let right = replica.state().to_vec();
            let difference =
                Difference { start, left, right, left_event: theirs, right_event: ours, memory };
            return Ok(Err(Verdict::Run(Box::new(difference))));
        }
        state.copy_from_slice(&left);
        let x0 = layout.find("x0").map_or(0, |slot| layout.read_u64(&left, slot));
        let last = match stop {
            Stop::Call(number) if EXIT.contains(&number) => return Ok(Err(Verdict::Equal)),
            Stop::Call(number) => oracle.last(number, x0),
            Stop::Signal(TRAP) => None,
            _ => Some(Left::Handler),
        };
        let pc = layout.read_u64(&left, layout.pc);
        let last = match last {
            None => oracle.pass(ours, pc)?,
            last => last,
        };
        Ok(last.map_or(Ok(()), |left| Err(Verdict::Left(left))))
    }

    /// The run after these events once more, to the first instruction that differs.
    fn again(&mut self, events: u64) -> Result<(Option<Step>, Oracle), Error> {
        let extent = self.extent;
        // Our own engine, an instruction at a time.
        let mut side = *self.side;
        side.engine.limits = Limits::of_blocks(1);
        side.engine.chain = false;
        side.engine.look_ahead = false;
        let mut ours = self.guest.machine(&side)?;
        let mut oracle = self.lead(events, &mut ours)?;
        let start = ours.state().to_vec();
        let places = new_places(&mut ours, &start);
        let good = self.leap(&mut oracle, &mut ours, &start, &places)?;
        if good.is_some() || !places.is_empty() {
            // It cannot go back: to where it was right by a new one.
            drop(oracle);
            oracle = self.lead(events, &mut ours)?;
        }
        if let Some(Place { index, pc }) = good {
            ours.steps(index);
            oracle.client.run_to(pc)?;
            pages::with(pages::Pages::commit);
        }
        self.extent = extent;
        let step = self.steps(&mut oracle, &mut ours)?;
        let from = good.map_or(0, |place| place.index);
        Ok((step.map(|step| Step { index: step.index + from, ..step }), oracle))
    }

    /// A new oracle behind these events, and our registers with it.
    fn lead(&mut self, events: u64, ours: &mut Machine) -> Result<Oracle, Error> {
        let mut replica = self.guest.machine(self.side)?;
        let mut oracle = Oracle::start((self.command)(), self.guest.frontend.desc().layout)?;
        pages::follow(oracle.source());
        let mut state = replica.state().to_vec();
        for _ in 0..events {
            if self.event(&mut oracle, &mut replica, &mut state)?.is_err() {
                break;
            }
        }
        oracle.read(&mut state, true)?;
        ours.invalidate(pages::with(|p| p.set_areas(&oracle.areas())));
        ours.invalidate(pages::with(pages::Pages::refresh));
        ours.load(&state);
        Ok(oracle)
    }

    /// Goes from place to place, by breakpoints; the last at which both agree.
    fn leap(
        &self,
        oracle: &mut Oracle,
        ours: &mut Machine,
        start: &[u8],
        places: &[Place],
    ) -> Result<Option<Place>, Error> {
        pages::with(pages::Pages::undo);
        ours.load(start);
        let mut good: Option<Place> = None;
        for place in places {
            ours.steps(place.index - good.map_or(0, |p| p.index));
            let stop = oracle.client.run_to(place.pc)?;
            let mut theirs = ours.state().to_vec();
            oracle.read(&mut theirs, true)?;
            let same = registers::same(&oracle.layout, &theirs, ours.state());
            let stored = pages::with(|p| p.dirty_differences());
            if stop != Stop::Signal(TRAP) || !same || !stored.is_empty() {
                break;
            }
            good = Some(*place);
        }
        Ok(good)
    }

    fn steps(&self, oracle: &mut Oracle, ours: &mut Machine) -> Result<Option<Step>, Error> {
        let layout = oracle.layout;
        for index in 0.. {
            let before = ours.state().to_vec();
            if ours.step().is_some() {
                break;
            }
            oracle.client.run("s")?;
            let mut theirs = ours.state().to_vec();
            // Vectors are many packets: asked for when ours changed, or by and by.
            let vectors = index % 64 == 63 || vectors_differ(&layout, &before, &theirs);
            oracle.read(&mut theirs, vectors)?;
            let memory = pages::with(|p| p.dirty_differences());
            if !registers::same(&layout, &theirs, ours.state()) || !memory.is_empty() {
                let ours = ours.state().to_vec();
                pages::with(pages::Pages::undo);
                return Ok(Some(Step { index, before, oracle: theirs, ours, memory }));
            }
            pages::with(pages::Pages::commit);
        }
        Ok(None)
    }
}

/// Where a run comes for the first time, after so many instructions.
#[derive(Clone, Copy)]
struct Place {
    index: u64,
    pc: u64,
}

/// Runs shorter than this are stepped through.
const SHORT: u64 = 20_000;
/// Places to leap to in one run.
const PLACES: u64 = 64;

/// Some places of the run that begins at `start`, evenly spread, none of which it comes to before. A breakpoint there
/// stops another emulator after as many instructions.
fn new_places(ours: &mut Machine, start: &[u8]) -> Vec<Place> {
    ours.load(start);
    let mut known = HashSet::new();
    let mut places = vec![];
    let mut index = 0;
    loop {
        let pc = ours.vcpu.pc();
        if known.insert(pc) && index > 0 {
            places.push(Place { index, pc });
        }
        if ours.step().is_some() {
            break;
        }
        index += 1;
    }
    if index < SHORT {
        return vec![];
    }
    let mut next = 0;
    places.retain(|place| {
        let wanted = place.index >= next;
        if wanted {
            next = place.index + index / PLACES;
        }
        wanted
    });
    places
}

fn vectors_differ(layout: &StateLayout, a: &[u8], b: &[u8]) -> bool {
    let differs = registers::differences(layout, a, b);
    differs.iter().any(|d| !d.name.starts_with('x') && !["pc", "sp", "nzcv"].contains(&d.name))
}
