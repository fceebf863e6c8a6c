//! Machine instructions that Cranelift cannot be asked for: one of the same shape is compiled, marked by its source
//! location, and patched when the code is finished.
//!
//! | wanted | compiled | differs in |
//! |---|---|---|
//! | `roundss` and kin without Inexact | `roundss` and kin | bit 3 of the immediate |
//! | `aesenc`, `aesenclast`, `aesdec`, `aesdeclast` | `pshufb` | opcode |
//! | `aesimc` | `pabsb` | opcode |
//! | `pclmulqdq` of the low halves | `palignr` | opcode, immediate |
//! | `prefetcht0` and kin | `movzx` of a byte in memory | opcode, register |
//!
//! Invariants: a marked source location covers one such instruction (and what Cranelift needs to move its operands), or
//! the region is not compiled; passes that merge equal instructions are off, for a stand-in must not be taken for the
//! instruction that it looks like ([`cranelift_codegen::settings::OptLevel::None`]).

use cranelift_codegen::ir::SourceLoc;
use isamorph_ir::inst::Prefetch;

/// Bits of a source location that number the guest instruction.
const NUMBER: u32 = (1 << 24) - 1;

/// What stands in place of a [`Patch`].
const FAULT_EXIT: u32 = 127;

/// What a marked instruction is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patch {
    /// A rounding that does not raise Inexact.
    QuietRounding = 1,
    /// `aesenc`, from `pshufb`.
    AesEnc,
    /// `aesenclast`, from `pshufb`.
    AesEncLast,
    /// `aesdec`, from `pshufb`.
    AesDec,
    /// `aesdeclast`, from `pshufb`.
    AesDecLast,
    /// `aesimc`, from `pabsb`.
    AesImc,
    /// `pclmulqdq` with immediate 0, from `palignr`.
    ClMul,
    /// `prefetcht0`, from `movzx`, as the following.
    Prefetch1,
    /// `prefetcht1`.
    Prefetch2,
    /// `prefetcht2`.
    Prefetch3,
    /// `prefetchnta`.
    PrefetchStream,
    /// `prefetchw`.
    PrefetchWrite,
}

const ALL: [Patch; 12] = [
    Patch::QuietRounding,
    Patch::AesEnc,
    Patch::AesEncLast,
    Patch::AesDec,
    Patch::AesDecLast,
    Patch::AesImc,
    Patch::ClMul,
    Patch::Prefetch1,
    Patch::Prefetch2,
    Patch::Prefetch3,
    Patch::PrefetchStream,
    Patch::PrefetchWrite,
];

/// The source location of an instruction of guest instruction `number` (from 1).
pub(crate) fn source_loc(number: u32, patch: Option<Patch>) -> SourceLoc {
    debug_assert!(number <= NUMBER);
    SourceLoc::new(number | patch.map_or(0, |p| p as u32) << 24)
}

/// The source location of the branch of a fault exit ([`crate::fault_exits`]) of guest instruction `number`.
pub(crate) fn fault_exit_loc(number: u32) -> SourceLoc {
    SourceLoc::new(number | FAULT_EXIT << 24)
}

/// Is it the source location of a fault exit's branch?
pub(crate) fn is_fault_exit(loc: SourceLoc) -> bool {
    !loc.is_default() && loc.bits() >> 24 == FAULT_EXIT
}

/// The number in a source location; none in one that Cranelift made up.
pub(crate) fn number(loc: SourceLoc) -> Option<usize> {
    if loc.is_default() { None } else { ((loc.bits() & NUMBER) as usize).checked_sub(1) }
}

/// The patch that a source location asks for.
pub(crate) fn of(loc: SourceLoc) -> Option<Patch> {
    if loc.is_default() {
        return None;
    }
    ALL.into_iter().find(|p| *p as u32 == loc.bits() >> 24)
}

impl From<Prefetch> for Patch {
    fn from(what: Prefetch) -> Patch {
        match what {
            Prefetch::L1 => Patch::Prefetch1,
            Prefetch::L2 => Patch::Prefetch2,
            Prefetch::L3 => Patch::Prefetch3,
            Prefetch::Stream => Patch::PrefetchStream,
            Prefetch::Write => Patch::PrefetchWrite,
        }
    }
}

