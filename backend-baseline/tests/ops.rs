//! Every op in every shape, compiled, against the interpreter.

mod support;

use isamorph_backend_baseline::Options;
use isamorph_ir::op::{Effect, ImmKind, OPS, OpInfo, TyRule};
use isamorph_ir::verify::verify;
use isamorph_ir::{Builder, Op, Shape, Term, Ty, Value};
use support::{Bytes, DESC, Jit, Random, differences, interpret, random_state, single, slot_of};

fn shapes() -> Vec<Shape> {
    let scalars = Ty::ALL.into_iter().map(Shape::Scalar);
    scalars.chain(Shape::VECTORS).chain([Shape::None]).collect()
}

/// Immediates worth trying for an op in a shape; the verifier drops those that are not allowed.
fn immediates(info: &OpInfo, shape: Shape, from: Shape) -> Vec<u128> {
    let lane = shape.elem().map_or(64, Ty::bits) as u128;
    match info.imm {
        ImmKind::None => vec![0],
        ImmKind::Flag => vec![0, 1],
        ImmKind::Index => {
            let mut all = vec![0, 1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 31, 32, 63, 64, lane - 1, lane];
            all.sort();
            all.dedup();
            all
        }
        ImmKind::IntCC => (0..11).collect(),
        ImmKind::FloatCC => (0..8).collect(),
        ImmKind::CondCC => (0..14).collect(),
        ImmKind::SignedShift => (0..16).collect(),
        ImmKind::Narrow => (0..4).collect(),
        ImmKind::Round => (0..7).collect(),
        ImmKind::FpRound => (0..32).collect(),
        ImmKind::FpConv => {
            let int = if info.op == Op::FToInt { shape } else { from };
            let width = int.elem().map_or(64, Ty::bits) as u128;
            let how = |round: u128, signed: u128, fbits: u128| round | signed << 4 | fbits << 8;
            let mut all = Vec::new();
            for round in 0..7 {
                for signed in 0..2 {
                    all.extend([0, 1, width / 2, width].map(|f| how(round, signed, f)));
                }
            }
            all
        }
        _ => vec![],
    }
}

fn pure(info: &OpInfo) -> bool {
    matches!(info.effect, Effect::Pure | Effect::Fp) && info.op != Op::Const
}

struct Case {
    op: Op,
    shape: Shape,
    from: Shape,
    imm: u128,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for info in OPS.iter().filter(|i| pure(i)) {
        for shape in shapes().into_iter().filter(|s| info.shapes.allows(*s)) {
            let froms = if info.converts { shapes() } else { vec![shape] };
            for from in froms {
                for imm in immediates(info, shape, from) {
                    cases.push(Case { op: info.op, shape, from, imm });
                }
            }
        }
    }
    cases
}

/// The type of the flags that an op takes is not random: made from integers.
fn block(case: &Case) -> Option<isamorph_ir::Block> {
    let info = case.op.info();
    let mut b = Builder::new(&DESC, 0x1000);
    b.insn(0x1000);
    let mut args = Vec::new();
    let mut counts = [0; 11];
    for rule in info.args {
        let ty = rule.resolve(case.shape, case.from)?;
        let n = &mut counts[ty as usize];
        args.push(b.get(slot_of(ty, *n)));
        *n += 1;
    }
    let rule_ok = info.result != TyRule::Nil;
    let mut places = [Value::NONE; 4];
    places[..args.len()].copy_from_slice(&args);
    let (op, shape, from, imm) = (case.op, case.shape, case.from, case.imm);
    b.block_mut().insts.push(isamorph_ir::Inst { op, shape, from, args: places, imm });
    let result = Value(b.block().insts.len() as u32 - 1);
    let ty = b.block().ty(result).filter(|_| rule_ok)?;
    b.put(slot_of(ty, 3), result);
    let mut block = b.finish(Term::goto(0x2000));
    block.len = 4;
    verify(&DESC, &block).is_ok().then_some(block)
}

fn lane_shape(case: &Case) -> Shape {
    if case.op.info().converts { case.from } else { case.shape }
}

fn check(filter: impl Fn(&OpInfo) -> bool, fp_exact: bool, runs: usize) {
    let mut jit = Jit::new();
    let mut random = Random(0x1234_5678_9abc_def1);
    let opts = Options { exact_underflow: true, ..Options::default() };
    let (mut done, mut failures) = (0, Vec::new());
    for case in cases().iter().filter(|c| filter(c.op.info())) {
        let Some(mut block) = block(case) else { continue };
        block.fp_exact = fp_exact;
        done += 1;
        let region = single(block);
        let code = jit.compile(&region, &opts);
        for _ in 0..runs {
            let mut state = random_state(&mut random);
            for rule in case.op.info().args {
                let ty = rule.resolve(case.shape, case.from).expect("checked");
                for n in 0..4 {
                    if ty != Ty::Flags && random.below(2) == 0 {
                        let shape = if ty == Ty::V128 { lane_shape(case) } else { ty.into() };
                        let v = random.value(if shape.is_vector() { shape } else { ty.into() });
                        DESC.layout.write(&mut state, slot_of(ty, n), v);
                    }
                }
            }
            let before = state.clone();
            let mut expected = state.clone();
            let mut memory = Bytes(vec![]);
            let end = interpret(&region, 0, &mut expected, &mut memory, 1);
            let got = jit.run(&code, 0, &mut state, &mut memory);
            let differ = differences(&expected, &state);
            if Some(got) != end || !differ.is_empty() {
                let name = |s: Shape| s.name();
                let inputs: Vec<String> = case
                    .op
                    .info()
                    .args
                    .iter()
                    .map(|r| r.resolve(case.shape, case.from).expect("checked"))
                    .scan([0; 11], |c, ty| {
                        let n = c[ty as usize];
                        c[ty as usize] += 1;
                        Some(format!("{:#x}", DESC.layout.read(&before, slot_of(ty, n))))
                    })
                    .collect();
                failures.push(format!(
                    "{}.{}.{} {:#x} ({}): {}",
                    case.op.info().name,
                    name(case.shape),
                    name(case.from),
                    case.imm,
                    inputs.join(", "),
                    differ.join("; ")
                ));
                break;
            }
        }
    }
    println!("{done} forms");
    assert!(failures.is_empty(), "{} of {done}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn integer_ops() {
    check(|i| i.effect == Effect::Pure, false, 40);
}

#[test]
fn floating_point_ops() {
    check(|i| i.effect == Effect::Fp, false, 150);
}

#[test]
fn floating_point_ops_exact() {
    check(|i| i.effect == Effect::Fp, true, 4);
}
