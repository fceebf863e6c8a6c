//! Condition flags: symbolic inside a block, operands or a whole record in variables across blocks.
//!
//! Invariant: a record in the state has the form of [`isamorph_ir::flags::FlagsVal::to_record`].

use super::{FlagsNow, Lower, Val};
use crate::abi::engine_offset;
use crate::plan::FlagsHome;
use crate::selected::{self, Selected};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{I8, I32, I64};
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, Signature};
use cranelift_codegen::isa::CallConv;
use isamorph_ir::flags::{CondCC, FlagsKind};
use isamorph_ir::{Inst, Op, Shape, Slot, Value};
use std::rc::Rc;

/// Flags as what set them; operands have the CLIF type of the operation.
#[derive(Clone, Debug)]
pub(super) enum Fl {
    Add(ir::Value, ir::Value),
    Sub(ir::Value, ir::Value),
    Adc(ir::Value, ir::Value, ir::Value),
    Logic(ir::Value),
    /// The nibble as an I64.
    Nibble(ir::Value),
    /// The nibble, known.
    Known(u8),
    /// Operands of a floating-point comparison, neither of which needs an exact evaluation any more.
    FCmp(ir::Value, ir::Value),
    /// If the first (I8) is not zero, the second.
    Select(ir::Value, Rc<(Fl, Fl)>),
}

impl Fl {
    fn compares_floats(&self) -> bool {
        match self {
            Fl::FCmp(..) => true,
            Fl::Select(_, pair) => pair.0.compares_floats() || pair.1.compares_floats(),
            _ => false,
        }
    }
}

impl Lower<'_, '_> {
    pub(super) fn set_flags(&mut self, inst: &Inst) -> Fl {
        let [a, b, c, _] = inst.args;
        match inst.op {
            Op::FlagsAdd => Fl::Add(self.v(a), self.v(b)),
            Op::FlagsSub => Fl::Sub(self.v(a), self.v(b)),
            Op::FlagsAdc => Fl::Adc(self.v(a), self.v(b), self.v(c)),
            Op::FlagsLogic => Fl::Logic(self.v(a)),
            _ => match self.const_of(a) {
                Some(n) => Fl::Known(n as u8 & 15),
                None => {
                    let a = self.v(a);
                    let wide = self.b.ins().uextend(I64, a);
                    Fl::Nibble(self.b.ins().band_imm_u(wide, 15))
                }
            },
        }
    }

    pub(super) fn select_flags(&mut self, c: Value, a: Value, b: Value) -> Fl {
        Fl::Select(self.v(c), Rc::new((self.fl(a), self.fl(b))))
    }

    /// Sets a slot's flags to an IR value.
    pub(super) fn put_flags(&mut self, f: usize, value: Value) {
        let fl = match selected::of(self.block, &self.block.insts[value.index()]) {
            Some(comparison) => self.selected_difference(&comparison),
            None => self.fl(value),
        };
        // The plan knows the operands of flags where they are made, not of flags that are copied.
        let copied = self.block.insts[value.index()].op == Op::Get;
        let fl = match fl {
            Fl::Add(..) | Fl::Sub(..) | Fl::Logic(_) if copied => Fl::Nibble(self.nibble(&fl)),
            fl => fl,
        };
        self.flags[f] = FlagsNow::Set(fl);
    }

    fn selected_difference(&mut self, s: &Selected) -> Fl {
        let which = self.v(s.which);
        let (a, b) = s.otherwise;
        let [a, b] = [(0, a), (1, b)].map(|(n, otherwise)| {
            let operand = self.v(s.compared.args[n]);
            let ty = self.type_of(operand);
            let otherwise = self.b.ins().iconst(ty, otherwise as i64);
            match s.if_holds {
                true => self.b.ins().select(which, operand, otherwise),
                false => self.b.ins().select(which, otherwise, operand),
            }
        });
        Fl::Sub(a, b)
    }

