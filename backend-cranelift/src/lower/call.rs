//! Calls: helpers of the guest, and exact evaluation of single ops by the reference.
//!
//! Invariant: what a helper reads is in the state before the call, what it writes is read back after it.

use super::{Lower, clif};
use crate::abi::{self, ExitReason, engine_offset};
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, Signature, Type};
use cranelift_codegen::isa::CallConv;
use isamorph_ir::{HelperFn, Inst, Ty};

impl Lower<'_, '_> {
    pub(super) fn call_helper(&mut self, inst: &Inst) -> Option<ir::Value> {
        let desc = self.desc;
        let def = &desc.helpers[inst.imm as usize];
        if let Some(result) = def.intrinsic.and_then(|which| self.intrinsic(which, inst)) {
            return Some(result);
        }
        let args: Vec<ir::Value> = inst.args().map(|v| self.v(v)).collect();
        let id = inst.imm as usize;
        match def.func {
            HelperFn::Int(_) => {
                let mut args: Vec<_> = args.into_iter().map(|a| self.zext64(a)).collect();
                while args.len() < 4 {
                    args.push(self.b.ins().iconst(I64, 0));
                }
                let result = self.call_table(id, &args, true)?;
                def.ret.map(|ty| self.helper_result(ty, result))
            }
            HelperFn::Wide(_) => {
                self.store_scratch(&args);
                let at = engine_offset!(scratch) as i64;
                let scratch = self.b.ins().iadd_imm_s(self.area, at);
                self.call_table(id, &[scratch], false);
                def.ret.map(|ty| self.load_area(clif(ty), engine_offset!(scratch)))
            }
            HelperFn::Context(_) => {
                self.call_context(id, &args);
                def.ret.map(|ty| self.load_area(clif(ty), engine_offset!(scratch)))
            }
        }
    }

    /// A 64-bit result as a value of an integer type.
    fn helper_result(&mut self, ty: Ty, v: ir::Value) -> ir::Value {
        match ty {
            Ty::I64 => v,
            Ty::I128 => self.b.ins().uextend(ir::types::I128, v),
            Ty::I1 => {
                let bit = self.b.ins().band_imm_u(v, 1);
                self.b.ins().ireduce(ir::types::I8, bit)
            }
            Ty::F64 => self.cast(ir::types::F64, v),
            Ty::F32 => {
                let low = self.b.ins().ireduce(ir::types::I32, v);
                self.cast(ir::types::F32, low)
            }
            ty => self.b.ins().ireduce(clif(ty), v),
        }
    }

    fn call_table(&mut self, id: usize, args: &[ir::Value], result: bool) -> Option<ir::Value> {
        let table = self.load_area(I64, engine_offset!(helper_table));
        let func = self.b.ins().load(I64, self.area_mem, table, 8 * id as i32);
        let sig = self.signature(CallConv::SystemV, args.len(), result);
        let call = self.b.ins().call_indirect(sig, func, args);
        self.b.inst_results(call).first().copied()
    }

    fn call_context(&mut self, id: usize, args: &[ir::Value]) {
        self.settle();
        let effects = &self.desc.helpers[id].effects;
        let reads = effects.reads.iter().copied().collect();
        self.store_slots(self.dirty.minus(self.dirty.minus(reads)));
        self.dirty = self.dirty.minus(reads);
        self.store_pc(self.pc);
        self.store_scratch(args);
        let func = self.load_area(I64, engine_offset!(stubs.context));
        let id = self.b.ins().iconst(I64, id as i64);
        let sig = self.signature(CallConv::SystemV, 2, true);
        let call = self.b.ins().call_indirect(sig, func, &[self.area, id]);
        let faulted = self.b.inst_results(call)[0];
        if effects.memory {
            let pc = self.pc;
            self.cold_exit(faulted, |l| {
                l.flush();
                l.leave(pc, ExitReason::Fault, [None, None]);
            });
        }
        for &slot in effects.writes {
            self.dirty.remove(slot);
            if let Some(f) = self.plan.flags_index(slot) {
                self.flags[f] = super::FlagsNow::AtBegin(crate::plan::FlagsHome::Memory);
            } else if !self.plan.in_memory.contains(slot) {
                self.load_slot(slot);
            }
        }
    }

    fn signature(&mut self, conv: CallConv, params: usize, result: bool) -> ir::SigRef {
        let mut sig = Signature::new(conv);
        sig.params.resize(params, AbiParam::new(I64));
        if result {
            sig.returns.push(AbiParam::new(I64));
        }
        self.b.import_signature(sig)
    }

    /// Stores arguments where helpers find them, zero-extended.
    fn store_scratch(&mut self, args: &[ir::Value]) {
        for (n, arg) in args.iter().enumerate() {
            let at = engine_offset!(scratch) + 16 * n;
            let bytes = self.type_of(*arg).bytes();
            if bytes < 16 {
                let zero = self.b.ins().iconst(I64, 0);
                self.store_area(zero, at + 8);
                if bytes < 8 {
                    self.store_area(zero, at);
                }
            }
            self.store_area(*arg, at);
        }
    }

    /// The result, of CLIF type `ty`, of an op that the reference evaluates.
    pub(super) fn eval(&mut self, inst: &Inst, ty: Type) -> ir::Value {
        let args: Vec<ir::Value> = inst.args().map(|v| self.v(v)).collect();
        self.eval_args(inst, &args, ty)
    }

    /// The same of these arguments.
    pub(super) fn eval_args(&mut self, inst: &Inst, args: &[ir::Value], ty: Type) -> ir::Value {
        self.eval_discard(inst, args);
        self.load_area(ty, engine_offset!(scratch))
    }

    /// The same for the sake of the floating-point flags.
    pub(super) fn eval_discard(&mut self, inst: &Inst, args: &[ir::Value]) {
        for (n, arg) in args.iter().enumerate() {
            self.store_area(*arg, engine_offset!(scratch) + 16 * n);
        }
        let packed = abi::pack_op(inst.op, inst.shape, inst.from, inst.imm)
            .expect("only constants have immediates wider than 32 bits");
        let packed = self.b.ins().iconst(I64, packed as i64);
        let func = self.load_area(I64, engine_offset!(stubs.eval));
        let sig = self.signature(CallConv::PreserveAll, 2, false);
        self.b.ins().call_indirect(sig, func, &[self.area, packed]);
    }

    /// Emits code that runs only if `condition` is not zero, and then goes on.
    pub(super) fn in_cold(&mut self, condition: ir::Value, code: impl FnOnce(&mut Self)) {
        let (cold, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.ins().brif(condition, cold, &[], on, &[]);
        self.b.switch_to_block(cold);
        self.b.seal_block(cold);
        self.cold += 1;
        code(self);
        self.cold -= 1;
        self.b.ins().jump(on, &[]);
        self.b.switch_to_block(on);
        self.b.seal_block(on);
    }
}
