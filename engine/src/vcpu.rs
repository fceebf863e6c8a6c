//! A vCPU: one guest thread's registers, and the loop that runs it.
//!
//! The dispatcher [`Vcpu::run`] chooses at every block boundary what runs next: compiled code if there is some,
//! else the interpreter. It alone looks at what others ask of the vCPU: kicks, dropped translations, changed modes.

use crate::baseline::{Arrival, Found};
use crate::blocks::LiftedBlock;
use crate::cache::map::Key;
use crate::config::EngineKind;
use crate::dispatch;
use crate::engine::Engine;
use crate::fault;
use crate::mem::user::UserMemory;
use crate::sample::{self, Doing, FrameRegisters, Sampled};
use crate::stats::OwnCounters;
use isamorph_backend_abi::abi::{self, ExitReason, VcpuArea};
use isamorph_ir::block::Exception;
use isamorph_ir::contract::{MemTrap, Rounding, TrapKind};
use isamorph_ir::interp::{Interp, Outcome};
use isamorph_ir::opt::{OptOptions, optimize_block};
use isamorph_ir::{Block, Hint, Inst, Mode, Term};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// What an access was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Read,
    /// A store or read-modify-write.
    Write,
    /// An instruction fetch.
    Fetch,
}

/// A guest access that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemFault {
    /// Guest address of the instruction (of a fetch: the address fetched).
    pub pc: u64,
    /// Guest address that could not be accessed.
    pub addr: u64,
    /// What for.
    pub access: Access,
    /// Why.
    pub kind: TrapKind,
    /// Every register has the value it has before the instruction. Else some may be older.
    pub exact: bool,
}

/// Why [`Vcpu::run`] returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VmExit {
    /// A system call; the PC is behind the instruction.
    Syscall {
        /// Immediate of the instruction.
        imm: u64,
    },
    /// An exception; the PC is at the instruction.
    Exception(Exception),
    /// A failed access; the PC is at the instruction.
    Fault(MemFault),
    /// Somebody kicked.
    Interrupted,
}

/// What other threads may touch of a vCPU.
pub(crate) struct Shared {
    area: *mut VcpuArea,
    kicked: AtomicBool,
    /// Generation with which compiled code was entered; `OUTSIDE` while none runs.
    entered: AtomicU64,
    /// Written by the vCPU's thread alone.
    pub own: OwnCounters,
}

const OUTSIDE: u64 = u64::MAX;

