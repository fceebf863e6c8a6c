//! Every op in every shape, compiled, against the interpreter.

mod support;

use isamorph_backend_cranelift::{CompileOptions, OptLevel};
use isamorph_backend_testing::ops;
use isamorph_ir::op::{Effect, OpInfo};
use support::Jit;

fn check(filter: impl Fn(&OpInfo) -> bool, opt_level: OptLevel, fp_exact: bool, runs: usize) {
    let mut jit = Jit::new();
    let opts = CompileOptions { opt_level, exact_underflow: true, ..CompileOptions::default() };
    ops::check(|region| jit.blob(region, &opts), filter, fp_exact, runs);
}

#[test]
fn integer_ops() {
    check(|i| i.effect == Effect::Pure, OptLevel::None, false, 40);
}

#[test]
fn integer_ops_optimised() {
    check(|i| i.effect == Effect::Pure, OptLevel::Speed, false, 12);
}

#[test]
fn floating_point_ops() {
    check(|i| i.effect == Effect::Fp, OptLevel::None, false, 150);
}

#[test]
fn floating_point_ops_exact() {
    check(|i| i.effect == Effect::Fp, OptLevel::None, true, 4);
}
