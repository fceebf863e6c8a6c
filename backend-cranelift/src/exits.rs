//! The code of exits, put where the compiled function has room for it: a `call rel32`, more of them for length
//! ([`room`]), and a `ud2`.
//!
//! What is rare of an exit lies behind the function. How calls and returns work is told in [`crate::abi`].
//!
//! Invariant: the stack pointer is the body's where an exit begins, and as [`crate::abi`] wants it where it ends.

use crate::abi::{call_through_area, engine_offset, jmp_through_area};
use crate::blob::{Fixup, FixupKind};
use crate::lower::Marker;
use isamorph_backend_abi::slot::SLOT_PC;

/// Bytes of a `call rel32`, and of the `ud2` behind the last.
pub(crate) const CALL: usize = 5;
const UD2: usize = 2;

/// How many further calls an exit of this kind is compiled with, to make room for its code; of a region that counts, or
/// does not.
pub(crate) fn room(marker: Marker, call: bool, counts: bool) -> usize {
    let (calls, counter) = match marker {
        Marker::Direct if call => (8, 2),
        Marker::Direct => (1, 0),
        Marker::Call => (11, 2),
        Marker::Jump | Marker::Lookup | Marker::Return | Marker::Exit | Marker::Room => (0, 0),
    };
    if counts { calls + counter } else { calls }
}

/// Exits of one region.
pub(crate) struct Exits<'a> {
    pub code: &'a mut Vec<u8>,
    pub fixups: Vec<Fixup>,
    /// Bytes of the region's frame.
    pub frame: u32,
    /// Count what the engine does not see ([`crate::abi::Transitions`]).
    pub counts: bool,
}

/// An exit: written to its site, then behind the function.
struct Writer<'a> {
    code: &'a mut Vec<u8>,
    fixups: &'a mut Vec<Fixup>,
    at: usize,
    end: usize,
    behind: bool,
}

impl Exits<'_> {
    /// The exit at this offset with so many further calls. `None`: the bytes are not those of one.
    fn at(&mut self, at: usize, room: usize) -> Option<Writer<'_>> {
        let end = at + CALL * (room + 1) + UD2;
        let (calls, ud2) = self.code.get(at..end)?.split_at(CALL * (room + 1));
        if calls.iter().step_by(CALL).any(|&b| b != 0xe8) || ud2 != [0x0f, 0x0b] {
            return None;
        }
        self.code[at..end].fill(0x90);
        Some(Writer { code: self.code, fixups: &mut self.fixups, at, end, behind: false })
    }

    /// Writes an exit. `None`: it is not compiled as was expected.
    pub fn write(&mut self, at: usize, exit: Exit<'_>) -> Option<()> {
        let (frame, counts) = (self.frame, self.counts);
        let (marker, call) = exit.marker();
        let mut w = self.at(at, room(marker, call, counts))?;
        let count = |w: &mut Writer<'_>, counter| {
            if counts {
                w.count(counter);
            }
        };
        match exit {
            Exit::Direct { kind: kind @ FixupKind::DirectExit { ret: Some(ret), .. }, waiting } => {
                w.go_behind(!waiting.is_empty());
                count(&mut w, engine_offset!(transitions.links));
                w.give_back(frame);
                w.wait(waiting);
                let (many, again) = w.begin_call();
                w.with_fixup(&[0xff, 0x15], kind);
                let elsewhere = w.returned(ret);
                w.rare_call(many, again);
                w.rare_return(elsewhere);
            }
            Exit::Direct { kind, waiting } => {
                w.go_behind(counts || frame >= 0x80 || !waiting.is_empty());
                count(&mut w, engine_offset!(transitions.links));
                w.give_back(frame);
                w.wait(waiting);
                w.with_fixup(&[0xff, 0x25], kind);
            }
            Exit::Call { site, ret, waiting } => {
                let prediction = FixupKind::Prediction { site };
                w.go_behind(!waiting.is_empty());
                w.give_back(frame);
                w.wait(waiting);
                let (many, again) = w.begin_call();
                // mov rcx, [prediction]; cmp rsi, [rcx + pc]; jne; call [rcx]
                w.with_fixup(&[0x48, 0x8b, 0x0d], prediction);
                w.put(&[0x48, 0x3b, 0x71, SLOT_PC as u8]);
                let miss = w.jump(&[0x0f, 0x85]);
                count(&mut w, engine_offset!(transitions.predicted));
                w.put(&[0xff, 0x11]);
                let after = w.at;
                let elsewhere = w.returned(ret);
                w.rare_call(many, again);
                w.rare_return(elsewhere);
                w.bind(miss);
                // lea rdx, [prediction]; call the stub
                w.with_fixup(&[0x48, 0x8d, 0x15], prediction);
                w.put(&call_through_area(engine_offset!(stubs.mispredicted)));
                w.jump_to(after);
            }
            Exit::Return => {
                w.go_behind(counts || frame >= 0x80);
                count(&mut w, engine_offset!(transitions.returns));
                w.give_back(frame);
                w.put(&[0xc3]);
            }
            Exit::Jump => {
                w.go_behind(counts || frame >= 0x80);
                count(&mut w, engine_offset!(transitions.jumps));
                w.give_back(frame);
                // jmp rsi
                w.put(&[0xff, 0xe6]);
            }
            Exit::Lookup => {
                w.go_behind(frame != 0);
                w.give_back(frame);
                w.put(&jmp_through_area(engine_offset!(stubs.lookup)));
            }
            Exit::Leave => w.put(&call_through_area(engine_offset!(stubs.region_exit))),
        }
        Some(())
    }
}

