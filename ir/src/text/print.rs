//! Prints blocks and regions. See [`super`] for the form.

use super::words;
use crate::block::{Block, Exception, Hint, Term, Wait};
use crate::contract::GuestDesc;
use crate::inst::{Inst, Value};
use crate::op::ImmKind;
use crate::region::{Inlined, Region};
use crate::ty::Shape;
use std::fmt::Write;

/// A region, its blocks in order, then its further entries, then by inlined callee the calling block, the callee's first
/// and the one behind its last.
pub fn print_region(desc: &GuestDesc, region: &Region) -> String {
    let mut out = String::from("region {\n");
    for block in &region.blocks {
        out.push_str(&print_block(desc, block));
    }
    if !region.entries.is_empty() {
        let entries: Vec<_> = region.entries.iter().map(usize::to_string).collect();
        writeln!(out, "  entries {}", entries.join(", ")).expect("a string takes it");
    }
    for Inlined { call, blocks } in &region.inlined {
        let (first, end) = (blocks.start, blocks.end);
        writeln!(out, "  inlined {call}, {first}, {end}").expect("a string takes it");
    }
    out.push_str("}\n");
    out
}

/// A block.
pub fn print_block(desc: &GuestDesc, block: &Block) -> String {
    let exact = if block.fp_exact { " fp_exact" } else { "" };
    let (pc, len, insns) = (block.pc, block.len, block.guest_insns);
    let mut out = format!("block {pc:#x} len={len} insns={insns}{exact} {{\n");
    for (i, inst) in block.insts.iter().enumerate() {
        out.push_str("  ");
        if block.ty(Value(i as u32)).is_some() {
            write!(out, "v{i} = ").expect("a string takes it");
        }
        out.push_str(&print_inst(desc, inst));
        out.push('\n');
    }
    writeln!(out, "  {}\n}}", term(&block.term)).expect("a string takes it");
    out
}

/// An instruction without its result's name.
pub fn print_inst(desc: &GuestDesc, inst: &Inst) -> String {
    let info = inst.op.info();
    let mut out = info.name.to_string();
    if inst.shape != Shape::None || inst.from != inst.shape {
        out.push('.');
        out.push_str(inst.shape.name());
    }
    if info.converts || inst.from != inst.shape {
        out.push('.');
        out.push_str(inst.from.name());
    }
    let mut operands = Vec::new();
    let (slots, helpers) = (desc.layout.slots, desc.helpers);
    let at = usize::try_from(inst.imm).unwrap_or(usize::MAX);
    match info.imm {
        ImmKind::Slot => {
            operands.push(slots.get(at).map_or(format!("slot#{at}"), |s| s.name.into()))
        }
        ImmKind::Helper => {
            operands.push(helpers.get(at).map_or(format!("helper#{at}"), |h| h.name.into()))
        }
        ImmKind::Const | ImmKind::Pc => operands.push(format!("{:#x}", inst.imm)),
        _ => {}
    }
    operands.extend(inst.args().map(|v| format!("v{}", v.0)));
    if info.imm == ImmKind::Index {
        operands.push(inst.imm.to_string());
    }
    if !operands.is_empty() {
        out.push(' ');
        out.push_str(&operands.join(", "));
    }
    let shown = matches!(
        info.imm,
        ImmKind::Slot | ImmKind::Helper | ImmKind::Const | ImmKind::Pc | ImmKind::Index
    );
    if !shown {
        match words::write(inst.op, inst.imm) {
            Some(w) if w.is_empty() => {}
            Some(w) => write!(out, " {w}").expect("a string takes it"),
            None => write!(out, " imm={:#x}", inst.imm).expect("a string takes it"),
        }
    }
    out
}

fn term(term: &Term) -> String {
    match term {
        Term::Goto { pc, ret, sync } => {
            let ret = ret.map_or(String::new(), |r| format!(" ret={r:#x}"));
            format!("goto {pc:#x}{ret}{}", if *sync { " sync" } else { "" })
        }
        Term::Branch { cond, then, other } => format!("branch v{}, {then:#x}, {other:#x}", cond.0),
        Term::Indirect { target, hint } => match hint {
            Hint::Jump => format!("indirect v{} jump", target.0),
            Hint::Call { ret } => format!("indirect v{} call ret={ret:#x}", target.0),
            Hint::Return => format!("indirect v{} return", target.0),
        },
        Term::Syscall { imm, next } => format!("syscall {imm:#x} next={next:#x}"),
        Term::Exception { pc, exception } => {
            let what = match exception {
                Exception::Breakpoint(imm) => format!("breakpoint {imm:#x}"),
                Exception::Undefined(bytes) => format!("undefined {bytes:#x}"),
                Exception::Unimplemented { class, bytes } => {
                    format!("unimplemented {class:?} {bytes:#x}")
                }
                Exception::Fetch => "fetch".into(),
                Exception::Privileged(imm) => format!("privileged {imm:#x}"),
                Exception::BranchTarget => "branch_target".into(),
                Exception::StackAlign => "stack_align".into(),
            };
            format!("exception {pc:#x} {what}")
        }
        Term::Wait { wait, next } => format!("wait {} next={next:#x}", wait_word(*wait)),
    }
}

/// The word for what a wait waits for.
pub(super) fn wait_word(wait: Wait) -> &'static str {
    match wait {
        Wait::Interrupt => "interrupt",
        Wait::Event => "event",
        Wait::Yield => "yield",
    }
}
