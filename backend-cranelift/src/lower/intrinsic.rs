//! Intrinsics: helpers whose work the host has instructions for.
//!
//! x86's AES rounds add the round key last, Arm's and [`Intrinsic`]'s first: the host's is given a key of zero.

use super::Lower;
use crate::patch::{self, Patch};
use cranelift_codegen::ir::types::I8X16;
use cranelift_codegen::ir::{self, InstBuilder};
use isamorph_ir::contract::Intrinsic;
use std::arch::is_x86_feature_detected;

/// Has the host what the intrinsic takes?
fn host_has(which: Intrinsic) -> bool {
    // The stand-ins are of SSSE3, which all hosts with the others have.
    is_x86_feature_detected!("ssse3")
        && match which {
            Intrinsic::ClMul => is_x86_feature_detected!("pclmulqdq"),
            _ => is_x86_feature_detected!("aes"),
        }
}

impl Lower<'_, '_> {
    /// The result, or none if the host cannot: then the helper is to be called.
    pub(super) fn intrinsic(&mut self, which: Intrinsic, args: &[ir::Value]) -> Option<ir::Value> {
        if !host_has(which) {
            return None;
        }
        let a = self.cast(I8X16, args[0]);
        Some(match which {
            Intrinsic::AesLast => self.aes_of_sum(Patch::AesEncLast, a, args[1]),
            Intrinsic::AesRound => self.aes_of_sum(Patch::AesEnc, a, args[1]),
            Intrinsic::AesInvLast => self.aes_of_sum(Patch::AesDecLast, a, args[1]),
            Intrinsic::AesInvRound => self.aes_of_sum(Patch::AesDec, a, args[1]),
            Intrinsic::AesMix => {
                // The last round of decryption undoes what the round of encryption does besides.
                let undone = self.aes(Patch::AesDecLast, a);
                self.aes(Patch::AesEnc, undone)
            }
            Intrinsic::AesInvMix => self.patched(Patch::AesImc, |l| l.b.ins().iabs(a)),
            Intrinsic::ClMul => {
                let b = self.cast(I8X16, args[1]);
                // Any contiguous 16 bytes of both, but not one of them whole.
                let lanes: ir::ConstantData = (5..21).collect::<Vec<u8>>().into();
                let lanes = self.b.func.dfg.immediates.push(lanes);
                self.patched(Patch::ClMul, |l| l.b.ins().shuffle(a, b, lanes))
            }
        })
    }

    fn aes_of_sum(&mut self, round: Patch, a: ir::Value, b: ir::Value) -> ir::Value {
        let b = self.cast(I8X16, b);
        let sum = self.b.ins().bxor(a, b);
        self.aes(round, sum)
    }

    /// The host's round with a key of zero.
    fn aes(&mut self, round: Patch, state: ir::Value) -> ir::Value {
        let zero = self.b.func.dfg.constants.insert([0; 16][..].into());
        let zero = self.b.ins().vconst(I8X16, zero);
        self.patched(round, |l| l.b.ins().x86_pshufb(state, zero))
    }

    /// Emits an instruction that will be patched.
    pub(super) fn patched<T>(&mut self, patch: Patch, emit: impl FnOnce(&mut Self) -> T) -> T {
        let number = self.out.insn_pcs.len() as u32;
        self.b.set_srcloc(patch::source_loc(number, Some(patch)));
        let value = emit(self);
        self.b.set_srcloc(patch::source_loc(number, None));
        value
    }
}
