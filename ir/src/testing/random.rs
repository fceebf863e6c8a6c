//! Random well-typed blocks, drawn from the op table itself.
//!
//! A block is a sequence of guest instructions, each of which computes, then may access memory, then writes
//! registers: the order that rule V11 demands. Addresses are mostly near the test memory, constants mostly
//! edge values, arguments mostly recent values, so that operations meet each other's special cases.

use crate::block::{Block, Exception, Hint, Term, Wait};
use crate::contract::GuestDesc;
use crate::flags::CondCC;
use crate::inst::{
    Fence, FloatCC, FpConv, FpRound, Inst, IntCC, MemAttr, Narrow, Order, Prefetch, Rmw, RmwAttr,
    Round, SignedShift, Value,
};
use crate::op::{Effect, ImmKind, OPS, Op, OpInfo};
use crate::slot::Slot;
use crate::ty::{Shape, Ty};
use crate::verify::{index_range, verify_inst};

/// A small reproducible generator (xorshift64*).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() >> 33) as usize % n.max(1)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A number of `bits` bits that is often an edge value.
    pub fn edge(&mut self, bits: u32) -> u128 {
        let mask = if bits >= 128 { u128::MAX } else { (1 << bits) - 1 };
        let wide = (self.bits() as u128) << 64 | self.bits() as u128;
        let value = match self.below(10) {
            0 => 0,
            1 => mask,
            2 => 1,
            3 => 1 << (bits - 1),
            4 => mask >> 1,
            5 => self.below(256) as u128,
            6 => 1 << (wide as u32 % bits),
            // Lanes of ones and infinities.
            7 => 0x3f80_0000_7f80_0000_3ff0_0000_0000_0000,
            _ => wide,
        };
        value & mask
    }
}

/// What blocks to make.
#[derive(Clone, Debug)]
pub struct BlockConfig {
    /// Guest instructions.
    pub insns: usize,
    /// Values computed per guest instruction, at most.
    pub ops: usize,
    /// Ops that may be used besides slots, constants and marks.
    pub allowed: fn(Op) -> bool,
    /// Helpers may be called.
    pub helpers: bool,
    /// The address of the test memory, near which addresses lie.
    pub memory: u64,
}

impl Default for BlockConfig {
    fn default() -> BlockConfig {
        BlockConfig { insns: 6, ops: 6, allowed: |_| true, helpers: true, memory: 0x10000 }
    }
}

/// A random state: edge values in every slot, flags packed.
pub fn random_state(desc: &GuestDesc, random: &mut Random) -> Vec<u8> {
    let mut state = vec![0; desc.layout.size as usize];
    for (i, info) in desc.layout.slots.iter().enumerate() {
        let bits = if info.ty == Ty::Flags { 4 } else { info.ty.bits() };
        let value = random.edge(bits);
        desc.layout.write(&mut state, Slot(i as u16), value);
    }
    if random.one_in(2) {
        desc.layout.write(&mut state, desc.fp.control, 0);
    }
    state
}

/// A random block that passes the verifier.
pub fn random_block(desc: &'static GuestDesc, random: &mut Random, config: &BlockConfig) -> Block {
    let mut g = Generator { desc, random, config, block: Block::new(0x1000) };
    for i in 0..config.insns {
        g.guest_insn(0x1000 + 4 * i as u64);
    }
    g.block.len = 4 * config.insns as u32;
    g.block.term = g.terminal();
    g.block
}

struct Generator<'a> {
    desc: &'static GuestDesc,
    random: &'a mut Random,
    config: &'a BlockConfig,
    block: Block,
}

