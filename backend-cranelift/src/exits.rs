//! The code of exits, put where the compiled function has but a `call rel32` and a `ud2`.
//!
//! What does not fit there lies behind the function: exits that give the frame back, and calls, to which the callee comes
//! back by the host's `ret` ([`crate::abi`] tells how).
//!
//! Invariant: the stack pointer is the body's where an exit begins, and as [`crate::abi`] wants it where it ends.

use crate::abi::{engine_offset, jmp_through_area};
use crate::blob::{Fixup, FixupKind};
use isamorph_backend_abi::slot::SLOT_PC;

/// Bytes of an exit as it is compiled.
pub(crate) const SITE: usize = 7;

/// Exits of one region.
pub(crate) struct Exits<'a> {
    pub code: &'a mut Vec<u8>,
    pub fixups: Vec<Fixup>,
    /// Bytes of the region's frame.
    pub frame: u32,
}

impl Exits<'_> {
    /// Jumps through a link slot.
    pub fn jump(&mut self, at: usize, kind: FixupKind) {
        if self.frame == 0 {
            self.put(at, &[0xff, 0x25, 0, 0, 0, 0]);
            return self.fixups.push(Fixup { offset: at as u32 + 2, kind });
        }
        self.behind(at);
        self.give_frame_back();
        self.with_fixup(&[0xff, 0x25], kind);
    }

    /// Calls through a link slot.
    pub fn call(&mut self, at: usize, kind: FixupKind, ret: u64) {
        self.behind(at);
        self.give_frame_back();
        self.begin_call();
        self.with_fixup(&[0xff, 0x15], kind);
        self.returned(ret);
    }

    /// Calls what is at the guest address in RSI, most likely what the branch at `site` called before.
    pub fn call_predicted(&mut self, at: usize, site: u64, ret: u64) {
        let prediction = FixupKind::Prediction { site };
        self.behind(at);
        self.give_frame_back();
        self.begin_call();
        // mov rcx, [prediction]; cmp rsi, [rcx + pc]; jne +; call [rcx]
        self.with_fixup(&[0x48, 0x8b, 0x0d], prediction);
        self.code.extend([0x48, 0x3b, 0x71, SLOT_PC as u8, 0x75, 0]);
        let miss = self.code.len();
        self.code.extend([0xff, 0x11]);
        let after = self.code.len();
        self.returned(ret);
        self.code[miss - 1] = (self.code.len() - miss) as u8;
        // lea rdx, [prediction]; call the stub; jmp back
        self.with_fixup(&[0x48, 0x8d, 0x15], prediction);
        let stub = crate::abi::call_through_area(engine_offset!(stubs.mispredicted));
        self.code.extend(stub);
        let back = after as i32 - (self.code.len() as i32 + 5);
        self.code.push(0xe9);
        self.code.extend(back.to_le_bytes());
    }

    /// Returns to the guest address in RSI.
    pub fn ret(&mut self, at: usize) {
        match self.frame {
            0 => self.put(at, &[0xc3]),
            // add rsp, imm8; ret
            n @ 1..0x80 => self.put(at, &[0x48, 0x83, 0xc4, n as u8, 0xc3]),
            _ => {
                self.behind(at);
                self.give_frame_back();
                self.code.push(0xc3);
            }
        }
    }

    /// Jumps with this instruction.
    pub fn jump_by(&mut self, at: usize, jump: &[u8]) {
        if self.frame == 0 {
            return self.put(at, jump);
        }
        self.behind(at);
        self.give_frame_back();
        self.code.extend(jump);
    }

    /// Overwrites the site at this offset.
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        self.code[at..at + SITE].fill(0x90);
        self.code[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Makes the site jump to what comes behind the function next.
    fn behind(&mut self, at: usize) {
        let to = self.code.len() as i32 - (at as i32 + 5);
        let [a, b, c, d] = to.to_le_bytes();
        self.put(at, &[0xe9, a, b, c, d]);
    }

    fn give_frame_back(&mut self) {
        if self.frame != 0 {
            self.code.extend([0x48, 0x81, 0xc4]);
            self.code.extend(self.frame.to_le_bytes());
        }
    }

    /// Makes room for a return, if there is none, by giving all earlier ones up; the word beside the host's address.
    fn begin_call(&mut self) {
        // cmp rsp, [limit]; jae +7; mov rsp, [base]; push rdi
        self.code.extend([0x48, 0x3b, 0xa7]);
        self.code.extend((engine_offset!(return_limit) as u32).to_le_bytes());
        self.code.extend([0x73, 7, 0x48, 0x8b, 0xa7]);
        self.code.extend((engine_offset!(return_base) as u32).to_le_bytes());
        self.code.push(0x57);
    }

    /// Where the callee comes back to: with the guest address that it returned to in RSI.
    fn returned(&mut self, ret: u64) {
        // cmp rsi, [pc]; pop rcx; jne +6; jmp [slot]
        self.with_fixup(&[0x48, 0x3b, 0x35], FixupKind::Address { target: ret });
        self.code.extend([0x59, 0x75, 6]);
        self.with_fixup(&[0xff, 0x25], FixupKind::DirectExit { target: ret, ret: None });
        self.code.extend(jmp_through_area(engine_offset!(stubs.lookup_return)));
    }

    /// An instruction that ends in a displacement to be filled in.
    fn with_fixup(&mut self, opcode: &[u8], kind: FixupKind) {
        self.code.extend(opcode);
        self.fixups.push(Fixup { offset: self.code.len() as u32, kind });
        self.code.extend([0; 4]);
    }
}
