//! Where values are: registers given out on the way, in one pass.
//!
//! General values (integers, F16) lie in general registers, all others in vector registers. A register that
//! runs out of room goes back to the guest register that still holds its value, or to the frame.
//!
//! Invariants: a vector register holds its value zero-extended to 128 bits; a general one to 64, unless it is
//! *dirty*: then the bits above the value's width are garbage. Values of the instruction at work are pinned. RAX, RCX,
//! RDX, RSI and XMM0 to XMM2 belong to the templates; RDI is the area.

use super::Gen;
use super::emit::{Gpr, Mem, Rm, Xmm};
use isamorph_backend_abi::abi;
use isamorph_ir::{Op, Ty, Value};

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere: not computed, or over.
    None,
    /// Computed where it is used.
    Lazy,
    Const,
    Gpr(Gpr),
    Xmm(Xmm),
    /// At this offset of the area (flags: the record).
    State(u32),
    /// At this offset of the area, among the values that no register holds ([`abi::VcpuArea::values`]).
    Frame(u32),
}

/// General registers that hold values: RBX, RBP, R8 to R15.
const GPRS: u16 = 0b1111_1111_0010_1000;
/// Vector registers that hold values: XMM3 to XMM15.
const XMMS: u16 = 0b1111_1111_1111_1000;
/// General registers that a call of a host function changes.
const CALLER_SAVED: u16 = 0b0000_1111_0000_0000;
/// The frame's first 16 bytes are for templates.
pub(crate) const FRAME_VALUES: u32 = 16;

/// Values that a guest register holds too: a list for each register, of values that differ in their type.
#[derive(Default)]
struct Homes {
    /// By slot: the first of its list, or [`NOBODY`].
    first: Vec<u32>,
    /// A value, and the next one of its list.
    list: Vec<(Value, u32)>,
}

const NOBODY: u32 = u32::MAX;

impl Homes {
    fn clear(&mut self, slots: usize) {
        self.first.clear();
        self.first.resize(slots, NOBODY);
        self.list.clear();
    }

    fn add(&mut self, slot: u16, v: Value) {
        let first = &mut self.first[slot as usize];
        self.list.push((v, *first));
        *first = self.list.len() as u32 - 1;
    }

    /// Empties a list; its begin.
    fn take(&mut self, slot: u16) -> u32 {
        std::mem::replace(&mut self.first[slot as usize], NOBODY)
    }

    fn values(&self, slot: u16) -> impl Iterator<Item = Value> + '_ {
        let mut at = self.first[slot as usize];
        std::iter::from_fn(move || {
            let &(v, next) = self.list.get(at as usize)?;
            at = next;
            Some(v)
        })
    }

    fn of(&self, v: Value) -> Option<u16> {
        (0..self.first.len() as u16).find(|slot| self.values(*slot).any(|other| other == v))
    }
}

/// Registers and who is in them.
pub(crate) struct Regs {
    gpr: [Value; 16],
    xmm: [Value; 16],
    used_g: u16,
    used_x: u16,
    pinned_g: u16,
    pinned_x: u16,
    dirty: u16,
    homes: Homes,
    frame: u32,
}

impl Regs {
    pub fn new() -> Regs {
        Regs {
            gpr: [Value::NONE; 16],
            xmm: [Value::NONE; 16],
            used_g: 0,
            used_x: 0,
            pinned_g: 0,
            pinned_x: 0,
            dirty: 0,
            homes: Homes::default(),
            frame: FRAME_VALUES,
        }
    }

    pub fn clear(&mut self, slots: usize) {
        (self.used_g, self.used_x, self.pinned_g, self.pinned_x, self.dirty) = (0, 0, 0, 0, 0);
        self.homes.clear(slots);
        self.frame = FRAME_VALUES;
    }
}

