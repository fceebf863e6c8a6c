//! Regions of several blocks: random control flow, memory, flags across blocks, every kind of exit.

mod support;

use isamorph_backend_cranelift::{CompileOptions, OptLevel};
use isamorph_backend_testing::{
    Bytes, DESC, End, FP_FLAGS, Guarded, Random, differences, interpret, random_state, single,
    slot_of,
};
use isamorph_ir::contract::{HelperId, fp_flags};
use isamorph_ir::flags::CondCC;
use isamorph_ir::inst::{Fence, FloatCC, FpConv, IntCC, MemAttr, Order, Prefetch, Rmw, Round};
use isamorph_ir::text::print_region;
use isamorph_ir::verify::verify_region;
use isamorph_ir::{
    Block, Builder, Exception, Hint, Inlined, Inst, Op, Region, Shape, Slot, Term, Ty, Value, Wait,
};
use std::sync::atomic::Ordering;
use support::Jit;

const COUNTER: Slot = Slot(47);
const MEMORY: usize = Guarded::SIZE;

fn pc_of(block: usize) -> u64 {
    0x1000 + 0x100 * block as u64
}

/// Random straight-line code over slots, memory and flags, then a random end.
fn random_block(
    r: &mut Random,
    number: usize,
    count: usize,
    faults: bool,
    uses: &[Use; 4],
    speculates: bool,
) -> Block {
    let mut b = Builder::new(&DESC, pc_of(number));
    b.insn(pc_of(number));
    let one = b.i64(1);
    let counter = b.get(COUNTER);
    let counter = b.emit(isamorph_ir::Op::USubSat, Ty::I64, [counter, one], 0);
    b.put(COUNTER, counter);
    for n in 1..2 + r.below(8) as u64 {
        b.insn(pc_of(number) + 4 * n);
        match r.below(3) {
            0 => random_fp(r, &mut b, uses, speculates),
            _ => random_insn(r, &mut b, faults, uses),
        }
        if r.below(24) == 0 {
            let cond = random_condition(r, &mut b);
            b.exit_if(cond, 0xa000 + 4 * n);
        }
    }
    let end = pc_of(number) + 0x80;
    b.insn(end);
    let forward = |r: &mut Random| match r.below(4) {
        0 => 0x8000 + 4 * r.below(3) as u64,
        _ if number + 1 < count => pc_of(number + 1 + r.below(count - number - 1)),
        _ => 0x9000,
    };
    let other = forward(r);
    let term = match r.below(10) {
        0 => Term::goto(other),
        1 => Term::Goto { pc: other, ret: Some(pc_of(0)), sync: r.below(2) == 0 },
        2 => {
            let target = b.get(slot_of(Ty::I64, 3));
            let hint = if r.below(2) == 0 { Hint::Return } else { Hint::Jump };
            Term::Indirect { target, hint }
        }
        3 if r.below(2) == 0 => Term::Syscall { imm: 7, next: end + 4 },
        4 if r.below(2) == 0 => {
            Term::Exception { pc: end, exception: Exception::Breakpoint(r.next_u64() & 7) }
        }
        5 if r.below(2) == 0 => Term::Wait { wait: Wait::Event, next: end + 4 },
        _ => {
            // Backwards only while the counter lasts.
            let cond = random_condition(r, &mut b);
            let zero = b.i64(0);
            let lasts = b.icmp(Ty::I64, IntCC::Ne, counter, zero);
            let cond = b.and(Ty::I1, cond, lasts);
            Term::Branch { cond, then: pc_of(r.below(count)), other }
        }
    };
    let mut block = b.finish(term);
    block.len = 0x84;
    block
}

/// How a region uses a vector register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Use {
    Double,
    Single,
    Mixed,
}

/// A scalar from a register that may hold one.
fn scalar(r: &mut Random, b: &mut Builder, uses: &[Use; 4], shape: Shape) -> Value {
    let wanted = if shape == Shape::F64x2 { Use::Double } else { Use::Single };
    for _ in 0..8 {
        let n = r.below(4);
        if uses[n] == wanted || uses[n] == Use::Mixed {
            let v = b.get(slot_of(Ty::V128, n));
            return b.extract(shape, v, 0);
        }
    }
    let ty = shape.elem().expect("lanes");
    b.get(slot_of(ty, r.below(4)))
}

