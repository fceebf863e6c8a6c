//! Every op in every shape, compiled, against the interpreter.

use crate::forms::{Form, block, forms};
use crate::guest::{DESC, slot_of};
use crate::host::{Host, Installed};
use crate::memory::Bytes;
use crate::random::{Random, random_state};
use crate::reference::{differences, interpret, single};
use isamorph_backend_abi::CodeBlob;
use isamorph_ir::op::OpInfo;
use isamorph_ir::{Region, Shape, Ty};

fn lane_shape(case: &Form) -> Shape {
    if case.op.info().converts { case.from } else { case.shape }
}

/// Compares every form of the ops that `filter` takes, compiled by `compile`, with the interpreter on random states.
///
/// # Panics
/// If they disagree on any, with all of them.
pub fn check(
    mut compile: impl FnMut(&Region) -> CodeBlob,
    filter: impl Fn(&OpInfo) -> bool,
    fp_exact: bool,
    runs: usize,
) {
    let mut host = Host::default();
    let mut random = Random(0x1234_5678_9abc_def1);
    let (mut done, mut failures) = (0, Vec::new());
    for case in forms().iter().filter(|c| filter(c.op.info())) {
        let Some(mut block) = block(case) else { continue };
        block.fp_exact = fp_exact;
        done += 1;
        let region = single(block);
        let code = Installed::new(compile(&region));
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
            let got = host.run(&code, 0, &mut state, &mut memory);
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