/// What an exit does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exit<'a> {
    /// Jumps or calls through a link slot, from an inlined callee or several whose calls return to these addresses, the
    /// outermost first.
    Direct { kind: FixupKind, waiting: &'a [u64] },
    /// Calls what is at the guest address in RSI, most likely what the branch at `site` called before.
    Call { site: u64, ret: u64, waiting: &'a [u64] },
    /// Returns to the guest address in RSI.
    Return,
    /// Jumps to the code at the host address in RSI.
    Jump,
    /// Jumps to the guest address in RSI.
    Lookup,
    /// Leaves compiled code.
    Leave,
}

impl Exit<'_> {
    /// How it is compiled, and whether it is a call.
    fn marker(&self) -> (Marker, bool) {
        match self {
            Exit::Direct { kind: FixupKind::DirectExit { ret, .. }, .. } => {
                (Marker::Direct, ret.is_some())
            }
            Exit::Direct { .. } => (Marker::Direct, false),
            Exit::Call { .. } => (Marker::Call, true),
            Exit::Return => (Marker::Return, false),
            Exit::Jump => (Marker::Jump, false),
            Exit::Lookup => (Marker::Lookup, false),
            Exit::Leave => (Marker::Exit, false),
        }
    }
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        if self.behind {
            self.code.extend(bytes);
        } else {
            let end = self.at + bytes.len();
            assert!(end <= self.end, "an exit has room for its code");
            self.code[self.at..end].copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }

    /// An instruction that ends in a displacement to be filled in.
    fn with_fixup(&mut self, opcode: &[u8], kind: FixupKind) {
        self.put(opcode);
        self.fixups.push(Fixup { offset: self.at as u32, kind });
        self.put(&[0; 4]);
    }

    /// A jump to be bound, with this opcode; where it ends.
    fn jump(&mut self, opcode: &[u8]) -> usize {
        self.put(opcode);
        self.put(&[0; 4]);
        self.at
    }

    /// Leads a jump to what comes behind the function next.
    fn bind(&mut self, jump: usize) {
        self.behind = true;
        self.at = self.code.len();
        let distance = self.at as i32 - jump as i32;
        self.code[jump - 4..jump].copy_from_slice(&distance.to_le_bytes());
    }

    /// If so, the rest of the exit lies behind the function.
    fn go_behind(&mut self, wanted: bool) {
        if wanted {
            let jump = self.jump(&[0xe9]);
            self.bind(jump);
        }
    }

    fn jump_to(&mut self, to: usize) {
        let distance = to as i32 - (self.at + CALL) as i32;
        self.put(&[0xe9]);
        self.put(&distance.to_le_bytes());
    }

    /// `inc qword [rdi + counter]`
    fn count(&mut self, counter: usize) {
        self.put(&[0x48, 0xff, 0x87]);
        self.put(&(counter as u32).to_le_bytes());
    }

    /// Gives the frame back.
    fn give_back(&mut self, frame: u32) {
        match frame {
            0 => {}
            n @ 1..0x80 => self.put(&[0x48, 0x83, 0xc4, n as u8]),
            n => {
                self.put(&[0x48, 0x81, 0xc4]);
                self.put(&n.to_le_bytes());
            }
        }
    }

    /// Begins an entry of the returns: the word beside the host's address. The jump taken if there is no room for one, and
    /// where that comes back to.
    fn begin_call(&mut self) -> (usize, usize) {
        // cmp rsp, [limit]; jb; push rdi
        self.put(&[0x48, 0x3b, 0xa7]);
        self.put(&(engine_offset!(return_limit) as u32).to_le_bytes());
        let many = self.jump(&[0x0f, 0x82]);
        self.put(&[0x57]);
        (many, many)
    }

    /// Where the callee comes back to, with the guest address that it returned to in RSI. The jump taken if it is another.
    fn returned(&mut self, ret: u64) -> usize {
        // cmp rsi, pc; pop rcx; jne; jmp [slot]
        if let Ok(ret) = i32::try_from(ret as i64) {
            self.put(&[0x48, 0x81, 0xfe]);
            self.put(&ret.to_le_bytes());
        } else {
            self.with_fixup(&[0x48, 0x3b, 0x35], FixupKind::Address { target: ret });
        }
        self.put(&[0x59]);
        let elsewhere = self.jump(&[0x0f, 0x85]);
        self.with_fixup(&[0xff, 0x25], FixupKind::Continuation { target: ret });
        elsewhere
    }

    /// Makes entries of the returns for calls that were inlined: what the region leaves for comes back by returns.
    fn wait(&mut self, waiting: &[u64]) {
        for &ret in waiting {
            let (many, again) = self.begin_call();
            let over = self.jump(&[0xe8]);
            let elsewhere = self.returned(ret);
            self.rare_call(many, again);
            self.rare_return(elsewhere);
            self.bind(over);
        }
    }

    /// Gives all returns up, for there is no room.
    fn rare_call(&mut self, many: usize, again: usize) {
        self.bind(many);
        // mov rsp, [base]
        self.put(&[0x48, 0x8b, 0xa7]);
        self.put(&(engine_offset!(return_base) as u32).to_le_bytes());
        self.jump_to(again);
    }

    fn rare_return(&mut self, elsewhere: usize) {
        self.bind(elsewhere);
        self.put(&jmp_through_area(engine_offset!(stubs.lookup_return)));
    }
}
