//! Lowering of a region's IR to CLIF: one function, one Cranelift variable per slot.
//!
//! Way of the data: `Graph, Plan →` **CLIF** `→ Cranelift`. This module walks the blocks and hands every op to
//! the module of its kind; the match on [`Op`] is exhaustive, so that a new op without a lowering does not
//! compile.
//!
//! Invariants:
//! - Values of `V128` have any 128-bit vector type in CLIF and are cast where they are used; `F16` is an `I16`;
//!   `I1` is an `I8` holding 0 or 1; flags are symbolic ([`flags::Fl`]).
//! - The results of 64-bit arrangements have a zero upper half.
//!
//! # Ops evaluated by the reference
//! [`crate::helpers::eval`] stands in for what has no host sequence (a call that keeps all registers, some
//! 50 ns). See [`vec`] and [`fp`] for which ops these are.

mod call;
mod chain;
mod control;
mod fault_exit;
mod flags;
mod fp;
mod fp_convert;
mod fp_step;
mod half;
mod int;
mod intrinsic;
mod lanes;
mod mem;
mod shift;
mod vec;

use crate::blob::FixupKind;
use crate::compiler::CompileOptions;
use crate::graph::Graph;
use crate::patch;
use crate::plan::{FlagsHome, Plan, SlotSet};
use crate::views::{View, Views};
use chain::Chain;
use cranelift_codegen::ir::types::{F32, F64, I8, I8X16, I16, I32, I64, I128};
use cranelift_codegen::ir::{self, AliasRegionData, InstBuilder, MemFlagsData, TrapCode, Type};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use flags::Fl;
use isamorph_ir::{Block, Exception, GuestDesc, Inst, Op, Shape, Slot, Ty, Value};

/// Accesses to guest memory carry trap code 1 + (number of the guest instruction mod this), and so much more if they have
/// a fault exit.
pub(crate) const TRAP_CODES: usize = 100;
/// Trap code of the never-reached `ud2` behind an exit.
const TRAP_AFTER_EXIT: TrapCode = TrapCode::unwrap_user(2 * TRAP_CODES as u8 + 1);

/// Does an access with this trap code have a fault exit?
pub(crate) fn is_guarded(code: TrapCode) -> bool {
    (TRAP_CODES + 1..=2 * TRAP_CODES).contains(&(code.as_raw().get() as usize))
}

/// What the finisher needs besides the machine code.
#[derive(Debug, Default)]
pub(crate) struct Lowered {
    /// Guest addresses of the entries by number.
    pub(crate) entries: Vec<u64>,
    /// Direct exits by number, each with where the inlined callees that it lies in return to.
    pub(crate) direct_exits: Vec<(FixupKind, Vec<u64>)>,
    /// Calls by register: the guest address of the branch, the one that it returns to, and the same.
    pub(crate) calls: Vec<(u64, u64, Vec<u64>)>,
    /// Exceptions by number.
    pub(crate) exceptions: Vec<Exception>,
    /// Guest instructions' addresses; source location = index + 1.
    pub(crate) insn_pcs: Vec<u64>,
    /// Some instruction is to be patched ([`crate::patch`]).
    pub(crate) patched: bool,
    /// Stand-ins of rotations ([`crate::rotate`]).
    pub(crate) rotations: usize,
    /// Branches of fault exits ([`crate::fault_exits`]).
    pub(crate) fault_exits: usize,
}

/// The external functions that stand for exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// Direct exit, by number.
    Direct,
    /// Jump to the address in the second argument.
    Jump,
    /// Leave compiled code.
    Exit,
    /// Look the guest address in the second argument up.
    Lookup,
    /// Call the guest address in the second argument, by number.
    Call,
    /// Return to the guest address in the second argument.
    Return,
    /// Room for the code of the exit before.
    Room,
}

impl Marker {
    pub(crate) fn from_namespace(n: u32) -> Option<Marker> {
        use Marker::*;
        [Direct, Jump, Exit, Lookup, Call, Return, Room].get(n as usize).copied()
    }
}

/// A lowered IR value.
#[derive(Clone, Debug)]
enum Val {
    None,
    Value(ir::Value),
    Flags(Fl),
    /// The same as another value.
    Alias(Value),
    /// A scalar widened by zeros; made where the vector is needed.
    Lazy,
}

/// Variables of a flags slot.
#[derive(Clone, Copy, Debug)]
struct FlagVars {
    /// What set them ([`isamorph_ir::flags::FlagsKind`]), where that is not known at compile time.
    kind: Variable,
    /// Operands, zero-extended.
    a: Variable,
    b: Variable,
}

