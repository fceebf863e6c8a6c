//! The verifier: what every block and region must obey, by numbered rules.
//!
//! It runs after lifting (in tests and debug builds) and after every pass (in debug builds). The interpreter
//! and the backends rely on the rules without checking again. The rules are [`Rule`]; a message names the
//! rule, the instruction and what is wrong with it.

mod conversion;
mod immediate;
mod rule;
#[cfg(test)]
mod tests;

#[cfg(any(test, feature = "testing"))]
pub(crate) use immediate::index_range;
pub use rule::{Place, Rule, VerifyError};

use crate::block::{Block, Term};
use crate::contract::GuestDesc;
use crate::inst::{Inst, Value};
use crate::op::{Effect, ImmKind, Op, Shapes, TyRule};
use crate::region::{Inlined, Region};
use crate::ty::{Shape, Ty};
use std::collections::HashSet;

/// Checks a block against every rule.
///
/// # Errors
/// Every violation found, in the order of the instructions.
pub fn verify(desc: &GuestDesc, block: &Block) -> Result<(), Vec<VerifyError>> {
    let mut v = Verifier { desc, block, block_index: None, errors: Vec::new() };
    v.block();
    v.finish()
}

/// Checks a region and each of its blocks.
///
/// # Errors
/// Every violation found, block by block.
pub fn verify_region(desc: &GuestDesc, region: &Region) -> Result<(), Vec<VerifyError>> {
    let mut errors = Vec::new();
    let mut error = |what: String| {
        errors.push(VerifyError { rule: Rule::V13, place: Place::Region, what });
    };
    if region.blocks.is_empty() {
        error("it has no block".into());
    }
    let first = region.inlined.first().map_or(region.blocks.len(), |callee| callee.blocks.start);
    let mut end = first;
    for (n, Inlined { call, blocks }) in region.inlined.iter().enumerate() {
        if blocks.start != end || blocks.is_empty() || *call >= blocks.start {
            error(format!("callee {n} does not follow what calls it"));
        }
        end = blocks.end;
    }
    if end != region.blocks.len() {
        error(format!("{end} blocks have a place, there are {}", region.blocks.len()));
    } else {
        let bodies = region.bodies();
        let mut seen = HashSet::new();
        let places = region.blocks.iter().zip(bodies);
        for (b, _) in places.filter(|(b, body)| !seen.insert((b.pc, *body))) {
            error(format!("two blocks begin at {:#x}", b.pc));
        }
    }
    for &e in region.entries.iter().filter(|&&e| e >= first) {
        error(format!("entry {e} is not a block"));
    }
    for (i, block) in region.blocks.iter().enumerate() {
        let mut v = Verifier { desc, block, block_index: Some(i), errors: Vec::new() };
        v.block();
        errors.extend(v.errors);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Checks what can be judged of an instruction alone: shapes, immediate, slot.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn verify_inst(desc: &GuestDesc, inst: &Inst) -> Result<(), Vec<VerifyError>> {
    let block = Block::new(0);
    let mut v = Verifier { desc, block: &block, block_index: None, errors: Vec::new() };
    v.inst(0, inst);
    v.finish()
}

struct Verifier<'a> {
    desc: &'a GuestDesc,
    block: &'a Block,
    block_index: Option<usize>,
    errors: Vec<VerifyError>,
}

impl Verifier<'_> {
    fn finish(self) -> Result<(), Vec<VerifyError>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    fn error(&mut self, rule: Rule, inst: usize, what: impl Into<String>) {
        let place = Place::Inst { block: self.block_index, inst };
        self.errors.push(VerifyError { rule, place, what: what.into() });
    }

    fn block(&mut self) {
        for (i, inst) in self.block.insts.iter().enumerate() {
            self.inst(i, inst);
            self.args(i, inst);
            self.helper(i, inst);
        }
        self.terminal();
        self.faults();
        self.marks();
    }

    fn inst(&mut self, i: usize, inst: &Inst) {
        self.shapes(i, inst);
        if let Err(what) = immediate::check(inst) {
            self.error(Rule::V6, i, what);
        }
        self.slot(i, inst);
    }

    fn shapes(&mut self, i: usize, inst: &Inst) {
        let info = inst.op.info();
        let shape = inst.shape;
        // Where the shape chooses nothing it is the result's type, so that the text form can leave it out.
        let fixed = match (info.shapes, info.result) {
            (Shapes::Any | Shapes::AnyScalar, TyRule::Is(ty)) => Some(Shape::Scalar(ty)),
            (Shapes::Any, TyRule::Nil) => Some(Shape::I32),
            _ => None,
        };
        if fixed.is_some_and(|f| f != shape) || !info.shapes.allows(shape) {
            self.error(Rule::V4, i, format!("{} has no shape {}", info.name, shape.name()));
        } else if !conversion::shape_fits(inst.op, shape) {
            self.error(Rule::V9, i, format!("{} is not defined for {}", info.name, shape.name()));
        }
        let sane = match info.converts {
            true => conversion::is_sane(inst.op, shape, inst.from),
            false => inst.from == shape,
        };
        if !sane {
            let what = format!("{} from {} to {}", info.name, inst.from.name(), shape.name());
            self.error(Rule::V5, i, what);
        }
    }

    fn args(&mut self, i: usize, inst: &Inst) {
        let info = inst.op.info();
        let used = inst.args.iter().take_while(|&&v| v != Value::NONE).count();
        if inst.args[used..].iter().any(|&v| v != Value::NONE) {
            self.error(Rule::V2, i, "an argument follows an unused place");
        }
        if info.imm != ImmKind::Helper && used != info.args.len() {
            let what = format!("{} takes {} arguments, not {used}", info.name, info.args.len());
            self.error(Rule::V2, i, what);
        }
        for (k, &v) in inst.args[..used].iter().enumerate() {
            let Some(ty) = self.defined(i, v) else { continue };
            let Some(rule) = info.args.get(k) else { continue };
            let wanted = rule.resolve(inst.shape, inst.from);
            if wanted != Some(ty) {
                let wanted = wanted.map_or("nothing", Ty::name);
                self.error(Rule::V3, i, format!("argument {k} is {}, not {wanted}", ty.name()));
            }
        }
    }

    /// The type of a value used at `i`; reports an undefined one.
    fn defined(&mut self, i: usize, v: Value) -> Option<Ty> {
        if v.index() >= i {
            self.error(Rule::V1, i, format!("v{} is not defined before", v.0));
            return None;
        }
        let ty = self.block.ty(v);
        if ty.is_none() {
            self.error(Rule::V1, i, format!("v{} has no value", v.0));
        }
        ty
    }

    fn slot(&mut self, i: usize, inst: &Inst) {
        if inst.op.info().imm != ImmKind::Slot {
            return;
        }
        let slot = usize::try_from(inst.imm).ok().and_then(|s| self.desc.layout.slots.get(s));
        match slot {
            None => self.error(Rule::V7, i, format!("there is no slot {}", inst.imm)),
            Some(info) if inst.shape != Shape::Scalar(info.ty) => {
                let what =
                    format!("{} is {}, not {}", info.name, info.ty.name(), inst.shape.name());
                self.error(Rule::V7, i, what);
            }
            Some(_) => {}
        }
    }

    fn helper(&mut self, i: usize, inst: &Inst) {
        if inst.op.info().imm != ImmKind::Helper {
            return;
        }
        let helper = usize::try_from(inst.imm).ok().and_then(|h| self.desc.helpers.get(h));
        let Some(helper) = helper else {
            return self.error(Rule::V8, i, format!("there is no helper {}", inst.imm));
        };
        let ret = if inst.op == Op::Call { inst.shape.ty() } else { None };
        if helper.ret != ret {
            let ty = |t: Option<Ty>| t.map_or("nothing", Ty::name);
            let what = format!("{} returns {}, not {}", helper.name, ty(helper.ret), ty(ret));
            self.error(Rule::V8, i, what);
        }
        let args: Vec<_> = inst.args().filter_map(|v| self.block.ty(v)).collect();
        if args != helper.args {
            let names: Vec<_> = helper.args.iter().map(|t| t.name()).collect();
            let what = format!("{} takes ({})", helper.name, names.join(", "));
            self.error(Rule::V8, i, what);
        }
        if helper.args.contains(&Ty::Flags) || helper.ret == Some(Ty::Flags) {
            self.error(Rule::V8, i, format!("{} has flags in its signature", helper.name));
        }
    }

    fn terminal(&mut self) {
        let end = self.block.insts.len();
        let wanted = match self.block.term {
            Term::Branch { .. } => Ty::I1,
            _ => Ty::I64,
        };
        for v in self.block.term.args() {
            let Some(ty) = self.defined(end, v) else { continue };
            if ty != wanted {
                let what = format!("it uses a value of {}, not {}", ty.name(), wanted.name());
                self.error(Rule::V10, end, what);
            }
        }
    }

    fn faults(&mut self) {
        let mut written = None;
        for (i, inst) in self.block.insts.iter().enumerate() {
            match (inst.op, written) {
                (Op::Insn, _) => written = None,
                (_, Some(put)) if may_fault(self.desc, inst) => {
                    let what = format!("it may fault after instruction {put} wrote guest state");
                    self.error(Rule::V11, i, what);
                }
                _ => {}
            }
            if written.is_none() && writes_state(self.desc, inst) {
                written = Some(i);
            }
        }
    }

    fn marks(&mut self) {
        let mut count = 0;
        let mut next = 0;
        for (i, inst) in self.block.insts.iter().enumerate().filter(|(_, n)| n.op == Op::Insn) {
            let offset = (inst.imm as u64).wrapping_sub(self.block.pc);
            if offset < next || offset >= self.block.len as u64 {
                self.error(Rule::V12, i, format!("{:#x} is out of order or place", inst.imm));
            }
            next = offset.saturating_add(1);
            count += 1;
        }
        if count != self.block.guest_insns {
            let what = format!("{count} marks for {} instructions", self.block.guest_insns);
            self.error(Rule::V12, self.block.insts.len(), what);
        }
    }
}

/// May the instruction fault?
pub fn may_fault(desc: &GuestDesc, inst: &Inst) -> bool {
    match inst.op.info().effect {
        Effect::Load | Effect::Store => true,
        Effect::Helper => {
            desc.helpers.get(inst.imm as usize).is_none_or(|helper| helper.effects.memory)
        }
        _ => false,
    }
}

/// Does the instruction write guest state by name (cumulative floating-point flags apart)?
fn writes_state(desc: &GuestDesc, inst: &Inst) -> bool {
    match inst.op.info().effect {
        Effect::WriteSlot => true,
        Effect::Helper => desc
            .helpers
            .get(inst.imm as usize)
            .is_some_and(|helper| !helper.effects.writes.is_empty()),
        _ => inst.op == Op::FpFlagsWrite,
    }
}
