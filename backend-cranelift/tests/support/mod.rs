//! A guest made for tests, and a runner of compiled regions beside the interpreter.
#![allow(dead_code, reason = "each test uses a part")]

pub mod forms;

use isamorph_backend_cranelift::abi::{self, Callbacks, ExitReason, VcpuArea};
use isamorph_backend_cranelift::{CodeBlob, CompileOptions, Compiler, FixupKind, helpers};
use isamorph_ir::contract::{
    FpEnv, FpMode, HelperEffects, MemTrap, Memory, NanRule, Rounding, TrapKind,
};
use isamorph_ir::inst::{Fence, MemAttr, Rmw};
use isamorph_ir::interp::{Interp, Outcome, mem::rmw_value};
use isamorph_ir::{
    Block, GuestDesc, HelperDef, HelperFn, Hint, Region, Shape, Slot, SlotInfo, StateLayout, Term,
    Ty,
};
use std::cell::Cell;

const fn slot(name: &'static str, ty: Ty, offset: u32) -> SlotInfo {
    SlotInfo { name, ty, offset }
}

/// Slots: four of every type, at `4 * index in Ty::ALL + n`, then the special ones.
pub static SLOTS: [SlotInfo; 48] = {
    let names = [
        "p0", "p1", "p2", "p3", "b0", "b1", "b2", "b3", "h0", "h1", "h2", "h3", "w0", "w1", "w2",
        "w3", "x0", "x1", "x2", "x3", "q0", "q1", "q2", "q3", "fh0", "fh1", "fh2", "fh3", "fs0",
        "fs1", "fs2", "fs3", "fd0", "fd1", "fd2", "fd3", "v0", "v1", "v2", "v3", "n0", "n1", "n2",
        "n3",
    ];
    let mut slots = [slot("", Ty::I1, 0); 48];
    let mut i = 0;
    let mut offset = 0;
    while i < 44 {
        let ty = Ty::ALL[i / 4];
        slots[i] = slot(names[i], ty, offset);
        offset += if matches!(ty, Ty::Flags) { 32 } else { 16 };
        i += 1;
    }
    slots[44] = slot("pc", Ty::I64, offset);
    slots[45] = slot("fpc", Ty::I32, offset + 16);
    slots[46] = slot("fpf", Ty::I32, offset + 32);
    slots[47] = slot("spare", Ty::I64, offset + 48);
    slots
};

pub const PC: Slot = Slot(44);
pub const FP_CONTROL: Slot = Slot(45);
pub const FP_FLAGS: Slot = Slot(46);

/// The n-th slot (0..4) of a type.
pub fn slot_of(ty: Ty, n: usize) -> Slot {
    let at = Ty::ALL.iter().position(|t| *t == ty).expect("listed");
    Slot((4 * at + n) as u16)
}

fn decode(control: u32) -> FpMode {
    FpMode {
        rounding: match control & 3 {
            0 => Rounding::NearestEven,
            1 => Rounding::Up,
            2 => Rounding::Down,
            _ => Rounding::Zero,
        },
        default_nan: control & 4 != 0,
        flush: control & 8 != 0,
        flush16: control & 16 != 0,
        alt_half: control & 32 != 0,
    }
}

extern "C" fn mix(a: u64, b: u64, c: u64, d: u64) -> u64 {
    a.rotate_left(7) ^ b.wrapping_mul(3) ^ c.rotate_left(21) ^ d
}

extern "C" fn wide(v: &mut [u128; 4]) {
    v[0] = v[0].rotate_left(11) ^ v[1].wrapping_mul(5);
}

fn context(cx: &mut isamorph_ir::contract::HelperCx<'_>) -> Result<u128, MemTrap> {
    let x0 = slot_of(Ty::I64, 0);
    let x1 = slot_of(Ty::I64, 1);
    let n0 = slot_of(Ty::Flags, 0);
    if cx.args[0] & 1 == 1 {
        return Err(MemTrap { addr: cx.args[0] as u64, write: true, kind: TrapKind::Unmapped });
    }
    let old = cx.desc.layout.read(cx.state, x0);
    cx.desc.layout.write(cx.state, x1, old.wrapping_add(cx.args[0]));
    cx.desc.layout.write(cx.state, n0, old & 15);
    Ok(old ^ cx.args[0])
}

static READS: [Slot; 1] = [Slot(16)];
static WRITES: [Slot; 2] = [Slot(17), Slot(40)];

