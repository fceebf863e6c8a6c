//! A difference as a row of `tests/filetests/exec`: bytes and the registers and memory that they read.
//!
//! What comes of it is for an oracle to say: the row ends in `=> ?`, which `cargo xtask oracle rows FILE` fills in.
//! Rows have one page of data at an address of their own: registers that point near what is accessed become
//! `mem+offset`.

use crate::pages::{self, Code};
use isamorph_engine::mem::user::UserMemory;
use isamorph_ir::contract::{MemTrap, Memory};
use isamorph_ir::inst::{Fence, MemAttr, Rmw};
use isamorph_ir::interp::Interp;
use isamorph_ir::opt::liveness::{SlotSet, live_in};
use isamorph_ir::{CodeSource, Frontend, Slot, Ty};

/// Bytes of data that a row has.
const DATA: u64 = 4096;
/// How far from an access a register may point and still belong to it.
const NEAR: u64 = 0x10_0000;

/// Guest memory that remembers what was accessed.
struct Recorder {
    memory: UserMemory,
    accesses: Vec<(u64, u32)>,
}

impl Memory for Recorder {
    fn load(&mut self, addr: u64, size: u32, attr: MemAttr) -> Result<u128, MemTrap> {
        self.accesses.push((addr, size));
        self.memory.load(addr, size, attr)
    }

    fn store(&mut self, addr: u64, size: u32, value: u128, attr: MemAttr) -> Result<(), MemTrap> {
        self.accesses.push((addr, size));
        self.memory.store(addr, size, value, attr)
    }

    fn rmw(&mut self, addr: u64, size: u32, op: Rmw, value: u128) -> Result<u128, MemTrap> {
        self.accesses.push((addr, size));
        self.memory.rmw(addr, size, op, value)
    }

    fn cas(&mut self, addr: u64, size: u32, old: u128, new: u128) -> Result<u128, MemTrap> {
        self.accesses.push((addr, size));
        self.memory.cas(addr, size, old, new)
    }

    fn fence(&mut self, fence: Fence) {
        self.memory.fence(fence);
    }
}

/// The row of the `insns` instructions at the PC of `state`; memory is as before them.
pub fn row(frontend: &dyn Frontend, state: &[u8], insns: u32) -> String {
    let desc = frontend.desc();
    let layout = &desc.layout;
    let pc = layout.read_u64(state, layout.pc);
    let block = frontend.lift(&Code, pc, frontend.mode(state), insns);
    let mut recorder = Recorder {
        memory: UserMemory::new(0).with_ignored_top_bits(desc.ignored_top_bits),
        accesses: vec![],
    };
    // Anything it stores is taken back.
    Interp::new().run(desc, &block, &mut state.to_vec(), &mut recorder);
    pages::with(|p| p.undo());
    let place = Place::of(&recorder.accesses);

    let mut bytes = vec![0; block.len.max(4) as usize];
    Code.fetch(pc, &mut bytes);
    let mut parts = vec![format!("[{}]", hex(&bytes, " "))];
    let read = live_in(desc, &block, SlotSet::default(), false);
    let known = |name: &str| {
        ["sp", "nzcv", "fpcr", "fpsr"].contains(&name)
            || (name.starts_with(['x', 'v']) && name[1..].parse::<u32>().is_ok())
    };
    for slot in (0..layout.slots.len()).map(|n| Slot(n as u16)) {
        let info = layout.info(slot);
        let value = layout.read(state, slot);
        // Modes that are zero are what rows have anyway.
        let wanted = read.contains(slot) || (info.name == "fpcr" && value != 0);
        if !wanted || !known(info.name) {
            continue;
        }
        let address = (info.ty == Ty::I64).then(|| place.relocate(value as u64)).flatten();
        parts.push(format!("{}={}", info.name, address.unwrap_or_else(|| format!("{value:#x}"))));
    }
    parts.extend(place.contents(&recorder.accesses));
    let words = bytes.chunks_exact(4).enumerate();
    let listing =
        words.map(|(n, _)| frontend.disassemble(&Code, pc + 4 * n as u64, Default::default()).0);
    let listing: Vec<String> = listing.collect();
    format!("{} => ? ; {}", parts.join(" "), listing.join(" ; "))
}

fn hex(bytes: &[u8], between: &str) -> String {
    let digits: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    digits.join(between)
}

/// Where the accessed memory comes to lie in a row's data.
struct Place {
    /// The address that becomes `mem`; `None`: nothing is accessed, or too much for a page.
    origin: Option<u64>,
    /// What is accessed.
    low: u64,
    high: u64,
}

impl Place {
    fn of(accesses: &[(u64, u32)]) -> Place {
        let low = accesses.iter().map(|a| a.0).min().unwrap_or(0);
        let high = accesses.iter().map(|a| a.0.wrapping_add(a.1.into())).max().unwrap_or(0);
        // Alignment stays as it is, in a cache line too.
        let origin = low & !63;
        let fits = !accesses.is_empty() && high > low && high - origin <= DATA;
        Place { origin: fits.then_some(origin), low, high }
    }

    fn relocate(&self, value: u64) -> Option<String> {
        let origin = self.origin?;
        let near = value.wrapping_add(NEAR) >= self.low && value <= self.high.wrapping_add(NEAR);
        near.then(|| match value.wrapping_sub(origin) as i64 {
            0 => "mem".into(),
            at @ 1.. => format!("mem+{at:#x}"),
            at => format!("mem-{:#x}", at.unsigned_abs()),
        })
    }

    fn contents(&self, accesses: &[(u64, u32)]) -> Vec<String> {
        let Some(origin) = self.origin else { return vec![] };
        let mut accesses = accesses.to_vec();
        accesses.sort_unstable();
        accesses.dedup();
        let contents = accesses.iter().map(|&(addr, size)| {
            let mut bytes = vec![0; size as usize];
            UserMemory::new(0).read_some(addr, &mut bytes);
            format!("mem+{:#x}={}", addr - origin, hex(&bytes, ""))
        });
        contents.collect()
    }
}
