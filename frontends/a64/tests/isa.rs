//! Properties of the A64 tables as a whole: one meaning per word, encoding undoes decoding.

use isamorph_a64::isa::{Decoded, Kind, PATTERNS, decode, decode_linear, encode, pattern_of};

/// Knuth's MMIX generator; the upper half is what is used.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }
}

/// Tree and linear scan agree on `w`; encoding gives `w` back, with its don't-care bits canonical,
/// and that word decodes to the same instruction.
fn check(w: u32) {
    let decoded = decode(w);
    assert_eq!(decoded, decode_linear(w), "{w:#010x}");
    let Decoded::Insn(insn) = decoded else { return };
    let p = pattern_of(w).expect("an instruction has a pattern");
    let fields = p.fields.iter().fold(0, |m, f| m | (u32::MAX >> (32 - f.2)) << f.1);
    let canonical = w & (p.mask | fields) | p.should;
    assert_eq!(encode(&insn), canonical, "{w:#010x} {insn:?}");
    assert_eq!(decode(canonical), decoded, "{w:#010x} as {canonical:#010x}");
}

#[test]
fn random_words_have_one_meaning() {
    let mut random = Random(1);
    for _ in 0..500_000 {
        check(random.word());
    }
}

#[test]
fn words_of_every_pattern_have_one_meaning() {
    let mut random = Random(2);
    for p in PATTERNS {
        for _ in 0..500 {
            check(random.word() & !p.mask | p.value);
        }
    }
}

#[test]
fn every_instruction_can_be_reached() {
    let mut random = Random(3);
    for p in PATTERNS.iter().filter(|p| p.kind == Kind::Insn) {
        let mut words = (0..100_000).map(|_| random.word() & !p.mask | p.value);
        assert!(words.any(|w| pattern_of(w).is_some_and(|q| std::ptr::eq(p, q))), "{}", p.name);
    }
}

/// Words as GNU as 2.40 assembles them.
#[test]
fn well_known_words() {
    let name = |w| match decode(w) {
        Decoded::Insn(insn) => insn.name(),
        Decoded::Unallocated(_) => "unallocated",
        Decoded::Todo(_) => "todo",
    };
    assert_eq!(name(0xd65f_03c0), "ret");
    assert_eq!(name(0xd503_201f), "hint"); // nop
    assert_eq!(name(0xd400_0001), "svc"); // svc #0
    assert_eq!(name(0x8b02_0020), "add_sh"); // add x0, x1, x2
    assert_eq!(name(0x0b02_8020), "unallocated"); // add w0, w1, w2, lsl #32
    assert_eq!(name(0x0000_0000), "unallocated"); // udf #0
    assert_eq!(name(0x0420_e3e0), "todo"); // cntb x0 (SVE)
    assert_eq!(name(0x8080_0000), "todo"); // fmopa za0.s, p0/m, p0/m, z0.s, z0.s (SME)
}
