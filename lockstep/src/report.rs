//! A difference as text.

use crate::follower::{Difference, Extent};
use crate::machine::Guest;
use crate::oracle::Step;
use crate::pages::{Change, Code};
use crate::registers;
use crate::row;
use crate::search::{Culprit, Finding, Which};
use crate::symbols::Symbols;
use isamorph_ir::{StateLayout, text};
use std::fmt::Write;

/// Changes of memory that are listed.
const CHANGES: usize = 8;

/// Names of both sides.
pub type Names<'a> = [&'a str; 2];

/// What was found, in full.
pub fn report(
    guest: &Guest,
    names: Names<'_>,
    extent: Extent,
    difference: &Difference,
    finding: &Finding,
    symbols: &mut Symbols,
) -> String {
    let mut out = String::new();
    let layout = &guest.frontend.desc().layout;
    let pc = |state: &[u8]| layout.read_u64(state, layout.pc);
    let mut place = |addr: u64| match symbols.name(addr) {
        Some(name) => format!("{addr:#x} {name}"),
        None => format!("{addr:#x}"),
    };
    let _ = writeln!(
        out,
        "{} and {} differ after {} equal events, in the run from {}",
        names[0],
        names[1],
        extent.events.saturating_sub(1),
        place(pc(&difference.start))
    );
    for (name, event, state) in [
        (names[0], difference.left_event, &difference.left),
        (names[1], difference.right_event, &difference.right),
    ] {
        let _ = writeln!(out, "  {name} came to {event} at {}", place(pc(state)));
    }
    match finding {
        Finding::Culprit(culprit) => {
            let name = names[culprit.which as usize];
            culprit_text(&mut out, guest, name, culprit, &mut place);
        }
        Finding::NotAgain => {
            out += "\nMade again, both agree with the reference interpreter: what differed depends on time \
                    (a background compilation, memory shared with another process).\n";
            whole(&mut out, guest, names, difference);
        }
        Finding::Whole(which, insns) => {
            let _ = writeln!(
                out,
                "\n{} differs from the reference interpreter over the {insns} instructions of this run, but not \
                 when it stops after each region in a whole state: look at chaining, or at flags left out \
                 at exits (engine/src/lookahead.rs).",
                names[*which as usize]
            );
            whole(&mut out, guest, names, difference);
        }
    }
    out
}

fn culprit_text(
    out: &mut String,
    guest: &Guest,
    name: &str,
    culprit: &Culprit,
    place: &mut dyn FnMut(u64) -> String,
) {
    let frontend = &*guest.frontend;
    let desc = frontend.desc();
    let pc = desc.layout.read_u64(&culprit.before, desc.layout.pc);
    let single = culprit.insns == 1;
    let _ = writeln!(
        out,
        "\n{name} is wrong from instruction {} of the run on, at {}",
        culprit.index,
        place(pc)
    );
    if !single {
        let _ = writeln!(
            out,
            "(seen with blocks of {} and regions of {} instructions, not with smaller ones)",
            culprit.limits.block_insns, culprit.limits.region_insns
        );
    }
    code_text(out, guest, &culprit.before, culprit.insns);
    let (before, right, wrong) = (&culprit.before, &culprit.reference, &culprit.wrong);
    registers_text(out, &desc.layout, [before, right, wrong], ["the reference interpreter", name]);
    if culprit.reference_stores != culprit.wrong_stores {
        out.push_str("\nMemory: before -> after, by the reference interpreter\n");
        memory(out, &culprit.reference_stores, "->");
        let _ = writeln!(out, "Memory: before -> after, by {name}");
        memory(out, &culprit.wrong_stores, "->");
    } else if !culprit.reference_stores.is_empty() {
        out.push_str("\nMemory: before -> after, by both\n");
        memory(out, &culprit.reference_stores, "->");
    }
    row_text(out, guest, &culprit.before, culprit.insns);
}

/// An instruction that our engine carries out otherwise than an oracle.
pub fn step_report(
    guest: &Guest,
    names: Names<'_>,
    extent: Extent,
    step: &Step,
    symbols: &mut Symbols,
) -> String {
    let [oracle, ours] = names;
    let layout = &guest.frontend.desc().layout;
    let pc = layout.read_u64(&step.before, layout.pc);
    let place = symbols.name(pc).unwrap_or_default();
    let mut out = format!(
        "{oracle} and {ours} differ after {} equal events, at instruction {} of the run that followed, at {pc:#x} {place}\n",
        extent.events.saturating_sub(1),
        step.index,
    );
    code_text(&mut out, guest, &step.before, 1);
    registers_text(&mut out, layout, [&step.before, &step.oracle, &step.ours], names);
    if !step.memory.is_empty() {
        let _ = writeln!(out, "\nMemory: by {ours} / by {oracle}");
        memory(&mut out, &step.memory, "/");
    }
    row_text(&mut out, guest, &step.before, 1);
    out
}

