//! Calls of the guest's helpers.
//!
//! Invariant: no value that is needed later is in a register that the host function may change; the area's address is
//! kept on the stack meanwhile.

use crate::x64::Gen;
use crate::x64::alloc::{Place, in_gpr};
use crate::x64::cold::Cold;
use crate::x64::emit::{Alu, Cc, Gpr, Mem, RAX, RCX, RDI, RDX, RSI};
use isamorph_backend_abi::engine_offset;
use isamorph_ir::{HelperFn, Inst, Ty, Value};

impl Gen<'_> {
    pub(super) fn call(&mut self, inst: &Inst, v: Value) -> bool {
        let desc = self.desc;
        let id = inst.imm as usize;
        let def = &desc.helpers[id];
        for arg in inst.args() {
            if in_gpr(self.ty(arg)) {
                self.clean(arg);
            }
        }
        for &slot in def.effects.writes {
            self.leave_home(slot.0, Value::NONE);
        }
        self.spill_caller_saved();
        let wanted = def.ret.is_some() && self.code.is_used(v);
        match def.func {
            HelperFn::Int(_) => {
                self.call_int(inst, id);
                if wanted {
                    self.result_of_int(v, def.ret.unwrap_or(Ty::I64));
                }
                return true;
            }
            HelperFn::Wide(_) => {
                self.arguments_to_scratch(inst);
                self.keep_area();
                self.e.mov(true, RAX, Mem::area(engine_offset!(helper_table)));
                self.e.lea(true, RDI, Mem::area(engine_offset!(scratch)));
                self.e.call_rm(Mem::new(RAX, 8 * id as i32));
                self.area_again();
            }
            HelperFn::Context(_) => {
                self.arguments_to_scratch(inst);
                self.store_pc(self.pc);
                self.keep_area();
                self.e.mov_imm(RSI, id as u64);
                self.e.call_rm(Mem::area(engine_offset!(stubs.context)));
                self.area_again();
                if def.effects.memory {
                    self.e.test(true, RAX, RAX);
                    let from = self.e.jcc(Cc::Ne);
                    self.colds.push(Cold::Fault { from, pc: self.pc });
                }
            }
        }
        if wanted {
            self.result_from_scratch(v);
        }
        true
    }

    /// Keeps the area's address over a call of a host function, for which RSP is a multiple of 16.
    fn keep_area(&mut self) {
        self.e.push(RDI);
        self.e.push(RDI);
    }

    fn area_again(&mut self) {
        self.e.pop(RDI);
        self.e.pop(RDI);
    }

    /// Arguments in the host's registers, zero-extended; unused ones are 0.
    fn call_int(&mut self, inst: &Inst, id: usize) {
        self.keep_area();
        self.e.mov(true, RAX, Mem::area(engine_offset!(helper_table)));
        // RDI last: what lies in the state is reached through it.
        for (n, to) in [(1, RSI), (2, RDX), (3, RCX), (0, RDI)] {
            let arg = inst.args[n];
            if arg == Value::NONE {
                self.e.alu(Alu::Xor, false, to, to);
            } else {
                self.argument(to, arg);
            }
        }
        self.e.call_rm(Mem::new(RAX, 8 * id as i32));
        self.area_again();
    }

    fn argument(&mut self, to: Gpr, v: Value) {
        let bytes = self.ty(v).bytes();
        match self.place(v) {
            Place::Const => {
                let bits = self.const_of(v).unwrap_or(0) as u64;
                self.e.mov_imm(to, bits);
            }
            Place::Gpr(r) => self.e.mov(true, to, r),
            Place::Xmm(r) => self.e.movd_from(true, to, r),
            Place::State(at) | Place::Frame(at) => {
                self.e.load_zx(bytes, to, Mem::area(at as usize));
            }
            Place::None | Place::Lazy => unreachable!("arguments are computed"),
        }
    }

    fn result_of_int(&mut self, v: Value, ty: Ty) {
        if !in_gpr(ty) {
            let d = self.def_x(v);
            return self.e.movd_to(ty != Ty::F32, d, RAX);
        }
        let d = self.def_g(v);
        if ty == Ty::I1 {
            self.e.mov(false, d, RAX);
            self.e.alu_imm(Alu::And, false, d, 1);
        } else {
            self.e.load_zx(ty.bytes(), d, RAX);
        }
    }

    /// Arguments where helpers find them, zero-extended to 128 bits.
    fn arguments_to_scratch(&mut self, inst: &Inst) {
        for (n, v) in inst.args().enumerate() {
            let m = Mem::area(engine_offset!(scratch) + 16 * n);
            if in_gpr(self.ty(v)) {
                self.argument(RAX, v);
                self.e.store(8, m, RAX);
                self.e.store_imm(8, Mem { disp: m.disp + 8, ..m }, 0);
            } else {
                let r = self.xmm(v);
                self.e.store_x(16, true, m, r);
            }
        }
        // Those that are needed later have come into registers.
        self.spill_caller_saved();
    }

    fn result_from_scratch(&mut self, v: Value) {
        let m = Mem::area(engine_offset!(scratch));
        let ty = self.ty(v);
        if in_gpr(ty) {
            let d = self.def_g(v);
            self.e.load_zx(ty.bytes(), d, m);
        } else {
            let d = self.def_x(v);
            self.e.load_x(ty.bytes(), true, d, m);
        }
    }
}
