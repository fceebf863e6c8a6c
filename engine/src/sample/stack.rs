//! The guest's callers, by its frame pointers, as far as the program keeps them.

use super::buffer::DEPTH;
use crate::fault;
use crate::mem::access;

/// Where an ABI keeps what leads to the callers: offsets in the guest's state.
///
/// A frame pointer points to a record of two words: the caller's frame pointer and the return address.
#[derive(Clone, Copy, Debug)]
pub struct FrameRegisters {
    /// The frame pointer.
    pub frame: u32,
    /// The register with the return address of a function that called nothing yet.
    pub link: Option<u32>,
    /// Bits that an address of code has: others may be a signature.
    pub address: u64,
}

/// Notes the return addresses that the frames lead to, the link register's first; how many. For the signal handler.
pub(super) fn walk(
    mut frame: u64,
    link: Option<u64>,
    registers: &FrameRegisters,
    guest_base: u64,
    callers: &mut [u64; DEPTH],
) -> usize {
    let mut depth = 0;
    if let Some(link) = link.filter(|l| *l != 0) {
        callers[0] = link & registers.address;
        depth = 1;
    }
    // A read of a frame that is not there faults, in the handler of another signal: what is known of an earlier fault
    // stays.
    let kept = fault::Last::keep();
    while depth < DEPTH && frame != 0 && frame.is_multiple_of(8) {
        let word = |at: u64| access::load(at.wrapping_add(guest_base), 8);
        let (Ok(next), Ok(ret)) = (word(frame), word(frame.wrapping_add(8))) else { break };
        let (next, ret) = (next as u64, ret as u64 & registers.address);
        if ret == 0 {
            break;
        }
        // A function that called already finds its own return address here that the link register held at its begin.
        if callers[..depth].last() != Some(&ret) {
            callers[depth] = ret;
            depth += 1;
        }
        // Stacks grow downwards: a caller's frame lies above.
        if next <= frame {
            break;
        }
        frame = next;
    }
    drop(kept);
    depth
}