pub static HELPERS: [HelperDef; 3] = [
    HelperDef {
        name: "mix",
        args: &[Ty::I64, Ty::I32],
        ret: Some(Ty::I64),
        effects: HelperEffects::PURE,
        func: HelperFn::Int(mix),
        intrinsic: None,
    },
    HelperDef {
        name: "wide",
        args: &[Ty::V128, Ty::I128],
        ret: Some(Ty::V128),
        effects: HelperEffects::PURE,
        func: HelperFn::Wide(wide),
        intrinsic: None,
    },
    HelperDef {
        name: "context",
        args: &[Ty::I64],
        ret: Some(Ty::I64),
        effects: HelperEffects { reads: &READS, writes: &WRITES, memory: true, volatile: true },
        func: HelperFn::Context(context),
        intrinsic: None,
    },
];

pub static DESC: GuestDesc = GuestDesc {
    name: "test",
    layout: StateLayout { slots: &SLOTS, size: 44 * 16 + 4 * 16 + 64, pc: PC },
    helpers: &HELPERS,
    fp: FpEnv { rule: NanRule::Arm, control: FP_CONTROL, flags: FP_FLAGS, decode },
    insn_shift: 2,
    ignored_top_bits: 0,
};

/// Guest memory as bytes from address 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    fn at(&mut self, addr: u64, size: u32, write: bool) -> Result<&mut [u8], MemTrap> {
        let trap = MemTrap { addr, write, kind: TrapKind::Unmapped };
        let range = addr as usize..(addr as usize).wrapping_add(size as usize);
        self.0.get_mut(range).ok_or(trap)
    }
}

impl Memory for Bytes {
    fn load(&mut self, addr: u64, size: u32, _: MemAttr) -> Result<u128, MemTrap> {
        let mut buf = [0; 16];
        buf[..size as usize].copy_from_slice(self.at(addr, size, false)?);
        Ok(u128::from_le_bytes(buf))
    }
    fn store(&mut self, addr: u64, size: u32, value: u128, _: MemAttr) -> Result<(), MemTrap> {
        let bytes = value.to_le_bytes();
        self.at(addr, size, true)?.copy_from_slice(&bytes[..size as usize]);
        Ok(())
    }
    fn rmw(&mut self, addr: u64, size: u32, op: Rmw, value: u128) -> Result<u128, MemTrap> {
        let old = self.load(addr, size, MemAttr::PLAIN)?;
        self.store(addr, size, rmw_value(op, 8 * size, old, value), MemAttr::PLAIN)?;
        Ok(old)
    }
    fn cas(&mut self, addr: u64, size: u32, expected: u128, new: u128) -> Result<u128, MemTrap> {
        let old = self.load(addr, size, MemAttr::PLAIN)?;
        if old == expected {
            self.store(addr, size, new, MemAttr::PLAIN)?;
        }
        Ok(old)
    }
    fn fence(&mut self, _: Fence) {}
}

/// A page of guest memory with an inaccessible one behind it.
pub struct Guarded(*mut u8);

impl Guarded {
    pub const SIZE: usize = 4096;

    pub fn new() -> Guarded {
        // SAFETY: a fresh anonymous mapping.
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let at =
                libc::mmap(std::ptr::null_mut(), 2 * Self::SIZE, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            let rw = libc::PROT_READ | libc::PROT_WRITE;
            assert_eq!(libc::mprotect(at, Self::SIZE, rw), 0);
            Guarded(at.cast())
        }
    }

    pub fn address(&self) -> u64 {
        self.0 as u64
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the first page is readable and writable, and borrowed with `self`.
        unsafe { std::slice::from_raw_parts_mut(self.0, Self::SIZE) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe { libc::munmap(self.0.cast(), 2 * Self::SIZE) };
    }
}

thread_local! {
    /// The area, and the host address of the last fault in compiled code.
    static RUNNING: std::cell::Cell<(*mut VcpuArea, u64)> =
        const { std::cell::Cell::new((std::ptr::null_mut(), 0)) };
}

/// Sends a thread that faulted in compiled code to the exit stub.
extern "C" fn on_fault(_: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let (area, _) = RUNNING.get();
    // SAFETY: the kernel hands a context; the area is the running one.
    unsafe {
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        RUNNING.set((area, registers[libc::REG_RIP as usize] as u64));
        (*area).engine.exit_reason = ExitReason::Fault as u32;
        registers[libc::REG_RDI as usize] = area as i64;
        registers[libc::REG_RIP as usize] = (*area).engine.stubs.exit as usize as i64;
    }
}

fn catch_faults() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    // SAFETY: installs a handler that is valid for the rest of the process.
    ONCE.call_once(|| unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        assert_eq!(libc::sigaction(libc::SIGSEGV, &action, std::ptr::null_mut()), 0);
    });
}

