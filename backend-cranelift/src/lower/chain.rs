//! Floating-point chains: NaNs are looked for where a chain of operations ends, not after each.
//!
//! A NaN that comes up inside a chain comes out at its end. So the results of a chain stay *unsettled* until
//! something looks at them otherwise: a store, a comparison, the end of the block. Then one check covers all;
//! if it finds a NaN, a cold path computes the chain again by the reference, with the same operands.
//!
//! Invariant: an unsettled value is used by ops of the chain alone; a register that got one holds its old
//! value in its variable until the chain is settled.

use super::fp::Form;
use super::{Lower, Val};
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2};
use cranelift_codegen::ir::{self, BlockArg, InstBuilder};
use isamorph_ir::{Block, Inst, Op, Slot, Value};

/// Longest chain: its operands stay alive until it is settled.
const MAX_CHAIN: usize = 16;

/// A result that nobody checked for NaNs.
#[derive(Clone, Debug)]
struct Link {
    result: Value,
    value: ir::Value,
    inst: Inst,
    /// Operands; those that are results of the chain themselves, by position in it.
    args: Vec<(ir::Value, Option<usize>)>,
    /// Another op of the chain propagates its NaN.
    consumed: bool,
}

/// The unsettled results of a block.
#[derive(Debug, Default)]
pub(super) struct Chain {
    links: Vec<Link>,
    /// Registers to be set to unsettled values, in order.
    puts: Vec<(Slot, Value)>,
    /// By value of the block: the last instruction that uses it, directly or through a view.
    last_use: Vec<usize>,
    /// The instruction that is being lowered.
    pub(super) at: usize,
}

impl Chain {
    pub(super) fn of_block(block: &Block) -> Chain {
        let mut last_use = vec![0; block.insts.len()];
        block.term.args().for_each(|v| last_use[v.index()] = block.insts.len());
        for (n, inst) in block.insts.iter().enumerate().rev() {
            let seen = if is_view(inst) { n.max(last_use[n]) } else { n };
            for v in inst.args() {
                last_use[v.index()] = last_use[v.index()].max(seen);
            }
        }
        Chain { last_use, ..Chain::default() }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.links.is_empty()
    }

    fn find(&self, v: Value) -> Option<usize> {
        self.links.iter().position(|l| l.result == v)
    }
}

/// Ops that only pass a scalar into a vector register and back.
fn is_view(inst: &Inst) -> bool {
    inst.op == Op::ZextLane || inst.op == Op::Extract && inst.imm == 0
}

impl Lower<'_, '_> {
    /// The value that stands behind views of it.
    pub(super) fn behind(&self, mut v: Value) -> Value {
        while let Val::Alias(to) = self.vals[v.index()] {
            v = to;
        }
        v
    }

    /// Is this value unsettled, or made of one that is?
    fn unsettled(&self, v: Value) -> bool {
        let v = self.behind(v);
        match self.vals[v.index()] {
            Val::Lazy => self.unsettled(self.block.insts[v.index()].args[0]),
            _ => self.chain.find(v).is_some(),
        }
    }

    /// Settles the chain if this value depends on it.
    pub(super) fn settle_for(&mut self, v: Value) {
        if !self.chain.links.is_empty() && self.unsettled(v) {
            self.settle();
        }
    }

    /// Puts off setting a register to an unsettled value; false if the value is settled.
    pub(super) fn put_off(&mut self, slot: Slot, v: Value) -> bool {
        self.chain.puts.retain(|(s, _)| *s != slot);
        let unsettled = !self.chain.links.is_empty() && self.unsettled(v);
        if unsettled {
            self.chain.puts.push((slot, v));
        }
        unsettled
    }

    /// Is setting this register put off?
    pub(super) fn is_put_off(&self, slot: Slot) -> bool {
        self.chain.puts.iter().any(|(s, _)| *s == slot)
    }

    /// An operand of an op of a chain, and its place in the chain.
    fn link_operand(&mut self, form: Form, v: Value) -> (ir::Value, Option<usize>) {
        let behind = self.behind(v);
        if let Some(n) = self.chain.find(behind) {
            let value = self.chain.links[n].value;
            if self.type_of(value) == form.work() {
                return (value, Some(n));
            }
        }
        (self.operand(form, v), None)
    }

    /// An op whose NaN results nobody looks for now. `compute` gets the operands.
    pub(super) fn link(
        &mut self,
        inst: &Inst,
        form: Form,
        compute: impl FnOnce(&mut Self, &[ir::Value]) -> ir::Value,
    ) -> ir::Value {
        if self.chain.links.len() >= MAX_CHAIN {
            self.settle();
        }
        let mut args: Vec<(ir::Value, Option<usize>)> = Vec::with_capacity(3);
        for v in inst.args() {
            let links = self.chain.links.len();
            let arg = self.link_operand(form, v);
            if self.chain.links.len() != links {
                // An operand settled the chain: begin again.
                args = inst.args().map(|v| self.link_operand(form, v)).collect();
                break;
            }
            args.push(arg);
        }
        args.iter().filter_map(|a| a.1).for_each(|n| self.chain.links[n].consumed = true);
        let operands: Vec<ir::Value> = args.iter().map(|a| a.0).collect();
        let value = compute(self, &operands);
        // Operations on bits make no NaNs and flag none.
        let makes_nans = !matches!(inst.op, Op::FNeg | Op::FAbs);
        if makes_nans || args.iter().any(|a| a.1.is_some()) {
            let result = Value(self.chain.at as u32);
            self.chain.links.push(Link { result, value, inst: *inst, args, consumed: false });
        }
        value
    }