/// Puts a scalar into a register that may hold it.
fn put_scalar(r: &mut Random, b: &mut Builder, uses: &[Use; 4], shape: Shape, v: Value) {
    let wanted = if shape == Shape::F64x2 { Use::Double } else { Use::Single };
    let n = r.below(4);
    if uses[n] == wanted || uses[n] == Use::Mixed {
        let wide = b.zext_lane(shape, v);
        b.put(slot_of(Ty::V128, n), wide);
    } else {
        b.put(slot_of(shape.elem().expect("lanes"), n), v);
    }
}

fn random_fp(r: &mut Random, b: &mut Builder, uses: &[Use; 4], speculates: bool) {
    let lanes = r.pick(&[Shape::F64x2, Shape::F64x2, Shape::F32x4]);
    let ty = lanes.elem().expect("lanes");
    if r.below(4) == 0 {
        return random_vector_fp(r, b, uses, lanes);
    }
    let [x, y, z] = [0; 3].map(|_| scalar(r, b, uses, lanes));
    let v = match r.below(16) {
        0 | 1 => b.fadd(ty, x, y),
        2 => b.fsub(ty, x, y),
        3 => b.fmul(ty, x, y),
        4 => b.fdiv(ty, x, y),
        5 => b.fsqrt(ty, x),
        6 => b.fneg(ty, x),
        7 => b.fabs(ty, x),
        8 | 9 => b.fmuladd(ty, x, y, z),
        10 => {
            // A short chain.
            let p = b.fmul(ty, x, y);
            let q = b.fadd(ty, p, z);
            let n = b.fneg(ty, q);
            put_scalar(r, b, uses, lanes, q);
            b.fmul(ty, n, p)
        }
        11 => {
            let f = b.flags_fcmp(ty, x, y, r.below(2) == 0);
            return b.put(slot_of(Ty::Flags, r.below(2)), f);
        }
        12 => {
            let c = b.fcmp(ty, r.pick(FloatCC::ALL), x, y);
            return b.put(slot_of(Ty::I1, r.below(4)), c);
        }
        13 => {
            let how = FpConv { round: Round::Zero, signed: true, fbits: 0 };
            let v = b.ftoint(Ty::I64, ty, how, x);
            return b.put(slot_of(Ty::I64, r.below(4)), v);
        }
        14 => {
            let flags = b.fpflags_read();
            let mask = b.iconst(Ty::I32, if speculates { 0 } else { !fp_flags::UNDERFLOW as u128 });
            let flags = b.and(Ty::I32, flags, mask);
            b.put(slot_of(Ty::I32, r.below(4)), flags);
            let zero = b.iconst(Ty::I32, 0);
            return b.fpflags_write(zero);
        }
        _ => {
            let mask = b.i64(0x1f8);
            let at = b.get(slot_of(Ty::I64, r.below(4)));
            let at = b.and(Ty::I64, at, mask);
            if r.below(2) == 0 {
                return b.store(at, x, MemAttr::PLAIN);
            }
            b.load(ty, at, MemAttr::PLAIN)
        }
    };
    put_scalar(r, b, uses, lanes, v);
}

fn random_vector_fp(r: &mut Random, b: &mut Builder, uses: &[Use; 4], lanes: Shape) {
    let mixed: Vec<usize> = (0..4).filter(|n| uses[*n] == Use::Mixed).collect();
    if mixed.is_empty() {
        return;
    }
    let [x, y, z] = [0; 3].map(|_| b.get(slot_of(Ty::V128, r.pick(&mixed))));
    let v = match r.below(5) {
        0 => b.fadd(lanes, x, y),
        1 => b.fmul(lanes, x, y),
        2 => b.fmuladd(lanes, x, y, z),
        3 => b.fmin(lanes, x, y),
        _ => b.fneg(lanes, x),
    };
    b.put(slot_of(Ty::V128, r.pick(&mixed)), v);
}

