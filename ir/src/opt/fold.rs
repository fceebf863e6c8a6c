//! Constant folding, by the interpreter's own evaluation.

use super::rewrite::{Found, Rewriter, constant};
use crate::inst::{Inst, Value};
use crate::interp::int;
use crate::op::{Op, TyRule};
use crate::ty::Ty;

/// A pure operation on constants is a constant. Operations on flags are judged in [`super::flags`].
pub(super) fn rule(rw: &mut Rewriter, inst: &Inst) -> Option<Found> {
    let info = inst.op.info();
    let flags = TyRule::Is(Ty::Flags);
    if inst.op == Op::Const || info.result == flags || info.args.contains(&flags) {
        return None;
    }
    let mut args = [0; 4];
    for (place, &v) in args.iter_mut().zip(&inst.args) {
        if v != Value::NONE {
            *place = rw.constant(v)?;
        }
    }
    let ty = info.result.resolve(inst.shape, inst.from)?;
    let bits = int::eval(inst.op, inst.shape, inst.from, inst.imm, &args);
    Some(Found::Inst(constant(ty, bits)))
}
