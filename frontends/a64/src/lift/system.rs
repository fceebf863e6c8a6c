//! System instructions at EL0: hints, barriers, the registers and cache operations that Linux lets it use.

use crate::helper;
use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::processor::{self, Feature};
use crate::state::{self, fpcr};
use isamorph_ir::block::Wait;
use isamorph_ir::contract::fp_flags;
use isamorph_ir::inst::{Fence, IntCC, MemAttr};
use isamorph_ir::{Shape, Slot, Term, Ty, Value};

/// FPSR.QC.
const QC_BIT: u32 = 27;

/// The cumulative flags of FPSR: the IR's, at the same places.
const FPSR_FLAGS: u32 = fp_flags::INVALID
    | fp_flags::DIV_BY_ZERO
    | fp_flags::OVERFLOW
    | fp_flags::UNDERFLOW
    | fp_flags::INEXACT
    | fp_flags::INPUT_DENORMAL;

/// Hints and barriers.
impl Lifter {
    /// YIELD: gives way to other threads.
    pub(crate) fn yield_hint(&mut self, _: YieldHint) -> Flow {
        Flow::End(Term::Wait { wait: Wait::Yield, next: self.next() })
    }

    /// WFE: waits for an event.
    pub(crate) fn wfe(&mut self, _: Wfe) -> Flow {
        Flow::End(Term::Wait { wait: Wait::Event, next: self.next() })
    }

    /// WFI: waits for an interrupt.
    pub(crate) fn wfi(&mut self, _: Wfi) -> Flow {
        Flow::End(Term::Wait { wait: Wait::Interrupt, next: self.next() })
    }

    /// WFET: waits for an event until the counter reaches Xt. It may wake earlier, and does not look at Xt.
    pub(crate) fn wfet(&mut self, _: Wfet) -> Flow {
        Flow::End(Term::Wait { wait: Wait::Event, next: self.next() })
    }

    /// WFIT: the same for an interrupt.
    pub(crate) fn wfit(&mut self, _: Wfit) -> Flow {
        Flow::End(Term::Wait { wait: Wait::Interrupt, next: self.next() })
    }

    /// HINT: every other hint does nothing.
    pub(crate) fn hint(&mut self, _: Hint) -> Flow {
        Flow::Next
    }

    /// CLREX: opens the exclusive monitor.
    pub(crate) fn clrex(&mut self, _: Clrex) -> Flow {
        self.open_monitor();
        Flow::Next
    }

    /// The barrier that a CRm of DMB or DSB asks for; its shareability domain is always the widest.
    fn barrier(&mut self, crm: u8) -> Flow {
        self.ir.fence(match crm & 3 {
            0b01 => Fence::Load,
            0b10 => Fence::Store,
            _ => Fence::Full,
        });
        Flow::Next
    }

    /// DSB: completes earlier accesses; among processors no more than DMB can be seen.
    pub(crate) fn dsb(&mut self, i: Dsb) -> Flow {
        self.barrier(i.crm)
    }

    /// DSB nXS: waits for less than DSB.
    pub(crate) fn dsb_nxs(&mut self, _: DsbNxs) -> Flow {
        self.barrier(0b11)
    }

    /// DMB: orders earlier accesses before later ones.
    pub(crate) fn dmb(&mut self, i: Dmb) -> Flow {
        self.barrier(i.crm)
    }

    /// ISB: later instructions are fetched anew.
    pub(crate) fn isb(&mut self, _: Isb) -> Flow {
        self.synchronize()
    }

    /// SB: speculation barrier. Nothing architectural.
    pub(crate) fn sb(&mut self, _: Sb) -> Flow {
        Flow::Next
    }
}

/// Registers.
impl Lifter {
    /// Rt <- a constant.
    fn read_constant(&mut self, rt: u8, value: u64) -> Flow {
        let value = self.ir.i64(value);
        self.write_zr(rt, value);
        Flow::Next
    }

    /// MRS NZCV: the flags in bits 31..28.
    pub(crate) fn mrs_nzcv(&mut self, i: MrsNzcv) -> Flow {
        let flags = self.ir.get(state::NZCV);
        let nibble = self.ir.flags_bits(flags);
        let value = self.ir.shli(Ty::I32, nibble, 28);
        self.write_zr(i.rt, value);
        Flow::Next
    }

