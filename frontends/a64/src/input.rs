//! Instructions that bring something into a program from outside, as a system call does: time, randomness, and what
//! the processor tells of itself. Whoever compares or replays runs stops there.

use crate::isa::{self, Decoded, Insn};

/// What an instruction brings in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Another value each time: a counter, a random number.
    Fresh,
    /// A value that differs between processors: identification, sizes of cache lines.
    Identity,
}

/// What the instruction brings in, if anything.
pub fn input(word: u32) -> Option<Input> {
    // MRS has no other first byte and a half.
    if word >> 20 != 0xd53 {
        return None;
    }
    let Decoded::Insn(insn) = isa::decode(word) else { return None };
    Some(match insn {
        Insn::MrsCntvctEl0(_) | Insn::MrsCntvctss(_) | Insn::MrsRndr(_) => Input::Fresh,
        Insn::MrsCtrEl0(_)
        | Insn::MrsDczidEl0(_)
        | Insn::MrsCntfrqEl0(_)
        | Insn::MrsMidrEl1(_)
        | Insn::MrsMpidrEl1(_)
        | Insn::MrsRevidrEl1(_)
        | Insn::MrsId(_) => Input::Identity,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_identification_are_inputs() {
        assert_eq!(input(0xd53b_e040), Some(Input::Fresh)); // mrs x0, cntvct_el0
        assert_eq!(input(0xd53b_2400), Some(Input::Fresh)); // mrs x0, rndr
        assert_eq!(input(0xd53b_0020), Some(Input::Identity)); // mrs x0, ctr_el0
        assert_eq!(input(0xd538_0600), Some(Input::Identity)); // mrs x0, id_aa64isar0_el1
        assert_eq!(input(0xd53b_d040), None); // mrs x0, tpidr_el0
        assert_eq!(input(0x8b02_0020), None); // add x0, x1, x2
    }
}