/// The current flags of a slot inside a block.
#[derive(Clone, Debug)]
enum FlagsNow {
    /// As at the block's begin.
    AtBegin(FlagsHome),
    /// The same, read into values.
    Read(FlagsHome, Fl),
    /// Set in this block.
    Set(Fl),
}

/// For what code is made.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) frontend_config: TargetFrontendConfig,
    pub(crate) desc: &'static GuestDesc,
    /// The host has fused multiply-add.
    pub(crate) fma: bool,
    /// The host rotates the lanes of vectors.
    pub(crate) rotates: bool,
}

struct Lower<'a, 'b> {
    b: FunctionBuilder<'b>,
    target: Target,
    desc: &'static GuestDesc,
    graph: &'a Graph<'a>,
    plan: &'a Plan,
    views: &'a Views,
    opts: &'a CompileOptions<'a>,
    /// The vCPU area's address.
    area: ir::Value,
    /// Accesses to the area.
    area_mem: MemFlagsData,
    /// Accesses to guest memory, without trap code.
    guest_mem: MemFlagsData,
    vars: Vec<Option<Variable>>,
    flag_vars: Vec<FlagVars>,
    blocks: Vec<ir::Block>,
    /// Where the ways into the innermost loop that a block heads meet: what the loop does not write needs no
    /// merging at its head.
    before_loops: Vec<Option<ir::Block>>,
    /// Ways that close a cycle, not filled yet: the way's block, and the region's block that it leads to.
    ways: Vec<(ir::Block, usize)>,
    out: Lowered,

    // Of the block that is being lowered
    node: usize,
    block: &'a Block,
    waiting: &'a [u64],
    vals: Vec<Val>,
    /// What [`Lower::table_index`] made in this block, by the indices.
    table_indices: Vec<(Value, ir::Value)>,
    chain: Chain,
    /// Slots whose state is zero above their view.
    zeroed: SlotSet,
    /// Not zero where code is emitted that not every way passes.
    cold: u32,
    /// Of a load that is only used by an extension: that extension.
    extended: Vec<Option<Value>>,
    sha256_rounds: Option<intrinsic::Sha256Rounds>,
    dirty: SlotSet,
    flags: Vec<FlagsNow>,
    pc: u64,
}

/// Lowers a region into an empty function.
pub(crate) fn region(
    func: &mut ir::Function,
    context: &mut FunctionBuilderContext,
    target: Target,
    graph: &Graph<'_>,
    plan: &Plan,
    opts: &CompileOptions<'_>,
) -> Lowered {
    let views = Views::new(target.desc, graph, plan, opts);
    let desc = target.desc;
    let many = graph.entries.len() > 1;
    func.signature = ir::Signature::new(CallConv::Winch);
    func.signature.params.push(ir::AbiParam::new(I64));
    if many {
        func.signature.params.push(ir::AbiParam::new(I64));
    }
    let mut alias = |user_id, description: &'static str| {
        let data = AliasRegionData { user_id, description: description.into() };
        Some(func.dfg.alias_regions.insert(data))
    };
    let area_region = alias(1, "area");
    let guest_region = alias(2, "guest");
    let mut b = FunctionBuilder::new(func, context);
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    b.switch_to_block(start);
    b.seal_block(start);
    let area = b.block_params(start)[0];
    let blocks = graph.blocks.iter().map(|_| b.create_block()).collect();
    let heads = graph.loops.iter().map(|l| l.as_ref().map(|_| b.create_block()));
    let before_loops = heads.collect();
    let flag_vars = plan
        .flags
        .iter()
        .map(|_| FlagVars {
            kind: b.declare_var(I64),
            a: b.declare_var(I64),
            b: b.declare_var(I64),
        })
        .collect();
    let mut l = Lower {
        b,
        target,
        desc,
        graph,
        plan,
        views: &views,
        opts,
        area,
        area_mem: MemFlagsData::trusted().with_alias_region(area_region),
        guest_mem: MemFlagsData::new().with_alias_region(guest_region),
        vars: vec![None; desc.layout.slots.len()],
        flag_vars,
        blocks,
        before_loops,
        ways: Vec::new(),
        out: Lowered::default(),
        node: graph.entries[0],
        block: graph.blocks[graph.entries[0]],
        waiting: &[],
        vals: Vec::new(),
        table_indices: Vec::new(),
        chain: Chain::default(),
        zeroed: SlotSet::default(),
        cold: 0,
        extended: Vec::new(),
        sha256_rounds: None,
        dirty: SlotSet::default(),
        flags: Vec::new(),
        pc: 0,
    };
    l.entries(start);
    for i in 0..graph.blocks.len() {
        l.lower_block(i);
    }
    l.b.seal_all_blocks();
    l.b.finalize(target.frontend_config);
    l.out
}

