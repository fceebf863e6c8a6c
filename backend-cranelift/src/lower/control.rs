//! Entries, exits, polls and the ends of blocks.
//!
//! Invariant: whoever leaves a region has stored every dirty slot, and, unless the next region is known, the
//! program counter. Exits take RDI = area; see [`crate::finish`] for what becomes of them.

use super::{Lower, Marker, TRAP_AFTER_EXIT};
use crate::abi::{ExitReason, JUMP_CACHE_ENTRIES, JUMP_CACHE_OFFSET, engine_offset};
use crate::blob::FixupKind;
use crate::exits;
use crate::plan::{FlagsHome, SlotSet};
use cranelift_codegen::ir::condcodes::{CondCode, IntCC};
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    self, AbiParam, ExtFuncData, ExternalName, InstBuilder, InstructionData, Signature,
};
use cranelift_codegen::isa::CallConv;
use isamorph_ir::{Exception, Hint, Op, Term, Value, Wait};

/// Where control goes on.
#[derive(Clone, Copy)]
enum Next {
    At(u64),
    /// By a condition.
    Either {
        cond: ir::Value,
        then: u64,
        other: u64,
    },
}

impl Next {
    fn address(self, l: &mut Lower<'_, '_>) -> ir::Value {
        match self {
            Next::At(pc) => l.pc_value(pc),
            Next::Either { cond, then, other } => {
                // The comparison is made again: as a value it would take up a register on the usual way.
                let cond = l.inverted(cond);
                let [then, other] = [then, other].map(|pc| l.pc_value(pc));
                l.b.ins().select(cond, other, then)
            }
        }
    }
}

impl Lower<'_, '_> {
    /// From the function's begin to the entries' blocks: polls, loads of what is live.
    pub(super) fn entries(&mut self, start: ir::Block) {
        let entries = self.graph.entries.clone();
        self.out.entries = entries.iter().map(|e| self.graph.blocks[*e].pc).collect();
        if let [entry] = entries[..] {
            return self.enter_block(entry);
        }
        let number = self.b.block_params(start)[1];
        let number = self.b.ins().ireduce(I32, number);
        for (n, &entry) in entries.iter().enumerate() {
            if n + 1 == entries.len() {
                self.enter_block(entry);
                break;
            }
            let (this, next) = (self.b.create_block(), self.b.create_block());
            let other = self.b.ins().icmp_imm_s(IntCC::NotEqual, number, n as i64);
            self.b.ins().brif(other, next, &[], this, &[]);
            self.b.switch_to_block(this);
            self.b.seal_block(this);
            self.enter_block(entry);
            self.b.switch_to_block(next);
            self.b.seal_block(next);
        }
    }

    fn enter_block(&mut self, entry: usize) {
        let pc = self.graph.blocks[entry].pc;
        self.at_insn(pc);
        if self.opts.polls {
            self.poll(Next::At(pc), SlotSet::default());
        }
        for slot in self.plan.blocks[entry].live_in.iter() {
            // Flags stay in memory until something reads them.
            if self.plan.flags_index(slot).is_none() {
                self.load_slot(slot);
            }
        }
        self.flags = vec![super::FlagsNow::AtBegin(FlagsHome::Memory); self.plan.flags.len()];
        for (f, slot) in self.plan.flags.iter().enumerate() {
            let wanted = &self.plan.blocks[entry];
            if wanted.live_in.contains(*slot) {
                self.bring_home(f, wanted.homes[f]);
            }
        }
        let to = self.before_loops[entry].unwrap_or(self.blocks[entry]);
        self.b.ins().jump(to, &[]);
    }

    /// Leaves the region with these slots stored if the poll word is set.
    fn poll(&mut self, next: Next, dirty: SlotSet) {
        let offset = engine_offset!(poll) as i64;
        let address = self.b.ins().iadd_imm_s(self.area, offset);
        let word = self.b.ins().atomic_load(I32, self.area_mem, address);
        self.cold_exit(word, |l| {
            l.store_slots(dirty);
            let pc = next.address(l);
            l.leave_at(pc, ExitReason::Interrupted, [None, None]);
        });
    }

    /// Leaves the region for `pc`, with exact state, if the condition holds.
    pub(super) fn exit_if(&mut self, condition: Value, pc: u64) {
        let condition = self.v(condition);
        self.cold_exit(condition, |l| {
            l.flush();
            l.leave(pc, ExitReason::Sync, [None, None]);
        });
    }

