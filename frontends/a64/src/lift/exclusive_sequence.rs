//! Load-exclusive … store-exclusive, lifted whole as the atomic operation that it is written for.
//!
//! A store-exclusive may fail at any time, and it may succeed at the first attempt every time. So among what the
//! architecture allows is that the sequence changes memory at once, its status is 0 and the branch back is never taken: one
//! atomic operation, which also never has to be repeated because another processor was faster.
//!
//! | between load and store | becomes |
//! |---|---|
//! | nothing | exchange |
//! | sum, difference, logic with what the load does not change | fetch-and-… |
//! | comparison and branch to elsewhere | compare-and-swap |
//!
//! Everything else stays what it is: a load that sets the monitor and a store that compares ([`super::ldst_exclusive`]).
//!
//! Faults: the access is the load's. That the store alone fails (memory that may be read and not written), or neither
//! (the comparison fails there), is found by executing the instructions one by one; the access is marked for that
//! ([`MemAttr::exact`]). A lifter that is to lift one instruction never makes a sequence.

use super::ldst_atomic::ordering;
use crate::isa::{self, *};
use crate::lift::{Flow, Lifter};
use crate::operand::{bitmask, gpr, int, signed};
use crate::state;
use isamorph_ir::inst::{IntCC, MemAttr, Rmw};
use isamorph_ir::{CodeSource, Term, Ty, Value};

/// Instructions of the longest sequence: load, comparison, branch, store, branch back.
const LONGEST: usize = 5;

/// May this word be a load-exclusive of one register? Few others are.
#[inline]
pub(super) const fn may_begin(word: u32) -> bool {
    word & 0x3fe0_0000 == 0x0840_0000
}

/// A sequence.
struct Sequence {
    load: Ldxr,
    store: Stxr,
    change: Change,
    /// It ends with CBNZ of the status.
    retries: bool,
}

/// What it does to memory, and the instruction that says so.
enum Change {
    /// Memory <- the store's Rt.
    Exchange,
    /// Memory <- memory op operand.
    Modify { operation: Operation, by: u32 },
    /// Memory <- the store's Rt if it holds `expected`. If not, the sequence is left for `out`. `by`: the instruction that
    /// compares, if it is not the branch.
    Swap { expected: Operand, by: Option<u32>, out: u64 },
}

/// A read-modify-write instruction's middle.
struct Operation {
    rmw: Rmw,
    operand: Operand,
    /// What is done to the operand first.
    turned: Turned,
    /// The result's register, and its width.
    rd: u8,
    sf: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turned {
    Not,
    Negated,
    Inverted,
}

/// What memory is changed by or compared with.
#[derive(Clone, Copy)]
enum Operand {
    /// Register `rm` of this width, shifted.
    Register { sf: bool, rm: u8, shift: u8, amount: u8 },
    /// The low part of register `rm`, as wide as memory.
    Low { rm: u8 },
    /// A number.
    Constant(u64),
}

impl Sequence {
    /// The sequence that these words at `pc` begin with.
    fn find(words: &[u32], pc: u64) -> Option<Sequence> {
        let Insn::Ldxr(load) = insn(words, 0)? else { return None };
        let (change, at) = match insn(words, 1)? {
            Insn::Stxr(_) => (Change::Exchange, 1),
            middle => match operation(&middle, load.rt).filter(|o| o.rd != 31) {
                Some(operation) => (Change::Modify { operation, by: words[1] }, 2),
                None => comparison(words, &load, pc)?,
            },
        };
        let Insn::Stxr(store) = insn(words, at)? else { return None };
        let retries = matches!(insn(words, at + 1), Some(Insn::Cbnz(i)) if i.rt == store.rs);
        let sequence = Sequence { load, store, change, retries };
        sequence.is_one_change().then_some(sequence)
    }