/// The CLIF type of a value (`V128`: as variables hold it).
fn clif(ty: Ty) -> Type {
    match ty {
        Ty::I1 | Ty::I8 => I8,
        Ty::I16 | Ty::F16 => I16,
        Ty::I32 => I32,
        Ty::I64 | Ty::Flags => I64,
        Ty::I128 => I128,
        Ty::F32 => F32,
        Ty::F64 => F64,
        Ty::V128 => I8X16,
    }
}

impl Lower<'_, '_> {
    fn lower_block(&mut self, i: usize) {
        let plan = self.plan;
        let block = self.graph.blocks[i];
        (self.node, self.block) = (i, block);
        self.waiting = &self.graph.succ[i].waiting;
        if let Some(before) = self.before_loops[i] {
            self.b.switch_to_block(before);
            self.b.ins().jump(self.blocks[i], &[]);
        }
        self.b.switch_to_block(self.blocks[i]);
        self.vals.clear();
        self.table_indices.clear();
        self.vals.resize(block.insts.len(), Val::None);
        self.extended = mem::extended_loads(block);
        self.sha256_rounds = None;
        self.dirty = plan.blocks[i].dirty_in;
        self.flags = plan.blocks[i].homes.iter().map(|h| FlagsNow::AtBegin(*h)).collect();
        self.at_insn(block.pc);
        self.chain = Chain::of_block(block);
        self.zeroed = self.views.zeroed_in[i];
        self.look_at_target(i);
        for (n, inst) in block.insts.iter().enumerate() {
            self.chain.at = n;
            self.vals[n] = self.lower_inst(n, inst);
        }
        self.chain.at = block.insts.len();
        self.settle();
        self.publish_flags(i);
        self.lower_term(i);
    }

    /// The guest instruction at this address begins.
    fn at_insn(&mut self, pc: u64) {
        self.pc = pc;
        if self.out.insn_pcs.last() != Some(&pc) {
            self.out.insn_pcs.push(pc);
        }
        self.b.set_srcloc(patch::source_loc(self.out.insn_pcs.len() as u32, None));
    }

