//! How x86-64 instructions become bytes: operands, the legacy and the VEX encoding, the buffer.
//!
//! Invariant: an instruction is written in one or two stores of eight bytes (and one of its immediate) into a buffer of
//! fixed size, each wider than what counts of it. What the code needs to know later (constants, link slots, jumps) is
//! recorded by offset.

/// Bytes of the buffer; [`Emit::room`] says when a block should give up.
const SIZE: usize = 512 * 1024;
/// Room that one IR instruction, cold path included, never exceeds.
const MARGIN: usize = 8 * 1024;

/// A general register by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gpr(pub u8);

/// A vector register by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Xmm(pub u8);

pub(crate) const RAX: Gpr = Gpr(0);
pub(crate) const RCX: Gpr = Gpr(1);
pub(crate) const RDX: Gpr = Gpr(2);
pub(crate) const RSP: Gpr = Gpr(4);
pub(crate) const RSI: Gpr = Gpr(6);
/// The vCPU's area, always.
pub(crate) const RDI: Gpr = Gpr(7);

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mem {
    pub base: Gpr,
    /// Index register and the power of two that it is scaled by.
    pub index: Option<(Gpr, u8)>,
    pub disp: i32,
}

impl Mem {
    pub fn new(base: Gpr, disp: i32) -> Mem {
        Mem { base, index: None, disp }
    }

    /// In the vCPU's area.
    pub fn area(offset: usize) -> Mem {
        Mem::new(RDI, offset as i32)
    }
}

/// The operand that may be a register or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rm {
    Reg(u8),
    Mem(Mem),
    /// A constant of the block's pool.
    Pool(u16),
    /// Data that the engine places: the number of a fixup.
    Fixup(u16),
}

impl From<Gpr> for Rm {
    fn from(r: Gpr) -> Rm {
        Rm::Reg(r.0)
    }
}

impl From<Xmm> for Rm {
    fn from(r: Xmm) -> Rm {
        Rm::Reg(r.0)
    }
}

impl From<Mem> for Rm {
    fn from(m: Mem) -> Rm {
        Rm::Mem(m)
    }
}

/// An opcode: mandatory prefix (0, 0x66, 0xf3, 0xf2), map (0 = one byte, 1 = 0f, 2 = 0f 38, 3 = 0f 3a), byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code {
    pub prefix: u8,
    pub map: u8,
    pub byte: u8,
}

/// The opcode with this prefix, map and byte.
pub(crate) const fn code(prefix: u8, map: u8, byte: u8) -> Code {
    Code { prefix, map, byte }
}

impl Code {
    /// The bytes behind prefixes in the legacy encoding.
    #[inline(always)]
    const fn opcode(self) -> Opcode {
        let byte = self.byte as u32;
        let (word, bits) = match self.map {
            0 => (byte, 8),
            1 => (0x0f | byte << 8, 16),
            2 => (0x380f | byte << 16, 24),
            _ => (0x3a0f | byte << 16, 24),
        };
        Opcode { word, bits, prefix: self.prefix }
    }
}

/// The bytes of an opcode, and its mandatory prefix.
#[derive(Clone, Copy)]
struct Opcode {
    word: u32,
    bits: u8,
    prefix: u8,
}

/// A jump whose target is not known yet: the offset of its displacement, and [`NEAR`] if that is a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Jump(u32);

const NEAR: u32 = 1 << 31;

/// The bytes of an instruction up to its SIB: at most 7; a displacement of a byte has room with them.
#[derive(Clone, Copy, Default)]
struct Head {
    word: u64,
    bits: u32,
}

impl Head {
    #[inline(always)]
    fn push(&mut self, byte: u8) {
        self.word |= (byte as u64) << self.bits;
        self.bits += 8;
    }

    /// Prefixes and opcode of the legacy encoding.
    #[inline(always)]
    fn legacy(o: Opcode, rex: u8, low_byte: u8) -> Head {
        let mut head = Head::default();
        if o.prefix != 0 {
            head.push(o.prefix);
        }
        if rex != 0 || low_byte >= 4 {
            head.push(0x40 | rex);
        }
        head.word |= (o.word as u64) << head.bits;
        head.bits += o.bits as u32;
        head
    }
}

/// Where a displacement is to be filled in: its offset, the end of its instruction, and of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub at: u32,
    pub end: u32,
    pub of: u16,
}

/// The code under construction.
pub(crate) struct Emit {
    buf: Box<[u8]>,
    at: usize,
    /// Has the host AVX (and uses it: forms of three operands)?
    pub avx: bool,
    pub pool: Vec<u128>,
    pub pool_sites: Vec<Site>,
    pub fixup_sites: Vec<Site>,
    /// A jump said to be near was led too far: the code is of no use.
    pub too_far: bool,
}

impl Emit {
    pub fn new(avx: bool) -> Emit {
        let buf = vec![0; SIZE].into_boxed_slice();
        Emit {
            buf,
            at: 0,
            avx,
            pool: vec![],
            pool_sites: vec![],
            fixup_sites: vec![],
            too_far: false,
        }
    }

