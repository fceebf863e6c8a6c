//! Pointer authentication: what is signed authenticates by the same key and modifier, and by nothing else.

mod support;

use isamorph_a64::state::{self, PacKey};
use isamorph_ir::interp::Outcome;
use support::{DATA, Machine};

const POINTER: u64 = 0x0000_7f12_3456_7890;
const FIELD: u64 = 0x7f << 48;

/// Keys that differ, x0 a pointer, x1 a modifier.
fn machine() -> Machine {
    let mut m = Machine::new();
    for (n, key) in (1u64..).zip([PacKey::Ia, PacKey::Ib, PacKey::Da, PacKey::Db, PacKey::Ga]) {
        let (low, high) = state::pac_key(key);
        m.set(low, (n.wrapping_mul(0x1234_5678_9abc_def1)).into());
        m.set(high, (n.wrapping_mul(0xfedc_ba98_7654_3211)).into());
    }
    m.set_x(0, POINTER);
    m.set_x(1, 0x42);
    m
}

// pacia, pacib, pacda, pacdb x0, x1, and their authentications
const SIGN: [u32; 4] = [0xdac1_0020, 0xdac1_0420, 0xdac1_0820, 0xdac1_0c20];
const AUTHENTICATE: [u32; 4] = [0xdac1_1020, 0xdac1_1420, 0xdac1_1820, 0xdac1_1c20];

#[test]
fn each_key_undoes_itself_alone() {
    for (n, sign) in SIGN.into_iter().enumerate() {
        for (k, authenticate) in AUTHENTICATE.into_iter().enumerate() {
            let mut m = machine();
            m.step(&[sign]);
            assert_eq!(m.x(0) & !FIELD, POINTER);
            assert_ne!(m.x(0), POINTER);
            m.step(&[authenticate]);
            let error = [1, 2, 1, 2][k] << 53;
            assert_eq!(m.x(0), if n == k { POINTER } else { POINTER | error }, "{n} {k}");
        }
    }
}

#[test]
fn codes_depend_on_modifier_and_pointer() {
    let code = |pointer, modifier| {
        let mut m = machine();
        m.set_x(0, pointer);
        m.set_x(1, modifier);
        m.step(&SIGN[..1]);
        m.x(0) & FIELD
    };
    let codes: std::collections::BTreeSet<u64> =
        (0..64).flat_map(|n| [code(POINTER, n), code(POINTER + 16 * n, 7)]).collect();
    // 128 draws of 7 bits: about 81 different ones.
    assert!(codes.len() > 60, "{}", codes.len());
}

#[test]
fn the_top_byte_and_bit_55_stay() {
    for pointer in [POINTER | 0x5a << 56, !0xff_ffff] {
        let mut m = machine();
        m.set_x(0, pointer);
        m.step(&SIGN[..1]);
        assert_eq!(m.x(0) & !FIELD, pointer & !FIELD);
        let signed = m.x(0);
        m.step(&[0xdac1_47e0]); // xpacd x0
        assert_eq!(m.x(0), pointer);
        m.set_x(0, signed);
        m.step(&AUTHENTICATE[..1]);
        assert_eq!(m.x(0), pointer);
    }
}

#[test]
fn what_is_no_address_is_spoilt() {
    let mut m = machine();
    m.set_x(0, POINTER | 1 << 50);
    m.step(&[SIGN[0], AUTHENTICATE[0]]);
    assert_eq!(m.x(0), POINTER | 1 << 53);
}

#[test]
fn hints_work_on_the_link_register() {
    let mut m = machine();
    m.set_x(30, POINTER);
    m.set(state::SP, DATA.into());
    m.step(&[0xd503_233f]); // paciasp
    let signed = m.x(30);
    assert_ne!(signed, POINTER);
    m.step(&[0xd503_23bf]); // autiasp
    assert_eq!(m.x(30), POINTER);
    m.set_x(30, signed);
    let Outcome::Indirect { target, .. } = m.run(&[0xd65f_0bff]) else { panic!("retaa") };
    assert_eq!(target, POINTER);
    m.step(&[0xd503_20ff]); // xpaclri
    assert_eq!(m.x(30), POINTER);
    m.set_x(17, POINTER);
    m.step(&[0xd503_211f, 0xd503_219f]); // pacia1716; autia1716
    assert_eq!(m.x(17), POINTER);
}

#[test]
fn loads_and_branches_authenticate() {
    let mut m = machine();
    m.memory.bytes[16..24].copy_from_slice(&7u64.to_le_bytes());
    m.set_x(3, DATA);
    m.step(&[0xdac1_2be3, 0xf820_2c64]); // pacdza x3; ldraa x4, [x3, #16]!
    assert_eq!((m.x(4), m.x(3)), (7, DATA + 16));
    m.step(&[0xdac1_2be3]);
    let Outcome::Fault { trap, .. } = m.run(&[0xf8a0_0464]) else { panic!("ldrab") };
    assert_eq!(trap.addr >> 53, 0b10);

    let mut m = machine();
    m.step(&[0xdac1_0420]);
    let Outcome::Indirect { target, .. } = m.run(&[0xd73f_0c01]) else { panic!("blrab x0, x1") };
    assert_eq!((target, m.x(30)), (POINTER, support::CODE + 4));
}

#[test]
fn generic_codes_are_32_bits() {
    let mut m = machine();
    m.step(&[0x9ac1_3002]); // pacga x2, x0, x1
    assert!(m.x(2) != 0 && m.x(2) as u32 == 0);
}