    fn lower_inst(&mut self, n: usize, inst: &Inst) -> Val {
        let [a, b, c, d] = inst.args;
        let value = match inst.op {
            Op::Insn => {
                self.at_insn(inst.imm as u64);
                return Val::None;
            }
            Op::ExitIf => {
                self.exit_if(a, inst.imm as u64);
                return Val::None;
            }
            Op::Const => self.constant(inst.shape, inst.imm),
            Op::Get if inst.shape == Shape::FLAGS => {
                return Val::Flags(self.read_flags(Slot(inst.imm as u16)));
            }
            Op::Get => self.get(Slot(inst.imm as u16)),
            Op::Put => {
                self.put(Slot(inst.imm as u16), a);
                return Val::None;
            }

            Op::FlagsAdd | Op::FlagsSub | Op::FlagsAdc | Op::FlagsLogic | Op::FlagsPack => {
                return Val::Flags(self.set_flags(inst));
            }
            Op::FlagsFCmp => return Val::Flags(self.flags_fcmp(inst)),
            Op::FlagsSel => return Val::Flags(self.select_flags(a, b, c)),
            Op::Select if inst.shape == Shape::FLAGS => {
                return Val::Flags(self.select_flags(a, b, c));
            }
            Op::FlagsBits => {
                let nibble = self.nibble(&self.fl(a));
                self.b.ins().ireduce(I32, nibble)
            }
            Op::Cond => self.condition(inst),

            Op::Load => self.load(n, inst),
            Op::Store => {
                self.store(n, inst);
                return Val::None;
            }
            Op::AtomicRmw => self.atomic_rmw(inst),
            Op::AtomicCas => self.atomic_cas(inst, a, b, c),
            Op::CasIf => self.cas_if(inst, a, b, c, d),
            Op::PrefetchOp => {
                self.prefetch(inst);
                return Val::None;
            }
            Op::FenceOp => {
                self.fence(inst);
                return Val::None;
            }

            Op::Call | Op::CallNil => {
                let result = self.call_helper(inst);
                self.views.zero(self.desc, inst, &mut self.zeroed);
                return result.map_or(Val::None, Val::Value);
            }

            Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Neg
            | Op::Abs
            | Op::And
            | Op::Or
            | Op::Xor
            | Op::AndNot
            | Op::Not
            | Op::BitSel
            | Op::ShlI
            | Op::LShrI
            | Op::AShrI
            | Op::Clz
            | Op::Ctz
            | Op::Cls
            | Op::Popcnt
            | Op::BitRev
            | Op::ICmp
            | Op::SMin
            | Op::SMax
            | Op::UMin
            | Op::UMax
            | Op::SAddSat
            | Op::UAddSat
            | Op::SSubSat
            | Op::USubSat => match inst.shape.is_vector() {
                true => self.vec_int(inst),
                false => self.int(inst),
            },
            Op::UMulHi
            | Op::SMulHi
            | Op::UDiv
            | Op::SDiv
            | Op::Shl
            | Op::LShr
            | Op::AShr
            | Op::Rotr
            | Op::RotrI
            | Op::Bswap
            | Op::Zext
            | Op::Sext
            | Op::Trunc
            | Op::Bitcast
            | Op::Concat
            | Op::Hi64 => self.int(inst),
            Op::Select => self.select(inst),

            Op::ZextLane => return Val::Lazy,
            Op::Extract if self.is_lane_of(inst).is_some() => {
                return Val::Alias(self.is_lane_of(inst).expect("just seen"));
            }
            Op::Splat
            | Op::Extract
            | Op::Insert
            | Op::Lo64
            | Op::Zip1
            | Op::Zip2
            | Op::Uzp1
            | Op::Uzp2
            | Op::Trn1
            | Op::Trn2
            | Op::Ext
            | Op::RevLanes
            | Op::Tbl
            | Op::WidenLo
            | Op::WidenHi
            | Op::NarrowOp => self.vec_lanes(inst),
            Op::ShiftBySigned
            | Op::URShrI
            | Op::SRShrI
            | Op::SAvg
            | Op::UAvg
            | Op::SHSub
            | Op::UHSub
            | Op::SAbd
            | Op::UAbd
            | Op::SQDMulHi
            | Op::PMul
            | Op::ReduceAdd
            | Op::ReduceSMax
            | Op::ReduceSMin
            | Op::ReduceUMax
            | Op::ReduceUMin => self.vec_int(inst),

            Op::FAdd
            | Op::FSub
            | Op::FMul
            | Op::FMulX
            | Op::FDiv
            | Op::FSqrt
            | Op::FMulAdd
            | Op::FMin
            | Op::FMax
            | Op::FMinNum
            | Op::FMaxNum
            | Op::FAbs
            | Op::FNeg
            | Op::FRecipEst
            | Op::FRsqrtEst
            | Op::FRecipStep
            | Op::FRsqrtStep
            | Op::FRecipExp
            | Op::FCmp
            | Op::FCvt
            | Op::FToInt
            | Op::IntToF
            | Op::FRound => self.fp(inst),
            Op::FpFlagsRead => self.fp_flags_read(),
            Op::FpFlagsWrite => {
                self.fp_flags_write(a);
                return Val::None;
            }
        };
        Val::Value(value)
    }

    /// The CLIF value of an IR value that is not flags.
    fn v(&mut self, v: Value) -> ir::Value {
        self.settle_for(v);
        let v = self.behind(v);
        match &self.vals[v.index()] {
            Val::Value(x) => *x,
            Val::Lazy => {
                let inst = self.block.insts[v.index()];
                let a = self.v(inst.args[0]);
                let wide = self.zext_lane(inst.shape, a);
                if self.cold == 0 {
                    self.vals[v.index()] = Val::Value(wide);
                }
                wide
            }
            other => panic!("{v:?} is {other:?} in the block at {:#x}", self.block.pc),
        }
    }

    /// The flags of an IR value.
    fn fl(&self, v: Value) -> Fl {
        match &self.vals[v.index()] {
            Val::Flags(f) => f.clone(),
            other => panic!("{v:?} is {other:?} in the block at {:#x}", self.block.pc),
        }
    }

    /// The constant that an IR value is, if it is one.
    fn const_of(&self, v: Value) -> Option<u128> {
        let inst = &self.block.insts[v.index()];
        (inst.op == Op::Const).then_some(inst.imm)
    }

    fn type_of(&self, v: ir::Value) -> Type {
        self.b.func.dfg.value_type(v)
    }

    /// The same bits as another type of the same width.
    fn cast(&mut self, ty: Type, v: ir::Value) -> ir::Value {
        if self.type_of(v) == ty {
            return v;
        }
        let little = MemFlagsData::new().with_endianness(ir::Endianness::Little);
        self.b.ins().bitcast(ty, little, v)
    }

    fn offset(&self, slot: Slot) -> i32 {
        self.desc.layout.info(slot).offset as i32
    }

