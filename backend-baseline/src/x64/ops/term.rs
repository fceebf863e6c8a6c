//! Ends of blocks: links, the jump cache, polls, counters, exits to the engine.
//!
//! Invariant: the state is exact at every exit; the program counter is stored unless the next code is known.

use crate::x64::Gen;
use crate::x64::cold::Cold;
use crate::x64::emit::{Alu, Cc, Jump, Mem, RAX, RCX, RDI, RDX, RSI, RSP, Rm, Shift};
use isamorph_backend_abi::FixupKind;
use isamorph_backend_abi::abi::{ExitReason, JUMP_CACHE_ENTRIES, JUMP_CACHE_OFFSET};
use isamorph_backend_abi::engine_offset;
use isamorph_backend_abi::slot;
use isamorph_ir::{Hint, Inst, Op, Term, Value, Wait};

impl Gen<'_> {
    pub(crate) fn terminal(&mut self) {
        let block = self.block;
        match block.term {
            Term::Goto { pc, sync: true, .. } => self.leave(pc, ExitReason::Sync),
            Term::Goto { pc, ret, sync: false } => self.direct_exit(pc, ret),
            Term::Branch { cond, then, other } => {
                let cc = self.condition(self.code.resolve(cond));
                let taken = self.e.jcc_near(cc);
                self.direct_exit(other, None);
                self.e.bind(taken);
                self.direct_exit(then, None);
            }
            Term::Indirect { target, hint } => {
                let target = self.code.resolve(target);
                let known = self.is_from_constant_address(target);
                let target = self.gpr(target);
                self.e.mov(true, RSI, target);
                self.poll(None);
                match hint {
                    Hint::Return => {
                        self.count_transition(engine_offset!(transitions.returns));
                        self.e.ret();
                    }
                    Hint::Jump if known => self.predicted_exit(),
                    Hint::Jump => self.indirect_exit(),
                    Hint::Call { ret } => self.predicted_call(ret),
                }
            }
            Term::Syscall { imm, next } => {
                self.exit_argument(imm);
                self.leave(next, ExitReason::Syscall);
            }
            Term::Exception { pc, ref exception } => {
                self.blob.exceptions.push(exception.clone());
                self.exit_argument(0);
                self.leave(pc, ExitReason::Exception);
            }
            Term::Wait { wait, next } => {
                let number = match wait {
                    Wait::Interrupt => 0,
                    Wait::Event => 1,
                    Wait::Yield => 2,
                };
                self.exit_argument(number);
                self.leave(next, ExitReason::Wait);
            }
        }
    }

    pub(crate) fn exit_if(&mut self, inst: &Inst) -> bool {
        let cc = self.condition(inst.args[0]);
        let from = self.e.jcc(cc);
        self.colds.push(Cold::Exit { from, pc: inst.imm as u64 });
        true
    }

    /// A jump to a cold path.
    fn jcc_to_cold(&mut self, cc: Cc) -> Jump {
        if self.near_colds { self.e.jcc_near(cc) } else { self.e.jcc(cc) }
    }

    fn exit_argument(&mut self, value: u64) {
        self.e.mov_imm(RAX, value);
        self.e.store(8, Mem::area(engine_offset!(exit_args)), RAX);
    }

    /// Counts an execution of the code at `pc`; a counter that runs out asks the engine what runs there.
    pub(crate) fn count(&mut self, pc: u64) {
        let counter = self.fixup(FixupKind::Counter { target: pc });
        self.e.dec_fixup(counter);
        let from = self.jcc_to_cold(Cc::S);
        self.colds.push(Cold::Hot { from, counter });
    }

    fn direct_exit(&mut self, target: u64, ret: Option<u64>) {
        // Every cycle of direct exits has one that does not go forward.
        if target <= self.block.pc {
            self.poll(Some(target));
            if self.options.counts && ret.is_none() {
                self.count(target);
            }
        }
        self.count_transition(engine_offset!(transitions.links));
        let fixup = self.fixup(FixupKind::DirectExit { target, ret });
        match ret {
            None => self.e.jmp_rm(Rm::Fixup(fixup)),
            Some(ret) => {
                self.begin_call();
                self.e.call_rm(Rm::Fixup(fixup));
                self.returned(ret);
            }
        }
    }

    fn poll(&mut self, to: Option<u64>) {
        if self.options.polls {
            self.e.alu_imm(Alu::Cmp, false, Mem::area(engine_offset!(poll)), 0);
            let from = self.jcc_to_cold(Cc::Ne);
            self.colds.push(Cold::Poll { from, to });
        }
    }

    /// Is it loaded from where a constant says, as the stubs of dynamically linked functions do?
    fn is_from_constant_address(&self, v: Value) -> bool {
        let inst = &self.code.insts[v.index()];
        inst.op == Op::Load && self.const_of(inst.args[0]).is_some()
    }

    /// To the guest address in RSI, which is most likely where this branch went before.
    fn predicted_exit(&mut self) {
        let prediction = self.fixup(FixupKind::Prediction { site: self.pc });
        self.e.mov(true, RCX, Rm::Fixup(prediction));
        self.e.alu(Alu::Cmp, true, RSI, Mem::new(RCX, slot::SLOT_PC as i32));
        let miss = self.e.jcc_near(Cc::Ne);
        self.count_transition(engine_offset!(transitions.predicted));
        self.e.jmp_rm(Mem::new(RCX, 0));
        self.e.bind(miss);
        self.e.lea_fixup(RDX, prediction);
        self.e.jmp_rm(Mem::area(engine_offset!(stubs.mispredicted)));
    }

    /// Calls the guest address in RSI, which is most likely what this branch called before.
    fn predicted_call(&mut self, ret: u64) {
        let prediction = self.fixup(FixupKind::Prediction { site: self.pc });
        self.begin_call();
        self.e.mov(true, RCX, Rm::Fixup(prediction));
        self.e.alu(Alu::Cmp, true, RSI, Mem::new(RCX, slot::SLOT_PC as i32));
        let miss = self.e.jcc_near(Cc::Ne);
        self.count_transition(engine_offset!(transitions.predicted));
        self.e.call_rm(Mem::new(RCX, 0));
        let after = self.e.offset();
        self.returned(ret);
        self.e.bind(miss);
        self.e.lea_fixup(RDX, prediction);
        self.e.call_rm(Mem::area(engine_offset!(stubs.mispredicted)));
        self.e.jmp_back(after);
    }

    /// Counts in this word of the area, if that is wanted.
    fn count_transition(&mut self, counter: usize) {
        if self.options.count_transitions {
            self.e.inc(Mem::area(counter));
        }
    }

    /// Begins an entry of the returns: see [`isamorph_backend_abi::abi`].
    fn begin_call(&mut self) {
        self.e.alu(Alu::Cmp, true, RSP, Mem::area(engine_offset!(return_limit)));
        let from = self.jcc_to_cold(Cc::B);
        let resume = self.e.offset();
        self.colds.push(Cold::ManyCalls { from, resume });
        self.e.push(RDI);
    }

    /// Where a callee comes back to: with the guest address that it returned to in RSI.
    fn returned(&mut self, ret: u64) {
        let next = self.fixup(FixupKind::Continuation { target: ret });
        if let Ok(ret) = i32::try_from(ret as i64) {
            self.e.alu_imm(Alu::Cmp, true, RSI, ret);
        } else {
            let address = self.fixup(FixupKind::Address { target: ret });
            self.e.alu(Alu::Cmp, true, RSI, Rm::Fixup(address));
        }
        self.e.pop(RCX);
        let elsewhere = self.e.jcc_near(Cc::Ne);
        self.e.jmp_rm(Rm::Fixup(next));
        self.e.bind(elsewhere);
        self.e.jmp_rm(Mem::area(engine_offset!(stubs.lookup_return)));
    }

    /// To the guest address in RSI, through the jump cache: an entry is 16 bytes, address and code.
    fn indirect_exit(&mut self) {
        let shift = self.desc.insn_shift;
        let mask = (JUMP_CACHE_ENTRIES as i32 - 1) << shift;
        self.e.mov(false, RCX, RSI);
        self.e.alu_imm(Alu::And, false, RCX, mask);
        let scale = match shift {
            0 => {
                self.e.shift_imm(Shift::Shl, false, RCX, 4);
                0
            }
            // Entries are 16 bytes: the rest of the scaling is the address mode's.
            1..=4 => 4 - shift as u8,
            _ => {
                self.e.shift_imm(Shift::Shr, false, RCX, shift as u8 - 4);
                0
            }
        };
        let base = Mem::area(JUMP_CACHE_OFFSET);
        let entry = |disp| Mem { index: Some((RCX, scale)), disp: base.disp + disp, ..base };
        self.e.alu(Alu::Cmp, true, RSI, entry(0));
        let miss = self.e.jcc_near(Cc::Ne);
        self.count_transition(engine_offset!(transitions.jumps));
        self.e.jmp_rm(entry(8));
        self.e.bind(miss);
        self.e.jmp_rm(Mem::area(engine_offset!(stubs.lookup)));
    }

    pub(crate) fn store_pc(&mut self, pc: u64) {
        let m = self.slot(self.desc.layout.pc.0 as u128);
        match i32::try_from(pc as i64) {
            Ok(imm) => self.e.store_imm(8, m, imm),
            Err(_) => {
                self.e.mov_imm(RAX, pc);
                self.e.store(8, m, RAX);
            }
        }
    }

    /// Leaves compiled code with the program counter at `pc`.
    pub(crate) fn leave(&mut self, pc: u64, reason: ExitReason) {
        self.store_pc(pc);
        self.leave_now(reason);
    }

    pub(crate) fn leave_now(&mut self, reason: ExitReason) {
        self.e.store_imm(4, Mem::area(engine_offset!(exit_reason)), reason as i32);
        self.e.call_rm(Mem::area(engine_offset!(stubs.region_exit)));
    }
}
