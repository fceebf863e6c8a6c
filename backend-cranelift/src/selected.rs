//! Conditional comparisons: flags of a difference or else a known nibble, as the flags of one difference.
//!
//! Arm's CCMP and its like. A nibble of flags costs some twenty instructions, and is mostly looked at by nobody; a
//! difference of selected operands costs two, wherever two numbers have a difference with that nibble.

use isamorph_ir::{Block, Inst, Op, Value};

/// A difference made if a condition holds.
pub(crate) struct Selected {
    /// The condition.
    pub which: Value,
    /// The difference is made if it holds, or if it does not.
    pub if_holds: bool,
    /// The difference.
    pub compared: Inst,
    /// Numbers of its width whose difference has the flags there are otherwise.
    pub otherwise: (u64, u64),
}

/// The conditional comparison that this instruction of the block is.
pub(crate) fn of(block: &Block, inst: &Inst) -> Option<Selected> {
    if inst.op != Op::FlagsSel {
        return None;
    }
    let [which, a, b, _] = inst.args;
    let [x, y] = [a, b].map(|v| block.insts[v.index()]);
    let (if_holds, compared, known) = match (x.op, y.op) {
        (Op::FlagsSub, Op::FlagsPack) => (true, x, y),
        (Op::FlagsPack, Op::FlagsSub) => (false, y, x),
        _ => return None,
    };
    let number = block.insts[known.args[0].index()];
    let bits = compared.shape.ty()?.bits();
    let otherwise = match number.op {
        Op::Const => numbers(number.imm as u8 & 15, bits)?,
        _ => return None,
    };
    Some(Selected { which, if_holds, compared, otherwise })
}

/// Numbers of so many bits whose difference sets the flags NZCV so; no difference that is zero has a borrow, for one.
fn numbers(nibble: u8, bits: u32) -> Option<(u64, u64)> {
    let ones = u64::MAX >> (64 - bits);
    let least = 1 << (bits - 1);
    Some(match nibble {
        0b0000 => (0, least | least >> 1),
        0b0010 => (1, 0),
        0b0011 => (least, 1),
        0b0110 => (0, 0),
        0b1000 => (0, 1),
        0b1001 => (least - 1, ones),
        0b1010 => (ones, 0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::numbers;
    use isamorph_ir::interp::flags;
    use isamorph_ir::{Op, Shape};

    #[test]
    fn the_difference_of_the_numbers_has_the_nibble() {
        for nibble in 0..16 {
            for (shape, bits) in [(Shape::I32, 32), (Shape::I64, 64)] {
                let Some((a, b)) = numbers(nibble, bits) else { continue };
                let set = flags::set(Op::FlagsSub, shape, &[a as u128, b as u128, 0, 0]);
                assert_eq!(set.nzcv(), nibble, "{shape:?}");
            }
        }
    }
}
