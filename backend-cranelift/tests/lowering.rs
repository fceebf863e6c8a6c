//! docs/lowering.md: how each op of the IR becomes host code, found by compiling and running every form of it.
//!
//! `cargo xtask bless` (`ISAMORPH_BLESS=1`) writes the page; without, it must be current. It is a listing, not an expectation of results.

mod support;

use isamorph_backend_cranelift::CompileOptions;
use isamorph_backend_testing::{Bytes, DESC, Form, block, evals, forms, single, slot_of};
use isamorph_ir::op::{Effect, OPS, OpInfo};
use isamorph_ir::{Op, Shape, Term, Ty};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::RangeInclusive;
use support::Jit;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/lowering.md");

const HEAD: &str = "\
# How the ops of the IR are lowered

Made by `cargo xtask bless`, which compiles every form of every op that computes (all shapes and immediates), and runs it on
usual operands; a test holds the page to it.
The host is an x86-64 with AVX-512 (VL, DQ, BITALG, VBMI), which few of these use.

*Host* gives host instructions on the way that usual operands take, loads of the operands and the store of the result
included; cold ways are not counted. Several immediates, or signedness, give a range. *Reference* are the shapes of which some
form (an immediate, a rounding mode) calls the reference interpreter for usual operands too: `all` or `some` of the forms. Where
FPCR is not zero every floating-point op does.
";

/// What became of the forms of one shape.
#[derive(Default)]
struct Seen {
    host: Option<RangeInclusive<usize>>,
    reference: usize,
}

#[test]
fn the_page_is_current() {
    if !usual_host() {
        println!("not compared: the page is of hosts with AVX-512 (VL, DQ, BITALG, VBMI)");
        return;
    }
    let page = page();
    if std::env::var_os("ISAMORPH_BLESS").is_some() {
        std::fs::write(PAGE, page).expect("docs can be written");
        return;
    }
    let old = std::fs::read_to_string(PAGE).unwrap_or_default();
    let same = old == page;
    assert!(same, "docs/lowering.md is old: cargo xtask bless");
}

fn page() -> String {
    let mut jit = Jit::new();
    let mut by_op: BTreeMap<Op, BTreeMap<String, Seen>> = BTreeMap::new();
    let empty = {
        let mut b = isamorph_ir::Builder::new(&DESC, 0x1000);
        b.insn(0x1000);
        let mut block = b.finish(Term::goto(0x2000));
        block.len = 4;
        measure(&mut jit, block, None).0
    };
    for form in forms() {
        let Some(made) = block(&form) else { continue };
        let (count, left) = measure(&mut jit, made, Some(&form));
        let seen = by_op.entry(form.op).or_default().entry(shapes(&form)).or_default();
        if left {
            seen.reference += 1;
            continue;
        }
        let count = count.saturating_sub(empty);
        let range = seen.host.clone().unwrap_or(count..=count);
        seen.host = Some(*range.start().min(&count)..=*range.end().max(&count));
    }
    let mut out = String::from(HEAD);
    out += "\n| op | meaning | host | reference |\n|---|---|---|---|\n";
    for info in OPS {
        let (host, reference) = match by_op.get(&info.op) {
            Some(seen) => columns(seen),
            None => (elsewhere(info).to_owned(), String::new()),
        };
        let doc = info.doc.replace('|', "\\|");
        writeln!(out, "| `{}` | {doc} | {host} | {reference} |", info.name).expect("a String");
    }
    out
}

fn shapes(form: &Form) -> String {
    match form.op.info().converts {
        true => format!("{}.{}", form.shape.name(), form.from.name()),
        false => form.shape.name().to_owned(),
    }
}

/// Shapes with the same figure together.
fn columns(seen: &BTreeMap<String, Seen>) -> (String, String) {
    let mut host: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    let mut reference: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (shape, what) in seen {
        if let Some(range) = &what.host {
            host.entry((*range.start(), *range.end())).or_default().push(shape);
        }
        match (what.reference, &what.host) {
            (0, _) => {}
            (_, None) => reference.entry("all").or_default().push(shape),
            _ => reference.entry("some").or_default().push(shape),
        }
    }
    let host = host.iter().map(|((low, high), shapes)| match low == high {
        true => format!("{low}: {}", shapes.join(" ")),
        false => format!("{low}–{high}: {}", shapes.join(" ")),
    });
    let reference =
        reference.iter().map(|(which, shapes)| format!("{which}: {}", shapes.join(" ")));
    (host.collect::<Vec<_>>().join("; "), reference.collect::<Vec<_>>().join("; "))
}