impl Patch {
    /// Patches the code of one source location. None: it is not what was expected.
    pub(crate) fn apply(self, code: &mut [u8]) -> Option<()> {
        if let Some((opcode, kind)) = self.prefetch() {
            return prefetch(code, opcode, kind);
        }
        // Opcode maps: 2 is 0f 38, 3 is 0f 3a.
        let (map, compiled, wanted) = match self {
            Patch::QuietRounding => (3, 0x08..=0x0b, None),
            Patch::AesEnc => (2, 0x00..=0x00, Some(0xdc)),
            Patch::AesEncLast => (2, 0x00..=0x00, Some(0xdd)),
            Patch::AesDec => (2, 0x00..=0x00, Some(0xde)),
            Patch::AesDecLast => (2, 0x00..=0x00, Some(0xdf)),
            Patch::AesImc => (2, 0x1c..=0x1c, Some(0xdb)),
            Patch::ClMul => (3, 0x0f..=0x0f, Some(0x44)),
            _ => return None,
        };
        let mut found = (0..code.len())
            .filter_map(|at| opcode_at(code, at, map))
            .filter(|at| compiled.contains(&code[*at]));
        let at = found.next()?;
        if found.next().is_some() {
            return None;
        }
        if let Some(opcode) = wanted {
            code[at] = opcode;
        }
        match self {
            Patch::QuietRounding => *code.get_mut(immediate(code, at)?)? |= 8,
            Patch::ClMul => *code.get_mut(immediate(code, at)?)? = 0,
            _ => {}
        }
        Some(())
    }
}

impl Patch {
    /// Second byte of the opcode, and what stands in its register field.
    fn prefetch(self) -> Option<(u8, u8)> {
        Some(match self {
            Patch::PrefetchStream => (0x18, 0),
            Patch::Prefetch1 => (0x18, 1),
            Patch::Prefetch2 => (0x18, 2),
            Patch::Prefetch3 => (0x18, 3),
            Patch::PrefetchWrite => (0x0d, 1),
            _ => return None,
        })
    }
}

/// The one `movzx r, byte [m]` in this code becomes a prefetch from there.
fn prefetch(code: &mut [u8], opcode: u8, kind: u8) -> Option<()> {
    let loads = |at: &usize| matches!(code[*at..], [0x0f, 0xb6, modrm, ..] if modrm >> 6 != 3);
    let mut found = (0..code.len()).filter(loads);
    let at = found.next()?;
    if found.next().is_some() {
        return None;
    }
    if let Some(rex @ 0x40..=0x4f) = at.checked_sub(1).map(|r| &mut code[r]) {
        *rex &= !4;
    }
    code[at + 1] = opcode;
    code[at + 2] = code[at + 2] & 0xc7 | kind << 3;
    Some(())
}

/// If an instruction with prefix 66 of this opcode map begins here: where its opcode lies.
fn opcode_at(code: &[u8], at: usize, map: u8) -> Option<usize> {
    let escape = if map == 2 { 0x38 } else { 0x3a };
    let opcode = match *code.get(at..)? {
        [0xc4, rxb_map, w_vvvv_l_pp, _, _, ..]
            if rxb_map & 0x1f == map && w_vvvv_l_pp & 0b111 == 0b001 =>
        {
            3
        }
        [0x66, 0x0f, e, _, _, ..] if e == escape => 3,
        [0x66, 0x40..=0x4f, 0x0f, e, _, _, ..] if e == escape => 4,
        _ => return None,
    };
    Some(at + opcode)
}