impl Gen<'_> {
    pub(super) fn place(&self, v: Value) -> Place {
        self.places[v.index()]
    }

    /// The bits of a constant.
    pub(super) fn const_of(&self, v: Value) -> Option<u128> {
        let inst = &self.code.insts[v.index()];
        (inst.op == Op::Const).then_some(inst.imm)
    }

    pub(super) fn ty(&self, v: Value) -> Ty {
        self.code.ty(v)
    }

    /// Bytes that a value takes in a register's copy in memory.
    fn bytes(&self, v: Value) -> u32 {
        match self.ty(v) {
            Ty::Flags => 4,
            ty => ty.bytes(),
        }
    }

    /// Is this the value's last use?
    pub(super) fn dies(&self, v: Value) -> bool {
        self.code.last(v) <= self.now
    }

    /// Unpins, and frees the registers of values that are over.
    pub(super) fn expire(&mut self) {
        self.regs.pinned_g = 0;
        self.regs.pinned_x = 0;
        let now = self.now;
        if !self.code.ends(now as usize) {
            return;
        }
        let mut set = self.regs.used_g;
        while set != 0 {
            let r = set.trailing_zeros();
            set &= set - 1;
            if self.code.last(self.regs.gpr[r as usize & 15]) <= now {
                self.regs.used_g &= !(1 << r);
            }
        }
        let mut set = self.regs.used_x;
        while set != 0 {
            let r = set.trailing_zeros();
            set &= set - 1;
            if self.code.last(self.regs.xmm[r as usize & 15]) <= now {
                self.regs.used_x &= !(1 << r);
            }
        }
    }

    fn alloc_g(&mut self, v: Value) -> Gpr {
        let free = GPRS & !self.regs.used_g;
        let r = if free != 0 { free.trailing_zeros() as u8 } else { self.evict_g() };
        self.regs.used_g |= 1 << r;
        self.regs.pinned_g |= 1 << r;
        self.regs.dirty &= !(1 << r);
        self.regs.gpr[r as usize] = v;
        self.places[v.index()] = Place::Gpr(Gpr(r));
        Gpr(r)
    }

    fn alloc_x(&mut self, v: Value) -> Xmm {
        let free = XMMS & !self.regs.used_x;
        let r = if free != 0 { free.trailing_zeros() as u8 } else { self.evict_x() };
        self.regs.used_x |= 1 << r;
        self.regs.pinned_x |= 1 << r;
        self.regs.xmm[r as usize] = v;
        self.places[v.index()] = Place::Xmm(Xmm(r));
        Xmm(r)
    }

    /// The unpinned register whose value lives longest.
    fn longest(&self, candidates: u16, owners: &[Value; 16]) -> u8 {
        (0..16u8)
            .filter(|r| candidates & 1 << r != 0)
            .max_by_key(|r| self.code.last(owners[*r as usize]))
            .expect("an instruction pins fewer registers than there are")
    }

    fn evict_g(&mut self) -> u8 {
        let r = self.longest(GPRS & !self.regs.pinned_g, &self.regs.gpr);
        let v = self.regs.gpr[r as usize];
        self.spill(v);
        r
    }

    fn evict_x(&mut self) -> u8 {
        let r = self.longest(XMMS & !self.regs.pinned_x, &self.regs.xmm);
        let v = self.regs.xmm[r as usize];
        self.spill(v);
        r
    }

    /// Takes a value out of its register.
    fn spill(&mut self, v: Value) {
        let place = if self.code.insts[v.index()].op == Op::Const {
            Place::Const
        } else if let Some(slot) = self.regs.homes.of(v) {
            Place::State(self.desc.layout.slots[slot as usize].offset)
        } else {
            let at = abi::VALUES_OFFSET as u32 + self.regs.frame;
            self.regs.frame += 16;
            let m = Mem::area(at as usize);
            match self.place(v) {
                Place::Gpr(r) => self.e.store(8, m, r),
                Place::Xmm(r) => self.e.store_x(16, true, m, r),
                other => unreachable!("{v:?} is in a register, not in {other:?}"),
            }
            Place::Frame(at)
        };
        match self.place(v) {
            Place::Gpr(r) => self.regs.used_g &= !(1 << r.0),
            Place::Xmm(r) => self.regs.used_x &= !(1 << r.0),
            _ => {}
        }
        self.places[v.index()] = place;
    }

    /// A word of the frame for a template.
    pub(super) fn frame_word(&mut self) -> Mem {
        let at = self.regs.frame;
        self.regs.frame += 16;
        Mem::area(abi::VALUES_OFFSET + at as usize)
    }

    /// Bytes of the frame in use.
    pub(super) fn frame_size(&self) -> u32 {
        self.regs.frame
    }

    /// Takes all values that are needed later out of the registers that a host function changes.
    pub(super) fn spill_caller_saved(&mut self) {
        for r in 0..16 {
            let v = self.regs.gpr[r];
            if self.regs.used_g & CALLER_SAVED & 1 << r != 0 && !self.dies(v) {
                self.spill(v);
            }
            let v = self.regs.xmm[r];
            if self.regs.used_x & 1 << r != 0 && !self.dies(v) {
                self.spill(v);
            }
        }
    }

    fn memory_of(&self, place: Place) -> Option<Mem> {
        match place {
            Place::State(at) | Place::Frame(at) => Some(Mem::area(at as usize)),
            _ => None,
        }
    }

    /// The value in a general register.
    pub(super) fn gpr(&mut self, v: Value) -> Gpr {
        let place = self.place(v);
        if let Place::Gpr(r) = place {
            self.regs.pinned_g |= 1 << r.0;
            return r;
        }
        if place == Place::Lazy {
            return self.compute_lazy(v);
        }
        let r = self.alloc_g(v);
        self.fill_g(r, v, place);
        r
    }

    /// Loads a register with a value from a place that is none.
    fn fill_g(&mut self, r: Gpr, v: Value, place: Place) {
        match place {
            Place::Const => {
                let bits = self.const_of(v).unwrap_or(0) as u64;
                self.e.mov_imm(r, bits);
            }
            Place::State(at) if self.ty(v) == Ty::Flags => {
                self.nibble_of_record(at);
                self.e.mov(false, r, super::emit::RAX);
            }
            place => {
                let m = self.memory_of(place).expect("the value was computed");
                self.e.load_zx(self.bytes(v), r, m);
            }
        }
    }

    /// The value in a general register, zero-extended.
    pub(super) fn clean(&mut self, v: Value) -> Gpr {
        let r = self.gpr(v);
        if self.regs.dirty & 1 << r.0 != 0 {
            self.e.load_zx(self.bytes(v), r, r);
            self.regs.dirty &= !(1 << r.0);
        }
        r
    }

    pub(super) fn is_dirty(&self, r: Gpr) -> bool {
        self.regs.dirty & 1 << r.0 != 0
    }

    /// The bits above the value's width are garbage from now on.
    pub(super) fn soil(&mut self, r: Gpr) {
        self.regs.dirty |= 1 << r.0;
    }

    /// The register holds its value zero-extended again.
    pub(super) fn unsoil(&mut self, r: Gpr) {
        self.regs.dirty &= !(1 << r.0);
    }

    /// A 32- or 64-bit value as an operand that may be in memory.
    pub(super) fn rm(&mut self, v: Value) -> Rm {
        if self.dies(v)
            && self.ty(v) != Ty::Flags
            && self.bytes(v) >= 4
            && let Some(m) = self.memory_of(self.place(v))
        {
            return m.into();
        }
        self.gpr(v).into()
    }

    /// Memory that holds the value and will not be needed in a register.
    pub(super) fn in_memory(&self, v: Value) -> Option<Mem> {
        if self.dies(v) { self.memory_of(self.place(v)) } else { None }
    }

    /// A fresh general register for a result.
    pub(super) fn def_g(&mut self, v: Value) -> Gpr {
        self.alloc_g(v)
    }

    /// A register for a result that begins as a copy of `a`: its own if it dies here.
    pub(super) fn def_g_from(&mut self, v: Value, a: Value) -> Gpr {
        match self.place(a) {
            Place::Gpr(r) if self.dies(a) => {
                self.take_g(v, r);
                r
            }
            Place::Gpr(s) => {
                self.regs.pinned_g |= 1 << s.0;
                let dirty = self.is_dirty(s);
                let r = self.alloc_g(v);
                self.e.mov(true, r, s);
                if dirty {
                    self.soil(r);
                }
                r
            }
            Place::Lazy => {
                self.compute_lazy(a);
                self.def_g_from(v, a)
            }
            place if self.dies(a) || place == Place::Const => {
                let r = self.alloc_g(v);
                self.fill_g(r, a, place);
                r
            }
            _ => {
                self.gpr(a);
                self.def_g_from(v, a)
            }
        }
    }

    fn take_g(&mut self, v: Value, r: Gpr) {
        self.regs.gpr[r.0 as usize] = v;
        self.regs.pinned_g |= 1 << r.0;
        self.places[v.index()] = Place::Gpr(r);
    }

    /// The value in a vector register.
    pub(super) fn xmm(&mut self, v: Value) -> Xmm {
        let place = self.place(v);
        if let Place::Xmm(r) = place {
            self.regs.pinned_x |= 1 << r.0;
            return r;
        }
        let r = self.alloc_x(v);
        self.fill_x(r, v, place);
        r
    }

    fn fill_x(&mut self, r: Xmm, v: Value, place: Place) {
        match place {
            Place::Const => self.const_x(r, self.const_of(v).unwrap_or(0)),
            place => {
                let m = self.memory_of(place).expect("the value was computed");
                self.e.load_x(self.bytes(v), true, r, m);
            }
        }
    }

    pub(super) fn const_x(&mut self, r: Xmm, bits: u128) {
        if bits == 0 {
            self.e.zero_x(r);
        } else {
            let rm = self.e.constant(bits);
            self.e.load_x(16, true, r, rm);
        }
    }

    /// A value as an operand that may be in memory (16 bytes aligned, or as many as a scalar has).
    pub(super) fn xrm(&mut self, v: Value) -> Rm {
        let place = self.place(v);
        match place {
            Place::Const if self.const_of(v) != Some(0) => {
                self.e.constant(self.const_of(v).unwrap_or(0))
            }
            Place::State(_) | Place::Frame(_) if self.dies(v) => {
                self.memory_of(place).expect("memory").into()
            }
            _ => self.xmm(v).into(),
        }
    }

    /// A fresh vector register for a result.
    pub(super) fn def_x(&mut self, v: Value) -> Xmm {
        self.alloc_x(v)
    }

    /// A register for the result of one instruction: that of an operand which dies here, if the form of three
    /// operands is there to read it first.
    pub(super) fn def_x_over(&mut self, v: Value, operands: &[Value]) -> Xmm {
        for &a in operands {
            if let Place::Xmm(r) = self.place(a)
                && self.dies(a)
                && (self.e.avx || a == operands[0] && operands[1..].iter().all(|b| *b != a))
            {
                self.take_x(v, r);
                return r;
            }
        }
        self.alloc_x(v)
    }

    /// A register for a result that begins as a copy of `a`.
    pub(super) fn def_x_from(&mut self, v: Value, a: Value) -> Xmm {
        let s = self.xmm(a);
        if self.dies(a) {
            self.take_x(v, s);
            return s;
        }
        let r = self.alloc_x(v);
        self.e.movaps(r, s);
        r
    }

    fn take_x(&mut self, v: Value, r: Xmm) {
        self.regs.xmm[r.0 as usize] = v;
        self.regs.pinned_x |= 1 << r.0;
        self.places[v.index()] = Place::Xmm(r);
    }

    /// `v` is what the guest register `slot` holds.
    pub(super) fn home(&mut self, slot: u16, v: Value) {
        self.regs.homes.add(slot, v);
    }

    /// The guest register is about to change: values that are only there are loaded.
    pub(super) fn leave_home(&mut self, slot: u16, except: Value) {
        let mut at = self.regs.homes.take(slot);
        while let Some(&(v, next)) = self.regs.homes.list.get(at as usize) {
            at = next;
            if v == except || self.dies(v) || !matches!(self.place(v), Place::State(_)) {
                continue;
            }
            match self.ty(v) {
                ty if in_gpr(ty) || ty == Ty::Flags => {
                    self.gpr(v);
                }
                _ => {
                    self.xmm(v);
                }
            }
        }
    }
}

/// Do values of this type lie in general registers?
pub(crate) fn in_gpr(ty: Ty) -> bool {
    matches!(ty, Ty::I1 | Ty::I8 | Ty::I16 | Ty::I32 | Ty::I64 | Ty::F16)
}
