//! From a block to host code: the walk over the block, and what all templates share.
//!
//! Way of the data: `Block → ` [`known`] ` → ` [`live`] ` → for each instruction a template of ` [`ops`] `, which takes registers from`
//! [`alloc`] ` and writes bytes by ` [`emit`] ` → cold paths → constants → ` [`CodeBlob`].
//!
//! Invariant: RDI is the area; [`abi::VcpuArea::values`] in it holds what registers cannot. RSP is left to the returns.

mod alloc;
mod cold;
pub(crate) mod emit;
mod encode;
mod known;
mod live;
mod ops;
#[cfg(test)]
mod tests;

use crate::{CompileError, Options};
use alloc::{Place, Regs};
use cold::Cold;
use emit::{Emit, Mem};
#[cfg(target_arch = "x86_64")]
use isamorph_backend_abi::host::{self, Features};
use isamorph_backend_abi::{CodeBlob, Fixup, FixupKind, abi};
use isamorph_ir::{Block, GuestDesc, Inst, Op, Value};
use known::{Code, Role};
pub use ops::by_reference;

/// What the host's processor has beyond x86-64-v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// The VEX encoding: three operands.
    pub avx: bool,
    /// `andn`; with `avx` only.
    pub bmi1: bool,
    /// Shifts that keep the flags; with `avx` only.
    pub bmi2: bool,
    /// `lzcnt` and `tzcnt`.
    pub lzcnt: bool,
    /// Fused multiplication and addition; with `avx` only.
    pub fma: bool,
}

impl Host {
    /// x86-64-v2 and no more.
    pub const V2: Host = Host { avx: false, bmi1: false, bmi2: false, lzcnt: false, fma: false };

    /// This host's processor.
    ///
    /// # Errors
    /// If it is older than x86-64-v2.
    #[cfg(target_arch = "x86_64")]
    pub fn detect() -> Result<Host, CompileError> {
        let Features { basic, more, extended, avx_is_kept } = *host::features();
        let has = |word: u32, bit: u32| word >> bit & 1 != 0;
        for (there, name) in [
            (has(basic[0], 9), "SSSE3"),
            (has(basic[0], 19), "SSE4.1"),
            (has(basic[0], 20), "SSE4.2"),
            (has(basic[0], 23), "POPCNT"),
            (has(basic[0], 13), "CMPXCHG16B"),
        ] {
            if !there {
                return Err(CompileError::Host(name));
            }
        }
        let avx = has(basic[0], 28) && avx_is_kept;
        let bmi1 = has(more[0], 3);
        Ok(Host {
            avx,
            bmi1: avx && bmi1,
            bmi2: avx && has(more[0], 8),
            lzcnt: has(extended[0], 5) && bmi1,
            fma: avx && has(basic[0], 12),
        })
    }

    /// No x86-64 processor.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn detect() -> Result<Host, CompileError> {
        Err(CompileError::Host("x86-64"))
    }
}

/// Memory for the work on a block, kept from block to block.
pub(crate) struct Scratch {
    host: Host,
    e: Emit,
    code: Code,
    places: Vec<Place>,
    regs: Regs,
    colds: Vec<Cold>,
    fixups: Vec<FixupKind>,
}

impl Scratch {
    pub fn new(host: Host) -> Scratch {
        let (code, places, colds, fixups) = Default::default();
        let e = Emit::new(host.avx);
        Scratch { host, e, code, places, regs: Regs::new(), colds, fixups }
    }
}

/// The code of one block under construction.
pub(crate) struct Gen<'a> {
    desc: &'static GuestDesc,
    block: &'a Block,
    options: &'a Options,
    host: Host,
    e: &'a mut Emit,
    code: &'a Code,
    places: &'a mut Vec<Place>,
    regs: &'a mut Regs,
    colds: &'a mut Vec<Cold>,
    blob: &'a mut CodeBlob,
    /// What the numbers of [`emit::Rm::Fixup`] stand for: link slots and counters.
    fixups: &'a mut Vec<FixupKind>,
    /// Index of the instruction at work.
    now: u32,
    /// Guest address of the instruction at work.
    pc: u64,
    /// Offset in the code at which the guest instruction began.
    source: u32,
    /// Cold paths begin within reach of a jump of two bytes: the terminal is at work, and the first.
    near_colds: bool,
    error: Option<CompileError>,
}