    /// Makes nibbles of the floating-point comparisons that are not used up: a comparison made again later would
    /// raise its flags again.
    pub(super) fn pack_comparisons(&mut self) {
        for f in 0..self.flags.len() {
            if let FlagsNow::Set(fl) = &self.flags[f]
                && fl.compares_floats()
            {
                let fl = fl.clone();
                self.flags[f] = FlagsNow::Set(self.pinned_nibble(&fl));
            }
        }
        for n in 0..self.vals.len() {
            if let Val::Flags(fl) = &self.vals[n]
                && fl.compares_floats()
            {
                let fl = fl.clone();
                self.vals[n] = Val::Flags(self.pinned_nibble(&fl));
            }
        }
    }

    fn pinned_nibble(&mut self, fl: &Fl) -> Fl {
        let nibble = self.nibble(fl);
        Fl::Nibble(self.pinned(nibble))
    }

    /// The current flags of a slot.
    pub(super) fn read_flags(&mut self, slot: Slot) -> Fl {
        let f = self.plan.flags_index(slot).expect("a slot of flags");
        let home = match &self.flags[f] {
            FlagsNow::Set(fl) => return fl.clone(),
            FlagsNow::Read(_, fl) => return fl.clone(),
            FlagsNow::AtBegin(home) => *home,
        };
        let fl = self.flags_at_home(f, home);
        self.flags[f] = FlagsNow::Read(home, fl.clone());
        fl
    }

    fn flags_at_home(&mut self, f: usize, home: FlagsHome) -> Fl {
        let vars = self.flag_vars[f];
        match home {
            FlagsHome::Unknown | FlagsHome::Memory => {
                let at = self.offset(self.plan.flags[f]) as usize;
                Fl::Nibble(self.nibble_of_record(at))
            }
            FlagsHome::Record => {
                let at = engine_offset!(scratch);
                let record = self.record_variables(f);
                self.store_record(record, at);
                Fl::Nibble(self.nibble_of_record(at))
            }
            FlagsHome::Operands(FlagsKind::Packed) => Fl::Nibble(self.b.use_var(vars.a)),
            FlagsHome::Operands(kind) => {
                let narrow =
                    matches!(kind, FlagsKind::Add32 | FlagsKind::Sub32 | FlagsKind::Logic32);
                let mut operand = |v| {
                    let x = self.b.use_var(v);
                    if narrow { self.b.ins().ireduce(I32, x) } else { x }
                };
                match kind {
                    FlagsKind::Add32 | FlagsKind::Add64 => {
                        Fl::Add(operand(vars.a), operand(vars.b))
                    }
                    FlagsKind::Sub32 | FlagsKind::Sub64 => {
                        Fl::Sub(operand(vars.a), operand(vars.b))
                    }
                    _ => Fl::Logic(operand(vars.a)),
                }
            }
        }
    }

    /// Calls the function that computes the nibble from the record at this offset of the area.
    fn nibble_of_record(&mut self, at: usize) -> ir::Value {
        let mut sig = Signature::new(CallConv::SystemV);
        sig.params.push(AbiParam::new(I64));
        sig.returns.push(AbiParam::new(I64));
        let sig = self.b.import_signature(sig);
        let record = self.b.ins().iadd_imm_s(self.area, at as i64);
        let func = self.load_area(I64, engine_offset!(stubs.nzcv));
        let call = self.b.ins().call_indirect(sig, func, &[record]);
        self.b.inst_results(call)[0]
    }

    fn record_variables(&mut self, f: usize) -> [ir::Value; 3] {
        let vars = self.flag_vars[f];
        [vars.kind, vars.a, vars.b].map(|v| self.b.use_var(v))
    }

    fn set_record_variables(&mut self, f: usize, record: [ir::Value; 3]) {
        let vars = self.flag_vars[f];
        for (var, value) in [vars.kind, vars.a, vars.b].into_iter().zip(record) {
            self.b.def_var(var, value);
        }
    }

