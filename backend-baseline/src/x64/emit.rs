//! The emitter: x86-64 instructions as bytes.
//!
//! Invariant: an instruction is written in up to three stores (head, displacement, immediate) into a buffer of fixed
//! size, each wider than what counts of it. What the code needs to know later (constants, link slots, jumps) is recorded by offset.

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

/// Host conditions by their number in the encoding; an odd one is the opposite of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cc {
    O = 0,
    No = 1,
    B = 2,
    Ae = 3,
    E = 4,
    Ne = 5,
    Be = 6,
    A = 7,
    S = 8,
    Ns = 9,
    P = 10,
    Np = 11,
    L = 12,
    Ge = 13,
    Le = 14,
    G = 15,
}

impl Cc {
    const ALL: [Cc; 16] = {
        use Cc::*;
        [O, No, B, Ae, E, Ne, Be, A, S, Ns, P, Np, L, Ge, Le, G]
    };

    pub fn invert(self) -> Cc {
        Cc::ALL[self as usize ^ 1]
    }
}

/// Arithmetic with the form `op r, r/m`: the opcode's base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Alu {
    Add = 0,
    Or = 1,
    Adc = 2,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

/// Shifts by the number in the opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Shift {
    Ror = 1,
    Shl = 4,
    Shr = 5,
    Sar = 7,
}

/// A jump whose target is not known yet: the offset of its displacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Jump(u32);

/// The head of an instruction: prefixes, opcode, ModRM, SIB. At most 7 bytes; displacement and immediate follow it.
#[derive(Clone, Copy, Default)]
struct Head {
    word: u64,
    bits: u32,
}

impl Head {
    fn push(&mut self, byte: u8) {
        self.word |= (byte as u64) << self.bits;
        self.bits += 8;
    }
}

/// A displacement: its bits and its size in bytes.
type Disp = (u32, u32);

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
}

impl Emit {
    pub fn new(avx: bool) -> Emit {
        let buf = vec![0; SIZE].into_boxed_slice();
        Emit { buf, at: 0, avx, pool: vec![], pool_sites: vec![], fixup_sites: vec![] }
    }

