//! Rotations of vector lanes, on hosts with AVX-512.
//!
//! Cranelift has no rotation of lanes. A `vprold` is an instruction like the `vpsraq` that it makes of an arithmetic shift
//! of 64-bit lanes by a constant, but for W, the opcode's extension and the amount: so such a shift stands in for it, by an
//! amount that tells both, and becomes the rotation in the finished code.
//!
//! Invariants: a region with stand-ins has no other arithmetic shift of 64-bit lanes ([`only_stand_ins`]), so that each
//! `vpsraq` is one, even where Cranelift copies it; and no rule of Cranelift's optimiser sees through one ([`suits`]).

use crate::finished::instructions;
use cranelift_codegen::ir::types::I64X2;
use cranelift_codegen::ir::{Function, Opcode, Value, ValueDef};
use iced_x86::Code;

/// The stand-in's amount is the rotation's and this: two after each other are never one.
pub(crate) const BIAS: i64 = 32;

/// May this be rotated by a stand-in? Cranelift's rules for shifts are about operands of the shift's own type.
pub(crate) fn suits(func: &Function, mut value: Value) -> bool {
    loop {
        let ValueDef::Result(inst, _) = func.dfg.value_def(func.dfg.resolve_aliases(value)) else {
            return false;
        };
        match func.dfg.insts[inst].opcode() {
            Opcode::Bitcast => value = func.dfg.inst_args(inst)[0],
            _ => return func.dfg.value_type(value) != I64X2,
        }
    }
}

/// Are these stand-ins all the arithmetic shifts of 64-bit lanes in a function?
pub(crate) fn only_stand_ins(func: &Function, stand_ins: usize) -> bool {
    let insts = func.layout.blocks().flat_map(|b| func.layout.block_insts(b));
    let shifts = insts.filter(|i| func.dfg.insts[*i].opcode() == Opcode::Sshr);
    shifts.filter(|i| func.dfg.value_type(func.dfg.first_result(*i)) == I64X2).count() == stand_ins
}

/// Makes rotations of the stand-ins in finished code; `None`: there are fewer than this, or other ones.
pub(crate) fn finish(code: &mut [u8], least: usize) -> Option<()> {
    let is_shift = |c: Code| c == Code::EVEX_Vpsraq_xmm_k1z_xmmm128b64_imm8;
    let found: Vec<_> = instructions(code).filter(|i| is_shift(i.code())).collect();
    if found.len() < least {
        return None;
    }
    for insn in found {
        let bytes = &mut code[insn.ip() as usize..insn.next_ip() as usize];
        let [0x62, _, w, _, 0x72, modrm, .., amount] = bytes else { return None };
        *w &= 0x7f;
        *modrm = *modrm & 0xc7 | 1 << 3;
        *amount = amount.checked_sub(BIAS as u8)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in() {
        // vpsraq xmm1, xmm2, 44 -> vprold xmm1, xmm2, 12
        let mut code = [0x62, 0xf1, 0xf5, 0x08, 0x72, 0xe2, 0x2c];
        assert_eq!(finish(&mut code, 2), None);
        finish(&mut code, 1).unwrap();
        assert_eq!(code, [0x62, 0xf1, 0x75, 0x08, 0x72, 0xca, 0x0c]);
        // A shift by less is none.
        let mut code = [0x62, 0xf1, 0xf5, 0x08, 0x72, 0xe2, 0x1f];
        assert_eq!(finish(&mut code, 1), None);
    }
}