    pub fn clear(&mut self) {
        self.at = 0;
        self.pool.clear();
        self.pool_sites.clear();
        self.fixup_sites.clear();
        self.too_far = false;
    }

    /// Is there room for another IR instruction?
    pub fn room(&self) -> bool {
        self.at + MARGIN < SIZE
    }

    pub fn offset(&self) -> u32 {
        self.at as u32
    }

    pub fn code(&self) -> &[u8] {
        &self.buf[..self.at]
    }

    #[inline(always)]
    fn write(&mut self, head: Head) {
        self.buf[self.at..self.at + 8].copy_from_slice(&head.word.to_le_bytes());
        self.at += head.bits as usize / 8;
    }

    /// The low `size` (at most 4) bytes.
    #[inline(always)]
    fn write32(&mut self, word: u32, size: u32) {
        self.buf[self.at..self.at + 4].copy_from_slice(&word.to_le_bytes());
        self.at += size as usize;
    }

    /// Raw bytes of an instruction that has no operands.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    pub fn align(&mut self, to: usize, fill: u8) {
        while !self.at.is_multiple_of(to) {
            self.raw(&[fill]);
        }
    }

    /// A constant of the pool.
    pub fn constant(&mut self, bits: u128) -> Rm {
        let at = self.pool.iter().position(|c| *c == bits).unwrap_or_else(|| {
            self.pool.push(bits);
            self.pool.len() - 1
        });
        Rm::Pool(at as u16)
    }

    /// Appends the pool and fills in what refers to it.
    pub fn finish_pool(&mut self) {
        if self.pool.is_empty() {
            return;
        }
        self.align(16, 0xcc);
        let begin = self.at as u32;
        for n in 0..self.pool.len() {
            let bits = self.pool[n];
            self.raw(&bits.to_le_bytes());
        }
        for n in 0..self.pool_sites.len() {
            let Site { at, end, of } = self.pool_sites[n];
            self.patch32(at, (begin + 16 * of as u32).wrapping_sub(end));
        }
    }

    fn patch32(&mut self, at: u32, word: u32) {
        self.buf[at as usize..at as usize + 4].copy_from_slice(&word.to_le_bytes());
    }

    /// ModRM for a register.
    #[inline(always)]
    fn with_reg(&mut self, mut head: Head, reg: u8, r: u8) {
        head.push(0xc0 | (reg & 7) << 3 | r & 7);
        self.write(head);
    }

    /// ModRM, SIB and displacement of an address.
    #[inline(always)]
    fn with_mem(&mut self, mut head: Head, reg: u8, m: Mem) {
        let (base, disp) = (m.base.0 & 7, m.disp);
        let reg = (reg & 7) << 3;
        let (mode, size) = match disp {
            0 if base != 5 => (0, 0),
            -128..=127 => (0x40, 8),
            _ => (0x80, 32),
        };
        match m.index {
            None if base != 4 => head.push(mode | reg | base),
            None => {
                head.push(mode | reg | 4);
                head.push(0x24);
            }
            Some((index, scale)) => {
                head.push(mode | reg | 4);
                head.push(scale << 6 | (index.0 & 7) << 3 | base);
            }
        }
        if head.bits + size <= 64 {
            // Bits beyond the size are overwritten by what follows.
            head.word |= (disp as u32 as u64) << head.bits;
            head.bits += size;
            self.write(head);
        } else {
            self.write(head);
            self.write32(disp as u32, size / 8);
        }
    }

    /// ModRM and displacement of data near the code, filled in later; `behind`: bytes of the immediate that follows.
    fn with_data(&mut self, mut head: Head, reg: u8, rm: Rm, behind: u32) {
        head.push(5 | (reg & 7) << 3);
        self.write(head);
        let at = self.at as u32;
        self.write32(0, 4);
        let end = self.at as u32 + behind;
        match rm {
            Rm::Pool(of) => self.pool_sites.push(Site { at, end, of }),
            Rm::Fixup(of) => self.fixup_sites.push(Site { at, end, of }),
            Rm::Reg(_) | Rm::Mem(_) => {}
        }
    }

    fn legacy_reg(&mut self, o: Opcode, w: bool, reg: u8, r: u8, low_byte: u8) {
        let rex = (w as u8) << 3 | (reg >> 3) << 2 | r >> 3;
        self.with_reg(Head::legacy(o, rex, low_byte), reg, r);
    }

    /// The usual address: a base register and a displacement.
    #[inline(never)]
    fn legacy_base(&mut self, o: Opcode, w: bool, reg: u8, base: u8, disp: i32, low_byte: u8) {
        let rex = (w as u8) << 3 | (reg >> 3) << 2 | base >> 3;
        let mut head = Head::legacy(o, rex, low_byte);
        let fields = (reg & 7) << 3 | base & 7;
        if disp as i8 as i32 == disp {
            if disp == 0 && base & 7 != 5 {
                head.push(fields);
            } else {
                head.push(0x40 | fields);
                head.push(disp as u8);
            }
            return self.write(head);
        }
        head.push(0x80 | fields);
        if head.bits <= 32 {
            head.word |= (disp as u32 as u64) << head.bits;
            head.bits += 32;
            self.write(head);
        } else {
            self.write(head);
            self.write32(disp as u32, 4);
        }
    }

    fn legacy_mem(&mut self, o: Opcode, w: bool, reg: u8, m: Mem, low_byte: u8) {
        let x = m.index.map_or(0, |(i, _)| i.0 >> 3);
        let rex = (w as u8) << 3 | (reg >> 3) << 2 | x << 1 | m.base.0 >> 3;
        self.with_mem(Head::legacy(o, rex, low_byte), reg, m);
    }

    /// An instruction in the legacy encoding. `low_byte`: the register is one of 8 bits.
    #[inline(always)]
    pub(super) fn legacy(
        &mut self,
        c: Code,
        w: bool,
        reg: u8,
        rm: Rm,
        low_byte: u8,
        imm: Option<(u32, u32)>,
    ) {
        let o = c.opcode();
        match rm {
            Rm::Reg(r) => self.legacy_reg(o, w, reg, r, low_byte),
            Rm::Mem(Mem { base, index: None, disp }) if base.0 & 7 != 4 => {
                self.legacy_base(o, w, reg, base.0, disp, low_byte)
            }
            Rm::Mem(m) => self.legacy_mem(o, w, reg, m, low_byte),
            Rm::Pool(_) | Rm::Fixup(_) => {
                let rex = (w as u8) << 3 | (reg >> 3) << 2;
                self.with_data(Head::legacy(o, rex, low_byte), reg, rm, imm.map_or(0, |i| i.1));
            }
        }
        if let Some((imm, size)) = imm {
            self.write32(imm, size);
        }
    }

    /// An instruction in the VEX encoding, 128 bits wide.
    pub(super) fn vex(&mut self, c: Code, w: bool, reg: u8, v: u8, rm: Rm, imm: Option<u8>) {
        let mut head = Head::default();
        let pp = match c.prefix {
            0 => 0,
            0x66 => 1,
            0xf3 => 2,
            _ => 3,
        };
        let (x, b) = match rm {
            Rm::Reg(r) => (0, r >> 3),
            Rm::Mem(m) => (m.index.map_or(0, |(i, _)| i.0 >> 3), m.base.0 >> 3),
            Rm::Pool(_) | Rm::Fixup(_) => (0, 0),
        };
        let r = reg >> 3;
        let low = (!v & 15) << 3 | pp;
        if !w && c.map == 1 && x == 0 && b == 0 {
            head.push(0xc5);
            head.push((r ^ 1) << 7 | low);
        } else {
            head.push(0xc4);
            head.push((r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | c.map);
            head.push((w as u8) << 7 | low);
        }
        head.push(c.byte);
        match rm {
            Rm::Reg(r) => self.with_reg(head, reg, r),
            Rm::Mem(m) => self.with_mem(head, reg, m),
            Rm::Pool(_) | Rm::Fixup(_) => self.with_data(head, reg, rm, imm.is_some() as u32),
        }
        if let Some(imm) = imm {
            self.write32(imm as u32, 1);
        }
    }

    /// `opcode+register, imm` without ModRM, and a 32-bit immediate.
    pub(super) fn short(&mut self, prefix: u8, byte: u8, imm: u32) {
        let mut head = Head::default();
        if prefix != 0 {
            head.push(prefix);
        }
        head.push(byte);
        head.word |= (imm as u64) << head.bits;
        head.bits += 32;
        self.write(head);
    }

    /// A jump's opcode, and room for its displacement.
    pub(super) fn jump(&mut self, opcode: &[u8]) -> Jump {
        self.raw(opcode);
        self.write32(0, 4);
        Jump(self.at as u32 - 4)
    }

    /// A jump's opcode, and room for a displacement of one byte.
    pub(super) fn near_jump(&mut self, opcode: u8) -> Jump {
        self.raw(&[opcode, 0]);
        Jump((self.at as u32 - 1) | NEAR)
    }

    /// Leads a jump here.
    pub fn bind(&mut self, jump: Jump) {
        self.lead(jump, self.at as u32);
    }

    /// Leads a jump to an offset.
    pub fn lead(&mut self, jump: Jump, to: u32) {
        if jump.0 & NEAR != 0 {
            let at = jump.0 & !NEAR;
            match i8::try_from(to.wrapping_sub(at + 1) as i32) {
                Ok(distance) => self.buf[at as usize] = distance as u8,
                Err(_) => self.too_far = true,
            }
            return;
        }
        self.patch32(jump.0, to.wrapping_sub(jump.0 + 4));
    }
}
