//! Runs a few instructions by the IR's interpreter on registers and a small memory.

use isamorph_a64::processor::CpuModel;
use isamorph_a64::{A64, state};
use isamorph_ir::contract::{MemTrap, Memory, TrapKind};
use isamorph_ir::inst::{Fence, MemAttr, Rmw};
use isamorph_ir::interp::{Interp, Outcome};
use isamorph_ir::{CodeSource, Frontend, Mode, Slot};

/// Where the code begins.
pub const CODE: u64 = 0x1000;
/// Where the memory begins.
pub const DATA: u64 = 0x10000;

/// Code at [`CODE`].
struct Code(Vec<u8>);

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let from = usize::try_from(addr.wrapping_sub(CODE)).unwrap_or(usize::MAX);
        let there = self.0.get(from..).unwrap_or_default();
        let n = there.len().min(buf.len());
        buf[..n].copy_from_slice(&there[..n]);
        n
    }
}

/// Memory at [`DATA`]; of the bytes from `hole` on nothing can be written.
pub struct Bytes {
    pub bytes: Vec<u8>,
    pub hole: u64,
}

impl Bytes {
    fn at(&self, addr: u64, size: u32, write: bool) -> Result<usize, MemTrap> {
        let end = addr.wrapping_add(size.into());
        let limit = if write { self.hole } else { DATA + self.bytes.len() as u64 };
        if addr < DATA || end > limit {
            return Err(MemTrap { addr: addr.max(limit), write, kind: TrapKind::Unmapped });
        }
        Ok((addr - DATA) as usize)
    }
}

impl Memory for Bytes {
    fn load(&mut self, addr: u64, size: u32, attr: MemAttr) -> Result<u128, MemTrap> {
        self.check_align(addr, size, attr, false)?;
        let at = self.at(addr, size, false)?;
        let mut value = [0; 16];
        value[..size as usize].copy_from_slice(&self.bytes[at..at + size as usize]);
        Ok(u128::from_le_bytes(value))
    }

    fn store(&mut self, addr: u64, size: u32, value: u128, attr: MemAttr) -> Result<(), MemTrap> {
        self.check_align(addr, size, attr, true)?;
        let at = self.at(addr, size, true)?;
        self.bytes[at..at + size as usize].copy_from_slice(&value.to_le_bytes()[..size as usize]);
        Ok(())
    }

    fn rmw(&mut self, _: u64, _: u32, _: Rmw, _: u128) -> Result<u128, MemTrap> {
        unreachable!("no atomic is run here")
    }

    fn cas(&mut self, _: u64, _: u32, _: u128, _: u128) -> Result<u128, MemTrap> {
        unreachable!("no atomic is run here")
    }

    fn fence(&mut self, _: Fence) {}
}

/// A processor with its memory.
pub struct Machine {
    frontend: A64,
    pub state: Vec<u8>,
    pub memory: Bytes,
}

impl Machine {
    /// Every feature; all registers zero, 4096 zero bytes.
    pub fn new() -> Machine {
        Machine::of("max,+mops")
    }

    /// The same of a processor, as `--cpu` names it.
    pub fn of(model: &str) -> Machine {
        let memory = Bytes { bytes: vec![0; 4096], hole: DATA + 4096 };
        let state = vec![0; state::LAYOUT.size as usize];
        let frontend = A64::new(model.parse::<CpuModel>().expect("a model"));
        Machine { frontend, state, memory }
    }

    pub fn get(&self, slot: Slot) -> u128 {
        state::LAYOUT.read(&self.state, slot)
    }

    pub fn set(&mut self, slot: Slot, value: u128) {
        state::LAYOUT.write(&mut self.state, slot, value);
    }

    /// X `n`.
    pub fn x(&self, n: u8) -> u64 {
        self.get(state::x(n)) as u64
    }

    pub fn set_x(&mut self, n: u8, value: u64) {
        self.set(state::x(n), value.into());
    }

    /// Runs until control leaves the words; how.
    pub fn run(&mut self, words: &[u32]) -> Outcome {
        let code = Code(words.iter().flat_map(|w| w.to_le_bytes()).collect());
        let end = CODE + 4 * words.len() as u64;
        let (mut pc, mut interp) = (CODE, Interp::new());
        loop {
            let block = self.frontend.lift(&code, pc, Mode::default(), 64);
            let outcome =
                interp.run(&state::DESC, &block, &mut self.state, &mut self.memory).outcome;
            match outcome {
                Outcome::Next { pc: next } if next < end && next >= CODE => pc = next,
                outcome => return outcome,
            }
        }
    }

    /// Runs words that fall through; the state is this.
    pub fn step(&mut self, words: &[u32]) {
        let next = Outcome::Next { pc: CODE + 4 * words.len() as u64 };
        assert_eq!(self.run(words), next, "{words:08x?}");
    }
}