impl Generator<'_> {
    fn push(&mut self, op: Op, shape: Shape, from: Shape, args: &[Value], imm: u128) -> Value {
        let mut places = [Value::NONE; 4];
        places[..args.len()].copy_from_slice(args);
        self.block.insts.push(Inst { op, shape, from, args: places, imm });
        Value(self.block.insts.len() as u32 - 1)
    }

    fn guest_insn(&mut self, pc: u64) {
        self.push(Op::Insn, Shape::None, Shape::None, &[], pc as u128);
        self.block.guest_insns += 1;
        for _ in 0..1 + self.random.below(self.config.ops) {
            self.compute();
        }
        for _ in 0..1 + self.random.below(2) {
            self.write();
        }
    }

    /// One random op that is no slot access, mark or state-writing helper.
    fn compute(&mut self) {
        let info = *self.random.pick(OPS);
        let skipped = matches!(info.effect, Effect::WriteSlot | Effect::Mark)
            || info.op == Op::FpFlagsWrite
            // Seldom, or few blocks would be run to their end.
            || info.op == Op::ExitIf && !self.random.one_in(4)
            || !(self.config.allowed)(info.op);
        if skipped {
            return;
        }
        if info.effect == Effect::Helper {
            // Helpers that write slots come last in a guest instruction, or V11 would forbid what follows.
            return self.call(&info, false);
        }
        for _ in 0..20 {
            if let Some(inst) = self.candidate(&info)
                && verify_inst(self.desc, &inst).is_ok()
            {
                let args = self.arguments(&inst);
                self.push(inst.op, inst.shape, inst.from, &args, inst.imm);
                return;
            }
        }
    }

    /// The op in a random shape, with an immediate that decodes.
    fn candidate(&mut self, info: &OpInfo) -> Option<Inst> {
        let shape = self.shape();
        let from = if info.converts { self.shape() } else { shape };
        let mut inst = Inst { op: info.op, shape, from, args: [Value::NONE; 4], imm: 0 };
        if info.op == Op::Get {
            let slot = self.random.below(self.desc.layout.slots.len());
            inst.imm = slot as u128;
            inst.shape = self.desc.layout.slots[slot].ty.into();
            inst.from = inst.shape;
        } else {
            inst.imm = self.immediate(&inst);
        }
        Some(inst)
    }

    fn shape(&mut self) -> Shape {
        match self.random.below(8) {
            0..=2 => *self.random.pick(&[Shape::I32, Shape::I64]),
            3..=4 => (*self.random.pick(&Ty::ALL)).into(),
            5 if self.random.one_in(8) => Shape::None,
            _ => *self.random.pick(&Shape::VECTORS),
        }
    }

    fn arguments(&mut self, inst: &Inst) -> Vec<Value> {
        let info = inst.op.info();
        let memory = matches!(info.effect, Effect::Load | Effect::Store);
        let types: Vec<Ty> =
            info.args.iter().filter_map(|r| r.resolve(inst.shape, inst.from)).collect();
        let address = if inst.op == Op::CasIf { 1 } else { 0 };
        let mut args = Vec::new();
        for (k, &ty) in types.iter().enumerate() {
            let near = memory && k == address && !self.random.one_in(4);
            args.push(if near { self.address() } else { self.value(ty) });
        }
        args
    }

    fn address(&mut self) -> Value {
        let offset = match self.random.below(12) {
            0 => self.random.below(0x200),
            _ => self.random.below(12) * 8,
        };
        let addr = self.config.memory + offset as u64;
        self.push(Op::Const, Shape::I64, Shape::I64, &[], addr as u128)
    }

    /// A value of this type: an earlier one, or a new constant or register.
    fn value(&mut self, ty: Ty) -> Value {
        for _ in 0..6 {
            let n = self.block.insts.len();
            let back = if self.random.one_in(3) { n } else { n.min(12) };
            let v = Value((n - 1 - self.random.below(back)) as u32);
            if self.block.ty(v) == Some(ty) {
                return v;
            }
        }
        let shape = Shape::Scalar(ty);
        let slots = self.desc.layout.slots;
        let typed: Vec<_> = (0..slots.len()).filter(|&i| slots[i].ty == ty).collect();
        if !typed.is_empty() && (ty == Ty::Flags || self.random.one_in(2)) {
            let slot = *self.random.pick(&typed) as u128;
            return self.push(Op::Get, shape, shape, &[], slot);
        }
        let imm = self.random.edge(ty.bits().min(128));
        self.push(Op::Const, shape, shape, &[], imm)
    }

    fn immediate(&mut self, inst: &Inst) -> u128 {
        let r = &mut *self.random;
        let index = |r: &mut Random, n: usize| r.below(n) as u128;
        match inst.op.info().imm {
            ImmKind::None | ImmKind::Slot | ImmKind::Helper => 0,
            ImmKind::Pc => 0x3000,
            ImmKind::Const => r.edge(inst.shape.ty().map_or(1, |t| t.bits().min(128))),
            ImmKind::Index if inst.op == Op::RevLanes => *r.pick(&[16, 32, 64]),
            ImmKind::Index => {
                let range = index_range(inst);
                let count = (range.end() + 1).saturating_sub(*range.start());
                range.start() + index(r, count as usize)
            }
            ImmKind::IntCC => index(r, IntCC::ALL.len()),
            ImmKind::FloatCC => index(r, FloatCC::ALL.len()),
            ImmKind::CondCC => index(r, CondCC::ALL.len()),
            ImmKind::Mem => Self::mem(r).to_bits(),
            ImmKind::Rmw => RmwAttr { rmw: *r.pick(Rmw::ALL), mem: Self::mem(r) }.to_bits(),
            ImmKind::Fence => index(r, Fence::ALL.len()),
            ImmKind::Prefetch => index(r, Prefetch::ALL.len()),
            ImmKind::FpConv => {
                let fbits = if r.one_in(2) { 0 } else { r.below(33) as u8 };
                let round = *r.pick(Round::ALL);
                FpConv { round, signed: r.one_in(2), fbits }.to_bits()
            }
            ImmKind::FpRound => {
                FpRound { round: *r.pick(Round::ALL), exact: r.one_in(2) }.to_bits()
            }
            ImmKind::Round => index(r, Round::ALL.len()),
            ImmKind::SignedShift => SignedShift::from_bits(index(r, 16)).map_or(0, |s| s.to_bits()),
            ImmKind::Narrow => index(r, Narrow::ALL.len()),
            ImmKind::Flag => index(r, 2),
        }
    }

    fn mem(r: &mut Random) -> MemAttr {
        if r.one_in(2) {
            return MemAttr::PLAIN;
        }
        let order = *r.pick(Order::ALL);
        MemAttr { big_endian: r.one_in(4), ..MemAttr::ordered(order) }
    }

    fn call(&mut self, info: &OpInfo, writes: bool) {
        let wanted = |h: &&crate::contract::HelperDef| {
            h.ret.is_some() == (info.op == Op::Call) && h.effects.writes.is_empty() != writes
        };
        let fitting: Vec<_> = self.desc.helpers.iter().filter(wanted).collect();
        if fitting.is_empty() || !self.config.helpers {
            return;
        }
        let helper = *self.random.pick(&fitting);
        let id = self.desc.helpers.iter().position(|h| std::ptr::eq(h, helper)).unwrap_or(0);
        let mut args = Vec::new();
        for &ty in helper.args {
            let near = helper.effects.memory && ty == Ty::I64;
            args.push(if near { self.address() } else { self.value(ty) });
        }
        let shape = helper.ret.map_or(Shape::None, Shape::Scalar);
        self.push(info.op, shape, shape, &args, id as u128);
    }

    /// Writes a register, once in a while by a helper or to the cumulative flags.
    fn write(&mut self) {
        match self.random.below(12) {
            0 if self.config.helpers => {
                // One that touches memory may fault: only where nothing was written before.
                let fresh = !matches!(
                    self.block.insts.last().map(|i| i.op),
                    Some(Op::Put | Op::FpFlagsWrite | Op::Call | Op::CallNil)
                );
                let op = if fresh { Op::CallNil } else { Op::Call };
                self.call(op.info(), true);
            }
            1 if (self.config.allowed)(Op::FpFlagsWrite) => {
                let v = self.value(Ty::I32);
                self.push(Op::FpFlagsWrite, Shape::I32, Shape::I32, &[v], 0);
            }
            _ => {
                let slot = self.random.below(self.desc.layout.slots.len());
                let ty = self.desc.layout.slots[slot].ty;
                let v = self.value(ty);
                self.push(Op::Put, ty.into(), ty.into(), &[v], slot as u128);
            }
        }
    }

    fn terminal(&mut self) -> Term {
        let next = 0x2000;
        match self.random.below(12) {
            0..=3 => {
                let cond = self.value(Ty::I1);
                Term::Branch { cond, then: 0x1000, other: next }
            }
            4 => {
                let hint = *self.random.pick(&[Hint::Jump, Hint::Call { ret: 8 }, Hint::Return]);
                Term::Indirect { target: self.value(Ty::I64), hint }
            }
            5 => Term::Syscall { imm: self.random.bits(), next },
            6 => {
                let all = [
                    Exception::Breakpoint(7),
                    Exception::Undefined(0),
                    Exception::Unimplemented { class: "some class", bytes: 1 },
                    Exception::Fetch,
                    Exception::Privileged(3),
                    Exception::BranchTarget,
                    Exception::StackAlign,
                ];
                Term::Exception { pc: 0x1004, exception: self.random.pick(&all).clone() }
            }
            7 => {
                let waits = [Wait::Interrupt, Wait::Event, Wait::Yield];
                Term::Wait { wait: *self.random.pick(&waits), next }
            }
            8 => Term::Goto { pc: next, ret: Some(0x1018), sync: self.random.one_in(2) },
            _ => Term::goto(next),
        }
    }
}