/// Where the immediate byte of an instruction with this opcode lies: behind ModRM, SIB and displacement.
fn immediate(code: &[u8], opcode: usize) -> Option<usize> {
    let modrm = *code.get(opcode + 1)?;
    let mut at = opcode + 2;
    let (mode, rm) = (modrm >> 6, modrm & 7);
    let mut base = rm;
    if mode != 3 && rm == 4 {
        base = code.get(at)? & 7;
        at += 1;
    }
    at += match mode {
        0 if base == 5 => 4,
        1 => 1,
        2 => 4,
        _ => 0,
    };
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(patch: Patch, code: &[u8]) -> Option<Vec<u8>> {
        let mut code = code.to_vec();
        patch.apply(&mut code)?;
        Some(code)
    }

    #[test]
    fn legacy_and_vex_forms() {
        // movdqa xmm1, xmm9; pshufb xmm1, xmm2 -> aesenc xmm1, xmm2
        let code = [0x66, 0x41, 0x0f, 0x6f, 0xc9, 0x66, 0x0f, 0x38, 0x00, 0xca];
        assert_eq!(patched(Patch::AesEnc, &code).unwrap()[8], 0xdc);
        // vpshufb xmm1, xmm2, [rdi+0x10] -> vaesdeclast
        let code = [0xc4, 0xe2, 0x69, 0x00, 0x4f, 0x10];
        assert_eq!(
            patched(Patch::AesDecLast, &code).unwrap(),
            [0xc4, 0xe2, 0x69, 0xdf, 0x4f, 0x10]
        );
        // vpalignr xmm1, xmm2, xmm3, 5 -> vpclmulqdq xmm1, xmm2, xmm3, 0
        let code = [0xc4, 0xe3, 0x69, 0x0f, 0xcb, 0x05];
        assert_eq!(patched(Patch::ClMul, &code).unwrap(), [0xc4, 0xe3, 0x69, 0x44, 0xcb, 0x00]);
        // pabsb xmm8, xmm1 -> aesimc
        let code = [0x66, 0x44, 0x0f, 0x38, 0x1c, 0xc1];
        assert_eq!(patched(Patch::AesImc, &code).unwrap()[4], 0xdb);
        // vroundss xmm0, xmm1, [rsi+rax*4+0x100], 3: the immediate is behind SIB and displacement
        let code = [0xc4, 0xe3, 0x71, 0x0a, 0x84, 0x86, 0x00, 0x01, 0x00, 0x00, 0x03];
        assert_eq!(patched(Patch::QuietRounding, &code).unwrap()[10], 0x0b);
    }

    #[test]
    fn prefetches() {
        // movzx r9, byte [r8+rcx*2+0x10] -> prefetcht0
        let code = [0x4f, 0x0f, 0xb6, 0x4c, 0x48, 0x10];
        let wanted = [0x4b, 0x0f, 0x18, 0x4c, 0x48, 0x10];
        assert_eq!(patched(Patch::Prefetch1, &code).unwrap(), wanted);
        // lea rax, [rdx+8]; movzx esi, byte [rax] -> prefetchw
        let code = [0x48, 0x8d, 0x42, 0x08, 0x0f, 0xb6, 0x30];
        let wanted = [0x48, 0x8d, 0x42, 0x08, 0x0f, 0x0d, 0x08];
        assert_eq!(patched(Patch::PrefetchWrite, &code).unwrap(), wanted);
        // movzx eax, cl
        assert_eq!(patched(Patch::Prefetch2, &[0x0f, 0xb6, 0xc1]), None);
    }

    #[test]
    fn other_code_is_refused() {
        // vpxor; two vpshufb
        assert_eq!(patched(Patch::AesEnc, &[0xc5, 0xe9, 0xef, 0xcb]), None);
        let twice = [0xc4, 0xe2, 0x69, 0x00, 0xcb, 0xc4, 0xe2, 0x69, 0x00, 0xcb];
        assert_eq!(patched(Patch::AesEnc, &twice), None);
    }

    #[test]
    fn marks_survive_in_source_locations() {
        for patch in ALL {
            let loc = source_loc(77, Some(patch));
            assert_eq!((number(loc), of(loc)), (Some(76), Some(patch)));
        }
        assert_eq!(of(source_loc(5, None)), None);
        assert_eq!(number(SourceLoc::default()), None);
    }
}