    /// The type of a slot's variable.
    fn var_type(&self, slot: Slot) -> Type {
        match (self.desc.layout.info(slot).ty, self.views.of(slot)) {
            (Ty::V128, View::Double) => F64,
            (Ty::V128, View::Single) => F32,
            (ty, _) => clif(ty),
        }
    }

    fn var(&mut self, slot: Slot) -> Variable {
        if let Some(v) = self.vars[slot.0 as usize] {
            return v;
        }
        let v = self.b.declare_var(self.var_type(slot));
        self.vars[slot.0 as usize] = Some(v);
        v
    }

    fn load_area(&mut self, ty: Type, offset: usize) -> ir::Value {
        self.b.ins().load(ty, self.area_mem, self.area, offset as i32)
    }

    fn store_area(&mut self, value: ir::Value, offset: usize) {
        self.b.ins().store(self.area_mem, value, self.area, offset as i32);
    }

    /// Loads a slot from the state into its variable.
    fn load_slot(&mut self, slot: Slot) {
        let var = self.var(slot);
        let value = self.load_area(self.var_type(slot), self.offset(slot) as usize);
        self.b.def_var(var, value);
    }

    fn get(&mut self, slot: Slot) -> ir::Value {
        if self.plan.in_memory.contains(slot) {
            let ty = clif(self.desc.layout.info(slot).ty);
            return self.load_area(ty, self.offset(slot) as usize);
        }
        if self.is_put_off(slot) {
            self.settle();
        }
        let var = self.var(slot);
        self.b.use_var(var)
    }

    fn put(&mut self, slot: Slot, value: Value) {
        if let Some(f) = self.plan.flags_index(slot) {
            self.put_flags(f, value);
            self.dirty.insert(slot);
            return;
        }
        if self.plan.in_memory.contains(slot) {
            let value = self.v(value);
            return self.store_area(value, self.offset(slot) as usize);
        }
        self.dirty.insert(slot);
        if self.views.eager.contains(slot) {
            self.zero_above(slot);
        }
        if !self.put_off(slot, value) {
            self.put_now(slot, value);
        }
    }

    /// Sets a slot's variable.
    fn put_now(&mut self, slot: Slot, value: Value) {
        let ty = self.var_type(slot);
        let var = self.var(slot);
        let value = match self.views.of(slot) {
            View::Full => self.v(value),
            View::Double | View::Single => {
                let inst = self.block.insts[value.index()];
                match inst.op {
                    Op::ZextLane => self.v(inst.args[0]),
                    _ if ty == F32 => self.b.ins().f32const(0.0),
                    _ => self.b.ins().f64const(0.0),
                }
            }
        };
        let value = self.cast(ty, value);
        self.b.def_var(var, value);
    }

    /// Stores zeros above the view of a slot, unless they are known to be there.
    fn zero_above(&mut self, slot: Slot) {
        let view = self.views.of(slot);
        if view == View::Full || self.zeroed.contains(slot) {
            return;
        }
        if self.cold == 0 {
            self.zeroed.insert(slot);
        }
        let at = self.offset(slot) as usize;
        let zero = self.b.ins().iconst(I64, 0);
        self.store_area(zero, at + 8);
        if view == View::Single {
            let zero = self.b.ins().iconst(I32, 0);
            self.store_area(zero, at + 4);
        }
    }

    /// Stores these slots to the state.
    fn store_slots(&mut self, slots: SlotSet) {
        for slot in slots.iter() {
            if let Some(f) = self.plan.flags_index(slot) {
                self.store_flags(f);
            } else {
                let var = self.var(slot);
                let value = self.b.use_var(var);
                self.store_area(value, self.offset(slot) as usize);
                // At the eager ones' writes this was done already.
                if !self.views.eager.contains(slot) {
                    self.zero_above(slot);
                }
            }
        }
    }

    /// Stores every dirty slot; the state is exact from here on.
    fn flush(&mut self) {
        self.settle();
        self.store_slots(self.dirty);
        self.dirty = SlotSet::default();
    }

    /// Emits a rarely taken way out if `condition` is not zero; goes on where it is zero.
    fn cold_exit(&mut self, condition: ir::Value, exit: impl FnOnce(&mut Self)) {
        self.settle();
        let cold = self.b.create_block();
        let on = self.b.create_block();
        self.b.set_cold_block(cold);
        self.b.ins().brif(condition, cold, &[], on, &[]);
        self.b.switch_to_block(cold);
        self.b.seal_block(cold);
        let (dirty, flags) = (self.dirty, self.flags.clone());
        self.cold += 1;
        exit(self);
        self.cold -= 1;
        (self.dirty, self.flags) = (dirty, flags);
        self.b.switch_to_block(on);
        self.b.seal_block(on);
    }
}