    /// If block `i` ends with a computed call that is expected to lead to some callees: leaves for the block's own
    /// address if it leads to others. Whoever runs the block then learns where.
    pub(super) fn look_at_target(&mut self, i: usize) {
        let ways = &self.graph.succ[i].ways;
        let Some(slot) = ways.expects else { return };
        let target = self.get(slot);
        let others = ways.compared.iter().map(|&(pc, _)| {
            let pc = self.b.ins().iconst(I64, pc as i64);
            self.b.ins().icmp(IntCC::NotEqual, target, pc)
        });
        let others: Vec<ir::Value> = others.collect();
        let Some(other) = others.into_iter().reduce(|a, b| self.b.ins().band(a, b)) else { return };
        let pc = self.block.pc;
        self.cold_exit(other, |l| l.direct_exit(pc, None));
    }

    /// If block `i` closes a loop: polls before it ends.
    fn poll_at_end(&mut self, i: usize, next: Next) {
        if self.opts.polls && !self.graph.succ[i].back.is_empty() {
            let dirty = self.plan.polled(self.graph, self.opts, i, self.dirty);
            self.poll(next, dirty);
        }
    }

    /// Does the way from block `i` to block `to` poll itself? A return knows only there where it leads.
    fn polls_on_way(&self, i: usize, to: usize) -> bool {
        let succ = &self.graph.succ[i];
        self.opts.polls && succ.ways.direct == [None; 2] && succ.back.contains(&to)
    }

    /// The CLIF block by which block `i` reaches block `to`: its own, or one that polls, stores or loads first, to
    /// be filled by [`Lower::fill_ways`].
    fn way(&mut self, i: usize, to: usize, dirty: SlotSet) -> ir::Block {
        let stored = self.plan.stored_into(self.graph, i, to, dirty);
        if !self.polls_on_way(i, to) && stored.union(self.plan.loaded_into(i, to)).is_empty() {
            return self.target(i, to);
        }
        let way = self.b.create_block();
        self.ways.push((way, to));
        way
    }

    /// Fills the ways out of block `i`, which was just ended with these dirty slots.
    fn fill_ways(&mut self, i: usize, dirty: SlotSet) {
        for (way, to) in std::mem::take(&mut self.ways) {
            self.b.switch_to_block(way);
            self.b.seal_block(way);
            self.store_slots(self.plan.stored_into(self.graph, i, to, dirty));
            if self.polls_on_way(i, to) {
                let polled = self.plan.polled(self.graph, self.opts, i, dirty);
                self.poll(Next::At(self.graph.blocks[to].pc), polled);
            }
            for slot in self.plan.loaded_into(i, to).iter() {
                self.load_slot(slot);
            }
            let target = self.target(i, to);
            self.b.ins().jump(target, &[]);
        }
    }

    /// The block that the way from block `i` to block `to` ends in.
    fn target(&self, i: usize, to: usize) -> ir::Block {
        let enters = self.graph.succ[i].into.contains(&to);
        self.before_loops[to].filter(|_| enters).unwrap_or(self.blocks[to])
    }

    pub(super) fn lower_term(&mut self, i: usize) {
        let dirty = self.dirty;
        self.cold += 1;
        self.end_block(i);
        self.fill_ways(i, dirty);
        self.cold -= 1;
    }

