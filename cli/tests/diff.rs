//! `isamorph diff` on the demo's program: engines agree, and an error made on purpose is found where it was made.

mod program;

use program::{Shown, demo_elf, isamorph};
use std::process::Command;

fn diff(options: &[&str]) -> Shown {
    let demo = demo_elf().display().to_string();
    isamorph(&[&["diff"], options, &["--", &*demo]].concat())
}

#[test]
fn engines_agree() {
    for engines in ["interp,jit", "baseline,jit", "jit,interp", "interp,auto"] {
        let shown = diff(&["--engines", engines]);
        assert_eq!(shown.status, Some(0), "{engines}: {}", shown.stderr);
        assert!(shown.stderr.contains("agree: ") && shown.stderr.contains("with status 0"));
        assert!(!shown.stdout.is_empty(), "the program's output is its own");
    }
}

/// The second engine sees `word` at `addr`: what the report must say.
fn finds(addr: u64, word: u32, parts: &[&str]) {
    let patch = format!("{addr:#x}={word:#x}");
    let shown = diff(&["--from", "flush", "--patch-second", &patch]);
    assert_eq!(shown.status, Some(1), "{}", shown.stderr);
    let at = format!("at {addr:#x} flush");
    for part in parts.iter().copied().chain(["jit is wrong from instruction", &at]) {
        assert!(shown.stderr.contains(part), "`{part}` is not in\n{}", shown.stderr);
    }
}

#[test]
fn a_wrong_register_is_found() {
    // add x1, x5, x3 seen as add x1, x5, x2
    let row = "[a1 00 03 8b] x3=0x0 x5=0x421ff0 => ? ; add x1, x5, x3";
    finds(0x40_0358, 0x8b02_00a1, &["v3 = add.i64 v1, v2", "x1   ", row]);
}

#[test]
fn a_store_left_out_is_found_where_it_should_be() {
    // str xzr, [x6, #0xfe8] seen as nop
    let row = "x6=mem-0xfc0 mem+0x28=";
    finds(0x40_0350, 0xd503_201f, &["Memory: before -> after, by jit\n  none", row]);
}

#[test]
fn wrong_flags_are_found_before_they_are_used() {
    // cmp x2, x3 seen as cmp x3, x2
    finds(0x40_0348, 0xeb02_007f, &["nzcv", "cmp x2, x3"]);
}

#[test]
fn what_cannot_be_compared_is_said() {
    for (options, message) in [
        (&["--engines", "interp"][..], "--engines takes two engines"),
        (&["--engines", "jit,auto", "--max-instructions", "5"], "needs `interp`"),
        (&["--from", "fluhs"], "did you mean flush"),
        (&["--from", "0x1230"], "ended without coming to 0x1230"),
    ] {
        let shown = diff(options);
        assert_eq!(shown.status, Some(2), "{options:?}: {}", shown.stderr);
        assert!(shown.stderr.contains(message), "{options:?}: {}", shown.stderr);
    }
    let enough = diff(&["--max-instructions", "1000"]);
    assert_eq!(enough.status, Some(0));
    assert!(enough.stderr.contains("as many instructions as wished"), "{}", enough.stderr);
}

/// Is the oracle's program here?
fn has_qemu() -> bool {
    Command::new("qemu-aarch64").arg("--version").output().is_ok_and(|o| o.status.success())
}

#[test]
fn an_error_is_found_by_the_oracle() {
    if !has_qemu() {
        eprintln!("skipped: qemu-aarch64 is not installed");
        return;
    }
    let agrees = diff(&["--oracle", "qemu", "--engines", "jit"]);
    assert_eq!(agrees.status, Some(0), "{}", agrees.stderr);
    assert!(agrees.stderr.contains("qemu-aarch64 and jit agree: "), "{}", agrees.stderr);
    // mov x0, sp seen as nop
    let patch = ["--patch-second", "0x4000f0=0xd503201f"];
    let shown = diff(&[&["--oracle", "qemu"][..], &patch].concat());
    assert_eq!(shown.status, Some(1), "{}", shown.stderr);
    for part in ["qemu-aarch64 and interp differ", "at 0x4000f0 ", "=> ? ; mov x0, sp"] {
        assert!(shown.stderr.contains(part), "`{part}` is not in\n{}", shown.stderr);
    }
}