/// Compiles a block into `blob`.
pub(crate) fn block(
    desc: &'static GuestDesc,
    scratch: &mut Scratch,
    blob: &mut CodeBlob,
    block: &mut Block,
    options: &Options,
) -> Result<(), CompileError> {
    let Scratch { host, e, code, places, regs, colds, fixups } = scratch;
    e.clear();
    regs.clear(desc.layout.slots.len());
    colds.clear();
    fixups.clear();
    places.clear();
    places.resize(block.insts.len(), Place::None);
    let blind = code.read(desc, &mut block.insts);
    if !blind && !options.exact_underflow {
        return Err(CompileError::FpFlags);
    }
    let end = block.term.args().next().map(|v| code.resolve(v));
    code.live(desc, end, block.fp_exact);
    blob.entries.clear();
    blob.fixups.clear();
    blob.source_map.clear();
    blob.exceptions.clear();
    blob.guest_ranges.clear();
    let mut generator = Gen {
        desc,
        block,
        options,
        host: *host,
        e,
        code,
        places,
        regs,
        colds,
        blob,
        fixups,
        now: 0,
        pc: block.pc,
        source: 0,
        near_colds: false,
        error: None,
    };
    generator.run()
}

impl Gen<'_> {
    fn run(&mut self) -> Result<(), CompileError> {
        if self.options.counts && self.options.head {
            self.count(self.block.pc);
        }
        let (block, code) = (self.block, self.code);
        for (i, inst) in code.insts.iter().enumerate() {
            let v = Value(i as u32);
            match self.code.role(i) {
                Role::Void => continue,
                Role::Lazy => self.places[i] = Place::Lazy,
                Role::Here if inst.op == Op::Insn => {
                    self.pc = inst.imm as u64;
                    self.source = self.e.offset();
                }
                Role::Here if inst.op == Op::Const => self.places[i] = Place::Const,
                Role::Here => {
                    self.now = i as u32;
                    match inst.op {
                        Op::Get => self.get(inst, v),
                        Op::Put => self.put(inst),
                        _ => self.template(inst, v),
                    }
                    if !self.e.room() {
                        return Err(CompileError::TooLarge(block.pc));
                    }
                    self.expire();
                }
            }
        }
        self.now = code.insts.len() as u32;
        // What follows takes less than that: at most two exits of 30 bytes with two cold paths of 16 bytes each, or a call of 75
        // bytes with as many.
        self.near_colds = self.colds.is_empty();
        self.terminal();
        let colds = std::mem::take(self.colds);
        for cold in &colds {
            if !self.e.room() {
                return Err(CompileError::TooLarge(block.pc));
            }
            self.cold_path(cold);
        }
        *self.colds = colds;
        if self.e.too_far || self.frame_size() as usize > abi::VALUES {
            return Err(CompileError::TooLarge(block.pc));
        }
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.finish();
        Ok(())
    }

    /// The instruction at work accesses guest memory: it may fault.
    fn may_fault(&mut self) {
        if self.blob.source_map.last().is_none_or(|l| l.1 != self.pc) {
            self.blob.source_map.push((self.source, self.pc));
        }
    }

    /// The number of a fixup of this kind.
    fn fixup(&mut self, kind: FixupKind) -> u16 {
        let at = self.fixups.iter().position(|k| *k == kind).unwrap_or_else(|| {
            self.fixups.push(kind);
            self.fixups.len() - 1
        });
        at as u16
    }

    /// No template covers this form.
    fn refuse(&mut self, inst: &Inst, form: &'static str) {
        let (pc, op) = (self.block.pc, inst.op.info().name);
        self.error.get_or_insert(CompileError::Form { pc, op, form });
    }

    /// Where a slot lies.
    fn slot(&self, slot: u128) -> Mem {
        Mem::area(self.desc.layout.slots[slot as usize].offset as usize)
    }

    fn finish(&mut self) {
        self.e.finish_pool();
        let block = self.block;
        for site in &self.e.fixup_sites {
            self.blob.fixups.push(Fixup { offset: site.at, kind: self.fixups[site.of as usize] });
        }
        self.blob.code.clear();
        self.blob.code.extend_from_slice(self.e.code());
        self.blob.entries.push((block.pc, 0));
        self.blob.guest_ranges.push(block.pc..block.pc.wrapping_add(block.len as u64));
        self.blob.guest_insns = block.guest_insns;
        self.blob.frame_size = 0;
    }
}