/// How a run ended, in a form that both engines yield.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    At(u64),
    Sync(u64),
    Syscall(u64, u64),
    Exception(u64, isamorph_ir::Exception),
    Wait(u64, isamorph_ir::Wait),
    Fault(u64),
    Align(u64, u64, bool),
    Interrupted(u64),
}

struct Owner {
    /// Guest address by link slot.
    targets: Vec<u64>,
    memory: *mut Bytes,
}

unsafe extern "C" fn link(area: *mut VcpuArea, slot: u64) -> u64 {
    // SAFETY: `Jit` keeps the owner alive while it runs.
    let target = unsafe { (&(*(*area).engine.owner.cast::<Owner>()).targets)[slot as usize] };
    // SAFETY: the area is ours while this runs.
    unsafe { lookup(area, target) }
}

unsafe extern "C" fn hot(_: *mut VcpuArea, _: *mut i32) -> u64 {
    panic!("regions count nothing")
}

unsafe extern "C" fn lookup(area: *mut VcpuArea, pc: u64) -> u64 {
    // SAFETY: the area is ours while this runs.
    let area = unsafe { &mut *area };
    DESC.layout.write(&mut area.guest, PC, pc as u128);
    area.engine.exit_reason = ExitReason::Dispatch as u32;
    area.engine.stubs.exit as usize as u64
}

unsafe extern "C" fn context_helper(area: *mut VcpuArea, id: u64) -> u64 {
    // SAFETY: the area and its owner are ours while this runs.
    let (area, memory) =
        unsafe { (&mut *area, &mut *(*(*area).engine.owner.cast::<Owner>()).memory) };
    let HelperFn::Context(f) = HELPERS[id as usize].func else { panic!("helper {id}") };
    let args = area.engine.scratch;
    let mut cx = isamorph_ir::contract::HelperCx {
        desc: &DESC,
        state: &mut area.guest,
        memory,
        args,
        invalidate: None,
    };
    match f(&mut cx) {
        Ok(v) => {
            area.engine.scratch[0] = v;
            0
        }
        Err(_) => 1,
    }
}

/// Pages of code, never writable and executable at once.
struct Pages {
    at: *mut u8,
    len: usize,
}

impl Pages {
    fn new(bytes: &[u8]) -> Pages {
        let len = bytes.len().next_multiple_of(4096);
        // SAFETY: a fresh anonymous mapping; it is filled before it becomes executable.
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let rw = libc::PROT_READ | libc::PROT_WRITE;
            let at = libc::mmap(std::ptr::null_mut(), len, rw, flags, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), at.cast(), bytes.len());
            assert_eq!(libc::mprotect(at, len, libc::PROT_READ | libc::PROT_EXEC), 0);
            Pages { at: at.cast(), len }
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, used by nobody any more.
        unsafe { libc::munmap(self.at.cast(), self.len) };
    }
}

/// An installed region.
pub struct Installed {
    pages: Pages,
    pub blob: CodeBlob,
    targets: Vec<u64>,
}

impl Installed {
    pub fn new(blob: CodeBlob) -> Installed {
        let mut image = blob.code.clone();
        image.resize(image.len().next_multiple_of(16), 0xcc);
        let slots = image.len();
        let thunks = slots + 8 * blob.fixups.len();
        image.resize(thunks + 16 * blob.fixups.len(), 0xcc);
        let mut targets = Vec::new();
        for (n, fixup) in blob.fixups.iter().enumerate() {
            let FixupKind::DirectExit { target, .. } = fixup.kind else {
                panic!("regions count nothing")
            };
            targets.push(target);
            let at = fixup.offset as usize;
            let displacement = (slots + 8 * n) as i32 - (at + 4) as i32;
            image[at..at + 4].copy_from_slice(&displacement.to_le_bytes());
            let thunk = abi::link_thunk(n as u32);
            image[thunks + 16 * n..][..thunk.len()].copy_from_slice(&thunk);
        }
        // The slots' addresses are known once the pages are mapped: reserve first.
        let probe = Pages::new(&image);
        // SAFETY: the pages are our own and not yet executed.
        unsafe {
            let rw = libc::PROT_READ | libc::PROT_WRITE;
            assert_eq!(libc::mprotect(probe.at.cast(), probe.len, rw), 0);
            for n in 0..targets.len() {
                let thunk = probe.at as u64 + (thunks + 16 * n) as u64;
                probe.at.add(slots + 8 * n).cast::<u64>().write_unaligned(thunk);
            }
            let rx = libc::PROT_READ | libc::PROT_EXEC;
            assert_eq!(libc::mprotect(probe.at.cast(), probe.len, rx), 0);
        }
        Installed { pages: probe, blob, targets }
    }
}