/// A run at whose end our engine and an oracle differ, though each of its instructions alone is right.
pub fn run_report(
    guest: &Guest,
    names: Names<'_>,
    extent: Extent,
    d: &Difference,
    symbols: &mut Symbols,
) -> String {
    let layout = &guest.frontend.desc().layout;
    let pc = layout.read_u64(&d.start, layout.pc);
    let mut out = format!(
        "{} and {} differ after {} equal events, in the run from {pc:#x} {}: {} came to {}, {} to {}.\nMade again one \
         instruction at a time they agree: compare the engine with `interp` (--engines), or the run reads something \
         that changes.\n",
        names[0],
        names[1],
        extent.events.saturating_sub(1),
        symbols.name(pc).unwrap_or_default(),
        names[0],
        d.left_event,
        names[1],
        d.right_event
    );
    whole(&mut out, guest, names, d);
    out
}

/// Assembly and IR.
fn code_text(out: &mut String, guest: &Guest, before: &[u8], insns: u32) {
    let frontend = &*guest.frontend;
    let desc = frontend.desc();
    let mode = frontend.mode(before);
    let pc = desc.layout.read_u64(before, desc.layout.pc);
    let block = frontend.lift(&Code, pc, mode, insns);
    out.push('\n');
    let mut at = pc;
    while at < pc + u64::from(block.len.max(1)) {
        let (assembly, len) = frontend.disassemble(&Code, at, mode);
        let _ = writeln!(out, "  {at:#x}  {assembly}");
        at += u64::from(len);
    }
    out.push('\n');
    for line in text::print_block(desc, &block).lines() {
        let _ = writeln!(out, "  {line}");
    }
}

/// Registers before and after by both; those that differ first.
fn registers_text(out: &mut String, layout: &StateLayout, states: [&[u8]; 3], names: Names<'_>) {
    let [before, right, wrong] = states;
    let _ = writeln!(out, "\nRegisters: before -> by {} / by {}", names[0], names[1]);
    for d in registers::differences(layout, right, wrong) {
        let before = layout.read(before, d.slot);
        let _ = writeln!(out, "  {:<9} {before:#x} -> {:#x} / {:#x}", d.name, d.left, d.right);
    }
    let changed = registers::differences(layout, before, right);
    let agreed = |slot| layout.read(right, slot) == layout.read(wrong, slot);
    for c in changed.iter().filter(|c| agreed(c.slot)) {
        let _ = writeln!(out, "  {:<9} {:#x} -> {:#x} (both)", c.name, c.left, c.right);
    }
}

fn row_text(out: &mut String, guest: &Guest, before: &[u8], insns: u32) {
    let row = row::row(&*guest.frontend, before, insns);
    let _ = writeln!(
        out,
        "\nAs a test row (tests/filetests/exec; `cargo xtask oracle rows FILE` fills in what must come of it):\n{row}"
    );
}

fn memory(out: &mut String, changes: &[Change], between: &str) {
    let hex = |bytes: &[u8]| -> String {
        let shown: String = bytes.iter().take(32).map(|b| format!("{b:02x}")).collect();
        if bytes.len() > 32 { format!("{shown}… ({} bytes)", bytes.len()) } else { shown }
    };
    if changes.is_empty() {
        out.push_str("  none\n");
    }
    for c in changes.iter().take(CHANGES) {
        let _ = writeln!(out, "  {:#x}  {} {between} {}", c.addr, hex(&c.left), hex(&c.right));
    }
    if changes.len() > CHANGES {
        let _ = writeln!(out, "  and {} more", changes.len() - CHANGES);
    }
}

/// What differs at the end of the run.
fn whole(out: &mut String, guest: &Guest, names: Names<'_>, d: &Difference) {
    let _ = writeln!(out, "\nAt the end of the run: {} / {}", names[0], names[1]);
    for r in registers::differences(&guest.frontend.desc().layout, &d.left, &d.right) {
        let _ = writeln!(out, "  {:<9} {:#x} / {:#x}", r.name, r.left, r.right);
    }
    if !d.memory.is_empty() {
        let _ = writeln!(out, "Memory: {} / {}", names[1], names[0]);
        memory(out, &d.memory, "/");
    }
}

/// Which side, in words.
impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Which::Left { "the first engine" } else { "the second engine" })
    }
}