    fn store_record(&mut self, record: [ir::Value; 3], at: usize) {
        for (n, word) in record.into_iter().enumerate() {
            self.store_area(word, at + 8 * n);
        }
    }

    /// The record of flags: the kind, and as many operands as it has.
    fn record(&mut self, fl: &Fl) -> (FlagsKind, ir::Value, Option<ir::Value>) {
        let kind = |l: &Self, v, narrow: FlagsKind, wide: FlagsKind| {
            if l.type_of(v) == I32 { narrow } else { wide }
        };
        let (kind, a, b) = match *fl {
            Fl::Add(a, b) => (kind(self, a, FlagsKind::Add32, FlagsKind::Add64), a, Some(b)),
            Fl::Sub(a, b) => (kind(self, a, FlagsKind::Sub32, FlagsKind::Sub64), a, Some(b)),
            Fl::Logic(a) => (kind(self, a, FlagsKind::Logic32, FlagsKind::Logic64), a, None),
            _ => (FlagsKind::Packed, self.nibble(fl), None),
        };
        (kind, self.zext64(a), b.map(|b| self.zext64(b)))
    }

    /// Puts the flags that successors of block `i` want where they want them.
    pub(super) fn publish_flags(&mut self, i: usize) {
        let plan = self.plan;
        for (f, slot) in plan.flags.iter().enumerate() {
            let wanted = self.graph.succ[i]
                .all()
                .filter(|s| plan.blocks[*s].live_in.contains(*slot))
                .map(|s| plan.blocks[s].homes[f]);
            let wanted: Vec<FlagsHome> = wanted.collect();
            for (n, home) in wanted.iter().enumerate() {
                if !wanted[..n].contains(home) {
                    self.bring_home(f, *home);
                }
            }
        }
    }

    pub(super) fn bring_home(&mut self, f: usize, home: FlagsHome) {
        let vars = self.flag_vars[f];
        match (home, self.flags[f].clone()) {
            (FlagsHome::Memory | FlagsHome::Unknown, _) => {}
            (FlagsHome::Operands(_), FlagsNow::Set(fl)) => {
                let (_, a, b) = self.record(&fl);
                self.b.def_var(vars.a, a);
                self.b.def_var(vars.b, b.unwrap_or(a));
            }
            // Where they were already: no other home flows to operands.
            (FlagsHome::Operands(_), _) => {}
            (FlagsHome::Record, FlagsNow::Set(fl)) => {
                let (kind, a, b) = self.record(&fl);
                let kind = self.b.ins().iconst(I64, kind as i64);
                self.set_record_variables(f, [kind, a, b.unwrap_or(a)]);
            }
            (FlagsHome::Record, FlagsNow::AtBegin(was) | FlagsNow::Read(was, _)) => match was {
                FlagsHome::Record | FlagsHome::Unknown => {}
                FlagsHome::Operands(kind) => {
                    let kind = self.b.ins().iconst(I64, kind as i64);
                    self.b.def_var(vars.kind, kind);
                }
                FlagsHome::Memory => {
                    let at = self.offset(self.plan.flags[f]) as usize;
                    let record = [at, at + 8, at + 16].map(|at| self.load_area(I64, at));
                    self.set_record_variables(f, record);
                }
            },
        }
    }

    /// Stores the record of dirty flags.
    pub(super) fn store_flags(&mut self, f: usize) {
        let at = self.offset(self.plan.flags[f]) as usize;
        let fl = match &self.flags[f] {
            FlagsNow::AtBegin(FlagsHome::Record) | FlagsNow::Read(FlagsHome::Record, _) => {
                let record = self.record_variables(f);
                return self.store_record(record, at);
            }
            FlagsNow::Set(fl) | FlagsNow::Read(_, fl) => fl.clone(),
            // Not remembered: a cold path's values are of no use elsewhere.
            FlagsNow::AtBegin(home) => self.flags_at_home(f, *home),
        };
        let (kind, a, b) = self.record(&fl);
        let kind = self.b.ins().iconst(I64, kind as i64);
        self.store_area(kind, at);
        self.store_area(a, at + 8);
        if let Some(b) = b {
            self.store_area(b, at + 16);
        }
    }