    pub fn clear(&mut self) {
        self.at = 0;
        self.pool.clear();
        self.pool_sites.clear();
        self.fixup_sites.clear();
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

    fn write(&mut self, head: Head) {
        self.buf[self.at..self.at + 8].copy_from_slice(&head.word.to_le_bytes());
        self.at += head.bits as usize / 8;
    }

    /// The low `size` (at most 4) bytes.
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

    pub fn patch32(&mut self, at: u32, word: u32) {
        self.buf[at as usize..at as usize + 4].copy_from_slice(&word.to_le_bytes());
    }

    /// ModRM and SIB; the displacement that follows.
    fn operand(head: &mut Head, reg: u8, rm: Rm) -> Disp {
        let reg = (reg & 7) << 3;
        match rm {
            Rm::Reg(r) => {
                head.push(0xc0 | reg | r & 7);
                (0, 0)
            }
            Rm::Pool(_) | Rm::Fixup(_) => {
                head.push(5 | reg);
                (0, 4)
            }
            Rm::Mem(Mem { base, index, disp }) => {
                let (mode, size) = match disp {
                    0 if base.0 & 7 != 5 => (0, 0),
                    -128..=127 => (0x40, 1),
                    _ => (0x80, 4),
                };
                match index {
                    None if base.0 & 7 != 4 => head.push(mode | reg | base.0 & 7),
                    None => {
                        head.push(mode | reg | 4);
                        head.push(0x24);
                    }
                    Some((index, scale)) => {
                        head.push(mode | reg | 4);
                        head.push(scale << 6 | (index.0 & 7) << 3 | base.0 & 7);
                    }
                }
                (disp as u32, size)
            }
        }
    }

    /// Index and base extension bits: X and B.
    fn extension(rm: Rm) -> (u8, u8) {
        match rm {
            Rm::Reg(r) => (0, r >> 3),
            Rm::Mem(m) => (m.index.map_or(0, |(i, _)| i.0 >> 3), m.base.0 >> 3),
            Rm::Pool(_) | Rm::Fixup(_) => (0, 0),
        }
    }

    fn finish(&mut self, head: Head, disp: Disp, rm: Rm, imm: Option<(u32, u32)>) {
        self.write(head);
        let at = self.at as u32;
        if disp.1 != 0 {
            self.write32(disp.0, disp.1);
        }
        if let Some((imm, size)) = imm {
            self.write32(imm, size);
        }
        let end = self.at as u32;
        match rm {
            Rm::Pool(of) => self.pool_sites.push(Site { at, end, of }),
            Rm::Fixup(of) => self.fixup_sites.push(Site { at, end, of }),
            Rm::Reg(_) | Rm::Mem(_) => {}
        }
    }

    /// An instruction in the legacy encoding. `low_byte`: the register is one of 8 bits.
    fn legacy(&mut self, c: Code, w: bool, reg: u8, rm: Rm, low_byte: u8, imm: Option<(u32, u32)>) {
        let mut head = Head::default();
        if c.prefix != 0 {
            head.push(c.prefix);
        }
        let (x, b) = Self::extension(rm);
        let rex = (w as u8) << 3 | (reg >> 3) << 2 | x << 1 | b;
        if rex != 0 || low_byte >= 4 {
            head.push(0x40 | rex);
        }
        match c.map {
            0 => {}
            1 => head.push(0x0f),
            2 => {
                head.push(0x0f);
                head.push(0x38);
            }
            _ => {
                head.push(0x0f);
                head.push(0x3a);
            }
        }
        head.push(c.byte);
        let disp = Self::operand(&mut head, reg, rm);
        self.finish(head, disp, rm, imm);
    }

    /// An instruction in the VEX encoding, 128 bits wide.
    fn vex(&mut self, c: Code, w: bool, reg: u8, v: u8, rm: Rm, imm: Option<u8>) {
        let mut head = Head::default();
        let pp = match c.prefix {
            0 => 0,
            0x66 => 1,
            0xf3 => 2,
            _ => 3,
        };
        let (x, b) = Self::extension(rm);
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
        let disp = Self::operand(&mut head, reg, rm);
        self.finish(head, disp, rm, imm.map(|imm| (imm as u32, 1)));
    }

    // General registers. `w`: 64 bits wide, else 32.

    pub fn alu(&mut self, op: Alu, w: bool, d: Gpr, rm: impl Into<Rm>) {
        self.legacy(code(0, 0, (op as u8) << 3 | 3), w, d.0, rm.into(), 0, None);
    }

    /// `op r/m, imm` with a sign-extended immediate.
    pub fn alu_imm(&mut self, op: Alu, w: bool, rm: impl Into<Rm>, imm: i32) {
        let (byte, size) = if (-128..=127).contains(&imm) { (0x83, 1) } else { (0x81, 4) };
        let imm = if size == 1 { imm as u8 as u32 } else { imm as u32 };
        self.legacy(code(0, 0, byte), w, op as u8, rm.into(), 0, Some((imm, size)));
    }

    pub fn mov(&mut self, w: bool, d: Gpr, rm: impl Into<Rm>) {
        self.legacy(code(0, 0, 0x8b), w, d.0, rm.into(), 0, None);
    }

    /// `d = imm` in the shortest form. Keeps the host's flags.
    pub fn mov_imm(&mut self, d: Gpr, imm: u64) {
        if let Ok(imm) = u32::try_from(imm) {
            let mut head = Head::default();
            if d.0 >= 8 {
                head.push(0x41);
            }
            head.push(0xb8 | d.0 & 7);
            self.write(head);
            self.write32(imm, 4);
        } else if let Ok(imm) = i32::try_from(imm as i64) {
            self.legacy(code(0, 0, 0xc7), true, 0, d.into(), 0, Some((imm as u32, 4)));
        } else {
            let mut head = Head::default();
            head.push(0x48 | d.0 >> 3);
            head.push(0xb8 | d.0 & 7);
            self.write(head);
            self.write32(imm as u32, 4);
            self.write32((imm >> 32) as u32, 4);
        }
    }

    /// Stores 1, 2, 4 or 8 bytes of a register.
    pub fn store(&mut self, bytes: u32, m: Mem, r: Gpr) {
        let (byte, prefix) = match bytes {
            1 => (0x88, 0),
            2 => (0x89, 0x66),
            _ => (0x89, 0),
        };
        let low = if bytes == 1 { r.0 } else { 0 };
        self.legacy(code(prefix, 0, byte), bytes == 8, r.0, m.into(), low, None);
    }

    /// Stores a constant of 1, 2, 4 or 8 bytes; of 8 only one that is sign-extended from 32 bits.
    pub fn store_imm(&mut self, bytes: u32, m: Mem, imm: i32) {
        let (byte, prefix, size) = match bytes {
            1 => (0xc6, 0, 1),
            2 => (0xc7, 0x66, 2),
            _ => (0xc7, 0, 4),
        };
        let imm = imm as u32 & (u32::MAX >> (32 - 8 * size));
        self.legacy(code(prefix, 0, byte), bytes == 8, 0, m.into(), 0, Some((imm, size)));
    }

    /// Loads 1, 2, 4 or 8 bytes (or takes those of a register), zero-extended.
    pub fn load_zx(&mut self, bytes: u32, d: Gpr, rm: impl Into<Rm>) {
        let rm = rm.into();
        match bytes {
            1 => {
                let low = if let Rm::Reg(r) = rm { r } else { 0 };
                self.legacy(code(0, 1, 0xb6), false, d.0, rm, low, None);
            }
            2 => self.legacy(code(0, 1, 0xb7), false, d.0, rm, 0, None),
            _ => self.mov(bytes == 8, d, rm),
        }
    }

    /// The same, sign-extended to 64 (`w`) or 32 bits.
    pub fn load_sx(&mut self, bytes: u32, w: bool, d: Gpr, rm: impl Into<Rm>) {
        let rm = rm.into();
        match bytes {
            1 => {
                let low = if let Rm::Reg(r) = rm { r } else { 0 };
                self.legacy(code(0, 1, 0xbe), w, d.0, rm, low, None);
            }
            2 => self.legacy(code(0, 1, 0xbf), w, d.0, rm, 0, None),
            4 if w => self.legacy(code(0, 0, 0x63), true, d.0, rm, 0, None),
            _ => self.mov(bytes == 8, d, rm),
        }
    }

    pub fn lea(&mut self, w: bool, d: Gpr, m: Mem) {
        self.legacy(code(0, 0, 0x8d), w, d.0, m.into(), 0, None);
    }

    /// The address of data that the engine places.
    pub fn lea_fixup(&mut self, d: Gpr, fixup: u16) {
        self.legacy(code(0, 0, 0x8d), true, d.0, Rm::Fixup(fixup), 0, None);
    }

    pub fn test(&mut self, w: bool, a: Gpr, b: Gpr) {
        self.legacy(code(0, 0, 0x85), w, a.0, b.into(), 0, None);
    }

    pub fn test_imm(&mut self, w: bool, rm: impl Into<Rm>, imm: i32) {
        self.legacy(code(0, 0, 0xf7), w, 0, rm.into(), 0, Some((imm as u32, 4)));
    }

    /// Multiplication, low half.
    pub fn imul(&mut self, w: bool, d: Gpr, rm: impl Into<Rm>) {
        self.legacy(code(0, 1, 0xaf), w, d.0, rm.into(), 0, None);
    }

    pub fn imul_imm(&mut self, w: bool, d: Gpr, rm: impl Into<Rm>, imm: i32) {
        self.legacy(code(0, 0, 0x69), w, d.0, rm.into(), 0, Some((imm as u32, 4)));
    }

    /// Group 3 by its number: 2 not, 3 neg, 4 mul, 5 imul, 6 div, 7 idiv (the last four on RDX:RAX).
    pub fn group3(&mut self, n: u8, w: bool, rm: impl Into<Rm>) {
        self.legacy(code(0, 0, 0xf7), w, n, rm.into(), 0, None);
    }

    pub fn shift_imm(&mut self, op: Shift, w: bool, d: Gpr, n: u8) {
        self.legacy(code(0, 0, 0xc1), w, op as u8, d.into(), 0, Some((n as u32, 1)));
    }

    /// By CL.
    pub fn shift_cl(&mut self, op: Shift, w: bool, d: Gpr) {
        self.legacy(code(0, 0, 0xd3), w, op as u8, d.into(), 0, None);
    }

    /// BMI2: `d = rm shifted by the register`, flags kept.
    pub fn shift_x(&mut self, op: Shift, w: bool, d: Gpr, rm: impl Into<Rm>, by: Gpr) {
        let prefix = match op {
            Shift::Shl => 0x66,
            Shift::Shr => 0xf2,
            _ => 0xf3,
        };
        self.vex(code(prefix, 2, 0xf7), w, d.0, by.0, rm.into(), None);
    }

    /// BMI1: `d = !not & rm`.
    pub fn andn(&mut self, w: bool, d: Gpr, not: Gpr, rm: impl Into<Rm>) {
        self.vex(code(0, 2, 0xf2), w, d.0, not.0, rm.into(), None);
    }

    /// `lzcnt`, `tzcnt`, `popcnt`, `bsr`, `bsf` and the like: an opcode of map 1.
    pub fn bits(&mut self, prefix: u8, byte: u8, w: bool, d: Gpr, rm: impl Into<Rm>) {
        self.legacy(code(prefix, 1, byte), w, d.0, rm.into(), 0, None);
    }

    pub fn bswap(&mut self, w: bool, d: Gpr) {
        let mut head = Head::default();
        let rex = (w as u8) << 3 | d.0 >> 3;
        if rex != 0 {
            head.push(0x40 | rex);
        }
        head.push(0x0f);
        head.push(0xc8 | d.0 & 7);
        self.write(head);
    }

    /// Bit `n` (a register) of `r` into the carry.
    pub fn bt(&mut self, w: bool, r: Gpr, n: Gpr) {
        self.legacy(code(0, 1, 0xa3), w, n.0, r.into(), 0, None);
    }

    pub fn setcc(&mut self, cc: Cc, d: Gpr) {
        self.legacy(code(0, 1, 0x90 | cc as u8), false, 0, d.into(), d.0, None);
    }

    pub fn cmov(&mut self, cc: Cc, w: bool, d: Gpr, rm: impl Into<Rm>) {
        self.legacy(code(0, 1, 0x40 | cc as u8), w, d.0, rm.into(), 0, None);
    }

    pub fn xchg(&mut self, bytes: u32, m: Mem, r: Gpr) {
        let prefix = if bytes == 2 { 0x66 } else { 0 };
        let (byte, low) = if bytes == 1 { (0x86, r.0) } else { (0x87, 0) };
        self.legacy(code(prefix, 0, byte), bytes == 8, r.0, m.into(), low, None);
    }

    /// `lock xadd` (0xc0) or `lock cmpxchg` (0xb0) of 1, 2, 4 or 8 bytes.
    pub fn locked(&mut self, byte: u8, bytes: u32, m: Mem, r: Gpr) {
        self.raw(&[0xf0]);
        let prefix = if bytes == 2 { 0x66 } else { 0 };
        let (odd, low) = if bytes == 1 { (0, r.0) } else { (1, 0) };
        self.legacy(code(prefix, 1, byte | odd), bytes == 8, r.0, m.into(), low, None);
    }

    /// `lock cmpxchg16b`: RDX:RAX with RCX:RBX.
    pub fn cmpxchg16b(&mut self, m: Mem) {
        self.raw(&[0xf0]);
        self.legacy(code(0, 1, 0xc7), true, 1, m.into(), 0, None);
    }

    /// `lock or dword [m], imm8`.
    pub fn lock_or(&mut self, m: Mem, imm: i8) {
        self.raw(&[0xf0]);
        self.legacy(code(0, 0, 0x83), false, 1, m.into(), 0, Some((imm as u8 as u32, 1)));
    }

    /// `dec dword [fixup]`.
    pub fn dec_fixup(&mut self, fixup: u16) {
        self.legacy(code(0, 0, 0xff), false, 1, Rm::Fixup(fixup), 0, None);
    }

    /// `jmp [rm]` or `call [rm]`.
    pub fn jmp_rm(&mut self, rm: impl Into<Rm>) {
        self.legacy(code(0, 0, 0xff), false, 4, rm.into(), 0, None);
    }

    pub fn call_rm(&mut self, rm: impl Into<Rm>) {
        self.legacy(code(0, 0, 0xff), false, 2, rm.into(), 0, None);
    }

    /// A conditional jump to be bound.
    pub fn jcc(&mut self, cc: Cc) -> Jump {
        self.raw(&[0x0f, 0x80 | cc as u8, 0, 0, 0, 0]);
        Jump(self.at as u32 - 4)
    }

    pub fn jmp(&mut self) -> Jump {
        self.raw(&[0xe9, 0, 0, 0, 0]);
        Jump(self.at as u32 - 4)
    }

    /// Leads a jump here.
    pub fn bind(&mut self, jump: Jump) {
        let here = self.at as u32;
        self.patch32(jump.0, here.wrapping_sub(jump.0 + 4));
    }

    /// A jump back to an offset.
    pub fn jmp_back(&mut self, to: u32) {
        let jump = self.jmp();
        self.patch32(jump.0, to.wrapping_sub(jump.0 + 4));
    }

    pub fn jcc_back(&mut self, cc: Cc, to: u32) {
        let jump = self.jcc(cc);
        self.patch32(jump.0, to.wrapping_sub(jump.0 + 4));
    }

    // Vector registers.

    /// `d = a op rm`: one instruction with AVX, else a move before it. Without AVX `d` must not be `rm`,
    /// unless it is `a` too.
    pub fn v3(&mut self, c: Code, d: Xmm, a: Xmm, rm: impl Into<Rm>) {
        let rm = rm.into();
        if self.avx {
            return self.vex(c, false, d.0, a.0, rm, None);
        }
        self.movaps(d, a);
        self.legacy(c, false, d.0, rm, 0, None);
    }

    /// The same with an immediate.
    pub fn v3i(&mut self, c: Code, d: Xmm, a: Xmm, rm: impl Into<Rm>, imm: u8) {
        let rm = rm.into();
        if self.avx {
            return self.vex(c, false, d.0, a.0, rm, Some(imm));
        }
        self.movaps(d, a);
        self.legacy(c, false, d.0, rm, 0, Some((imm as u32, 1)));
    }

    /// `d = a op gpr/m` (`pinsr`, conversions from integers).
    pub fn v3w(&mut self, c: Code, w: bool, d: Xmm, a: Xmm, rm: impl Into<Rm>, imm: Option<u8>) {
        let rm = rm.into();
        if self.avx {
            return self.vex(c, w, d.0, a.0, rm, imm);
        }
        self.movaps(d, a);
        self.legacy(c, w, d.0, rm, 0, imm.map(|i| (i as u32, 1)));
    }

    /// `d = op rm`: two operands.
    pub fn v2(&mut self, c: Code, d: Xmm, rm: impl Into<Rm>) {
        self.v2w(c, false, d.0, rm.into(), None);
    }

    pub fn v2i(&mut self, c: Code, d: Xmm, rm: impl Into<Rm>, imm: u8) {
        self.v2w(c, false, d.0, rm.into(), Some(imm));
    }

    /// Two operands of any register file.
    pub fn v2w(&mut self, c: Code, w: bool, reg: u8, rm: Rm, imm: Option<u8>) {
        if self.avx {
            return self.vex(c, w, reg, 0, rm, imm);
        }
        self.legacy(c, w, reg, rm, 0, imm.map(|i| (i as u32, 1)));
    }

    /// A shift by an immediate: `d = a shifted`, the operation by opcode and number.
    pub fn vshift(&mut self, byte: u8, n: u8, d: Xmm, a: Xmm, imm: u8) {
        let c = code(0x66, 1, byte);
        if self.avx {
            return self.vex(c, false, n, d.0, a.into(), Some(imm));
        }
        self.movaps(d, a);
        self.legacy(c, false, n, d.into(), 0, Some((imm as u32, 1)));
    }

    /// VEX only (FMA, AVX2).
    pub fn vex_only(&mut self, c: Code, w: bool, d: Xmm, a: Xmm, rm: impl Into<Rm>) {
        self.vex(c, w, d.0, a.0, rm.into(), None);
    }

    pub fn movaps(&mut self, d: Xmm, a: Xmm) {
        if d != a {
            self.v2(code(0, 1, 0x28), d, a);
        }
    }

    /// Loads 4, 8 or 16 bytes, the rest zeroed. `aligned` matters for 16.
    pub fn load_x(&mut self, bytes: u32, aligned: bool, d: Xmm, rm: impl Into<Rm>) {
        let c = match bytes {
            4 => code(0xf3, 1, 0x10),
            8 => code(0xf3, 1, 0x7e),
            _ if aligned => code(0, 1, 0x28),
            _ => code(0, 1, 0x10),
        };
        self.v2(c, d, rm);
    }

    /// Stores 4, 8 or 16 bytes.
    pub fn store_x(&mut self, bytes: u32, aligned: bool, m: Mem, r: Xmm) {
        let c = match bytes {
            4 => code(0xf3, 1, 0x11),
            8 => code(0x66, 1, 0xd6),
            _ if aligned => code(0, 1, 0x29),
            _ => code(0, 1, 0x11),
        };
        self.v2w(c, false, r.0, m.into(), None);
    }

    /// From a general register, zero-extended.
    pub fn movd_to(&mut self, w: bool, d: Xmm, rm: impl Into<Rm>) {
        self.v2w(code(0x66, 1, 0x6e), w, d.0, rm.into(), None);
    }

    /// To a general register, 32 bits zero-extended or 64.
    pub fn movd_from(&mut self, w: bool, d: Gpr, r: Xmm) {
        self.v2w(code(0x66, 1, 0x7e), w, r.0, d.into(), None);
    }

    pub fn zero_x(&mut self, d: Xmm) {
        self.v3(code(0, 1, 0x57), d, d, d);
    }

    /// All ones.
    pub fn ones_x(&mut self, d: Xmm) {
        self.v3(code(0x66, 1, 0x76), d, d, d);
    }
}
