//! Extensions that the oracle has not, or cannot compare: rows from the manual's pseudocode.

mod support;

use isamorph_a64::state;
use isamorph_ir::interp::Outcome;
use support::{DATA, Machine};

/// Runs words with x1 and x2 given; x0.
fn x0(words: &[u32], x1: u64, x2: u64) -> u64 {
    let mut m = Machine::new();
    m.set_x(1, x1);
    m.set_x(2, x2);
    m.step(words);
    m.x(0)
}

#[test]
fn common_short_sequences() {
    const MINUS: u64 = u64::MAX;
    for (word, x1, x2, x0_after) in [
        (0x91c0_1420, 3, 0, 5),                     // smax x0, x1, #5
        (0x91c3_fc20, MINUS - 5, 0, MINUS),         // smax x0, x1, #-1
        (0x11c3_fc20, 7, 0, 7),                     // smax w0, w1, #-1
        (0x91c7_fc20, 3, 0, 255),                   // umax x0, x1, #255
        (0x91c8_1420, MINUS, 0, MINUS),             // smin x0, x1, #5
        (0x11cc_1420, MINUS, 0, 5),                 // umin w0, w1, #5
        (0x9ac2_6020, MINUS, 1, 1),                 // smax x0, x1, x2
        (0x9ac2_6420, MINUS, 1, MINUS),             // umax x0, x1, x2
        (0x1ac2_6820, MINUS, 1, 0xffff_ffff),       // smin w0, w1, w2
        (0x9ac2_6c20, MINUS, 1, 1),                 // umin x0, x1, x2
        (0xdac0_1820, 8, 0, 3),                     // ctz x0, x1
        (0xdac0_1820, 0, 0, 64),                    // ctz x0, x1
        (0x5ac0_1820, 1 << 40, 0, 32),              // ctz w0, w1
        (0xdac0_1c20, MINUS, 0, 64),                // cnt x0, x1
        (0x5ac0_1c20, MINUS, 0, 32),                // cnt w0, w1
        (0xdac0_2020, MINUS - 6, 0, 7),             // abs x0, x1
        (0x5ac0_2020, 0x8000_0000, 0, 0x8000_0000), // abs w0, w1
    ] {
        assert_eq!(x0(&[word], x1, x2), x0_after, "{word:#010x}");
    }
}

#[test]
fn random_numbers_clear_the_flags() {
    let mut m = Machine::new();
    m.set(state::NZCV, 15);
    m.step(&[0xd53b_2400, 0xd53b_2421]); // mrs x0, rndr; mrs x1, rndrrs
    assert_eq!(m.get(state::NZCV), 0);
    assert_ne!(m.x(0), m.x(1));
}

#[test]
fn dit_and_ssbs_are_kept() {
    let mut m = Machine::new();
    m.step(&[0xd503_415f, 0xd53b_42a0, 0xd503_413f, 0xd53b_42c1]); // msr dit, #1; mrs x0, dit; msr ssbs, #1; mrs x1, ssbs
    assert_eq!((m.x(0), m.x(1)), (1 << 24, 1 << 12));
    m.set_x(2, u64::MAX);
    m.step(&[0xd51b_42a2, 0xd53b_42a0, 0xd503_405f, 0xd53b_42a1]); // msr dit, x2; mrs x0; msr dit, #0; mrs x1
    assert_eq!((m.x(0), m.x(1)), (1 << 24, 0));
}

#[test]
fn ordered_accesses_with_offset() {
    let mut m = Machine::new();
    m.memory.bytes[8..16].copy_from_slice(&0xffee_ddcc_bbaa_9988u64.to_le_bytes());
    m.set_x(1, DATA + 16);
    m.step(&[0xd95f_8020, 0x199f_8022, 0xd900_8020]); // ldapur x0, [x1, #-8]; ldapursb x2, [x1, #-8]; stlur x0, [x1, #8]
    assert_eq!((m.x(0), m.x(2)), (0xffee_ddcc_bbaa_9988, 0xffff_ffff_ffff_ff88));
    assert_eq!(m.memory.bytes[24..32], 0xffee_ddcc_bbaa_9988u64.to_le_bytes());
}

/// Compilers put AESMC right after AESE: one helper does both, and to the registers it is the same.
#[test]
fn aes_rounds_fuse() {
    let run = |words: &[u32]| {
        let mut m = Machine::new();
        (0..4).for_each(|n| m.set(state::v(n), 0x0123_4567_89ab_cdef << (8 * n) | n as u128));
        m.step(words);
        (m.get(state::v(0)), m.get(state::v(2)))
    };
    const NOP: u32 = 0xd503_201f;
    // aese v0.16b, v1.16b; aesmc v0.16b, v0.16b; then aesd v2.16b, v3.16b; aesimc v2.16b, v2.16b
    let fused = run(&[0x4e28_4820, 0x4e28_6800, 0x4e28_5862, 0x4e28_7842]);
    assert_eq!(fused, run(&[0x4e28_4820, NOP, 0x4e28_6800, 0x4e28_5862, NOP, 0x4e28_7842]));
    // aesmc of another register than aese wrote
    let other = run(&[0x4e28_4820, 0x4e28_6862]);
    assert_eq!(other, run(&[0x4e28_4820, NOP, 0x4e28_6862]));
}

#[test]
fn large_system_extensions_2_allow_what_stays_within_16_bytes() {
    // ldar w0, [x1]
    let fault = |features: &str, offset: u64| {
        let mut m = Machine::of(features);
        m.set_x(1, DATA + offset);
        matches!(m.run(&[0x88df_fc20]), Outcome::Fault { .. })
    };
    let faults = |features: &str| [0, 2, 12, 13].map(|offset| fault(features, offset));
    assert_eq!(faults("max"), [false, true, false, true]);
    assert_eq!(faults("max,+lse2"), [false, false, false, true]);

    let mut m = Machine::of("max,+lse2");
    m.set_x(1, DATA);
    m.set_x(2, 0x1234);
    m.set_x(3, 0x5678);
    m.step(&[0xa901_0c22, 0xa941_1424]); // stp x2, x3, [x1, #16]; ldp x4, x5, [x1, #16]
    assert_eq!((m.x(4), m.x(5)), (0x1234, 0x5678));
}
