//! Atomic read-modify-write (FEAT_LSE): compare-and-swap, arithmetic and logic on memory, swap.
//!
//! All demand alignment, natural or within 16 bytes ([`Lifter::ordered`]). An acquire without a destination is none.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::int;
use isamorph_ir::inst::{Order, Rmw};

/// The ordering that the A and R bits ask for.
pub(super) const fn ordering(acq: bool, rel: bool) -> Order {
    match (acq, rel) {
        (false, false) => Order::Relaxed,
        (true, false) => Order::Acquire,
        (false, true) => Order::Release,
        (true, true) => Order::AcqRel,
    }
}

/// The fields that every atomic memory operation has.
struct Operands {
    size: u8,
    acq: bool,
    rel: bool,
    rs: u8,
    rn: u8,
    rt: u8,
}

macro_rules! operands {
    ($i:ident) => {
        Operands { size: $i.size, acq: $i.acq, rel: $i.rel, rs: $i.rs, rn: $i.rn, rt: $i.rt }
    };
}

/// Compare and swap.
impl Lifter {
    /// CAS, CASB, CASH: memory <- Rt if it equals Rs; Rs <- what was there.
    pub(crate) fn cas(&mut self, i: Cas) -> Flow {
        let (ty, address) = (int(i.size), self.base(i.rn));
        let (expected, new) = (self.read_zr(ty, i.rs), self.read_zr(ty, i.rt));
        let attr = self.ordered(ordering(i.acq, i.rel));
        let old = self.ir.cas(address, expected, new, attr);
        self.write_zr(i.rs, old);
        Flow::Next
    }

    /// CASP: the same for two adjacent registers, each even-numbered first.
    pub(crate) fn casp(&mut self, i: Casp) -> Flow {
        let address = self.base(i.rn);
        let (expected, new) =
            (self.read_pair(i.sz, i.rs, i.rs + 1), self.read_pair(i.sz, i.rt, i.rt + 1));
        let attr = self.ordered(ordering(i.acq, i.rel));
        let old = self.ir.cas(address, expected, new, attr);
        self.write_pair(i.sz, i.rs, i.rs + 1, old);
        Flow::Next
    }
}

/// Operations on memory.
impl Lifter {
    /// Memory <- memory op Rs; Rt <- what was there.
    fn fetch_and(&mut self, rmw: Rmw, i: Operands) -> Flow {
        let (address, value) = (self.base(i.rn), self.read_zr(int(i.size), i.rs));
        let attr = self.ordered(ordering(i.acq && i.rt != 31, i.rel));
        let old = self.ir.rmw(rmw, address, value, attr);
        self.write_zr(i.rt, old);
        Flow::Next
    }

    /// LDADD: sum.
    pub(crate) fn ldadd(&mut self, i: Ldadd) -> Flow {
        self.fetch_and(Rmw::Add, operands!(i))
    }

    /// LDCLR: bits cleared.
    pub(crate) fn ldclr(&mut self, i: Ldclr) -> Flow {
        self.fetch_and(Rmw::AndNot, operands!(i))
    }

    /// LDEOR: exclusive or.
    pub(crate) fn ldeor(&mut self, i: Ldeor) -> Flow {
        self.fetch_and(Rmw::Xor, operands!(i))
    }

    /// LDSET: bits set.
    pub(crate) fn ldset(&mut self, i: Ldset) -> Flow {
        self.fetch_and(Rmw::Or, operands!(i))
    }

    /// LDSMAX: signed maximum.
    pub(crate) fn ldsmax(&mut self, i: Ldsmax) -> Flow {
        self.fetch_and(Rmw::SMax, operands!(i))
    }

    /// LDSMIN: signed minimum.
    pub(crate) fn ldsmin(&mut self, i: Ldsmin) -> Flow {
        self.fetch_and(Rmw::SMin, operands!(i))
    }

    /// LDUMAX: unsigned maximum.
    pub(crate) fn ldumax(&mut self, i: Ldumax) -> Flow {
        self.fetch_and(Rmw::UMax, operands!(i))
    }

    /// LDUMIN: unsigned minimum.
    pub(crate) fn ldumin(&mut self, i: Ldumin) -> Flow {
        self.fetch_and(Rmw::UMin, operands!(i))
    }

    /// SWP: exchange.
    pub(crate) fn swp(&mut self, i: Swp) -> Flow {
        self.fetch_and(Rmw::Xchg, operands!(i))
    }
}
