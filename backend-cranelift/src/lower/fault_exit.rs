//! Accesses of precise code: what is stored before them, and the branch behind them to what is stored only if they fault
//! ([`crate::fault_exits`]).
//!
//! Invariant: between an access and the branch of its fault exit no slot changes, and nothing branches.

use super::{Lower, Marker};
use crate::patch;
use cranelift_codegen::ir::InstBuilder;
use isamorph_ir::inst::{Align, MemAttr};
use isamorph_ir::{Op, Shape};

impl Lower<'_, '_> {
    /// Stores, before an access that may fault, what the plan says; is there more, for a fault exit?
    pub(super) fn store_for_access(&mut self) -> bool {
        let deferred = self.plan.deferred(self.node, &self.block.insts[self.chain.at]);
        let stored = self.dirty.minus(deferred);
        if stored.iter().any(|slot| self.is_put_off(slot)) {
            self.settle();
        }
        self.store_slots(stored);
        self.dirty = self.dirty.intersect(deferred);
        !self.dirty.is_empty()
    }

    /// Ends the access at instruction `n`, if it is guarded, with its fault exit, unless the next access does.
    pub(super) fn fault_exit_behind(&mut self, n: usize, guarded: bool) {
        if guarded && !self.next_has_exit(n) {
            self.fault_exit();
        }
    }

    /// Is there another access behind instruction `n` that has the same fault exit, and nothing between that changes a slot
    /// or branches?
    fn next_has_exit(&self, n: usize) -> bool {
        // What is unsettled branches where it is settled.
        if !self.chain.is_settled() {
            return false;
        }
        for inst in &self.block.insts[n + 1..] {
            match inst.op {
                Op::Insn | Op::Const => {}
                Op::Get if inst.shape != Shape::FLAGS => {}
                Op::Add | Op::Sub | Op::And | Op::Or | Op::ShlI | Op::LShrI | Op::AShrI
                    if !inst.shape.is_vector() => {}
                Op::Zext | Op::Sext | Op::Trunc => {}
                Op::Load | Op::Store => {
                    let any = MemAttr::from_bits(inst.imm).is_none_or(|a| a.align == Align::Any);
                    let deferred = self.plan.deferred(self.node, inst);
                    return any && self.dirty.minus(deferred).is_empty();
                }
                _ => return false,
            }
        }
        false
    }

    fn fault_exit(&mut self) {
        let (cold, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        let number = self.out.insn_pcs.len() as u32;
        self.b.set_srcloc(patch::fault_exit_loc(number));
        // Never taken: the area has an address.
        self.b.ins().brif(self.area, on, &[], cold, &[]);
        self.b.set_srcloc(patch::source_loc(number, None));
        self.out.fault_exits += 1;
        self.b.switch_to_block(cold);
        self.b.seal_block(cold);
        let (dirty, flags) = (self.dirty, self.flags.clone());
        self.cold += 1;
        self.with_exact_chain(|l| l.store_slots(dirty));
        self.marker(Marker::Exit, 0, &[self.area]);
        self.cold -= 1;
        (self.dirty, self.flags) = (dirty, flags);
        self.b.switch_to_block(on);
        self.b.seal_block(on);
    }
}
