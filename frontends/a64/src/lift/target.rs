//! Branch target identification: PSTATE.BTYPE says how the last instruction branched, and a guarded page takes
//! indirect branches at certain instructions only.
//!
//! All this is done in a translation mode of its own, which a process enters with its first guarded page. Indirect
//! branches write [`state::BTYPE`]; a block's first instruction looks at it, and sets it to zero. What may not be branched to
//! leaves by a side exit; the engine then interprets that instruction with BTYPE in the (passing) mode, where the
//! outcome is known: the exception. Blocks that are reached otherwise find zero.
//!
//! Source: Arm ARM, AArch64.BranchTargetCheck and BTypeCompatible; SCTLR_EL1.BT0 is 1 as Linux has it.

use super::{Flow, Lifter};
use crate::isa::{self, Decoded, Insn};
use crate::processor::Feature;
use crate::state;
use isamorph_ir::Exception;
use isamorph_ir::Ty;
use isamorph_ir::inst::IntCC;

/// PSTATE.BTYPE after a BR from a page that is not guarded, or by X16 or X17.
const JUMP: u8 = 0b01;
/// After a BLR.
const CALL: u8 = 0b10;
/// After any other BR.
const FREE_JUMP: u8 = 0b11;

/// What a block is to know of branch targets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Targets {
    /// Its page is guarded.
    pub(crate) guarded: bool,
    /// PSTATE.BTYPE at its begin, where that is known (and not zero).
    pub(crate) arriving: Option<u8>,
}

/// What the first instruction makes of an indirect branch to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Landing {
    /// Its own exception comes first, which tells BTYPE.
    Breakpoint,
    /// It takes branches of these types: bit BTYPE is set. Bit 0 always is.
    Takes(u8),
}

/// The set of branch types.
const fn set(of: &[u8]) -> u8 {
    let (mut bits, mut i) = (1, 0);
    while i < of.len() {
        bits |= 1 << of[i];
        i += 1;
    }
    bits
}

impl Lifter {
    fn landing(&self) -> Landing {
        match isa::decode(self.word) {
            Decoded::Insn(Insn::Brk(_) | Insn::Hlt(_)) => Landing::Breakpoint,
            // BTI, with targets c and j in op2<1> and op2<2>.
            Decoded::Insn(Insn::Hint(i)) if i.crm == 4 && i.op2 & 1 == 0 => {
                Landing::Takes(match i.op2 >> 1 {
                    0b00 => set(&[]),
                    0b01 => set(&[JUMP, CALL]),
                    0b10 => set(&[JUMP, FREE_JUMP]),
                    _ => set(&[JUMP, CALL, FREE_JUMP]),
                })
            }
            // PACIASP and PACIBSP.
            Decoded::Insn(Insn::PacLink(i)) if i.sp && !i.auth && self.has(Feature::PAuth) => {
                Landing::Takes(set(&[JUMP, CALL]))
            }
            _ => Landing::Takes(set(&[])),
        }
    }

    /// At a block's first instruction: its exception, if it is known.
    #[cold]
    pub(super) fn land(&mut self, Targets { guarded, arriving }: Targets) -> Option<Flow> {
        let Landing::Takes(types) = self.landing() else { return None };
        let all = set(&[JUMP, CALL, FREE_JUMP]);
        match arriving {
            Some(btype) if guarded && types >> btype & 1 == 0 => {
                return Some(self.raise(Exception::BranchTarget));
            }
            None if guarded && types != all => {
                let refused = self.refused(types);
                self.ir.exit_if(refused, self.pc);
                if types == set(&[]) {
                    // Nothing but zero came by.
                    return None;
                }
            }
            _ => {}
        }
        self.write_btype(0);
        None
    }

    /// Is BTYPE none of these?
    fn refused(&mut self, types: u8) -> isamorph_ir::Value {
        let btype = self.ir.get(state::BTYPE);
        let (cc, than) = match (types == set(&[]), types >> FREE_JUMP & 1 == 0) {
            (true, _) => (IntCC::Ne, 0),
            (false, true) => (IntCC::Eq, FREE_JUMP),
            (false, false) => (IntCC::Eq, CALL),
        };
        let than = self.ir.i64(u64::from(than) << state::BTYPE_SHIFT);
        self.ir.icmp(Ty::I64, cc, btype, than)
    }

    fn write_btype(&mut self, btype: u8) {
        let value = self.ir.i64(u64::from(btype) << state::BTYPE_SHIFT);
        self.ir.put(state::BTYPE, value);
    }

    /// A BR by X`rn`, in any of its forms, is about to be made.
    pub(super) fn mark_jump(&mut self, rn: u8) {
        if let Some(targets) = self.targets {
            let free = targets.guarded && !matches!(rn, 16 | 17);
            self.write_btype(if free { FREE_JUMP } else { JUMP });
        }
    }

    /// A BLR, in any of its forms, is about to be made.
    pub(super) fn mark_call(&mut self) {
        if self.targets.is_some() {
            self.write_btype(CALL);
        }
    }
}