    fn end_block(&mut self, i: usize) {
        let ways = &self.graph.succ[i].ways;
        match &self.block.term {
            Term::Goto { pc, ret, sync } => match ways.direct[0] {
                Some(to) => {
                    self.poll_at_end(i, Next::At(*pc));
                    let way = self.way(i, to, self.dirty);
                    self.b.ins().jump(way, &[]);
                }
                None if *sync => {
                    self.flush();
                    self.leave(*pc, ExitReason::Sync, [None, None]);
                }
                None => self.direct_exit(*pc, *ret),
            },
            Term::Branch { cond, then, other } => {
                let mut cond = self.v(*cond);
                self.poll_at_end(i, Next::Either { cond, then: *then, other: *other });
                let mut ways = [(ways.direct[0], *then), (ways.direct[1], *other)];
                if self.leaves_loop(i, ways[1].0) && !self.leaves_loop(i, ways[0].0) {
                    cond = self.inverted(cond);
                    ways.reverse();
                }
                let [a, b] =
                    ways.map(|(inner, pc)| (inner.map(|t| self.way(i, t, self.dirty)), pc));
                let to_a = a.0.unwrap_or_else(|| self.b.create_block());
                let to_b = b.0.unwrap_or_else(|| self.b.create_block());
                self.b.ins().brif(cond, to_a, &[], to_b, &[]);
                for ((inner, pc), block) in [(a, to_a), (b, to_b)] {
                    if inner.is_none() {
                        self.b.switch_to_block(block);
                        self.b.seal_block(block);
                        let (dirty, flags) = (self.dirty, self.flags.clone());
                        self.direct_exit(pc, None);
                        (self.dirty, self.flags) = (dirty, flags);
                    }
                }
            }
            Term::Indirect { target, hint } => {
                let (last, compared) = match ways.compared.split_last() {
                    Some((last, others)) if !ways.exits => (Some(last.1), others),
                    _ => (None, &ways.compared[..]),
                };
                if let (Some(to), []) = (last, compared) {
                    let way = self.way(i, to, self.dirty);
                    self.b.ins().jump(way, &[]);
                    return;
                }
                let target = self.v(*target);
                for &(pc, to) in compared {
                    let next = self.b.create_block();
                    if ways.likely && ways.exits {
                        self.b.set_cold_block(next);
                    }
                    let pc = self.b.ins().iconst(I64, pc as i64);
                    let here = self.b.ins().icmp(IntCC::Equal, target, pc);
                    let way = self.way(i, to, self.dirty);
                    self.b.ins().brif(here, way, &[], next, &[]);
                    self.b.switch_to_block(next);
                    self.b.seal_block(next);
                }
                match last {
                    Some(to) => {
                        let way = self.way(i, to, self.dirty);
                        self.b.ins().jump(way, &[]);
                    }
                    None => match *hint {
                        Hint::Jump => self.indirect_exit(target),
                        Hint::Call { ret } => self.indirect_call(target, ret),
                        Hint::Return => {
                            self.flush();
                            self.marker(Marker::Return, 0, &[self.area, target]);
                        }
                    },
                }
            }
            Term::Syscall { imm, next } => {
                self.flush();
                self.leave(*next, ExitReason::Syscall, [Some(*imm), None]);
            }
            Term::Exception { pc, exception } => {
                self.flush();
                let number = self.exception(exception.clone());
                self.leave(*pc, ExitReason::Exception, [Some(number), None]);
            }
            Term::Wait { wait, next } => {
                let wait = match wait {
                    Wait::Interrupt => 0,
                    Wait::Event => 1,
                    Wait::Yield => 2,
                };
                self.flush();
                self.leave(*next, ExitReason::Wait, [Some(wait), None]);
            }
        }
    }

    fn exception(&mut self, exception: Exception) -> u64 {
        self.out.exceptions.push(exception);
        self.out.exceptions.len() as u64 - 1
    }

    fn direct_exit(&mut self, target: u64, ret: Option<u64>) {
        if self.opts.flags_dead_at(target) {
            for slot in &self.plan.flags {
                self.dirty.remove(*slot);
            }
        }
        self.flush();
        let number = self.out.direct_exits.len() as u32;
        let kind = FixupKind::DirectExit { target, ret };
        self.out.direct_exits.push((kind, self.waiting.to_vec()));
        self.marker(Marker::Direct, number, &[self.area]);
    }

    fn indirect_call(&mut self, target: ir::Value, ret: u64) {
        self.flush();
        let site = self.block.insts.iter().rev().find(|i| i.op == Op::Insn);
        let site = site.map_or(self.block.pc, |i| i.imm as u64);
        let number = self.out.calls.len() as u32;
        self.out.calls.push((site, ret, self.waiting.to_vec()));
        self.marker(Marker::Call, number, &[self.area, target]);
    }

    /// Through the jump cache: an entry is 16 bytes, address and code.
    fn indirect_exit(&mut self, target: ir::Value) {
        self.flush();
        let shift = self.desc.insn_shift as i64;
        let mask = (JUMP_CACHE_ENTRIES as i64 - 1) << shift;
        let index = self.b.ins().band_imm_u(target, mask);
        let index = match shift {
            4 => index,
            0..4 => self.b.ins().ishl_imm_u(index, 4 - shift),
            _ => self.b.ins().ushr_imm_u(index, shift - 4),
        };
        let entry = self.b.ins().iadd(self.area, index);
        let at = JUMP_CACHE_OFFSET as i32;
        let pc = self.b.ins().load(I64, self.area_mem, entry, at);
        let miss = self.b.ins().icmp(IntCC::NotEqual, pc, target);
        self.cold_exit(miss, |l| l.marker(Marker::Lookup, 0, &[l.area, target]));
        let code = self.b.ins().load(I64, self.area_mem, entry, at + 8);
        self.marker(Marker::Jump, 0, &[self.area, code]);
    }

