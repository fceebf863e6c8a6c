//! More vectors alive than Cranelift allots registers: spilled ones in the host's upper registers, rotations of lanes.

mod support;

use iced_x86::{Decoder, DecoderOptions, Mnemonic, Register};
use isamorph_backend_cranelift::{CodeBlob, CompileOptions, OptLevel};
use isamorph_backend_testing::{
    Bytes, DESC, Random, differences, interpret, random_state, single, slot_of,
};
use isamorph_ir::text::print_region;
use isamorph_ir::{Builder, Op, Region, Shape, Term, Ty, Value};
use support::Jit;

/// Vectors alive at once: some fit neither in sixteen registers nor in 32.
const ALIVE: [usize; 3] = [20, 30, 44];

/// What the host does with vectors in one instruction, most of it from memory too.
const BINARY: [Op; 17] = [
    Op::Add,
    Op::Sub,
    Op::And,
    Op::Or,
    Op::Xor,
    Op::AndNot,
    Op::Zip1,
    Op::Zip2,
    Op::Uzp1,
    Op::Trn1,
    Op::SMin,
    Op::UMax,
    Op::UAddSat,
    Op::SSubSat,
    Op::SAvg,
    Op::ICmp,
    Op::Mul,
];
const SHAPES: [Shape; 4] = [Shape::I8x16, Shape::I16x8, Shape::I32x4, Shape::I64x2];

fn rotated(b: &mut Builder, a: Value, by: u128) -> Value {
    let left = b.emit(Op::ShlI, Shape::I32x4, [a], by);
    let right = b.emit(Op::LShrI, Shape::I32x4, [a], 32 - by);
    b.emit(Op::Or, Shape::I32x4, [left, right], 0)
}

/// `long`: with lanes of 64 bits, whose arithmetic shifts leave no room for the stand-ins of rotations.
fn crowd(r: &mut Random, alive: usize, long: bool) -> Region {
    let shapes = if long { &SHAPES[..] } else { &SHAPES[..3] };
    let mut b = Builder::new(&DESC, 0x1000);
    b.insn(0x1000);
    let mut values: Vec<Value> = (0..4).map(|n| b.get(slot_of(Ty::V128, n))).collect();
    for n in 0..6 * alive {
        b.insn(0x1004 + 4 * n as u64);
        let (x, y) = (r.pick(&values), r.pick(&values));
        let shape = r.pick(shapes);
        let new = match r.below(8) {
            0 => rotated(&mut b, x, 1 + r.below(31) as u128),
            1 if long => b.emit(Op::AShrI, Shape::I64x2, [x], r.below(64) as u128),
            2 => b.emit_from(Op::WidenLo, Shape::I16x8, Shape::I8x16, x, 0),
            3 => b.emit(Op::ShlI, shape, [x], r.below(8) as u128),
            _ => b.emit(r.pick(&BINARY), shape, [x, y], 0),
        };
        if values.len() < alive {
            values.push(new);
        } else {
            let at = r.below(alive);
            values[at] = new;
        }
    }
    // All are needed to the end.
    for n in 0..4 {
        let mine = values.iter().skip(n).step_by(4).copied();
        let sum = mine.reduce(|x, y| b.emit(Op::Xor, Shape::V128, [x, y], 0)).expect("some");
        b.put(slot_of(Ty::V128, n), sum);
    }
    single(b.finish(Term::goto(0x8000)))
}

/// Does some instruction of the code fit?
fn has(blob: &CodeBlob, fits: impl Fn(&iced_x86::Instruction) -> bool) -> bool {
    Decoder::with_ip(64, &blob.code, 0, DecoderOptions::NONE).iter().any(|i| fits(&i))
}

#[test]
fn crowds_of_vectors() {
    let mut jit = Jit::new();
    let (mut upper, mut rotations) = (0, 0);
    for n in 0..120 {
        let mut r = Random(0x9e37_79b9 + n);
        let region = crowd(&mut r, ALIVE[n as usize % 3], n % 5 == 0);
        let opt_level = if n % 2 == 0 { OptLevel::None } else { OptLevel::Speed };
        let code = jit.compile(&region, &CompileOptions { opt_level, ..CompileOptions::default() });
        let is_upper = |r: Register| (Register::XMM16..=Register::XMM31).contains(&r);
        upper +=
            usize::from(has(&code.blob, |i| (0..i.op_count()).any(|n| is_upper(i.op_register(n)))));
        rotations += usize::from(has(&code.blob, |i| i.mnemonic() == Mnemonic::Vprold));
        for run in 0..4 {
            let mut state = random_state(&mut r);
            let mut expected = state.clone();
            let mut memory = Bytes(vec![]);
            let end = interpret(&region, 0, &mut expected, &mut memory, 1);
            let got = jit.host.run(&code, 0, &mut state, &mut memory);
            let differ = differences(&expected, &state);
            assert!(
                Some(got) == end && differ.is_empty(),
                "region {n} run {run}: {differ:?}\n{}",
                print_region(&DESC, &region)
            );
        }
    }
    let features = ["avx512f", "avx512vl", "avx512bw", "avx512dq"];
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    if features.iter().all(|f| text.contains(f)) {
        assert!(
            upper > 60 && rotations > 40,
            "{upper} with upper registers, {rotations} that rotate"
        );
    }
}
