//! Lifting: every pattern gives verified IR, and blocks end where they must.

use isamorph_a64::isa::{Kind, PATTERNS, pattern_of};
use isamorph_a64::{A64, state};
use isamorph_ir::text::print_block;
use isamorph_ir::verify::verify;
use isamorph_ir::{Block, CodeSource, Exception, Frontend, Hint, Mode, Term};

/// Executable words from an address on, and nothing else.
struct Code {
    at: u64,
    words: Vec<u32>,
}

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let bytes: Vec<u8> = self.words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let from = usize::try_from(addr.wrapping_sub(self.at)).unwrap_or(usize::MAX);
        let there = bytes.get(from..).unwrap_or_default();
        let n = there.len().min(buf.len());
        buf[..n].copy_from_slice(&there[..n]);
        n
    }
}

const NOP: u32 = 0xd503_201f;
const RET: u32 = 0xd65f_03c0;

/// The block at `at` of these words, verified.
fn lift_at(at: u64, words: &[u32], mode: Mode, max: u32) -> Block {
    let code = Code { at, words: words.to_vec() };
    let block = A64.lift(&code, at, mode, max);
    if let Err(errors) = verify(&state::DESC, &block) {
        let listing = print_block(&state::DESC, &block);
        panic!("{words:08x?} {}:\n{listing}\n{errors:?}", A64.disassemble(&code, at, mode).0);
    }
    block
}

fn lift(words: &[u32]) -> Block {
    lift_at(0x1000, words, Mode::default(), 64)
}

/// Knuth's MMIX generator; the upper half is what is used.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }
}

#[test]
fn every_pattern_lifts_to_verified_blocks() {
    let mut random = Random(4);
    for p in PATTERNS.iter().filter(|p| p.kind == Kind::Insn) {
        let mut tried = 0;
        for _ in 0..20_000 {
            let word = random.word() & !p.mask | p.value;
            if tried < 300 && pattern_of(word).is_some_and(|q| std::ptr::eq(p, q)) {
                tried += 1;
                for mode in [Mode(0), Mode(1), Mode(2)] {
                    let block = lift_at(0x1000, &[word, NOP], mode, 1);
                    assert_eq!((block.len, block.guest_insns), (4, 1), "{}", p.name);
                    assert_eq!(block.fp_exact, mode != Mode(0));
                }
            }
        }
        assert!(tried > 0, "no word of {}", p.name);
    }
}

#[test]
fn any_word_lifts_to_a_verified_block() {
    let mut random = Random(5);
    for _ in 0..100_000 {
        lift(&[random.word(), RET]);
    }
}

#[test]
fn branches_end_blocks() {
    let term = |words: &[u32]| lift(words).term;
    // b .+8; bl .-4; br x3; blr x30; ret
    assert_eq!(term(&[0x1400_0002]), Term::goto(0x1008));
    let call = Term::Goto { pc: 0xffc, ret: Some(0x1004), sync: false };
    assert_eq!(term(&[0x97ff_ffff]), call);
    assert!(matches!(term(&[0xd61f_0060]), Term::Indirect { hint: Hint::Jump, .. }));
    let hint = Hint::Call { ret: 0x1008 };
    assert!(matches!(term(&[NOP, 0xd63f_03c0]), Term::Indirect { hint: h, .. } if h == hint));
    assert!(matches!(term(&[RET]), Term::Indirect { hint: Hint::Return, .. }));
    // b.ne .-4; b.al .+8; tbz x1, #40, .+8
    assert!(matches!(term(&[0x54ff_ffe1]), Term::Branch { then: 0xffc, other: 0x1004, .. }));
    assert_eq!(term(&[0x5400_004e]), Term::goto(0x1008));
    assert!(matches!(term(&[0xb640_0041]), Term::Branch { then: 0x1004, other: 0x1008, .. }));
}

#[test]
fn exceptions_stay_at_their_instruction() {
    let raised = |word| match lift(&[NOP, word, RET]).term {
        Term::Exception { pc: 0x1004, exception } => exception,
        other => panic!("{word:#010x}: {other:?}"),
    };
    assert_eq!(raised(0xd420_0540), Exception::Breakpoint(42)); // brk #42
    assert_eq!(raised(0x0000_002a), Exception::Undefined(0x2a)); // udf #42
    assert_eq!(raised(0xd400_0022), Exception::Privileged(1)); // hvc #1
    assert_eq!(raised(0xd69f_03e0), Exception::Undefined(0xd69f_03e0)); // eret
    let stg = 0xd920_0820; // stg x0, [x1]
    let Exception::Unimplemented { class, bytes } = raised(stg) else { panic!("stg") };
    assert!(class.contains("STG") && bytes == stg as u64, "{class}");
    assert_eq!(lift(&[0xd400_00e1]).term, Term::Syscall { imm: 7, next: 0x1004 }); // svc #7
}

#[test]
fn what_changes_translation_ends_the_block() {
    let sync = Term::Goto { pc: 0x1004, ret: None, sync: true };
    for word in [
        0xd503_3fdf_u32, // isb
        0xd50b_7520,     // ic ivau, x0
        0xd51b_4400,     // msr fpcr, x0
    ] {
        assert_eq!(lift(&[word, NOP, RET]).term, sync, "{word:#010x}");
    }
}

#[test]
fn an_aes_round_and_its_columns_are_one_call() {
    // aese v0.16b, v1.16b; aesmc v0.16b, v0.16b
    let listing = print_block(&state::DESC, &lift(&[0x4e28_4820, 0x4e28_6800, RET]));
    assert!(listing.contains("aese_aesmc") && !listing.contains(" aesmc"), "{listing}");
}

#[test]
fn blocks_stop_at_pages_and_limits() {
    let nops = [NOP; 100];
    let block = lift_at(0x1fe0, &nops, Mode(0), 64);
    assert_eq!((block.guest_insns, block.len, block.term), (8, 32, Term::goto(0x2000)));
    let block = lift_at(0x1000, &nops, Mode(0), 1000);
    // No more could be fetched.
    assert_eq!((block.guest_insns, block.term), (100, Term::goto(0x1190)));
    let block = lift_at(0x1000, &nops, Mode(0), 3);
    assert_eq!((block.guest_insns, block.term), (3, Term::goto(0x100c)));
}

#[test]
fn what_cannot_be_fetched_is_a_fetch_fault() {
    let fetch = |pc| Term::Exception { pc, exception: Exception::Fetch };
    assert_eq!(lift(&[]).term, fetch(0x1000));
    assert_eq!(lift_at(0x1002, &[NOP, NOP], Mode(0), 64).term, fetch(0x1002));
    // The block before the hole is run first.
    assert_eq!(lift(&[NOP, NOP]).term, Term::goto(0x1008));
}
