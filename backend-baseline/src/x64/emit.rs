//! x86-64 instructions by name, upon the encodings of [`super::encode`].

pub(crate) use super::encode::*;
use isamorph_ir::inst::Prefetch;

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

impl Emit {
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
            self.short(if d.0 >= 8 { 0x41 } else { 0 }, 0xb8 | d.0 & 7, imm);
        } else if let Ok(imm) = i32::try_from(imm as i64) {
            self.legacy(code(0, 0, 0xc7), true, 0, d.into(), 0, Some((imm as u32, 4)));
        } else {
            self.short(0x48 | d.0 >> 3, 0xb8 | d.0 & 7, imm as u32);
            self.raw(&((imm >> 32) as u32).to_le_bytes());
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

    /// Fetches a line of memory.
    pub fn prefetch(&mut self, what: Prefetch, m: Mem) {
        let (opcode, kind) = match what {
            Prefetch::Stream => (0x18, 0),
            Prefetch::L1 => (0x18, 1),
            Prefetch::L2 => (0x18, 2),
            Prefetch::L3 => (0x18, 3),
            Prefetch::Write => (0x0d, 1),
        };
        self.legacy(code(0, 1, opcode), false, kind, m.into(), 0, None);
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
        let rex = (w as u8) << 3 | d.0 >> 3;
        let bytes = [0x40 | rex, 0x0f, 0xc8 | d.0 & 7];
        self.raw(if rex != 0 { &bytes } else { &bytes[1..] });
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

    /// `inc qword [m]`.
    pub fn inc(&mut self, m: Mem) {
        self.legacy(code(0, 0, 0xff), true, 0, m.into(), 0, None);
    }

    pub fn push(&mut self, r: Gpr) {
        debug_assert!(r.0 < 8);
        self.raw(&[0x50 | r.0]);
    }

    pub fn pop(&mut self, r: Gpr) {
        debug_assert!(r.0 < 8);
        self.raw(&[0x58 | r.0]);
    }

    pub fn ret(&mut self) {
        self.raw(&[0xc3]);
    }

    /// A conditional jump to be bound.
    pub fn jcc(&mut self, cc: Cc) -> Jump {
        self.jump(&[0x0f, 0x80 | cc as u8])
    }

    /// The same over at most 127 bytes.
    pub fn jcc_near(&mut self, cc: Cc) -> Jump {
        self.near_jump(0x70 | cc as u8)
    }

    pub fn jmp(&mut self) -> Jump {
        self.jump(&[0xe9])
    }

    /// A jump back to an offset.
    pub fn jmp_back(&mut self, to: u32) {
        let jump = if self.is_near(to) { self.near_jump(0xeb) } else { self.jmp() };
        self.lead(jump, to);
    }

    pub fn jcc_back(&mut self, cc: Cc, to: u32) {
        let jump = if self.is_near(to) { self.jcc_near(cc) } else { self.jcc(cc) };
        self.lead(jump, to);
    }

    /// Does a jump of two bytes reach back to this offset?
    fn is_near(&self, to: u32) -> bool {
        self.offset() + 2 - to <= 128
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
