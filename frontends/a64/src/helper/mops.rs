//! Memory copy and memory set: as many bytes as one run of an instruction moves.
//!
//! Invariant: a fault is reported only when nothing was moved; after some bytes it is left to the next run, which begins
//! at the faulting piece. So the count in the register is exact whenever a fault is seen.

use isamorph_ir::contract::{HelperCx, MemTrap};
use isamorph_ir::inst::MemAttr;

/// Most bytes in one run: how long a signal may have to wait.
const RUN: u64 = 1 << 16;
/// Bytes moved at once.
const PIECE: u64 = 16;

/// What is left of `count` (negative: forward, to zero) after moving some bytes; `piece` moves `size` of them at an
/// offset from the pointers.
fn run(
    count: u64,
    mut piece: impl FnMut(u64, u32) -> Result<(), MemTrap>,
) -> Result<u128, MemTrap> {
    let forward = (count as i64) < 0;
    let all = (count as i64).unsigned_abs();
    let mut done = 0;
    while done < all.min(RUN) {
        // Pieces of 16, then single bytes: a fault is found to the byte.
        let mut size = if all - done >= PIECE { PIECE } else { 1 };
        loop {
            let offset = if forward { count.wrapping_add(done) } else { all - done - size };
            match piece(offset, size as u32) {
                Ok(()) => break,
                Err(_) if size > 1 => size = 1,
                Err(trap) if done == 0 => return Err(trap),
                Err(_) => return Ok(left(count, done)),
            }
        }
        done += size;
    }
    Ok(left(count, done))
}

fn left(count: u64, done: u64) -> u128 {
    let left = if (count as i64) < 0 { count.wrapping_add(done) } else { count - done };
    left as u128
}

/// Copies from argument 1 to argument 0, whose offsets argument 2 counts; what is left of it.
pub fn copy(cx: &mut HelperCx<'_>) -> Result<u128, MemTrap> {
    let [to, from, count, _] = cx.args.map(|a| a as u64);
    let memory = &mut *cx.memory;
    run(count, |offset, size| {
        let bytes = memory.load(from.wrapping_add(offset), size, MemAttr::PLAIN)?;
        memory.store(to.wrapping_add(offset), size, bytes, MemAttr::PLAIN)
    })
}

/// Sets bytes at argument 0 to the low byte of argument 1, counted by argument 2; what is left of it.
pub fn set(cx: &mut HelperCx<'_>) -> Result<u128, MemTrap> {
    let [to, value, count, _] = cx.args.map(|a| a as u64);
    let bytes = u128::from_ne_bytes([value as u8; 16]);
    let memory = &mut *cx.memory;
    run(count, |offset, size| {
        let bytes = if size == 1 { bytes & 0xff } else { bytes };
        memory.store(to.wrapping_add(offset), size, bytes, MemAttr::PLAIN)
    })
}
