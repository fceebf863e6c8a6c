//! Exclusive and ordered accesses. All demand alignment, natural or within 16 bytes ([`Lifter::ordered`]).
//!
//! The monitor is the address and value of the last load-exclusive; a store-exclusive to that address is a
//! compare-and-swap of that value. It succeeds after an ABA change, which real monitors would refuse: no
//! algorithm relies on that and on nothing else, and every common emulator does the same.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::{gpr, int};
use crate::state;
use isamorph_ir::inst::{IntCC, Order};
use isamorph_ir::{Ty, Value};

/// The ordering of a load that is an acquire or plain.
const fn acquire(acq: bool) -> Order {
    if acq { Order::Acquire } else { Order::Relaxed }
}

/// The ordering of a store that is a release or plain.
const fn release(rel: bool) -> Order {
    if rel { Order::Release } else { Order::Relaxed }
}

/// The monitor.
impl Lifter {
    /// The monitor watches `address`, where `value` was read.
    fn set_monitor(&mut self, address: Value, value: Value) {
        self.ir.put(state::EXCL_ADDR, address);
        if self.ir.ty(value) == Ty::I128 {
            let (low, high) = (self.ir.trunc(Ty::I64, value), self.ir.hi64(value));
            self.ir.put(state::EXCL_LO, low);
            self.ir.put(state::EXCL_HI, high);
        } else {
            let low = self.widen(value);
            self.ir.put(state::EXCL_LO, low);
        }
    }

    /// The monitor watches nothing.
    pub(crate) fn open_monitor(&mut self) {
        let none = self.ir.i64(state::EXCL_NONE);
        self.ir.put(state::EXCL_ADDR, none);
    }

    /// The value that the monitor's load read.
    fn monitored_value(&mut self, ty: Ty) -> Value {
        let low = self.ir.get(state::EXCL_LO);
        if ty == Ty::I128 {
            let high = self.ir.get(state::EXCL_HI);
            return self.ir.concat(low, high);
        }
        self.low(ty, low)
    }

    /// Memory <- new, if the monitor passes; Ws <- 0 if stored, else 1. The monitor opens.
    fn store_exclusive(&mut self, rs: u8, address: Value, new: Value, order: Order) -> Flow {
        let attr = self.ordered(order);
        let ty = self.ir.ty(new);
        let (watched, expected) = (self.ir.get(state::EXCL_ADDR), self.monitored_value(ty));
        let passes = self.ir.icmp(Ty::I64, IntCC::Eq, watched, address);
        let stored = self.ir.cas_if(passes, address, expected, new, attr);
        let failed = self.ir.not(Ty::I1, stored);
        let status = self.ir.zext(Ty::I32, failed);
        self.open_monitor();
        self.write_zr(rs, status);
        Flow::Next
    }
}

/// Exclusives.
impl Lifter {
    /// LDXR, LDAXR and their narrow forms: Rt <- memory, monitored.
    pub(crate) fn ldxr(&mut self, i: Ldxr) -> Flow {
        let address = self.base(i.rn);
        let attr = self.ordered(acquire(i.acq));
        let value = self.ir.load(int(i.size), address, attr);
        self.set_monitor(address, value);
        self.write_zr(i.rt, value);
        Flow::Next
    }

    /// STXR, STLXR and their narrow forms.
    pub(crate) fn stxr(&mut self, i: Stxr) -> Flow {
        let (address, new) = (self.base(i.rn), self.read_zr(int(i.size), i.rt));
        self.store_exclusive(i.rs, address, new, release(i.rel))
    }

    /// LDXP, LDAXP: Rt, Rt2 <- memory in one access, monitored.
    pub(crate) fn ldxp(&mut self, i: Ldxp) -> Flow {
        let address = self.base(i.rn);
        let attr = self.ordered(acquire(i.acq));
        let value = self.ir.load(int(3 + i.sz as u8), address, attr);
        self.set_monitor(address, value);
        self.write_pair(i.sz, i.rt, i.rt2, value);
        Flow::Next
    }