fn random_condition(r: &mut Random, b: &mut Builder) -> Value {
    if r.below(3) == 0 {
        return b.get(slot_of(Ty::I1, r.below(4)));
    }
    let flags = b.get(slot_of(Ty::Flags, r.below(2)));
    b.cond(r.pick(&CondCC::ALL), flags)
}

fn random_insn(r: &mut Random, b: &mut Builder, faults: bool, uses: &[Use; 4]) {
    let ty = r.pick(&[Ty::I32, Ty::I64]);
    let n = [0; 4].map(|_| r.below(4));
    let x = b.get(slot_of(ty, n[0]));
    let y = b.get(slot_of(ty, n[1]));
    match r.below(17) {
        0 => {
            let v = b.add(ty, x, y);
            b.put(slot_of(ty, n[2]), v);
        }
        1 => {
            let v = b.sub(ty, x, y);
            let f = b.flags_sub(ty, x, y);
            b.put(slot_of(ty, n[2]), v);
            b.put(slot_of(Ty::Flags, r.below(2)), f);
        }
        2 => {
            let f = b.flags_add(ty, x, y);
            b.put(slot_of(Ty::Flags, r.below(2)), f);
        }
        3 => {
            let v = b.and(ty, x, y);
            let f = b.flags_logic(ty, v);
            b.put(slot_of(Ty::Flags, r.below(2)), f);
        }
        4 => {
            let old = b.get(slot_of(Ty::Flags, r.below(2)));
            let c = b.cond(CondCC::Cs, old);
            let f = b.flags_adc(ty, x, y, c);
            b.put(slot_of(Ty::Flags, r.below(2)), f);
        }
        5 => {
            // A conditional comparison.
            let c = random_condition(r, b);
            let f = b.flags_sub(ty, x, y);
            let bits = b.iconst(Ty::I32, r.below(16) as u128);
            let known = b.flags_pack(bits);
            let f = b.select(c, f, known);
            b.put(slot_of(Ty::Flags, r.below(2)), f);
        }
        6 => {
            let f = b.get(slot_of(Ty::Flags, r.below(2)));
            b.put(slot_of(Ty::Flags, r.below(2)), f);
            let bits = b.flags_bits(f);
            b.put(slot_of(Ty::I32, n[2]), bits);
        }
        7 => {
            let c = random_condition(r, b);
            let v = b.select(c, x, y);
            b.put(slot_of(ty, n[2]), v);
            b.put(slot_of(Ty::I1, n[3]), c);
        }
        8 => random_load(r, b, faults, uses),
        9 | 10 => random_store(r, b, faults, uses),
        11 => random_atomic(r, b, faults),
        12 => {
            let Some(v) = (0..4).find(|n| uses[*n] == Use::Mixed) else { return };
            let v = slot_of(Ty::V128, v);
            let (x, q) = (b.get(v), b.get(slot_of(Ty::I128, n[1])));
            let w = b.call(HelperId(1), &[x, q]).expect("a result");
            b.put(v, w);
        }
        13 => {
            let (x, y) = (b.get(slot_of(Ty::I64, n[0])), b.get(slot_of(Ty::I32, n[1])));
            let v = b.call(HelperId(0), &[x, y]).expect("a result");
            b.put(slot_of(Ty::I64, n[2]), v);
        }
        14 => {
            let x = b.get(slot_of(Ty::I64, n[0]));
            let even = b.i64(!1);
            let x = if faults { x } else { b.and(Ty::I64, x, even) };
            let v = b.call(HelperId(2), &[x]).expect("a result");
            b.put(slot_of(Ty::I64, n[2]), v);
        }
        15 => {
            let x = b.get(slot_of(Ty::I64, n[0]));
            b.prefetch(x, Prefetch::ALL[r.below(Prefetch::ALL.len())]);
        }
        _ => b.fence(r.pick(&[Fence::Load, Fence::Store, Fence::Full])),
    }
}

const TYPES: [Ty; 9] =
    [Ty::I8, Ty::I16, Ty::I32, Ty::I64, Ty::I128, Ty::F16, Ty::F32, Ty::F64, Ty::V128];