/// Ops that do not only compute.
fn elsewhere(info: &OpInfo) -> &'static str {
    match (info.op, info.effect) {
        (Op::Const, _) => "an immediate, or a constant in memory",
        (Op::Get | Op::Put, _) => "a variable of the region; loaded at entries, stored at exits",
        (Op::Insn, _) => "nothing",
        (Op::ExitIf, _) => "a test, and a jump to a cold path",
        (Op::Load | Op::Store, _) => "a move; release stores an exchange",
        (Op::AtomicRmw | Op::AtomicCas | Op::CasIf, _) => "locked instructions, or a loop of them",
        (Op::PrefetchOp, _) => "a prefetch",
        (Op::FenceOp, _) => "a fence where TSO needs one",
        (_, Effect::FpState) => "a stub that reads or clears MXCSR",
        (_, Effect::Helper) => "a call of the guest's helper",
        _ => "symbolic until a condition is read: comparisons and their flags",
    }
}

/// Host instructions up to the exit on the usual way, and whether the reference was called for usual operands.
fn measure(jit: &mut Jit, block: isamorph_ir::Block, form: Option<&Form>) -> (usize, bool) {
    let options = CompileOptions { listing: true, ..CompileOptions::default() };
    let code = jit.compile(&single(block), &options);
    let listing = code.blob.listing.as_ref().expect("a listing was asked for");
    let count = on_the_usual_way(&listing.vcode);
    let mut state = vec![0; DESC.layout.size as usize];
    if let Some(form) = form {
        let info = form.op.info();
        for rule in info.args {
            let ty = rule.resolve(form.shape, form.from).expect("the form was verified");
            let lanes = if info.converts { form.from } else { form.shape };
            for n in (0..4).filter(|_| ty != Ty::Flags) {
                DESC.layout.write(&mut state, slot_of(ty, n), usual(ty, lanes));
            }
        }
    }
    let before = evals();
    jit.host.run(&code, 0, &mut state, &mut Bytes(vec![]));
    (count, evals() != before)
}

/// Instructions from the first block to the exit's trap, where every branch takes the way that is not cold: the second.
fn on_the_usual_way(vcode: &str) -> usize {
    let mut blocks: Vec<Vec<&str>> = vec![vec![]];
    for line in vcode.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix("block").and_then(|l| l.strip_suffix(':')) {
            // What stands before the first block belongs to it.
            Some("0") => {}
            Some(_) => blocks.push(vec![]),
            None => blocks.last_mut().expect("begun with one").push(line),
        }
    }
    let (mut at, mut count) = (0, 0);
    // No way is longer than all blocks.
    for _ in 0..blocks.len() {
        let lines = &blocks[at];
        let Some(last) = lines.last() else { break };
        let next = last.rsplit_once("label").and_then(|(_, label)| label.parse().ok());
        // A jump to what follows costs nothing.
        count += lines.len() - usize::from(last.starts_with("jmp"));
        match next {
            Some(label) => at = label,
            None => break,
        }
    }
    count
}

/// Is the host what the page says? Others have other counts.
fn usual_host() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bitalg")
        && is_x86_feature_detected!("avx512vbmi")
}

/// 1.5 or 3 in every lane.
fn usual(ty: Ty, lanes: Shape) -> u128 {
    let lane = if ty == Ty::V128 { lanes.elem().unwrap_or(Ty::I8) } else { ty };
    let value: u128 = match lane {
        Ty::F16 => 0x3e00,
        Ty::F32 => 0x3fc0_0000,
        Ty::F64 => 0x3ff8_0000_0000_0000,
        Ty::I1 => 1,
        _ => 3,
    };
    let (bits, width) = (lane.bits(), ty.bits());
    (0..width / bits.max(1)).fold(0, |all, n| all | value << (n * bits))
}
