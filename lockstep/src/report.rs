//! A difference as text.

use crate::follower::{Difference, Extent};
use crate::machine::Guest;
use crate::pages::{Change, Code};
use crate::registers;
use crate::row;
use crate::search::{Culprit, Finding, Which};
use crate::symbols::Symbols;
use isamorph_ir::text;
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
    let mode = frontend.mode(&culprit.before);
    let pc = desc.layout.read_u64(&culprit.before, desc.layout.pc);
    let block = frontend.lift(&Code, pc, mode, culprit.insns);
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
    let _ = writeln!(out, "\nRegisters: before -> by the reference interpreter / by {name}");
    let layout = &desc.layout;
    let changed = registers::differences(layout, &culprit.before, &culprit.reference);
    for d in registers::differences(layout, &culprit.reference, &culprit.wrong) {
        let before = layout.read(&culprit.before, d.slot);
        let _ = writeln!(out, "  {:<9} {before:#x} -> {:#x} / {:#x}", d.name, d.left, d.right);
    }
    let agreed = changed
        .iter()
        .filter(|c| layout.read(&culprit.reference, c.slot) == layout.read(&culprit.wrong, c.slot));
    for c in agreed {
        let _ = writeln!(out, "  {:<9} {:#x} -> {:#x} (both)", c.name, c.left, c.right);
    }
    if culprit.reference_stores != culprit.wrong_stores {
        out.push_str("\nMemory: before -> after, by the reference interpreter\n");
        memory(out, &culprit.reference_stores);
        let _ = writeln!(out, "Memory: before -> after, by {name}");
        memory(out, &culprit.wrong_stores);
    } else if !culprit.reference_stores.is_empty() {
        out.push_str("\nMemory: before -> after, by both\n");
        memory(out, &culprit.reference_stores);
    }
    let _ = writeln!(
        out,
        "\nAs a test row (tests/filetests/exec; `cargo xtask oracle rows FILE` fills in what must come of it):\n{}",
        row::row(frontend, &culprit.before, culprit.insns)
    );
}

fn memory(out: &mut String, changes: &[Change]) {
    let hex = |bytes: &[u8]| -> String {
        let shown: String = bytes.iter().take(32).map(|b| format!("{b:02x}")).collect();
        if bytes.len() > 32 { format!("{shown}… ({} bytes)", bytes.len()) } else { shown }
    };
    if changes.is_empty() {
        out.push_str("  none\n");
    }
    for c in changes.iter().take(CHANGES) {
        let _ = writeln!(out, "  {:#x}  {} -> {}", c.addr, hex(&c.left), hex(&c.right));
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
        let _ = writeln!(out, "Memory: {} -> {}", names[1], names[0]);
        memory(out, &d.memory);
    }
}

/// Which side, in words.
impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Which::Left { "the first engine" } else { "the second engine" })
    }
}