    pub(super) fn zext64(&mut self, v: ir::Value) -> ir::Value {
        if self.type_of(v) == I64 { v } else { self.b.ins().uextend(I64, v) }
    }

    /// The nibble NZCV as an I64.
    pub(super) fn nibble(&mut self, fl: &Fl) -> ir::Value {
        match fl {
            Fl::Nibble(n) => return *n,
            Fl::Known(n) => return self.b.ins().iconst(I64, *n as i64),
            Fl::Select(c, pair) => {
                let (a, b) = (self.nibble(&pair.0), self.nibble(&pair.1));
                return self.b.ins().select(*c, a, b);
            }
            _ => {}
        }
        let mut nibble = self.cond_value(CondCC::Vs, fl);
        for (cc, shift) in [(CondCC::Cs, 1), (CondCC::Eq, 2), (CondCC::Mi, 3)] {
            let bit = self.cond_value(cc, fl);
            let bit = self.b.ins().ishl_imm_u(bit, shift);
            nibble = self.b.ins().bor(nibble, bit);
        }
        self.b.ins().uextend(I64, nibble)
    }

    /// [`Op::Cond`].
    pub(super) fn condition(&mut self, inst: &Inst) -> ir::Value {
        let cc = CondCC::ALL[inst.imm as usize % CondCC::ALL.len()];
        let fl = self.fl(inst.args[0]);
        self.cond_value(cc, &fl)
    }

    /// 1 if the condition holds, else 0, as an I8.
    fn cond_value(&mut self, cc: CondCC, fl: &Fl) -> ir::Value {
        match fl {
            Fl::Sub(a, b) => self.cond_sub(cc, *a, *b),
            Fl::Logic(r) => self.cond_logic(cc, *r),
            Fl::FCmp(a, b) => {
                let cc = float_cc(cc);
                self.b.ins().fcmp(cc, *a, *b)
            }
            Fl::Add(a, b) => {
                let r = self.b.ins().iadd(*a, *b);
                let carry = |l: &mut Self| l.b.ins().icmp(IntCC::UnsignedLessThan, r, *a);
                self.cond_sum(cc, r, carry, *a, *b)
            }
            Fl::Adc(a, b, c) => {
                let (a, b, c) = (*a, *b, *c);
                let ty = self.type_of(a);
                let cin = self.b.ins().uextend(ty, c);
                let t = self.b.ins().iadd(a, b);
                let r = self.b.ins().iadd(t, cin);
                let carry = |l: &mut Self| {
                    let first = l.b.ins().icmp(IntCC::UnsignedLessThan, t, a);
                    let second = l.b.ins().icmp(IntCC::UnsignedLessThan, r, t);
                    l.b.ins().bor(first, second)
                };
                self.cond_sum(cc, r, carry, a, b)
            }
            Fl::Nibble(n) => self.cond_nibble(cc, *n),
            Fl::Known(n) => self.b.ins().iconst(I8, cc.holds(*n) as i64),
            Fl::Select(c, pair) => match (&pair.0, &pair.1) {
                // A conditional comparison: the flags are known where it does not compare.
                (x, Fl::Known(n)) => {
                    let x = self.cond_value(cc, x);
                    if cc.holds(*n) {
                        let not = self.b.ins().bxor_imm_u(*c, 1);
                        self.b.ins().bor(not, x)
                    } else {
                        self.b.ins().band(*c, x)
                    }
                }
                (x, y) => {
                    let (x, y) = (self.cond_value(cc, x), self.cond_value(cc, y));
                    self.b.ins().select(*c, x, y)
                }
            },
        }
    }

