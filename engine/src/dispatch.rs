//! Where compiled code calls the engine: unlinked exits, unknown indirect branches, helpers, reference operations.
//!
//! These functions run on the vCPU's thread, inside of [`abi::enter`]. They touch the vCPU only through its area;
//! what they leave to the dispatcher they record there before they return the exit stub as the place to go on.

use crate::baseline::{Arrival, Found};
use crate::cache::map::Key;
use crate::engine::Engine;
use crate::mem::user::UserMemory;
use isamorph_backend_abi::abi::{Callbacks, ExitReason, VcpuArea};
use isamorph_backend_abi::helpers;
use isamorph_backend_abi::slot::Prediction;
use isamorph_ir::HelperFn;
use isamorph_ir::contract::{HelperCx, MemTrap};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

thread_local! {
    /// The access that made the last context helper fail.
    static HELPER_TRAP: Cell<Option<MemTrap>> = const { Cell::new(None) };
}

/// Takes the record of a failed access of a helper, if the last exit was one.
pub(crate) fn take_helper_trap() -> Option<MemTrap> {
    HELPER_TRAP.take()
}

/// Mispredictions that any prediction of a branch outlives at most: a branch with many targets is asked for seldom.
const MOST_PATIENCE: u32 = 1 << 20;

/// The table that regions call through.
pub(crate) const CALLBACKS: Callbacks =
    Callbacks { link, lookup, lookup_return, mispredicted, hot, context_helper: context, eval };

/// The engine of the vCPU with this area.
///
/// # Safety
/// `area` is the area of a vCPU that runs on this thread; it is not otherwise borrowed while the result lives.
unsafe fn owner<'a>(area: *mut VcpuArea) -> (&'a mut VcpuArea, &'a Engine) {
    // SAFETY: `Vcpu::new` sets the owner to its engine, which the vCPU keeps alive.
    unsafe { (&mut *area, &*(*area).engine.owner.cast::<Engine>()) }
}

/// The same engine as its vCPUs hold it.
///
/// # Safety
/// As for [`owner`].
unsafe fn shared_owner(area: *mut VcpuArea) -> Arc<Engine> {
    // SAFETY: the owner is an `Arc` that the vCPU holds.
    unsafe {
        let engine = (*area).engine.owner.cast::<Engine>().cast_const();
        Arc::increment_strong_count(engine);
        Arc::from_raw(engine)
    }
}

/// The host address that an access at this one, which the host refuses, is to be made at. If that is another one,
/// compiled code clears the ignored bits itself from then on. For the signal handler.
///
/// # Safety
/// `area` is the area of the vCPU whose compiled code this thread was in.
pub(crate) unsafe fn without_ignored_bits(area: *mut VcpuArea, addr: u64) -> u64 {
    // SAFETY: as this function demands; the engine's words used here are atomics and never written by others.
    let (poll, engine) = unsafe {
        (&*std::ptr::addr_of!((*area).engine.poll), &*(*area).engine.owner.cast::<Engine>())
    };
    let base = engine.config.guest_base;
    let clean = engine.desc.without_ignored_bits(addr.wrapping_sub(base)).wrapping_add(base);
    if clean != addr {
        engine.clear_ignored_bits();
        poll.store(1, Ordering::Release);
    }
    clean
}

/// The fault exit of the access at this host address in compiled code, if it has one. For the signal handler, which
/// interrupted compiled code and therefore no one who holds the cache's lock on this thread.
///
/// # Safety
/// `area` is the area of the vCPU whose compiled code this thread was in.
pub(crate) unsafe fn fault_exit(area: *mut VcpuArea, host_pc: u64) -> Option<u64> {
    // SAFETY: as this function demands; the owner is never written while the vCPU lives.
    let engine = unsafe { &*(*area).engine.owner.cast::<Engine>() };
    engine.cache()?.code.fault_exit(host_pc)
}

/// Leaves compiled code: the dispatcher goes on at `pc`.
fn to_dispatcher(area: &mut VcpuArea, pc: u64) -> u64 {
    leave(area, pc, ExitReason::Dispatch)
}

/// Leaves compiled code at `pc` for this reason.
fn leave(area: &mut VcpuArea, pc: u64, reason: ExitReason) -> u64 {
    let layout = &area.engine.desc.layout;
    layout.write(&mut area.guest, layout.pc, pc as u128);
    area.engine.exit_reason = reason as u32;
    area.engine.stubs.exit as usize as u64
}