    /// MSR NZCV.
    pub(crate) fn msr_nzcv(&mut self, i: MsrNzcv) -> Flow {
        let value = self.read_zr(Ty::I32, i.rt);
        let nibble = self.ir.lshri(Ty::I32, value, 28);
        let flags = self.ir.flags_pack(nibble);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// MRS FPCR.
    pub(crate) fn mrs_fpcr(&mut self, i: MrsFpcr) -> Flow {
        let value = self.ir.get(state::FPCR);
        self.write_zr(i.rt, value);
        Flow::Next
    }

    /// MSR FPCR: the translation mode may change, so the block ends.
    pub(crate) fn msr_fpcr(&mut self, i: MsrFpcr) -> Flow {
        let writable = fpcr::WRITABLE | if self.has(Feature::FP16) { fpcr::FZ16 } else { 0 };
        let (value, mask) = (self.read_zr(Ty::I32, i.rt), self.imm(Ty::I32, writable as u64));
        let value = self.ir.and(Ty::I32, value, mask);
        self.ir.put(state::FPCR, value);
        self.synchronize()
    }

    /// MRS FPSR: the cumulative flags, and QC.
    pub(crate) fn mrs_fpsr(&mut self, i: MrsFpsr) -> Flow {
        let (flags, qc) = (self.ir.fpflags_read(), self.saturated());
        let qc = self.ir.zext(Ty::I32, qc);
        let qc = self.ir.shli(Ty::I32, qc, QC_BIT);
        let value = self.ir.or(Ty::I32, flags, qc);
        self.write_zr(i.rt, value);
        Flow::Next
    }

    /// Whether any bit of the QC slot is set.
    fn saturated(&mut self) -> Value {
        let qc = self.ir.get(state::QC);
        let (low, high) =
            (self.ir.extract(Shape::I64x2, qc, 0), self.ir.extract(Shape::I64x2, qc, 1));
        let (any, zero) = (self.ir.or(Ty::I64, low, high), self.ir.i64(0));
        self.ir.icmp(Ty::I64, IntCC::Ne, any, zero)
    }

    /// MSR FPSR.
    pub(crate) fn msr_fpsr(&mut self, i: MsrFpsr) -> Flow {
        let (value, mask) = (self.read_zr(Ty::I32, i.rt), self.imm(Ty::I32, FPSR_FLAGS as u64));
        let flags = self.ir.and(Ty::I32, value, mask);
        self.ir.fpflags_write(flags);
        let qc = self.imm(Ty::I32, 1 << QC_BIT);
        let qc = self.ir.and(Ty::I32, value, qc);
        let qc = self.ir.zext_lane(Shape::I32x4, qc);
        self.ir.put(state::QC, qc);
        Flow::Next
    }

    /// MRS TPIDR_EL0.
    pub(crate) fn mrs_tpidr_el0(&mut self, i: MrsTpidrEl0) -> Flow {
        let value = self.ir.get(state::TPIDR_EL0);
        self.write_zr(i.rt, value);
        Flow::Next
    }

    /// MSR TPIDR_EL0.
    pub(crate) fn msr_tpidr_el0(&mut self, i: MsrTpidrEl0) -> Flow {
        let value = self.read_zr(Ty::I64, i.rt);
        self.ir.put(state::TPIDR_EL0, value);
        Flow::Next
    }

    /// MRS TPIDRRO_EL0.
    pub(crate) fn mrs_tpidrro_el0(&mut self, i: MrsTpidrroEl0) -> Flow {
        let value = self.ir.get(state::TPIDRRO_EL0);
        self.write_zr(i.rt, value);
        Flow::Next
    }

    /// MRS CTR_EL0.
    pub(crate) fn mrs_ctr_el0(&mut self, i: MrsCtrEl0) -> Flow {
        self.read_constant(i.rt, processor::CTR_EL0)
    }

    /// MRS DCZID_EL0.
    pub(crate) fn mrs_dczid_el0(&mut self, i: MrsDczidEl0) -> Flow {
        self.read_constant(i.rt, processor::DCZID_EL0)
    }

    /// MRS CNTFRQ_EL0.
    pub(crate) fn mrs_cntfrq_el0(&mut self, i: MrsCntfrqEl0) -> Flow {
        self.read_constant(i.rt, processor::COUNTER_HZ)
    }

    /// MRS CNTVCT_EL0: the virtual counter.
    pub(crate) fn mrs_cntvct_el0(&mut self, i: MrsCntvctEl0) -> Flow {
        let ticks = self.ir.call(helper::CNTVCT, &[]).expect("the counter has a value");
        self.write_zr(i.rt, ticks);
        Flow::Next
    }

    /// MRS CNTVCTSS_EL0: the same, ordered after earlier instructions.
    pub(crate) fn mrs_cntvctss(&mut self, i: MrsCntvctss) -> Flow {
        self.mrs_cntvct_el0(MrsCntvctEl0 { rt: i.rt })
    }

    /// MRS RNDR, RNDRRS: Xt <- random bits, NZCV <- 0; of zero if there are none: Z.
    pub(crate) fn mrs_rndr(&mut self, i: MrsRndr) -> Flow {
        let bits = self.ir.call(helper::RNDR, &[]).expect("random bits are a value");
        let zero = self.ir.i64(0);
        let none = self.ir.icmp(Ty::I64, IntCC::Eq, bits, zero);
        let none = self.ir.zext(Ty::I32, none);
        let nibble = self.ir.shli(Ty::I32, none, 2);
        let flags = self.ir.flags_pack(nibble);
        self.write_zr(i.rt, bits);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// MRS MIDR_EL1, as Linux emulates it.
    pub(crate) fn mrs_midr_el1(&mut self, i: MrsMidrEl1) -> Flow {
        self.read_constant(i.rt, self.model.midr)
    }

    /// MRS MPIDR_EL1, as Linux emulates it.
    pub(crate) fn mrs_mpidr_el1(&mut self, i: MrsMpidrEl1) -> Flow {
        self.read_constant(i.rt, processor::MPIDR_EL1)
    }

    /// MRS REVIDR_EL1, as Linux emulates it.
    pub(crate) fn mrs_revidr_el1(&mut self, i: MrsRevidrEl1) -> Flow {
        self.read_constant(i.rt, processor::REVIDR_EL1)
    }

    /// MRS of the other identification registers, as Linux emulates them.
    pub(crate) fn mrs_id(&mut self, i: MrsId) -> Flow {
        self.read_constant(i.rt, self.model.id_register(i.crm, i.op2))
    }
}

/// PSTATE.DIT and PSTATE.SSBS: kept and shown; what they promise of timing and speculation is not.
impl Lifter {
    /// The PSTATE bit `slot` <- bit `n` of Rt.
    fn write_pstate(&mut self, slot: Slot, n: u32, rt: u8) -> Flow {
        let (value, bit) = (self.read_zr(Ty::I64, rt), self.ir.i64(1 << n));
        let value = self.ir.and(Ty::I64, value, bit);
        self.ir.put(slot, value);
        Flow::Next
    }

    fn write_pstate_imm(&mut self, slot: Slot, n: u32, crm: u8) -> Flow {
        let value = self.ir.i64((crm as u64 & 1) << n);
        self.ir.put(slot, value);
        Flow::Next
    }

    fn read_pstate(&mut self, slot: Slot, rt: u8) -> Flow {
        let value = self.ir.get(slot);
        self.write_zr(rt, value);
        Flow::Next
    }

    /// MRS DIT.
    pub(crate) fn mrs_dit(&mut self, i: MrsDit) -> Flow {
        self.read_pstate(state::DIT, i.rt)
    }

    /// MSR DIT.
    pub(crate) fn msr_dit(&mut self, i: MsrDit) -> Flow {
        self.write_pstate(state::DIT, state::DIT_BIT, i.rt)
    }

    /// MSR DIT (immediate).
    pub(crate) fn msr_imm_dit(&mut self, i: MsrImmDit) -> Flow {
        self.write_pstate_imm(state::DIT, state::DIT_BIT, i.crm)
    }

    /// MRS SSBS.
    pub(crate) fn mrs_ssbs(&mut self, i: MrsSsbs) -> Flow {
        self.read_pstate(state::SSBS, i.rt)
    }

    /// MSR SSBS.
    pub(crate) fn msr_ssbs(&mut self, i: MsrSsbs) -> Flow {
        self.write_pstate(state::SSBS, state::SSBS_BIT, i.rt)
    }

    /// MSR SSBS (immediate).
    pub(crate) fn msr_imm_ssbs(&mut self, i: MsrImmSsbs) -> Flow {
        self.write_pstate_imm(state::SSBS, state::SSBS_BIT, i.crm)
    }
}

/// Cache maintenance.
impl Lifter {
    /// DC ZVA: the aligned block that holds the address in Rt <- zeros.
    pub(crate) fn dc_zva(&mut self, i: DcZva) -> Flow {
        let (address, mask) =
            (self.read_zr(Ty::I64, i.rt), self.ir.i64(!(processor::CACHE_LINE - 1)));
        let block = self.ir.and(Ty::I64, address, mask);
        let zero = self.ir.iconst(Ty::V128, 0);
        for offset in (0..processor::CACHE_LINE).step_by(16) {
            let place = self.offset(block, offset as i64);
            self.ir.store(place, zero, MemAttr::PLAIN);
        }
        Flow::Next
    }

    /// DC CVAC, CVAU, CVAP, CVADP, CIVAC: nothing to write back, but the address must be readable.
    pub(crate) fn dc_clean(&mut self, i: DcClean) -> Flow {
        let address = self.read_zr(Ty::I64, i.rt);
        self.ir.load(Ty::I8, address, MemAttr::PLAIN);
        Flow::Next
    }

    /// IC IVAU: the line's instructions are fetched anew. The block ends, for it may lie in that line.
    pub(crate) fn ic_ivau(&mut self, i: IcIvau) -> Flow {
        let address = self.read_zr(Ty::I64, i.rt);
        self.ir.call(helper::IC_IVAU, &[address]);
        self.synchronize()
    }
}
