//! Cold paths: what happens rarely, behind the block's code.
//!
//! Invariant: a cold path finds every value where it was when the jump to it was written, and leaves every register
//! but its result's as it was.

use super::Gen;
use super::alloc::{Place, in_gpr};
use super::emit::{Jump, Mem, RCX, RDI, RSI, RSP};
use isamorph_backend_abi::abi::{self, ExitReason};
use isamorph_backend_abi::engine_offset;
use isamorph_ir::{Inst, Ty, Value};

/// Something rare.
#[derive(Debug)]
pub(crate) enum Cold {
    /// The reference computes a result; then the block goes on.
    Eval {
        from: Jump,
        packed: u64,
        args: [Option<(Place, u128, Ty)>; 3],
        /// The result's place and type, unless only the flags matter.
        result: Option<(Place, Ty)>,
        resume: u32,
    },
    /// Leaves at the guest address of the instruction: RCX = the misaligned address.
    Misaligned { from: Jump, pc: u64, write: bool },
    /// Leaves for this guest address; the engine looks at the state first.
    Exit { from: Jump, pc: u64 },
    /// A helper with access to memory failed.
    Fault { from: Jump, pc: u64 },
    /// The poll word is set on the way to an address, or to the one in RSI.
    Poll { from: Jump, to: Option<u64> },
    /// There is no room for another return.
    ManyCalls { from: Jump, resume: u32 },
    /// A counter ran out: the number of its fixup.
    Hot { from: Jump, counter: u16 },
}

impl Gen<'_> {
    /// The reference computes `inst` on a cold path, into `result` if there is one; code goes on here.
    pub(super) fn eval_if(&mut self, from: Jump, inst: &Inst, result: Option<Value>) {
        let packed = abi::pack_op(inst.op, inst.shape, inst.from, inst.imm)
            .expect("only constants have immediates wider than 32 bits");
        let mut args = [None; 3];
        for (to, v) in args.iter_mut().zip(inst.args()) {
            *to = Some((self.place(v), self.const_of(v).unwrap_or(0), self.ty(v)));
        }
        let result = result.map(|v| (self.place(v), self.ty(v)));
        let resume = self.e.offset();
        self.colds.push(Cold::Eval { from, packed, args, result, resume });
    }

    pub(super) fn cold_path(&mut self, cold: &Cold) {
        match *cold {
            Cold::Eval { from, packed, args, result, resume } => {
                self.e.bind(from);
                for (n, arg) in args.into_iter().flatten().enumerate() {
                    self.store_scratch(n, arg);
                }
                self.e.mov_imm(RSI, packed);
                self.e.call_rm(Mem::area(engine_offset!(stubs.eval)));
                if let Some((place, ty)) = result {
                    self.load_scratch(place, ty);
                }
                self.e.jmp_back(resume);
            }
            Cold::Misaligned { from, pc, write } => {
                self.e.bind(from);
                let args = engine_offset!(exit_args);
                self.e.store(8, Mem::area(args), RCX);
                self.e.store_imm(8, Mem::area(args + 8), write as i32);
                self.leave(pc, ExitReason::AlignFault);
            }
            Cold::Exit { from, pc } => {
                self.e.bind(from);
                self.leave(pc, ExitReason::Sync);
            }
            Cold::Fault { from, pc } => {
                self.e.bind(from);
                self.leave(pc, ExitReason::Fault);
            }
            Cold::Poll { from, to } => {
                self.e.bind(from);
                if let Some(pc) = to {
                    self.e.mov_imm(RSI, pc);
                }
                self.e.jmp_rm(Mem::area(engine_offset!(stubs.interrupted)));
            }
            Cold::ManyCalls { from, resume } => {
                self.e.bind(from);
                self.e.mov(true, RSP, Mem::area(engine_offset!(return_base)));
                self.e.jmp_back(resume);
            }
            Cold::Hot { from, counter } => {
                self.e.bind(from);
                self.e.lea_fixup(RSI, counter);
                self.e.jmp_rm(Mem::area(engine_offset!(stubs.hot)));
            }
        }
    }

    /// Stores an argument where the reference finds it: only the bytes of its type count.
    fn store_scratch(&mut self, n: usize, (place, bits, ty): (Place, u128, Ty)) {
        let m = Mem::area(engine_offset!(scratch) + 16 * n);
        let wide = ty.bytes() == 16;
        match place {
            Place::Gpr(r) => self.e.store(8, m, r),
            Place::Xmm(r) => self.e.store_x(16, true, m, r),
            Place::Const => {
                for (half, word) in [bits as u64, (bits >> 64) as u64].into_iter().enumerate() {
                    if half == 0 || wide {
                        self.e.mov_imm(RSI, word);
                        self.e.store(8, Mem { disp: m.disp + 8 * half as i32, ..m }, RSI);
                    }
                }
            }
            Place::State(at) | Place::Frame(at) => {
                for half in 0..1 + wide as i32 {
                    let from = Mem::new(RDI, at as i32 + 8 * half);
                    self.e.mov(true, RSI, from);
                    self.e.store(8, Mem { disp: m.disp + 8 * half, ..m }, RSI);
                }
            }
            Place::None | Place::Lazy => unreachable!("arguments of cold paths are computed"),
        }
    }

    /// Loads the reference's result.
    fn load_scratch(&mut self, place: Place, ty: Ty) {
        let m = Mem::area(engine_offset!(scratch));
        match place {
            Place::Gpr(r) => self.e.load_zx(if ty == Ty::Flags { 4 } else { ty.bytes() }, r, m),
            Place::Xmm(r) => self.e.load_x(ty.bytes(), true, r, m),
            _ => unreachable!("results lie in registers"),
        }
    }

    /// The op by the reference, here and now.
    pub(super) fn reference(&mut self, inst: &Inst, v: Value) {
        for arg in inst.args() {
            if self.place(arg) == Place::Lazy {
                self.gpr(arg);
            }
        }
        for (n, arg) in inst.args().enumerate() {
            let place = (self.place(arg), self.const_of(arg).unwrap_or(0), self.ty(arg));
            self.store_scratch(n, place);
        }
        let packed = abi::pack_op(inst.op, inst.shape, inst.from, inst.imm)
            .expect("only constants have immediates wider than 32 bits");
        self.e.mov_imm(RSI, packed);
        self.e.call_rm(Mem::area(engine_offset!(stubs.eval)));
        if !self.code.is_used(v) {
            return;
        }
        let ty = self.ty(v);
        if in_gpr(ty) || ty == Ty::Flags {
            self.def_g(v);
        } else {
            self.def_x(v);
        }
        self.load_scratch(self.place(v), ty);
    }
}