fn random_address(r: &mut Random, b: &mut Builder, ty: Ty, faults: bool) -> (Value, MemAttr) {
    let order = r.pick(&[
        Order::Relaxed,
        Order::Relaxed,
        Order::Relaxed,
        Order::Acquire,
        Order::AcquirePc,
        Order::Release,
        Order::AcqRel,
    ]);
    let plain = order == Order::Relaxed && r.below(2) == 0;
    let attr = if plain { MemAttr::PLAIN } else { MemAttr::ordered(order) };
    let attr = MemAttr { big_endian: r.below(3) == 0, ..attr };
    let x = b.get(slot_of(Ty::I64, r.below(4)));
    // Sometimes behind the end of memory.
    let reach = if faults && r.below(4) == 0 { 2 * MEMORY } else { MEMORY / 2 };
    let mut mask = reach as u64 - 1;
    let misaligned = faults && r.below(3) == 0;
    if !plain && !misaligned {
        mask &= !(ty.bytes() as u64 - 1);
    }
    let mask = b.i64(mask);
    (b.and(Ty::I64, x, mask), attr)
}

/// A register that is loaded or stored as a whole.
fn memory_register(r: &mut Random, uses: &[Use; 4]) -> (Ty, usize) {
    loop {
        let (ty, n) = (r.pick(&TYPES), r.below(4));
        if ty != Ty::V128 || uses[n] == Use::Mixed {
            return (ty, n);
        }
    }
}

fn random_load(r: &mut Random, b: &mut Builder, faults: bool, uses: &[Use; 4]) {
    let (ty, n) = memory_register(r, uses);
    let (address, attr) = random_address(r, b, ty, faults);
    let v = b.load(ty, address, attr);
    b.put(slot_of(ty, n), v);
}

fn random_store(r: &mut Random, b: &mut Builder, faults: bool, uses: &[Use; 4]) {
    let (ty, n) = memory_register(r, uses);
    let (address, attr) = random_address(r, b, ty, faults);
    let v = b.get(slot_of(ty, n));
    b.store(address, v, attr);
}

fn random_atomic(r: &mut Random, b: &mut Builder, faults: bool) {
    let ty = r.pick(&TYPES[..5]);
    let (address, mut attr) = random_address(r, b, ty, faults);
    if attr == MemAttr::PLAIN {
        attr = MemAttr::ordered(Order::AcqRel);
        let mask = b.i64(!15);
        let address = b.and(Ty::I64, address, mask);
        let operand = b.get(slot_of(ty, r.below(4)));
        let old = b.rmw(r.pick(Rmw::ALL), address, operand, attr);
        b.put(slot_of(ty, 0), old);
        return;
    }
    attr.align = isamorph_ir::inst::Align::Natural;
    let new = b.get(slot_of(ty, r.below(4)));
    match r.below(3) {
        0 => {
            let old = b.rmw(r.pick(Rmw::ALL), address, new, attr);
            b.put(slot_of(ty, r.below(4)), old);
        }
        1 => {
            let expected = b.get(slot_of(ty, r.below(4)));
            let old = b.cas(address, expected, new, attr);
            b.put(slot_of(ty, r.below(4)), old);
        }
        _ => {
            let p = b.get(slot_of(Ty::I1, r.below(4)));
            let mask = b.i64(!(ty.bytes() as u64 - 1));
            let even = b.and(Ty::I64, address, mask);
            let expected =
                b.load(ty, even, MemAttr { big_endian: attr.big_endian, ..MemAttr::PLAIN });
            let stored = b.cas_if(p, address, expected, new, attr);
            b.put(slot_of(Ty::I1, r.below(4)), stored);
        }
    }
}

/// The register that holds return addresses.
const LINK: usize = 3;