    fn cond_sub(&mut self, cc: CondCC, a: ir::Value, b: ir::Value) -> ir::Value {
        let code = match cc {
            CondCC::Eq => IntCC::Equal,
            CondCC::Ne => IntCC::NotEqual,
            CondCC::Cs => IntCC::UnsignedGreaterThanOrEqual,
            CondCC::Cc => IntCC::UnsignedLessThan,
            CondCC::Hi => IntCC::UnsignedGreaterThan,
            CondCC::Ls => IntCC::UnsignedLessThanOrEqual,
            CondCC::Ge => IntCC::SignedGreaterThanOrEqual,
            CondCC::Lt => IntCC::SignedLessThan,
            CondCC::Gt => IntCC::SignedGreaterThan,
            CondCC::Le => IntCC::SignedLessThanOrEqual,
            CondCC::Mi | CondCC::Pl => {
                let r = self.b.ins().isub(a, b);
                return self.sign(cc == CondCC::Mi, r);
            }
            CondCC::Vs | CondCC::Vc => {
                let r = self.b.ins().isub(a, b);
                let (x, y) = (self.b.ins().bxor(a, b), self.b.ins().bxor(a, r));
                let v = self.b.ins().band(x, y);
                return self.sign(cc == CondCC::Vs, v);
            }
        };
        self.b.ins().icmp(code, a, b)
    }

    /// Is the sign bit set (or clear)?
    fn sign(&mut self, set: bool, v: ir::Value) -> ir::Value {
        let code = if set { IntCC::SignedLessThan } else { IntCC::SignedGreaterThanOrEqual };
        self.b.ins().icmp_imm_s(code, v, 0)
    }

    fn cond_logic(&mut self, cc: CondCC, r: ir::Value) -> ir::Value {
        let code = match cc {
            CondCC::Eq => IntCC::Equal,
            CondCC::Ne => IntCC::NotEqual,
            CondCC::Mi | CondCC::Lt => IntCC::SignedLessThan,
            CondCC::Pl | CondCC::Ge => IntCC::SignedGreaterThanOrEqual,
            CondCC::Gt => IntCC::SignedGreaterThan,
            CondCC::Le => IntCC::SignedLessThanOrEqual,
            // C and V are clear.
            CondCC::Cs | CondCC::Vs | CondCC::Hi => return self.b.ins().iconst(I8, 0),
            CondCC::Cc | CondCC::Vc | CondCC::Ls => return self.b.ins().iconst(I8, 1),
        };
        self.b.ins().icmp_imm_s(code, r, 0)
    }

    /// A condition on a sum `r` of `a` and `b` (and a carry) whose carry out is computed by `carry`.
    fn cond_sum(
        &mut self,
        cc: CondCC,
        r: ir::Value,
        carry: impl Fn(&mut Self) -> ir::Value,
        a: ir::Value,
        b: ir::Value,
    ) -> ir::Value {
        let not_zero = |l: &mut Self| l.b.ins().icmp_imm_s(IntCC::NotEqual, r, 0);
        // The sign bit: N equals V exactly if it is clear.
        let n_xor_v = |l: &mut Self| {
            let v = l.overflow(a, b, r);
            l.b.ins().bxor(v, r)
        };
        match cc {
            CondCC::Eq => self.b.ins().icmp_imm_s(IntCC::Equal, r, 0),
            CondCC::Ne => not_zero(self),
            CondCC::Cs => carry(self),
            CondCC::Mi | CondCC::Pl => self.sign(cc == CondCC::Mi, r),
            CondCC::Vs | CondCC::Vc => {
                let v = self.overflow(a, b, r);
                self.sign(cc == CondCC::Vs, v)
            }
            CondCC::Hi => {
                let (c, nz) = (carry(self), not_zero(self));
                self.b.ins().band(c, nz)
            }
            CondCC::Ge | CondCC::Lt => {
                let x = n_xor_v(self);
                self.sign(cc == CondCC::Lt, x)
            }
            CondCC::Gt => {
                let x = n_xor_v(self);
                let (ge, nz) = (self.sign(false, x), not_zero(self));
                self.b.ins().band(ge, nz)
            }
            CondCC::Cc | CondCC::Ls | CondCC::Le => {
                let inverse = self.cond_sum(cc.invert(), r, carry, a, b);
                self.b.ins().bxor_imm_u(inverse, 1)
            }
        }
    }