thread_local! {
    /// Ops that compiled code left to the reference.
    static EVALS: Cell<u64> = const { Cell::new(0) };
}

unsafe extern "C" fn eval(area: *mut VcpuArea, packed: u64) {
    EVALS.set(EVALS.get() + 1);
    // SAFETY: called as that function demands.
    unsafe { helpers::eval(area, packed) }
}

/// Ops that compiled code left to the reference on this thread so far.
pub fn evals() -> u64 {
    EVALS.get()
}

/// Compiles and runs regions.
pub struct Jit {
    pub compiler: Compiler,
    pub area: Box<VcpuArea>,
}

impl Jit {
    pub fn new() -> Jit {
        let callbacks =
            Callbacks { link, lookup, lookup_return: lookup, hot, context_helper, eval };
        let area = VcpuArea::new(&DESC, callbacks, abi::helper_table(&DESC));
        Jit { compiler: Compiler::new(&DESC).expect("a host with a code generator"), area }
    }

    pub fn compile(&mut self, region: &Region, opts: &CompileOptions<'_>) -> Installed {
        Installed::new(self.compiler.compile(region, opts).expect("compiles"))
    }

    /// Runs an installed region from its n-th entry.
    pub fn run(
        &mut self,
        code: &Installed,
        entry: usize,
        state: &mut [u8],
        memory: &mut Bytes,
    ) -> End {
        let area = &mut *self.area;
        area.guest[..state.len()].copy_from_slice(state);
        let mut owner = Owner { targets: code.targets.clone(), memory };
        area.engine.owner = (&raw mut owner).cast();
        let offset = code.blob.entries[entry].1;
        catch_faults();
        RUNNING.set((area, 0));
        // SAFETY: the blob is installed, its link slots hold thunks, the area is ours.
        unsafe { abi::enter(area, code.pages.at.add(offset as usize)) };
        area.fold_fp_flags();
        let (_, fault) = RUNNING.get();
        if fault != 0 {
            let offset = fault - code.pages.at as u64;
            let pc = code.blob.guest_pc(offset as u32).expect("every access has its source");
            DESC.layout.write(&mut area.guest, PC, pc as u128);
        }
        state.copy_from_slice(&area.guest[..state.len()]);
        let pc = DESC.layout.read(state, PC) as u64;
        let [a, b] = area.engine.exit_args;
        match ExitReason::from_u32(area.engine.exit_reason).expect("a reason") {
            ExitReason::Dispatch => End::At(pc),
            ExitReason::Sync => End::Sync(pc),
            ExitReason::Syscall => End::Syscall(pc, a),
            ExitReason::Exception => End::Exception(pc, code.blob.exceptions[a as usize].clone()),
            ExitReason::Wait => End::Wait(pc, abi::wait_of(a)),
            ExitReason::Fault => End::Fault(pc),
            ExitReason::AlignFault => End::Align(pc, a, b == 1),
            ExitReason::Interrupted => End::Interrupted(pc),
        }
    }
}

/// Runs blocks of a region by the interpreter until control leaves it, or `limit` blocks ran.
pub fn interpret(
    region: &Region,
    entry: usize,
    state: &mut [u8],
    memory: &mut Bytes,
    limit: usize,
) -> Option<End> {
    let index = region.index();
    let mut interp = Interp::new();
    // Compiled code follows a return to the continuation of a call inside the region.
    let returns: Vec<u64> = region
        .blocks
        .iter()
        .filter_map(|b| match b.term {
            Term::Goto { pc, ret, sync: false } if index.contains_key(&pc) => ret,
            _ => None,
        })
        .collect();
    let mut at = entry;
    for _ in 0..limit {
        let step = interp.run(&DESC, &region.blocks[at], state, memory);
        let set_pc = |state: &mut [u8], pc: u64| DESC.layout.write(state, PC, pc as u128);
        match step.outcome {
            Outcome::Next { pc } | Outcome::Indirect { target: pc, .. } => {
                let inside = match step.outcome {
                    Outcome::Indirect { hint, .. } => hint == Hint::Return && returns.contains(&pc),
                    _ => true,
                };
                if let Some(i) = index.get(&pc).filter(|_| inside) {
                    at = *i;
                    continue;
                }
                set_pc(state, pc);
                return Some(End::At(pc));
            }
            Outcome::Sync { pc } => {
                set_pc(state, pc);
                return Some(End::Sync(pc));
            }
            Outcome::Syscall { imm, next } => {
                set_pc(state, next);
                return Some(End::Syscall(next, imm));
            }
            Outcome::Exception { pc, exception } => {
                set_pc(state, pc);
                return Some(End::Exception(pc, exception));
            }
            Outcome::Wait { wait, next } => {
                set_pc(state, next);
                return Some(End::Wait(next, wait));
            }
            Outcome::Fault { pc, trap } => {
                set_pc(state, pc);
                return Some(match trap.kind {
                    TrapKind::Align => End::Align(pc, trap.addr, trap.write),
                    _ => End::Fault(pc),
                });
            }
        }
    }
    None
}