// SAFETY: other threads touch only the atomics, and of the area only the poll word, an atomic.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    fn poll(&self) -> &AtomicU32 {
        // SAFETY: the area lives as long as `self`; the reference covers the atomic alone.
        unsafe { &*ptr::addr_of!((*self.area).engine.poll) }
    }

    /// The vCPU's own area.
    pub fn area(&self) -> *mut VcpuArea {
        self.area
    }

    /// Makes the vCPU look at what changed, soon.
    pub fn attention(&self) {
        self.poll().store(1, Ordering::Release);
    }

    /// Makes [`Vcpu::run`] return as interrupted, soon. Async-signal-safe.
    pub fn interrupt(&self) {
        self.kicked.store(true, Ordering::Release);
        self.attention();
    }

    /// Does it run no compiled code?
    pub fn is_outside(&self) -> bool {
        self.entered.load(Ordering::SeqCst) == OUTSIDE
    }

    /// Is it in compiled code that it entered before this generation?
    pub fn entered_before(&self, generation: u64) -> bool {
        self.entered.load(Ordering::SeqCst) < generation
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw` in `Vcpu::new`; the vCPU and all kickers are gone.
        drop(unsafe { Box::from_raw(self.area) });
    }
}

/// Interrupts a vCPU from any thread or signal handler.
#[derive(Clone)]
pub struct Kicker(Arc<Shared>);

impl Kicker {
    /// Makes [`Vcpu::run`] return [`VmExit::Interrupted`] at the next poll point, or at once when next called.
    /// Async-signal-safe.
    pub fn kick(&self) {
        self.0.interrupt();
    }
}

/// FTZ and DAZ of MXCSR.
const MXCSR_FLUSH: u32 = 1 << 15 | 1 << 6;

/// Blocks that a vCPU remembers, a power of two.
const LOCAL_BLOCKS: usize = 4096;

/// A virtual CPU.
pub struct Vcpu {
    engine: Arc<Engine>,
    shared: Arc<Shared>,
    interp: Interp,
    memory: UserMemory,
    /// Lifted blocks by address, so that the shared map is rarely asked. Empty until something is interpreted.
    local: Vec<Option<Arc<LiftedBlock>>>,
    /// Room for the instructions of a block that is interpreted once.
    room: Vec<Inst>,
    /// How control comes to what is next, as far as the interpreter knows.
    arrival: Arrival,
    generation: u64,
    mode: Mode,
    fp_control: u32,
    interpreted: (u64, u64),
}

impl Vcpu {
    /// A vCPU with zeroed registers.
    pub fn new(engine: &Arc<Engine>) -> Vcpu {
        let table = engine.helper_table;
        let mut area = VcpuArea::new(engine.desc, dispatch::CALLBACKS, table);
        area.engine.owner = Arc::as_ptr(engine).cast_mut().cast();
        area.engine.shared_jumps = engine.shared_jumps(Mode::default());
        let shared = Arc::new(Shared {
            area: Box::into_raw(area),
            kicked: AtomicBool::new(false),
            entered: AtomicU64::new(OUTSIDE),
            own: OwnCounters::default(),
        });
        engine.register(&shared);
        let mut vcpu = Vcpu {
            engine: engine.clone(),
            shared,
            interp: Interp::new(),
            memory: UserMemory::new(engine.config.guest_base)
                .with_ignored_top_bits(engine.desc.ignored_top_bits),
            local: vec![],
            room: vec![],
            arrival: Arrival::Direct,
            generation: engine.generation.load(Ordering::Acquire),
            mode: Mode::default(),
            fp_control: 0,
            interpreted: (0, 0),
        };
        vcpu.follow_fp_control(true);
        vcpu
    }

    /// The engine it belongs to.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// For interrupting it.
    pub fn kicker(&self) -> Kicker {
        Kicker(self.shared.clone())
    }

    /// Samples the calling thread, which is to be the one that runs it, while the result lives, if the engine is to
    /// sample at all.
    pub fn sample(&self, frames: Option<FrameRegisters>) -> Option<Sampled> {
        let layout = &self.engine.desc.layout;
        let pc = layout.info(layout.pc).offset;
        self.engine.sampler.as_ref()?.attach(Some(&self.shared), pc, frames)
    }

    #[inline]
    fn area(&self) -> &VcpuArea {
        // SAFETY: only this vCPU uses the area beyond its poll word, and no compiled code runs now.
        unsafe { &*self.shared.area }
    }

    #[inline]
    fn area_mut(&mut self) -> &mut VcpuArea {
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { &mut *self.shared.area }
    }

    /// The registers, laid out by the guest's [`isamorph_ir::StateLayout`].
    #[inline]
    pub fn state(&self) -> &[u8] {
        &self.area().guest[..self.engine.desc.layout.size as usize]
    }

    /// The registers, for changing them.
    #[inline]
    pub fn state_mut(&mut self) -> &mut [u8] {
        let size = self.engine.desc.layout.size as usize;
        &mut self.area_mut().guest[..size]
    }

    /// The program counter.
    #[inline]
    pub fn pc(&self) -> u64 {
        let layout = &self.engine.desc.layout;
        layout.read_u64(self.state(), layout.pc)
    }

    /// Changes the program counter.
    pub fn set_pc(&mut self, pc: u64) {
        let layout = &self.engine.desc.layout;
        layout.write_u64(&mut self.area_mut().guest, layout.pc, pc);
    }

    /// Takes over another vCPU's registers (a new thread's from its maker's).
    pub fn copy_state(&mut self, state: &[u8]) {
        self.state_mut().copy_from_slice(state);
    }

    /// Runs the guest until something needs the caller.
    pub fn run(&mut self) -> VmExit {
        let _doing = sample::during(Doing::Dispatch);
        let exit = loop {
            if let Some(exit) = self.step() {
                break exit;
            }
        };
        self.take_transitions();
        let (insns, blocks) = std::mem::take(&mut self.interpreted);
        if blocks != 0 {
            self.engine.counters.interpreted_insns.add(insns);
            self.engine.counters.interpreted_blocks.add(blocks);
        }
        exit
    }

    /// Counts how compiled code went on.
    fn take_transitions(&mut self) {
        let seen = std::mem::take(&mut self.area_mut().engine.transitions);
        self.shared.own.add(seen);
    }

    /// Runs what comes next: a block by the interpreter, or compiled code until it comes back.
    // Few returns on the way out: the host predicts them badly there (`isamorph_region_leave`).
    #[inline(always)]
    pub fn step(&mut self) -> Option<VmExit> {
        if self.attend() {
            return Some(VmExit::Interrupted);
        }
        let key = self.key();
        if key.mode.is_passing() {
            return self.interpret(key);
        }
        match self.compiled(key) {
            Found::Code(code) => self.enter(key, code),
            Found::First => self.interpret_once(key),
            Found::None => self.interpret(key),
        }
    }

    /// Interprets a block that the caller lifted, which begins at the PC: single steps, instructions that the
    /// engine's own frontend withholds.
    pub fn interpret_lifted(&mut self, block: &Block) -> Option<VmExit> {
        self.key();
        self.interpret_block(block)
    }

    /// The instruction at the PC, lifted alone.
    pub(crate) fn lift_one(&self) -> Block {
        self.engine.frontend.lift(&*self.engine.code, self.pc(), self.mode, 1)
    }

    /// Will it come back as [`VmExit::Interrupted`] next?
    pub fn is_kicked(&self) -> bool {
        self.shared.kicked.load(Ordering::Acquire)
    }

    /// Guest instructions that [`Vcpu::step`] and [`Vcpu::interpret_lifted`] interpreted since the last
    /// [`Vcpu::run`].
    pub fn interpreted_insns(&self) -> u64 {
        self.interpreted.0
    }

    /// Looks at what others ask. True: kicked.
    fn attend(&mut self) -> bool {
        let asked = self.shared.poll().load(Ordering::Relaxed) != 0;
        if asked {
            self.shared.poll().store(0, Ordering::SeqCst);
            if sample::wants_drain() {
                self.engine.drain_samples();
            }
            if self.shared.kicked.swap(false, Ordering::AcqRel) {
                return true;
            }
        }
        self.engine.drop_if_due();
        let generation = self.engine.generation.load(Ordering::Acquire);
        if generation != self.generation {
            self.generation = generation;
            self.local.clear();
            self.area_mut().clear_jump_cache();
        }
        false
    }

    /// What runs next; follows the state's mode and floating-point control.
    fn key(&mut self) -> Key {
        let mode = self.engine.frontend.mode(&self.area().guest);
        if mode.lasting() != self.mode {
            self.mode = mode.lasting();
            self.area_mut().clear_jump_cache();
            self.area_mut().engine.shared_jumps = self.engine.shared_jumps(self.mode);
        }
        self.follow_fp_control(false);
        Key { pc: self.pc(), mode }
    }

    #[inline]
    fn follow_fp_control(&mut self, always: bool) {
        let desc = self.engine.desc;
        let control = desc.layout.read_u64(&self.area().guest, desc.fp.control) as u32;
        if control != self.fp_control || always {
            self.set_fp_control(control);
        }
    }

    #[cold]
    fn set_fp_control(&mut self, control: u32) {
        let fp = &self.engine.desc.fp;
        self.fp_control = control;
        // MXCSR's rounding field, bits 13 and 14. Flushing and NaN modes are translation modes instead.
        let mode = (fp.decode)(control);
        let rounding = match mode.rounding {
            Rounding::NearestEven => 0,
            Rounding::Down => 1,
            Rounding::Up => 2,
            Rounding::Zero => 3,
        };
        let mxcsr = &mut self.area_mut().engine.guest_mxcsr;
        // Flushing of results and operands; only code heeds it that was made for that.
        let flush = if mode.flush { MXCSR_FLUSH } else { 0 };
        *mxcsr = *mxcsr & !(3 << 13 | MXCSR_FLUSH) | rounding << 13 | flush;
    }

    /// Compiled code to run next, if any.
    fn compiled(&mut self, key: Key) -> Found {
        let arrival = std::mem::replace(&mut self.arrival, Arrival::Direct);
        if self.engine.cache.is_none() {
            return Found::None;
        }
        if let Some(code) = self.area().cached_jump(key.pc) {
            return Found::Code(code);
        }
        let found = self.engine.code_for(key, arrival);
        if let Found::Code(code) = found {
            self.area_mut().cache_jump(key.pc, code);
        }
        found
    }

    fn enter(&mut self, key: Key, code: u64) -> Option<VmExit> {
        let area = self.shared.area;
        self.shared.entered.store(self.generation, Ordering::SeqCst);
        if self.engine.generation.load(Ordering::SeqCst) != self.generation {
            self.shared.entered.store(OUTSIDE, Ordering::SeqCst);
            return None;
        }
        self.shared.own.enter();
        fault::set_running(area, &self.engine.code_range);
        // SAFETY: `code` is an entry of a placed region of this guest; the memory it lies in is not reused while
        // `entered` says that it may run; the area is this vCPU's, and no reference to it lives here.
        unsafe { abi::enter(area, code as *const u8) };
        fault::clear_running();
        let exit = self.leave(key);
        // Who sees it late only waits longer.
        self.shared.entered.store(OUTSIDE, Ordering::Release);
        exit
    }

    /// Why compiled code was left, as far as the caller of `run` must know it.
    fn leave(&mut self, entered: Key) -> Option<VmExit> {
        self.area_mut().fold_fp_flags();
        let reason = ExitReason::from_u32(self.area().engine.exit_reason);
        let args = self.area().engine.exit_args;
        match reason.expect("compiled code leaves with a known reason") {
            ExitReason::Dispatch | ExitReason::Sync | ExitReason::Interrupted => None,
            ExitReason::First => {
                let key = self.key();
                self.interpret_once(key)
            }
            ExitReason::Syscall => Some(VmExit::Syscall { imm: args[0] }),
            ExitReason::Wait => {
                std::thread::yield_now();
                None
            }
            // The block at the PC is nothing but the exception: the interpreter tells which.
            ExitReason::Exception => self.interpret(Key { pc: self.pc(), ..entered }),
            ExitReason::AlignFault => {
                let access = if args[1] == 1 { Access::Write } else { Access::Read };
                let fault = MemFault {
                    pc: self.pc(),
                    addr: args[0].wrapping_sub(self.memory.base),
                    access,
                    kind: TrapKind::Align,
                    exact: true,
                };
                self.one_by_one(fault)
            }
            ExitReason::Fault => self.code_fault(),
        }
    }

    /// An access of compiled code failed.
    fn code_fault(&mut self) -> Option<VmExit> {
        if let Some(trap) = dispatch::take_helper_trap() {
            return Some(VmExit::Fault(mem_fault(self.pc(), trap)));
        }
        let seen = fault::take_code_fault().expect("a fault exit has a record");
        let found = self.engine.cache().and_then(|cache| {
            let source = cache.code.source(seen.host_pc)?;
            Some((source.pc, source.precise))
        });
        // Code of a half that was given up twice has no map any more: the PC of its entry is all that is known.
        let (pc, exact) = found.unwrap_or((self.pc(), false));
        self.set_pc(pc);
        let addr = seen.addr.unwrap_or(0).wrapping_sub(self.memory.base);
        let access = if seen.write { Access::Write } else { Access::Read };
        self.one_by_one(MemFault { pc, addr, access, kind: seen.kind, exact })
    }

    fn local_block(&mut self, key: Key) -> Arc<LiftedBlock> {
        let at = abi::jump_cache_index(key.pc, self.engine.jump_shift()) & (LOCAL_BLOCKS - 1);
        if self.local.is_empty() {
            self.local.resize(LOCAL_BLOCKS, None);
        }
        if let Some(b) = &self.local[at]
            && b.key == key
        {
            return b.clone();
        }
        let engine = &self.engine;
        let block = engine.blocks.find(key).unwrap_or_else(|| {
            let max = engine.config.limits.block_insns;
            let mut block = engine.frontend.lift(&*engine.code, key.pc, key.mode, max);
            if block.sees_fp_flags() {
                engine.set_exact_flags();
            }
            if engine.config.optimise_interpreted {
                optimize_block(engine.desc, &mut block, &OptOptions { precise: true });
            }
            engine.counters.lifted_blocks.add(1);
            engine.blocks.insert(key, block)
        });
        self.local[at] = Some(block.clone());
        block
    }

    fn interpret(&mut self, key: Key) -> Option<VmExit> {
        let lifted = self.local_block(key);
        self.count(&lifted);
        self.interpret_block(&lifted.block)
    }

    /// Interprets a block that control comes to for the first time, and for most of them the last: nothing of it is kept.
    fn interpret_once(&mut self, key: Key) -> Option<VmExit> {
        let (engine, room) = (&self.engine, std::mem::take(&mut self.room));
        let max = engine.config.limits.block_insns;
        let block = engine.frontend.lift_in(room, &*engine.code, key.pc, key.mode, max);
        if !engine.care().exact_flags && block.sees_fp_flags() {
            engine.set_exact_flags();
        }
        let exit = self.interpret_block(&block);
        self.arrival = match block.term {
            Term::Goto { ret: Some(_), .. }
            | Term::Indirect { hint: Hint::Jump | Hint::Call { .. }, .. } => Arrival::Head,
            Term::Indirect { hint: Hint::Return, .. } => Arrival::Return,
            _ => Arrival::Direct,
        };
        self.room = block.insts;
        exit
    }

    fn interpret_block(&mut self, block: &Block) -> Option<VmExit> {
        let _doing = sample::during(Doing::Interpret);
        let size = self.engine.desc.layout.size as usize;
        // SAFETY: the area is this vCPU's and nothing else refers to it while the interpreter runs.
        let state = unsafe { &mut (&mut (*self.shared.area).guest)[..size] };
        let step = self.interp.run(self.engine.desc, block, state, &mut self.memory);
        self.interpreted.0 += block.guest_insns as u64;
        self.interpreted.1 += 1;
        if let Some(range) = step.invalidate {
            self.engine.invalidate(range);
        }
        match step.outcome {
            Outcome::Next { pc } | Outcome::Sync { pc } => self.set_pc(pc),
            Outcome::Indirect { target, hint: Hint::Jump | Hint::Call { .. } | Hint::Return } => {
                self.set_pc(self.engine.desc.without_ignored_bits(target));
            }
            Outcome::Wait { next, .. } => {
                self.set_pc(next);
                std::thread::yield_now();
            }
            Outcome::Syscall { imm, next } => {
                self.set_pc(next);
                return Some(VmExit::Syscall { imm });
            }
            Outcome::Exception { pc, exception: Exception::Fetch } => {
                self.set_pc(pc);
                return Some(VmExit::Fault(self.fetch_fault(pc)));
            }
            Outcome::Exception { pc, exception } => {
                self.set_pc(pc);
                return Some(VmExit::Exception(exception));
            }
            Outcome::Fault { pc, trap } => {
                self.set_pc(pc);
                let fault = mem_fault(pc, trap);
                // What was lifted by itself stands for nothing else.
                let alone = block.guest_insns == 1;
                return if alone { Some(VmExit::Fault(fault)) } else { self.one_by_one(fault) };
            }
        }
        None
    }

    /// A fetch failed: is there memory that may not be executed, or none?
    fn fetch_fault(&self, pc: u64) -> MemFault {
        let readable = self.memory.read_u8(pc).is_ok();
        let kind = if readable { TrapKind::Protected } else { TrapKind::Unmapped };
        MemFault { pc, addr: pc, access: Access::Fetch, kind, exact: true }
    }

    /// Counts an execution, and asks for compiled code when it was the one too many.
    fn count(&mut self, lifted: &LiftedBlock) {
        if self.engine.config.kind != EngineKind::Auto || lifted.key.mode.is_passing() {
            return;
        }
        let runs = lifted.runs.load(Ordering::Relaxed).saturating_add(1);
        lifted.runs.store(runs, Ordering::Relaxed);
        if runs >= self.engine.config.threshold && !lifted.requested.load(Ordering::Relaxed) {
            lifted.requested.store(self.engine.request(lifted.key), Ordering::Relaxed);
        }
    }
}

impl Drop for Vcpu {
    fn drop(&mut self) {
        self.engine.counters.take_over(&self.shared.own);
    }
}

fn mem_fault(pc: u64, trap: MemTrap) -> MemFault {
    let access = if trap.write { Access::Write } else { Access::Read };
    MemFault { pc, addr: trap.addr, access, kind: trap.kind, exact: true }
}