    /// A value whose sign bit says that the sum `r` of `a` and `b` overflowed.
    fn overflow(&mut self, a: ir::Value, b: ir::Value, r: ir::Value) -> ir::Value {
        let (x, y) = (self.b.ins().bxor(a, r), self.b.ins().bxor(b, r));
        self.b.ins().band(x, y)
    }

    fn cond_nibble(&mut self, cc: CondCC, n: ir::Value) -> ir::Value {
        let test = |l: &mut Self, mask: i64, code: IntCC| {
            let x = l.b.ins().band_imm_u(n, mask);
            l.b.ins().icmp_imm_s(code, x, 0)
        };
        match cc {
            CondCC::Eq => test(self, 4, IntCC::NotEqual),
            CondCC::Ne => test(self, 4, IntCC::Equal),
            CondCC::Cs => test(self, 2, IntCC::NotEqual),
            CondCC::Cc => test(self, 2, IntCC::Equal),
            CondCC::Mi => test(self, 8, IntCC::NotEqual),
            CondCC::Pl => test(self, 8, IntCC::Equal),
            CondCC::Vs => test(self, 1, IntCC::NotEqual),
            CondCC::Vc => test(self, 1, IntCC::Equal),
            _ => {
                // The remaining ones by a table of 16 bits.
                let table = (0..16).filter(|k| cc.holds(*k)).fold(0i64, |t, k| t | 1 << k);
                let table = self.b.ins().iconst(I32, table);
                let n = self.b.ins().ireduce(I32, n);
                let bit = self.b.ins().ushr(table, n);
                let bit = self.b.ins().band_imm_u(bit, 1);
                self.b.ins().ireduce(I8, bit)
            }
        }
    }

    pub(super) fn flags_fcmp(&mut self, inst: &Inst) -> Fl {
        if matches!(inst.shape, Shape::F32 | Shape::F64) && !self.is_fp_exact() {
            let (a, b) = (self.v(inst.args[0]), self.v(inst.args[1]));
            // The comparison itself raises Invalid for a signalling NaN; all else that is unordered is rare.
            let unordered = self.b.ins().fcmp(FloatCC::Unordered, a, b);
            let args = [inst.args[0], inst.args[1]].map(|v| self.v(v));
            self.in_cold(unordered, |l| l.eval_discard(inst, &args));
            return Fl::FCmp(a, b);
        }
        let nibble = self.eval(inst, I64);
        Fl::Nibble(nibble)
    }
}

/// The floating-point condition that has the meaning of a condition on a comparison's flags.
fn float_cc(cc: CondCC) -> FloatCC {
    match cc {
        CondCC::Eq => FloatCC::Equal,
        CondCC::Ne => FloatCC::NotEqual,
        CondCC::Cs | CondCC::Pl => FloatCC::UnorderedOrGreaterThanOrEqual,
        CondCC::Cc | CondCC::Mi => FloatCC::LessThan,
        CondCC::Vs => FloatCC::Unordered,
        CondCC::Vc => FloatCC::Ordered,
        CondCC::Hi => FloatCC::UnorderedOrGreaterThan,
        CondCC::Ls => FloatCC::LessThanOrEqual,
        CondCC::Ge => FloatCC::GreaterThanOrEqual,
        CondCC::Lt => FloatCC::UnorderedOrLessThan,
        CondCC::Gt => FloatCC::GreaterThan,
        CondCC::Le => FloatCC::UnorderedOrLessThanOrEqual,
    }
}