    /// Does this way, to a block or out of the region, leave a loop that block `i` is in, and another way from there
    /// does not? Cranelift places the second way of a branch next: so the first is the one that leaves.
    fn leaves_loop(&self, i: usize, to: Option<usize>) -> bool {
        let mut around = self.graph.loops.iter().flatten().filter(|body| body[i]);
        around.any(|body| to.is_none_or(|to| !body[to]))
    }

    /// The opposite of a condition.
    fn inverted(&mut self, cond: ir::Value) -> ir::Value {
        match self.comparison(cond) {
            Some(InstructionData::IntCompare { cond, args: [a, b], .. }) => {
                self.b.ins().icmp(cond.complement(), a, b)
            }
            Some(InstructionData::FloatCompare { cond, args: [a, b], .. }) => {
                self.b.ins().fcmp(cond.complement(), a, b)
            }
            _ => self.b.ins().icmp_imm_u(IntCC::Equal, cond, 0),
        }
    }

    /// The comparison that a condition is the result of.
    fn comparison(&self, cond: ir::Value) -> Option<InstructionData> {
        let inst = self.b.func.dfg.value_def(cond).inst()?;
        let data = self.b.func.dfg.insts[inst];
        let compares = matches!(data.opcode(), ir::Opcode::Icmp | ir::Opcode::Fcmp);
        compares.then_some(data)
    }

    /// Leaves compiled code; the dirty slots have been stored.
    pub(super) fn leave(&mut self, pc: u64, reason: ExitReason, args: [Option<u64>; 2]) {
        let args = args.map(|a| a.map(|a| self.b.ins().iconst(I64, a as i64)));
        self.leave_with(pc, reason, args);
    }

    /// The same with computed arguments.
    pub(super) fn leave_with(&mut self, pc: u64, reason: ExitReason, args: [Option<ir::Value>; 2]) {
        let pc = self.pc_value(pc);
        self.leave_at(pc, reason, args);
    }

    /// The same at a computed address.
    fn leave_at(&mut self, pc: ir::Value, reason: ExitReason, args: [Option<ir::Value>; 2]) {
        self.store_area(pc, self.offset(self.desc.layout.pc) as usize);
        let reason = self.b.ins().iconst(I32, reason as i64);
        self.store_area(reason, engine_offset!(exit_reason));
        for (n, arg) in args.into_iter().enumerate() {
            if let Some(arg) = arg {
                self.store_area(arg, engine_offset!(exit_args) + 8 * n);
            }
        }
        self.marker(Marker::Exit, 0, &[self.area]);
    }

    pub(super) fn store_pc(&mut self, pc: u64) {
        let pc = self.pc_value(pc);
        self.store_area(pc, self.offset(self.desc.layout.pc) as usize);
    }

    fn pc_value(&mut self, pc: u64) -> ir::Value {
        let ty = super::clif(self.desc.layout.info(self.desc.layout.pc).ty);
        self.b.ins().iconst(ty, pc as i64)
    }

    /// An exit in the form that [`crate::finish`] overwrites.
    pub(super) fn marker(&mut self, marker: Marker, number: u32, args: &[ir::Value]) {
        let call = match marker {
            Marker::Direct => {
                let (exit, _) = &self.out.direct_exits[number as usize];
                matches!(exit, FixupKind::DirectExit { ret: Some(_), .. })
            }
            _ => false,
        };
        self.call_marker(marker, number, args);
        for _ in 0..exits::room(marker, call, self.opts.count_transitions) {
            self.call_marker(Marker::Room, 0, &[]);
        }
        self.b.ins().trap(TRAP_AFTER_EXIT);
    }

    fn call_marker(&mut self, marker: Marker, number: u32, args: &[ir::Value]) {
        let name = ir::UserExternalName::new(marker as u32, number);
        let name = self.b.func.declare_imported_user_function(name);
        let mut sig = Signature::new(CallConv::PreserveAll);
        sig.params.extend(args.iter().map(|_| AbiParam::new(I64)));
        let signature = self.b.import_signature(sig);
        let func = self.b.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: true,
        });
        self.b.ins().call(func, args);
    }
}