    /// Checks the unsettled results, and sets the registers that wait for them.
    pub(super) fn settle(&mut self) {
        if self.chain.links.is_empty() {
            return;
        }
        debug_assert_eq!(self.cold, 0, "a chain is settled where values may be remembered");
        let links = std::mem::take(&mut self.chain.links);
        let puts = std::mem::take(&mut self.chain.puts);
        let (cold, done) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);

        let needed = |l: &Link| {
            let waits = |(_, v): &(Slot, Value)| {
                let mut v = self.behind(*v);
                while let Val::Lazy = self.vals[v.index()] {
                    v = self.behind(self.block.insts[v.index()].args[0]);
                }
                v == l.result
            };
            self.chain.last_use[l.result.index()] >= self.chain.at || puts.iter().any(waits)
        };
        let live: Vec<usize> = (0..links.len()).filter(|n| needed(&links[*n])).collect();
        let values: Vec<BlockArg> = live.iter().map(|n| links[*n].value.into()).collect();
        let conditions = self.conditions(&links);
        let (last, first) = conditions.split_last().expect("a chain ends somewhere");
        for c in first {
            let next = self.b.create_block();
            self.b.ins().brif(*c, cold, &[], next, &[]);
            self.b.switch_to_block(next);
            self.b.seal_block(next);
        }
        self.b.ins().brif(*last, cold, &[], done, &values);

        self.b.switch_to_block(cold);
        self.b.seal_block(cold);
        let exact = self.exact(&links);
        let values: Vec<BlockArg> = live.iter().map(|n| exact[*n].into()).collect();
        self.b.ins().jump(done, &values);

        for n in &live {
            let link = &links[*n];
            let settled = self.b.append_block_param(done, self.type_of(link.value));
            self.vals[link.result.index()] = Val::Value(settled);
        }
        self.b.switch_to_block(done);
        self.b.seal_block(done);
        for (slot, v) in puts {
            self.put_now(slot, v);
        }
    }

    /// The results of a chain, by the reference.
    fn exact(&mut self, links: &[Link]) -> Vec<ir::Value> {
        let mut exact: Vec<ir::Value> = Vec::with_capacity(links.len());
        for link in links {
            let value = |a: &(ir::Value, Option<usize>)| a.1.map_or(a.0, |n| exact[n]);
            let args: Vec<ir::Value> = link.args.iter().map(value).collect();
            exact.push(self.eval_args(&link.inst, &args, self.type_of(link.value)));
        }
        exact
    }

    /// Emits code on a cold path that is never come back from, where the chain is settled without looking for NaNs.
    pub(super) fn with_exact_chain(&mut self, code: impl FnOnce(&mut Self)) {
        let links = std::mem::take(&mut self.chain.links);
        let puts = std::mem::take(&mut self.chain.puts);
        let exact = self.exact(&links);
        let mut before = Vec::with_capacity(links.len());
        for (link, exact) in links.iter().zip(exact) {
            let val = &mut self.vals[link.result.index()];
            before.push(std::mem::replace(val, Val::Value(exact)));
        }
        for &(slot, v) in &puts {
            self.put_now(slot, v);
        }
        code(self);
        for (link, val) in links.iter().zip(before) {
            self.vals[link.result.index()] = val;
        }
        (self.chain.links, self.chain.puts) = (links, puts);
    }

    /// Not zero if the chain must be computed again: some end of it is a NaN (one comparison looks at two), or some
    /// link may have underflowed unseen.
    fn conditions(&mut self, links: &[Link]) -> Vec<ir::Value> {
        let mut conditions = Vec::new();
        for ty in [F32, F64, F32X4, F64X2] {
            let of_type = links.iter().filter(|l| self.type_of(l.value) == ty);
            let (tiny, others): (Vec<&Link>, Vec<&Link>) =
                of_type.partition(|l| self.rounds_up_tiny(l.inst.op));
            let ends: Vec<ir::Value> =
                others.iter().filter(|l| !l.consumed).map(|l| l.value).collect();
            let mut masks = Vec::new();
            for pair in ends.chunks(2) {
                masks.push(self.b.ins().fcmp(FloatCC::Unordered, pair[0], pair[pair.len() - 1]));
            }
            for link in tiny {
                let whole = !link.consumed || !ty.is_vector();
                masks.push(match whole {
                    true => self.nan_or_least(link.value),
                    false => self.is_least(link.value),
                });
            }
            if !ty.is_vector() {
                conditions.append(&mut masks);
            } else if let Some(any) = masks.into_iter().reduce(|a, b| self.b.ins().bor(a, b)) {
                conditions.push(self.any_lane(any));
            }
        }
        conditions
    }
}
