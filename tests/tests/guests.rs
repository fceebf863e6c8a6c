//! The guest programs of `tests/guests`: every one, linked in every way that it asks for, on every engine, with the output
//! and the ending that the oracle (or the host) showed.
//!
//! They run the release binary of `isamorph`, as users do.

use std::process::Command;

use isamorph_tests::report::all_of;
use xtask::guests::programs::{self, Link, Program};
use xtask::guests::runs::{self, Runner};
use xtask::{cargo, process};

fn on(runner: Runner) {
    cargo::build_isamorph().unwrap();
    let programs = programs::build_all().unwrap();
    let jobs: Vec<(&Program, Link)> = programs
        .iter()
        .flat_map(|program| program.links.iter().map(move |&link| (program, link)))
        .collect();
    all_of(jobs.iter().map(|(program, link)| runs::check(runner, program, *link)));
}

#[test]
fn on_the_interpreter() {
    on(Runner::Isamorph("interp"));
}

#[test]
fn on_baseline_code() {
    on(Runner::Isamorph("baseline"));
}

#[test]
fn on_compiled_code() {
    on(Runner::Isamorph("jit"));
}

#[test]
fn on_all_tiers() {
    on(Runner::Isamorph("auto"));
}

/// The first time mostly what it compiles itself, the second time what the first kept.
#[test]
fn on_code_of_earlier_runs() {
    for engine in ["auto", "jit"] {
        on(Runner::Keeping(engine));
        on(Runner::Keeping(engine));
    }
}

#[test]
fn while_sampled() {
    on(Runner::Profiled);
}

/// The expectations themselves, where the oracle is who told them.
#[test]
fn under_the_oracle() {
    let programs = programs::build_all().unwrap();
    let told = programs.iter().filter(|program| program.oracle == programs::Oracle::Qemu);
    all_of(told.map(|program| runs::check(Runner::Qemu, program, program.links[0])));
}

#[test]
fn demo_elf_is_what_its_source_yields() {
    let version = programs::compiler_version().expect("the cross compiler is installed");
    if version != programs::PINNED_VERSION {
        println!("not compared: gcc {version} instead of {}", programs::PINNED_VERSION);
        return;
    }
    let programs = programs::build_all().unwrap();
    let demo = programs.iter().find(|program| program.name == "demo").unwrap();
    let built = std::fs::read(demo.binary(Link::Bare)).unwrap();
    let committed = std::fs::read(programs::demo_elf()).unwrap();
    assert!(built == committed, "tests/guests/demo.elf is old: run `cargo xtask guests demo`");
    let run =
        process::run_quiet(Command::new("qemu-aarch64").arg(programs::demo_elf()).arg("work"));
    assert!(run.unwrap().starts_with("calls "));
}