    /// Are load and store of the same memory, and do no registers get in each other's way?
    fn is_one_change(&self) -> bool {
        let (load, store) = (&self.load, &self.store);
        let (base, value, status) = (load.rn, store.rt, store.rs);
        let same = base == store.rn && load.size == store.size;
        let apart =
            base != 31 && ![31, base].contains(&load.rt) && ![base, value].contains(&status);
        let changes = match &self.change {
            Change::Exchange | Change::Swap { .. } => value != load.rt,
            Change::Modify { operation: o, .. } => {
                o.rd == value && o.rd != base && (o.sf || load.size < 3)
            }
        };
        same && apart && changes
    }
}

/// The `n`th word's instruction.
fn insn(words: &[u32], n: usize) -> Option<Insn> {
    match isa::decode(*words.get(n)?) {
        Decoded::Insn(insn) => Some(insn),
        Decoded::Unallocated(_) | Decoded::Todo(_) => None,
    }
}

/// What this instruction does to the register `rt`, if it is an operation on memory.
fn operation(insn: &Insn, rt: u8) -> Option<Operation> {
    use Turned::{Inverted, Negated, Not};
    macro_rules! shifted {
        ($i:ident, $rmw:ident, $turned:expr) => {{
            let (sf, shift, amount) = ($i.sf, $i.shift, $i.imm6);
            let operand = if $i.rn == rt && $i.rm != rt {
                Operand::Register { sf, rm: $i.rm, shift, amount }
            } else if $i.rm == rt && $i.rn != rt && amount == 0 && $turned == Not {
                Operand::Register { sf, rm: $i.rn, shift, amount }
            } else {
                return None;
            };
            Operation { rmw: Rmw::$rmw, operand, turned: $turned, rd: $i.rd, sf }
        }};
    }
    macro_rules! immediate {
        ($i:ident, $rmw:ident, $value:expr, $turned:expr) => {{
            if $i.rn != rt {
                return None;
            }
            let operand = Operand::Constant($value);
            Operation { rmw: Rmw::$rmw, operand, turned: $turned, rd: $i.rd, sf: $i.sf }
        }};
    }
    let number = |sh: bool, imm12: u16| (imm12 as u64) << if sh { 12 } else { 0 };
    Some(match insn {
        Insn::AddSh(i) => shifted!(i, Add, Not),
        Insn::AddsSh(i) => shifted!(i, Add, Not),
        Insn::SubSh(i) => shifted!(i, Add, Negated),
        Insn::SubsSh(i) => shifted!(i, Add, Negated),
        Insn::AndSh(i) => shifted!(i, And, Not),
        Insn::AndsSh(i) => shifted!(i, And, Not),
        Insn::BicSh(i) => shifted!(i, And, Inverted),
        Insn::BicsSh(i) => shifted!(i, And, Inverted),
        Insn::OrrSh(i) => shifted!(i, Or, Not),
        Insn::OrnSh(i) => shifted!(i, Or, Inverted),
        Insn::EorSh(i) => shifted!(i, Xor, Not),
        Insn::EonSh(i) => shifted!(i, Xor, Inverted),
        Insn::AddImm(i) => immediate!(i, Add, number(i.sh, i.imm12), Not),
        Insn::AddsImm(i) => immediate!(i, Add, number(i.sh, i.imm12), Not),
        Insn::SubImm(i) => immediate!(i, Add, number(i.sh, i.imm12), Negated),
        Insn::SubsImm(i) => immediate!(i, Add, number(i.sh, i.imm12), Negated),
        Insn::AndImm(i) => immediate!(i, And, bitmask(i.n, i.imms, i.immr), Not),
        Insn::AndsImm(i) => immediate!(i, And, bitmask(i.n, i.imms, i.immr), Not),
        Insn::OrrImm(i) => immediate!(i, Or, bitmask(i.n, i.imms, i.immr), Not),
        Insn::EorImm(i) => immediate!(i, Xor, bitmask(i.n, i.imms, i.immr), Not),
        _ => return None,
    })
}

/// The comparison behind the load, and the number of the instruction behind it.
fn comparison(words: &[u32], load: &Ldxr, pc: u64) -> Option<(Change, usize)> {
    let leave =
        |n: u64, imm19: u32| pc.wrapping_add(4 * n).wrapping_add_signed(signed(imm19, 19) << 2);
    let (rt, compare) = (load.rt, insn(words, 1)?);
    if let Insn::Cbnz(Cbnz { sf, imm19, rt: r }) = compare {
        let whole = r == rt && (sf || load.size < 3);
        let expected = Operand::Constant(0);
        return whole.then_some((Change::Swap { expected, by: None, out: leave(1, imm19) }, 2));
    }
    let register = |sf, rm| Operand::Register { sf, rm, shift: 0, amount: 0 };
    let (sf, rd, expected) = match compare {
        Insn::SubsSh(i) if i.imm6 == 0 && i.rn == rt && i.rm != rt => {
            (i.sf, i.rd, register(i.sf, i.rm))
        }
        Insn::SubsSh(i) if i.imm6 == 0 && i.rm == rt && i.rn != rt => {
            (i.sf, i.rd, register(i.sf, i.rn))
        }
        Insn::SubsExt(i) if i.imm3 == 0 && i.option == load.size && i.rn == rt && i.rm != rt => {
            (i.sf, i.rd, Operand::Low { rm: i.rm })
        }
        Insn::SubsImm(i) if i.rn == rt && !i.sh && (load.size > 0 || i.imm12 < 256) => {
            (i.sf, i.rd, Operand::Constant(i.imm12 as u64))
        }
        _ => return None,
    };
    match insn(words, 2)? {
        // B.NE
        Insn::BCond(BCond { imm19, cond: 1 }) if rd == 31 && (sf || load.size < 3) => {
            Some((Change::Swap { expected, by: Some(words[1]), out: leave(2, imm19) }, 3))
        }
        _ => None,
    }
}

impl Lifter {
    /// Lifts the sequence that begins here, if there is one in the next `left` bytes; else this instruction alone.
    pub(super) fn exclusive_sequence(
        &mut self,
        word: u32,
        code: &dyn CodeSource,
        left: usize,
    ) -> Flow {
        let mut bytes = [0; 4 * LONGEST];
        let wanted = left.min(bytes.len());
        let there = code.fetch(self.pc, &mut bytes[..wanted]).min(wanted);
        let mut words = [0; LONGEST];
        for (word, bytes) in words.iter_mut().zip(bytes[..there].as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        // Code that changes meanwhile is whatever it was or is.
        let words = &words[..there / 4];
        match Sequence::find(words, self.pc).filter(|_| words[0] == word) {
            Some(sequence) => self.change_at_once(&sequence, word),
            None => self.instruction(word),
        }
    }

    fn change_at_once(&mut self, s: &Sequence, word: u32) -> Flow {
        self.word = word;
        self.ir.insn(self.pc);
        if let Some(end) = self.arrive() {
            return end;
        }
        let address = self.base(s.load.rn);
        let order = ordering(s.load.acq, s.store.rel);
        let attr = MemAttr { exact: true, ..self.ordered(order) };
        match s.change {
            Change::Exchange => {
                let new = self.read_zr(int(s.load.size), s.store.rt);
                let old = self.ir.rmw(Rmw::Xchg, address, new, attr);
                self.write_zr(s.load.rt, old);
                self.pc = self.next();
                self.stored(s)
            }
            Change::Modify { ref operation, by } => {
                let operand = self.turned(operation, int(s.load.size));
                let old = self.ir.rmw(operation.rmw, address, operand, attr);
                self.write_zr(s.load.rt, old);
                self.pc = self.next();
                self.instruction(by);
                self.stored(s)
            }
            Change::Swap { expected, by, out } => {
                let old = self.swap_if(s, address, expected, attr);
                self.pc = self.next();
                by.into_iter().for_each(|by| _ = self.instruction(by));
                self.swapped(s, (address, old), by.is_some(), out)
            }
        }
    }

    /// The operand as the host's operation takes it.
    fn turned(&mut self, operation: &Operation, ty: Ty) -> Value {
        let operand = match operation.operand {
            Operand::Register { sf, rm, shift, amount } => {
                let value = self.shifted(gpr(sf), rm, shift, amount);
                if gpr(sf) == ty { value } else { self.ir.trunc(ty, value) }
            }
            Operand::Low { rm } => self.read_zr(ty, rm),
            Operand::Constant(number) => self.imm(ty, number),
        };
        match operation.turned {
            Turned::Not => operand,
            Turned::Negated => self.ir.neg(ty, operand),
            Turned::Inverted => self.ir.not(ty, operand),
        }
    }

    /// Memory <- Rt of the store if it equals what is expected; the load's Rt <- what was there.
    fn swap_if(&mut self, s: &Sequence, address: Value, expected: Operand, attr: MemAttr) -> Value {
        let ty = int(s.load.size);
        let mut new = self.read_zr(ty, s.store.rt);
        let expected = match expected {
            // Equal to memory only if nothing is in it beyond memory's width. If there is, the same is stored again.
            Operand::Register { sf, rm, .. } if gpr(sf) != ty => {
                let whole = self.read_zr(gpr(sf), rm);
                let low = self.ir.trunc(ty, whole);
                let widened = self.ir.zext(gpr(sf), low);
                let fits = self.ir.icmp(gpr(sf), IntCC::Eq, widened, whole);
                new = self.ir.select(fits, new, low);
                low
            }
            Operand::Register { rm, .. } | Operand::Low { rm } => self.read_zr(ty, rm),
            Operand::Constant(number) => self.imm(ty, number),
        };
        let old = self.ir.cas(address, expected, new, attr);
        self.write_zr(s.load.rt, old);
        old
    }

    /// The branch, and the store if it was not taken. Else the monitor stays at the load's address.
    fn swapped(
        &mut self,
        s: &Sequence,
        (address, old): (Value, Value),
        flags: bool,
        out: u64,
    ) -> Flow {
        self.ir.insn(self.pc);
        let equal = if flags {
            self.cond_holds(0)
        } else {
            let zero = self.imm(int(s.load.size), 0);
            self.ir.icmp(int(s.load.size), IntCC::Eq, old, zero)
        };
        self.pc = self.next();
        self.ir.insn(self.pc);
        let none = self.ir.i64(state::EXCL_NONE);
        let watched = self.ir.select(equal, none, address);
        self.ir.put(state::EXCL_ADDR, watched);
        let seen = self.widen(old);
        self.ir.put(state::EXCL_LO, seen);
        if s.store.rs != 31 {
            let (zero, status) = (self.ir.i64(0), self.read_x(s.store.rs));
            let status = self.ir.select(equal, zero, status);
            self.write_x(s.store.rs, status);
        }
        self.end_sequence(s);
        match out == self.pc {
            true => Flow::Next,
            false => Flow::End(Term::Branch { cond: equal, then: self.pc, other: out }),
        }
    }

    /// The store, which succeeds.
    fn stored(&mut self, s: &Sequence) -> Flow {
        self.ir.insn(self.pc);
        self.open_monitor();
        let status = self.imm(Ty::I32, 0);
        self.write_zr(s.store.rs, status);
        self.end_sequence(s);
        Flow::Next
    }

    /// The branch back, which is not taken.
    fn end_sequence(&mut self, s: &Sequence) {
        self.pc = self.next();
        if s.retries {
            self.ir.insn(self.pc);
            self.pc = self.next();
        }
    }
}