/// Lets a random block of the region call a function, directly or by a register, that mostly returns.
fn inline_callee(
    r: &mut Random,
    region: &mut Region,
    uses: &[Use; 4],
    faults: bool,
    speculates: bool,
) {
    let call = r.below(region.blocks.len());
    if region.inlined.iter().any(|callee| callee.call == call) {
        if let Term::Indirect { .. } = region.blocks[call].term {
            add_callee(r, region, call, 1, uses, faults, speculates);
        }
        return;
    }
    let bodies = region.bodies();
    let own: Vec<u64> = (0..bodies.len())
        .filter(|b| bodies[*b] == bodies[call])
        .map(|b| region.blocks[b].pc)
        .collect();
    let ret = r.pick(&own);
    let caller = &mut region.blocks[call];
    let pc = pc_of(0);
    let by_register = r.below(3) == 0;
    let jumps = by_register && r.below(3) == 0;
    let mut emit = |op, ty: Ty, args: &[Value], imm: u128| {
        let shape = Shape::Scalar(ty);
        let mut all = [Value::NONE; 4];
        all[..args.len()].copy_from_slice(args);
        caller.insts.push(Inst { op, shape, from: shape, args: all, imm });
        Value(caller.insts.len() as u32 - 1)
    };
    let target = emit(Op::Get, Ty::I64, &[], slot_of(Ty::I64, 2).0 as u128);
    if !jumps {
        let link = emit(Op::Const, Ty::I64, &[], ret as u128);
        emit(Op::Put, Ty::I64, &[link], slot_of(Ty::I64, LINK).0 as u128);
    }
    caller.term = match (by_register, jumps) {
        (false, _) => Term::Goto { pc, ret: Some(ret), sync: false },
        (true, false) => Term::Indirect { target, hint: Hint::Call { ret } },
        (true, true) => Term::Indirect { target, hint: Hint::Jump },
    };
    add_callee(r, region, call, 0, uses, faults, speculates);
}

/// Adds the blocks of a function, which begins at the address of the block of this number.
fn add_callee(
    r: &mut Random,
    region: &mut Region,
    call: usize,
    number: usize,
    uses: &[Use; 4],
    faults: bool,
    speculates: bool,
) {
    let first = region.blocks.len();
    let end = number + 1 + r.below(3);
    for n in number..end {
        let mut block = random_block(r, n, end, faults, uses, speculates);
        if n + 1 == end || r.below(3) == 0 {
            block.insts.push(Inst {
                op: Op::Get,
                shape: Shape::I64,
                from: Shape::I64,
                args: [Value::NONE; 4],
                imm: slot_of(Ty::I64, LINK).0 as u128,
            });
            let target = Value(block.insts.len() as u32 - 1);
            block.term = Term::Indirect { target, hint: Hint::Return };
        }
        region.blocks.push(block);
    }
    region.inlined.push(Inlined { call, blocks: first..region.blocks.len() });
}

