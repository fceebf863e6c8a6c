//! Functions that generated code calls through the stubs of [`crate::abi`].
//!
//! Invariant: they run with the host's MXCSR (except [`nzcv`], which uses no floating point) and touch the
//! guest's state only as declared.

use crate::abi::{VcpuArea, unpack_op};
use isamorph_ir::flags::FlagsVal;
use isamorph_ir::op::Effect;
use isamorph_ir::{Op, Ty, interp};

/// NZCV of a flags record.
///
/// # Safety
/// `record` points to a record in the state of the running vCPU.
pub(crate) unsafe extern "C" fn nzcv(record: *const [u64; 3]) -> u64 {
    // SAFETY: generated code passes the address of a flags slot in its own area.
    FlagsVal::from_record(unsafe { *record }).nzcv() as u64
}

/// Evaluates one op by the reference over `scratch`; the usual [`crate::abi::Callbacks::eval`].
///
/// # Safety
/// `area` is the running vCPU's; `packed` comes from [`crate::abi::pack_op`].
pub unsafe extern "C" fn eval(area: *mut VcpuArea, packed: u64) {
    // SAFETY: the vCPU's thread is the only user of its area, except for the poll word, an atomic.
    let area = unsafe { &mut *area };
    let Some(inst) = unpack_op(packed) else { return };
    let desc = area.engine.desc;
    let info = inst.op.info();
    let mut args = area.engine.scratch;
    for (arg, rule) in args.iter_mut().zip(info.args) {
        *arg &= mask(rule.resolve(inst.shape, inst.from));
    }
    area.engine.scratch[0] = match info.effect {
        Effect::Fp => {
            let (op, shape, from) = (inst.op, inst.shape, inst.from);
            interp::fp::eval(desc, op, shape, from, inst.imm, &args, &mut area.guest)
        }
        Effect::Pure if !matches!(inst.op, Op::Const) => {
            interp::int::eval(inst.op, inst.shape, inst.from, inst.imm, &args)
        }
        _ => 0,
    };
}

fn mask(ty: Option<Ty>) -> u128 {
    match ty.map_or(128, Ty::bits) {
        bits @ 0..128 => (1 << bits) - 1,
        _ => u128::MAX,
    }
}
