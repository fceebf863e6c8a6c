//! Intrinsics: helpers whose work the host has instructions for.
//!
//! x86's AES rounds add the round key last, Arm's and [`Intrinsic`]'s first: the host's is given a key of zero. Its SHA
//! instructions have no form that Cranelift could be made to emit ([`crate::patch`]): they stand in stubs
//! ([`crate::abi::Stubs`]) that keep every register but those of their results. Four rounds of SHA-256 yield eight
//! words, of which guests take four at a time: the other four are kept for the op that wants them.

use super::Lower;
use crate::abi::engine_offset;
use crate::patch::{self, Patch};
use cranelift_codegen::ir::types::{I8X16, I32X4, I64};
use cranelift_codegen::ir::{self, InstBuilder};
use cranelift_codegen::isa::CallConv;
use isamorph_ir::contract::Intrinsic;
use isamorph_ir::{Inst, Value};
use std::arch::is_x86_feature_detected;

/// Has the host what the intrinsic takes?
fn host_has(which: Intrinsic) -> bool {
    // The stand-ins are of SSSE3, which all hosts with the others have.
    is_x86_feature_detected!("ssse3")
        && match which {
            Intrinsic::ClMul => is_x86_feature_detected!("pclmulqdq"),
            Intrinsic::Sha256Abcd
            | Intrinsic::Sha256Efgh
            | Intrinsic::Sha256Schedule0
            | Intrinsic::Sha256Schedule1 => is_x86_feature_detected!("sha"),
            _ => is_x86_feature_detected!("aes"),
        }
}

/// Four rounds of SHA-256 that were lowered in this block.
#[derive(Clone, Copy)]
pub(super) struct Sha256Rounds {
    /// a to d, e to h, words.
    args: [Value; 3],
    /// The new a to d and e to h.
    results: [ir::Value; 2],
}

impl Lower<'_, '_> {
    /// The result, or none if the host cannot: then the helper is to be called.
    pub(super) fn intrinsic(&mut self, which: Intrinsic, inst: &Inst) -> Option<ir::Value> {
        if !host_has(which) {
            return None;
        }
        let args: Vec<ir::Value> = inst.args().map(|v| self.v(v)).collect();
        let args: Vec<ir::Value> = args.into_iter().map(|v| self.cast(I8X16, v)).collect();
        let a = args[0];
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
                // Any 16 contiguous bytes of both, but not one of them whole.
                self.patched(Patch::ClMul, |l| l.bytes_from(5, a, args[1]))
            }
            Intrinsic::Sha256Abcd => self.sha256(inst, [0, 1])[0],
            Intrinsic::Sha256Efgh => self.sha256(inst, [1, 0])[1],
            Intrinsic::Sha256Schedule0 => {
                self.stub(engine_offset!(stubs.sha256_schedule0), &[a, args[1]], 1)[0]
            }
            Intrinsic::Sha256Schedule1 => {
                // The host takes the terms of words 9 to 12 with the sums.
                let terms = self.bytes_from(4, args[1], args[2]);
                let (terms, sums) = (self.cast(I32X4, terms), self.cast(I32X4, a));
                let sums = self.b.ins().iadd(sums, terms);
                let sums = self.cast(I8X16, sums);
                self.stub(engine_offset!(stubs.sha256_schedule1), &[sums, args[2]], 1)[0]
            }
        })
    }

    /// Sixteen bytes of `a` and then `b`, from byte `n` on.
    fn bytes_from(&mut self, n: u8, a: ir::Value, b: ir::Value) -> ir::Value {
        let lanes: ir::ConstantData = (n..n + 16).collect::<Vec<u8>>().into();
        let lanes = self.b.func.dfg.immediates.push(lanes);
        self.b.ins().shuffle(a, b, lanes)
    }

    /// Four rounds; `state` tells which arguments are a to d and e to h.
    fn sha256(&mut self, inst: &Inst, state: [usize; 2]) -> [ir::Value; 2] {
        let args = [inst.args[state[0]], inst.args[state[1]], inst.args[2]];
        if let Some(rounds) = self.sha256_rounds
            && rounds.args == args
        {
            return rounds.results;
        }
        let [abcd, efgh, words] = args.map(|v| {
            let v = self.v(v);
            self.cast(I8X16, v)
        });
        let results = self.stub(engine_offset!(stubs.sha256_rounds), &[words, abcd, efgh], 2);
        let results = [results[0], results[1]];
        self.sha256_rounds = Some(Sha256Rounds { args, results });
        results
    }

    /// Calls a stub that takes and returns vectors in registers and keeps all others.
    fn stub(&mut self, at: usize, args: &[ir::Value], results: usize) -> Vec<ir::Value> {
        let mut sig = ir::Signature::new(CallConv::PreserveAll);
        sig.params.resize(args.len(), ir::AbiParam::new(I8X16));
        sig.returns.resize(results, ir::AbiParam::new(I8X16));
        let sig = self.b.import_signature(sig);
        let stub = self.load_area(I64, at);
        let call = self.b.ins().call_indirect(sig, stub, args);
        self.b.inst_results(call).to_vec()
    }

    fn aes_of_sum(&mut self, round: Patch, a: ir::Value, b: ir::Value) -> ir::Value {
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
        self.out.patched = true;
        let number = self.out.insn_pcs.len() as u32;
        self.b.set_srcloc(patch::source_loc(number, Some(patch)));
        let value = emit(self);
        self.b.set_srcloc(patch::source_loc(number, None));
        value
    }
}