fn random_regions(seed: u64, count: usize, precise: bool, opt_level: OptLevel, faults: bool) {
    let mut jit = Jit::new();
    for n in 0..count as u64 {
        let mut r = Random(seed ^ (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let blocks = 1 + r.below(6);
        let uses = [0; 4].map(|_| r.pick(&[Use::Double, Use::Double, Use::Single, Use::Mixed]));
        let exact_underflow = r.below(2) == 0;
        let mut region = Region {
            blocks: (0..blocks)
                .map(|i| {
                    random_block(&mut r, i, blocks, faults, &uses, opt_level == OptLevel::Speed)
                })
                .collect(),
            ..Region::default()
        };
        region.entries = (1..blocks).filter(|_| r.below(3) == 0).collect();
        for _ in 0..r.below(4) {
            inline_callee(&mut r, &mut region, &uses, faults, opt_level == OptLevel::Speed);
        }
        verify_region(&DESC, &region).unwrap_or_else(|e| panic!("{e:?}"));
        let mut actual = Guarded::new();
        let base = actual.address();
        let dead = |_: u64| false;
        let opts = CompileOptions {
            precise,
            opt_level,
            exact_underflow,
            guest_base: base,
            flags_dead_at: Some(&dead),
            ..CompileOptions::default()
        };
        let code = jit.compile(&region, &opts);
        for run in 0..8 {
            let entry = r.below(1 + region.entries.len());
            let entry_block = code.blob.entries[entry].0;
            let entry_block =
                region.blocks.iter().position(|b| b.pc == entry_block).expect("a block");
            let mut state = random_state(&mut r);
            for slot in 0..4 {
                if r.below(3) == 0 {
                    let inside = pc_of(r.below(blocks)) as u128;
                    DESC.layout.write(&mut state, slot_of(Ty::I64, slot), inside);
                }
            }
            DESC.layout.write(&mut state, COUNTER, r.below(6) as u128);
            let mut memory = Bytes((0..MEMORY).map(|_| r.next_u64() as u8).collect());
            actual.bytes().copy_from_slice(&memory.0);
            let mut expected = state.clone();
            let Some(end) = interpret(&region, entry_block, &mut expected, &mut memory, 200) else {
                continue;
            };
            let got = jit.host.run(&code, entry, &mut state, &mut Bytes(vec![]));
            // Cranelift's optimiser may hoist a flag out of a loop that ends before it is raised.
            let speculates = opt_level == OptLevel::Speed;
            for state in [&mut expected, &mut state] {
                let mut flags = DESC.layout.read(state, FP_FLAGS);
                if speculates {
                    flags = 0;
                } else if !exact_underflow {
                    flags &= !(fp_flags::UNDERFLOW as u128);
                }
                DESC.layout.write(state, FP_FLAGS, flags);
            }
            let inexact = !precise && hardware_fault(&region, &end);
            let differ = if inexact { vec![] } else { differences(&expected, &state) };
            let same_memory = *actual.bytes() == memory.0[..];
            assert!(
                got == end && differ.is_empty() && same_memory,
                "seed {seed:#x} region {n} run {run} from {entry_block}: {got:?} for {end:?}, {differ:?}, memory {same_memory}\n{}",
                print_region(&DESC, &region)
            );
        }
    }
}

/// Can an access have faulted, not a helper?
fn hardware_fault(region: &Region, end: &End) -> bool {
    let End::Fault(pc) = end else { return false };
    let alone = |block: &Block| {
        let mut here = block.insts.split(|i| i.op == Op::Insn).skip(1);
        let mut marks = block.insts.iter().filter(|i| i.op == Op::Insn);
        let at = marks.position(|i| i.imm as u64 == *pc);
        at.and_then(|n| here.nth(n)).is_some_and(|insts| insts.iter().all(|i| i.op != Op::Call))
    };
    region.blocks.iter().any(alone)
}

#[test]
fn relaxed() {
    random_regions(0x11, 1500, false, OptLevel::None, true);
}

#[test]
fn relaxed_speed() {
    random_regions(0x22, 600, false, OptLevel::Speed, true);
}

#[test]
fn precise() {
    random_regions(0x33, 800, true, OptLevel::None, true);
}

#[test]
fn precise_speed() {
    random_regions(0x44, 500, true, OptLevel::Speed, true);
}

#[test]
fn without_faults() {
    random_regions(0x55, 500, false, OptLevel::None, false);
}

fn counting_loop() -> Region {
    let x = slot_of(Ty::I64, 0);
    let mut b = Builder::new(&DESC, 0x1000);
    b.insn(0x1000);
    let (v, one) = (b.get(x), b.i64(1));
    let v = b.add(Ty::I64, v, one);
    b.put(x, v);
    let mut block = b.finish(Term::goto(0x1000));
    block.len = 4;
    single(block)
}

#[test]
fn a_poll_stops_an_endless_loop() {
    let mut jit = Jit::new();
    let region = counting_loop();
    let code = jit.compile(&region, &CompileOptions::default());
    let mut state = vec![0; DESC.layout.size as usize];
    let poll = &raw const jit.host.area.engine.poll as usize;
    let kicker = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        // SAFETY: the area outlives the thread, which is joined below; the word is atomic.
        unsafe { &*(poll as *const std::sync::atomic::AtomicU32) }.store(1, Ordering::Relaxed);
    });
    let end = jit.host.run(&code, 0, &mut state, &mut Bytes(vec![]));
    kicker.join().expect("no panic");
    assert_eq!(end, End::Interrupted(0x1000));
    assert!(DESC.layout.read(&state, slot_of(Ty::I64, 0)) > 1000);
}
