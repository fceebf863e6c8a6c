//! Every op in every shape, compiled, against the interpreter.

use isamorph_backend_baseline::{Compiler, Host, Options};
use isamorph_backend_testing::{DESC, ops};
use isamorph_ir::Region;
use isamorph_ir::op::{Effect, OpInfo};

fn check(filter: impl Fn(&OpInfo) -> bool, fp_exact: bool, runs: usize) {
    let own = Host::detect().expect("a host with a code generator");
    // What this host has, and what every host has.
    for host in [own, Host::V2] {
        let mut compiler = Compiler::for_host(&DESC, host);
        let opts = Options { exact_underflow: true, ..Options::default() };
        let compile = |region: &Region| {
            compiler.compile(&mut region.blocks[0].clone(), &opts).expect("compiles").clone()
        };
        ops::check(compile, &filter, fp_exact, runs);
    }
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