unsafe extern "C" fn link(area: *mut VcpuArea, slot: u64) -> u64 {
    // SAFETY: called by compiled code of this area's vCPU.
    let (area, engine) = unsafe { owner(area) };
    match engine.code_behind(slot as u32) {
        // Placing code links every exit to it.
        Some((_, Found::Code(code))) => {
            engine.counters.links.add_alone(1);
            code
        }
        Some((key, Found::First)) => leave(area, key.pc, ExitReason::First),
        Some((key, Found::None)) => to_dispatcher(area, key.pc),
        // A slot that no exit was made with: nothing to go on with but the dispatcher's own pc.
        None => {
            area.engine.exit_reason = ExitReason::Dispatch as u32;
            area.engine.stubs.exit as usize as u64
        }
    }
}

unsafe extern "C" fn lookup(area: *mut VcpuArea, pc: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { look_up(area, pc, Arrival::Head) }
}

unsafe extern "C" fn lookup_return(area: *mut VcpuArea, pc: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { look_up(area, pc, Arrival::Return) }
}

unsafe extern "C" fn mispredicted(
    area: *mut VcpuArea,
    pc: u64,
    prediction: *mut Prediction,
) -> u64 {
    // SAFETY: the caller's promise; a prediction lies where slots do as long as code that names it runs.
    let (code, engine, prediction) =
        unsafe { (look_up(area, pc, Arrival::Head), shared_owner(area), &*prediction) };
    // SAFETY: the caller's promise.
    let mode = unsafe { engine.frontend.mode(&(*area).guest).lasting() };
    if !engine.config.chain {
        return code;
    }
    engine.mispredicted(Key { pc: prediction.site, mode }, pc);
    if let Some(slot) = engine.share(Key { pc, mode }) {
        prediction.slot.store(slot, Ordering::Release);
    }
    let patience = prediction.next.load(Ordering::Relaxed);
    prediction.patience.store(patience as i32, Ordering::Relaxed);
    prediction.next.store((2 * patience).min(MOST_PATIENCE), Ordering::Relaxed);
    code
}

/// # Safety
/// Called by compiled code of this area's vCPU.
unsafe fn look_up(area: *mut VcpuArea, pc: u64, arrival: Arrival) -> u64 {
    // SAFETY: the caller's promise.
    let (area, engine) = unsafe { owner(area) };
    engine.counters.lookups.add_alone(1);
    let from = pc;
    let pc = engine.desc.without_ignored_bits(from);
    // A return polls here only.
    if !engine.config.chain || area.engine.poll.load(Ordering::Relaxed) != 0 {
        return to_dispatcher(area, pc);
    }
    let key = Key { pc, mode: engine.frontend.mode(&area.guest).lasting() };
    match engine.code_for(key, arrival) {
        Found::Code(code) => {
            area.cache_jump(from, code);
            engine.share(key);
            code
        }
        Found::First => leave(area, pc, ExitReason::First),
        Found::None => to_dispatcher(area, pc),
    }
}

unsafe extern "C" fn hot(area: *mut VcpuArea, counter: *mut i32) -> u64 {
    // SAFETY: called by compiled code of this area's vCPU.
    let (area, engine) = unsafe { (&mut *area, shared_owner(area)) };
    match engine.hot(counter as u64) {
        Some((key, Found::Code(code))) => {
            area.cache_jump(key.pc, code);
            code
        }
        Some((key, Found::First)) => leave(area, key.pc, ExitReason::First),
        Some((key, Found::None)) => to_dispatcher(area, key.pc),
        // No such counter: only a broken state asks for it.
        None => {
            area.engine.exit_reason = ExitReason::Dispatch as u32;
            area.engine.stubs.exit as usize as u64
        }
    }
}

unsafe extern "C" fn context(area: *mut VcpuArea, id: u64) -> u64 {
    // SAFETY: called by compiled code of this area's vCPU.
    let (area, engine) = unsafe { owner(area) };
    engine.counters.helper_calls.add(1);
    area.fold_fp_flags();
    let def = &engine.desc.helpers[id as usize];
    let HelperFn::Context(f) = def.func else {
        unreachable!("regions call pure helpers directly");
    };
    let mut memory = UserMemory::new(engine.config.guest_base)
        .with_ignored_top_bits(engine.desc.ignored_top_bits);
    let mut cx = HelperCx {
        desc: engine.desc,
        state: &mut area.guest,
        memory: &mut memory,
        args: area.engine.scratch,
        invalidate: None,
    };
    let result = f(&mut cx);
    let invalidate = cx.invalidate.take();
    match result {
        Ok(value) => area.engine.scratch[0] = value,
        Err(trap) => {
            HELPER_TRAP.set(Some(trap));
            return 1;
        }
    }
    if let Some(range) = invalidate {
        engine.invalidate(range);
    }
    0
}

unsafe extern "C" fn eval(area: *mut VcpuArea, packed: u64) {
    // SAFETY: called by compiled code of this area's vCPU, which packed the op.
    unsafe {
        owner(area).1.counters.reference_ops.count(packed);
        helpers::eval(area, packed);
    }
}