    /// STXP, STLXP.
    pub(crate) fn stxp(&mut self, i: Stxp) -> Flow {
        let (address, new) = (self.base(i.rn), self.read_pair(i.sz, i.rt, i.rt2));
        self.store_exclusive(i.rs, address, new, release(i.rel))
    }

    /// Two registers as one integer, the first in its low half: I64 of W, I128 of X registers.
    pub(crate) fn read_pair(&mut self, sz: bool, low: u8, high: u8) -> Value {
        let (low, high) = (self.read_zr(gpr(sz), low), self.read_zr(gpr(sz), high));
        if sz {
            return self.ir.concat(low, high);
        }
        let (low, high) = (self.widen(low), self.widen(high));
        let high = self.ir.shli(Ty::I64, high, 32);
        self.ir.or(Ty::I64, low, high)
    }

    /// Writes the halves of an I64 or I128 to two registers.
    pub(crate) fn write_pair(&mut self, sz: bool, low: u8, high: u8, value: Value) {
        let (first, second) = if sz {
            (self.ir.trunc(Ty::I64, value), self.ir.hi64(value))
        } else {
            (self.ir.trunc(Ty::I32, value), self.ir.lshri(Ty::I64, value, 32))
        };
        self.write_zr(low, first);
        self.write_zr(high, second);
    }
}

/// Ordered accesses. Limited ordering regions are taken for the whole of memory.
impl Lifter {
    fn load_acquire(&mut self, size: u8, rn: u8, rt: u8, order: Order) -> Flow {
        let address = self.base(rn);
        let attr = self.ordered(order);
        let value = self.ir.load(int(size), address, attr);
        self.write_zr(rt, value);
        Flow::Next
    }

    fn store_release(&mut self, size: u8, rn: u8, rt: u8) -> Flow {
        let (address, value) = (self.base(rn), self.read_zr(int(size), rt));
        let attr = self.ordered(Order::Release);
        self.ir.store(address, value, attr);
        Flow::Next
    }

    /// LDAR, LDARB, LDARH.
    pub(crate) fn ldar(&mut self, i: Ldar) -> Flow {
        self.load_acquire(i.size, i.rn, i.rt, Order::Acquire)
    }

    /// LDLAR, LDLARB, LDLARH.
    pub(crate) fn ldlar(&mut self, i: Ldlar) -> Flow {
        self.load_acquire(i.size, i.rn, i.rt, Order::Acquire)
    }

    /// LDAPR, LDAPRB, LDAPRH (RCpc).
    pub(crate) fn ldapr(&mut self, i: Ldapr) -> Flow {
        self.load_acquire(i.size, i.rn, i.rt, Order::AcquirePc)
    }

    /// STLR, STLRB, STLRH.
    pub(crate) fn stlr(&mut self, i: Stlr) -> Flow {
        self.store_release(i.size, i.rn, i.rt)
    }

    /// STLLR, STLLRB, STLLRH.
    pub(crate) fn stllr(&mut self, i: Stllr) -> Flow {
        self.store_release(i.size, i.rn, i.rt)
    }

    /// STLUR, STLURB, STLURH.
    pub(crate) fn stlur(&mut self, i: Stlur) -> Flow {
        let address = self.unscaled(i.rn, i.imm9);
        let attr = self.ordered(Order::Release);
        self.store(i.size, i.rt, address, attr)
    }

    /// LDAPUR, LDAPURB, LDAPURH (RCpc).
    pub(crate) fn ldapur(&mut self, i: Ldapur) -> Flow {
        let address = self.unscaled(i.rn, i.imm9);
        let attr = self.ordered(Order::AcquirePc);
        self.load(i.size, i.rt, address, attr)
    }

    /// LDAPURSB, LDAPURSH, LDAPURSW (RCpc).
    pub(crate) fn ldapurs(&mut self, i: Ldapurs) -> Flow {
        let address = self.unscaled(i.rn, i.imm9);
        let attr = self.ordered(Order::AcquirePc);
        self.load_signed(i.size, i.w, i.rt, address, attr)
    }
}