/// A region of one block.
pub fn single(block: Block) -> Region {
    Region { blocks: vec![block], entries: vec![] }
}

/// A small random generator (xorshift), so that a seed reproduces a failure.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A lane of this many bits that is often special: as an integer or as a float.
    pub fn lane(&mut self, bits: u32) -> u64 {
        let ones = u64::MAX >> (64 - bits);
        let sign = 1u64 << (bits - 1);
        let (exp, frac) = match bits {
            16 => (5, 10),
            32 => (8, 23),
            64 => (11, 52),
            _ => (2, bits - 3),
        };
        let inf = ((1u64 << exp) - 1) << frac;
        let one = ((1u64 << (exp - 1)) - 1) << frac;
        let r = self.next();
        let special = [
            0,
            1,
            2,
            3,
            ones,
            ones - 1,
            sign,
            sign - 1,
            sign + 1,
            inf,
            inf | sign,
            inf | 1,
            inf | (1 << (frac - 1)),
            inf | sign | (1 << (frac - 1)) | 5,
            one,
            one | sign,
            one + 1,
            1 << frac,
            (1 << frac) - 1,
            (1 << frac) + 1,
            inf - 1,
            one | 1 << (frac - 1),
            one + (1 << (frac + 1)),
            r & 15,
            r & 255,
            0x8080_8080_8080_8080 & r,
        ];
        let pick = match self.below(4) {
            0 | 1 => special[self.below(special.len())],
            // Near one, so that sums and products stay in range.
            2 => one.wrapping_add((r >> 3) & ((1 << (frac + 2)) - 1)) ^ (r & sign),
            _ => r,
        };
        pick & ones
    }

    /// 128 bits of lanes as wide as `bits`, sometimes equal.
    pub fn wide(&mut self, bits: u32) -> u128 {
        let bits = bits.clamp(8, 64);
        let same = self.below(4) == 0;
        let mut lane = self.lane(bits);
        let mut v = 0u128;
        for n in 0..128 / bits {
            if !same {
                lane = self.lane(bits);
            }
            v |= (lane as u128) << (n * bits);
        }
        v
    }

    /// A value of a shape, zero-extended.
    pub fn value(&mut self, shape: Shape) -> u128 {
        let Some(ty) = shape.ty() else { return 0 };
        let lane = shape.elem().map_or(64, Ty::bits);
        let lane = match lane {
            1 => return self.next() as u128 & 1,
            128 => self.pick(&[8, 16, 32, 64]),
            other => other,
        };
        let v = self.wide(lane.min(64));
        match ty.bits() {
            n @ 0..128 => v & ((1 << n) - 1),
            _ => v,
        }
    }
}

/// The state with every slot random.
pub fn random_state(r: &mut Random) -> Vec<u8> {
    let mut state = vec![0; DESC.layout.size as usize];
    for (n, info) in SLOTS[..44].iter().enumerate() {
        let value =
            if info.ty == Ty::Flags { r.next() as u128 & 15 } else { r.value(info.ty.into()) };
        DESC.layout.write(&mut state, Slot(n as u16), value);
    }
    state
}

/// The slots in which two states differ, with flags compared by their meaning.
pub fn differences(a: &[u8], b: &[u8]) -> Vec<String> {
    let differs = |n: &usize| {
        let slot = Slot(*n as u16);
        DESC.layout.read(a, slot) != DESC.layout.read(b, slot)
    };
    let show = |n: usize| {
        let slot = Slot(n as u16);
        let (x, y) = (DESC.layout.read(a, slot), DESC.layout.read(b, slot));
        format!("{}: {x:#x} != {y:#x}", SLOTS[n].name)
    };
    (0..48).filter(differs).map(show).collect()
}
