//! Every form of every op that only computes, as a block of its own.

use crate::guest::{DESC, slot_of};
use isamorph_ir::op::{Effect, ImmKind, OPS, OpInfo, TyRule};
use isamorph_ir::verify::verify;
use isamorph_ir::{Builder, Op, Shape, Term, Ty, Value};

fn shapes() -> Vec<Shape> {
    let scalars = Ty::ALL.into_iter().map(Shape::Scalar);
    scalars.chain(Shape::VECTORS).chain([Shape::None]).collect()
}

/// Immediates worth trying for an op in a shape; the verifier drops those that are not allowed.
fn immediates(info: &OpInfo, shape: Shape, from: Shape) -> Vec<u128> {
    let lane = shape.elem().map_or(64, Ty::bits) as u128;
    match info.imm {
        ImmKind::None => vec![0],
        ImmKind::Flag => vec![0, 1],
        ImmKind::Index => {
            let mut all = vec![0, 1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 31, 32, 63, 64, lane - 1, lane];
            all.sort();
            all.dedup();
            all
        }
        ImmKind::IntCC => (0..11).collect(),
        ImmKind::FloatCC => (0..8).collect(),
        ImmKind::CondCC => (0..14).collect(),
        ImmKind::SignedShift => (0..16).collect(),
        ImmKind::Narrow => (0..4).collect(),
        ImmKind::Round => (0..7).collect(),
        ImmKind::FpRound => (0..32).collect(),
        ImmKind::FpConv => {
            let int = if info.op == Op::FToInt { shape } else { from };
            let width = int.elem().map_or(64, Ty::bits) as u128;
            let how = |round: u128, signed: u128, fbits: u128| round | signed << 4 | fbits << 8;
            let mut all = Vec::new();
            for round in 0..7 {
                for signed in 0..2 {
                    all.extend([0, 1, width / 2, width].map(|f| how(round, signed, f)));
                }
            }
            all
        }
        _ => vec![],
    }
}

fn pure(info: &OpInfo) -> bool {
    matches!(info.effect, Effect::Pure | Effect::Fp) && info.op != Op::Const
}

/// An op with its shapes and immediate.
pub struct Form {
    /// The op.
    pub op: Op,
    /// Its shape.
    pub shape: Shape,
    /// The shape that it converts from, else its own.
    pub from: Shape,
    /// Its immediate.
    pub imm: u128,
}

/// Every form that may exist of every op that only computes; [`block`] knows which do.
pub fn forms() -> Vec<Form> {
    let mut forms = Vec::new();
    for info in OPS.iter().filter(|i| pure(i)) {
        for shape in shapes().into_iter().filter(|s| info.shapes.allows(*s)) {
            let froms = if info.converts { shapes() } else { vec![shape] };
            for from in froms {
                for imm in immediates(info, shape, from) {
                    forms.push(Form { op: info.op, shape, from, imm });
                }
            }
        }
    }
    forms
}

/// The op between slots and a slot: argument slots of each type in their order, the result in the fourth of its type. `None` if
/// the verifier refuses the form.
pub fn block(form: &Form) -> Option<isamorph_ir::Block> {
    let info = form.op.info();
    let mut b = Builder::new(&DESC, 0x1000);
    b.insn(0x1000);
    let mut args = Vec::new();
    let mut counts = [0; 11];
    for rule in info.args {
        let ty = rule.resolve(form.shape, form.from)?;
        let n = &mut counts[ty as usize];
        args.push(b.get(slot_of(ty, *n)));
        *n += 1;
    }
    let rule_ok = info.result != TyRule::Nil;
    let mut places = [Value::NONE; 4];
    places[..args.len()].copy_from_slice(&args);
    let (op, shape, from, imm) = (form.op, form.shape, form.from, form.imm);
    b.block_mut().insts.push(isamorph_ir::Inst { op, shape, from, args: places, imm });
    let result = Value(b.block().insts.len() as u32 - 1);
    let ty = b.block().ty(result).filter(|_| rule_ok)?;
    b.put(slot_of(ty, 3), result);
    let mut block = b.finish(Term::goto(0x2000));
    block.len = 4;
    verify(&DESC, &block).is_ok().then_some(block)
}
