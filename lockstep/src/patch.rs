//! A frontend that sees another word at one address: an error made on purpose, by which the tests show that errors
//! are found.

use isamorph_ir::{Block, CodeSource, Frontend, GuestDesc, Inst, Mode};
use std::sync::Arc;

/// Another instruction at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where.
    pub addr: u64,
    /// What is seen there.
    pub word: u32,
}

/// A frontend that sees the patch.
pub struct Patched {
    /// The frontend that is misled.
    pub inner: Arc<dyn Frontend>,
    /// By what.
    pub patch: Patch,
}

struct Seen<'a>(&'a dyn CodeSource, Patch);

impl CodeSource for Seen<'_> {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let there = self.0.fetch(addr, buf);
        for (at, byte) in (self.1.addr..).zip(self.1.word.to_le_bytes()) {
            match usize::try_from(at.wrapping_sub(addr)) {
                Ok(index) if index < there => buf[index] = byte,
                _ => {}
            }
        }
        there
    }

    fn guarded(&self, addr: u64) -> bool {
        self.0.guarded(addr)
    }
}

impl Frontend for Patched {
    fn desc(&self) -> &'static GuestDesc {
        self.inner.desc()
    }

    fn mode(&self, state: &[u8]) -> Mode {
        self.inner.mode(state)
    }

    fn variant(&self) -> u64 {
        // Never the inner one's: what is lifted is not the same.
        !self.inner.variant()
    }

    fn lift_in(
        &self,
        room: Vec<Inst>,
        code: &dyn CodeSource,
        pc: u64,
        mode: Mode,
        max_insns: u32,
    ) -> Block {
        self.inner.lift_in(room, &Seen(code, self.patch), pc, mode, max_insns)
    }

    fn disassemble(&self, code: &dyn CodeSource, pc: u64, mode: Mode) -> (String, u32) {
        self.inner.disassemble(code, pc, mode)
    }
}
