//! Memory copy and memory set: the bytes moved, and the registers when a part cannot be.

mod support;

use isamorph_a64::state;
use isamorph_ir::interp::Outcome;
use support::{CODE, DATA, Machine};

// cpyp, cpym, cpye [x0]!, [x1]!, x2!
const MOVE: [u32; 3] = [0x1d01_0440, 0x1d41_0440, 0x1d81_0440];
// cpyfp, cpyfm, cpyfe [x0]!, [x1]!, x2!
const COPY: [u32; 3] = [0x1901_0440, 0x1941_0440, 0x1981_0440];
// setp, setm, sete [x0]!, x1!, x2
const SET: [u32; 3] = [0x19c2_0420, 0x19c2_4420, 0x19c2_8420];

fn machine() -> Machine {
    let mut m = Machine::new();
    for (n, byte) in m.memory.bytes.iter_mut().enumerate() {
        *byte = (n * 7 + n / 256) as u8;
    }
    m.set(state::NZCV, 15);
    m
}

fn operands(m: &mut Machine, x: [u64; 3]) {
    (0..).zip(x).for_each(|(n, v)| m.set_x(n, v));
}

#[test]
fn moves_are_those_of_memmove() {
    for (to, from, size) in [
        (0, 100, 40),
        (100, 0, 40),
        (10, 0, 100),
        (0, 10, 100),
        (3, 0, 1000),
        (0, 1, 999),
        (5, 5, 50),
        (7, 9, 0),
    ] {
        let mut m = machine();
        let mut expected = m.memory.bytes.clone();
        expected.copy_within(from..from + size, to);
        operands(&mut m, [DATA + to as u64, DATA + from as u64, size as u64]);
        m.step(&MOVE);
        assert!(m.memory.bytes == expected, "{to} {from} {size}");
        assert_eq!((m.x(2), m.get(state::NZCV)), (0, 0));
    }
}

#[test]
fn forward_copies_point_behind_their_ends() {
    let mut m = machine();
    let expected = m.memory.bytes[100..221].to_vec();
    operands(&mut m, [DATA + 300, DATA + 100, 121]);
    m.step(&COPY);
    assert!(m.memory.bytes[300..421] == expected);
    assert_eq!([m.x(0), m.x(1), m.x(2)], [DATA + 421, DATA + 221, 0]);
}

#[test]
fn sets_fill() {
    let mut m = machine();
    operands(&mut m, [DATA + 5, 77, 0x1ab]);
    m.step(&SET);
    assert!(m.memory.bytes[5..82].iter().all(|&b| b == 0xab));
    assert_eq!((m.memory.bytes[4], m.memory.bytes[82]), (28, (82 * 7) as u8));
    assert_eq!([m.x(0), m.x(1), m.x(2)], [DATA + 82, 0, 0x1ab]);
}

/// The registers tell what is left, forward and backward, and the instruction goes on when the fault is mended.
#[test]
fn faults_are_exact_to_the_byte() {
    let mut m = machine();
    let expected = m.memory.bytes[100..200].to_vec();
    m.memory.hole = DATA + 1037;
    operands(&mut m, [DATA + 1000, DATA + 100, 100]);
    let Outcome::Fault { pc, trap } = m.run(&COPY) else { panic!("no fault") };
    assert_eq!((pc, trap.addr, trap.write), (CODE + 4, DATA + 1037, true));
    assert_eq!([m.x(0), m.x(1), m.x(2)], [DATA + 1100, DATA + 200, 63u64.wrapping_neg()]);
    m.memory.hole = DATA + 4096;
    m.step(&COPY[1..]);
    assert!(m.memory.bytes[1000..1100] == expected);

    let mut m = machine();
    m.memory.hole = DATA + 1100;
    operands(&mut m, [DATA + 1050, DATA + 1000, 100]);
    let Outcome::Fault { .. } = m.run(&MOVE) else { panic!("no fault") };
    assert_eq!([m.x(0), m.x(1), m.x(2)], [DATA + 1050, DATA + 1000, 100]);
}

#[test]
fn sizes_are_saturated() {
    let mut m = machine();
    operands(&mut m, [DATA, DATA + 2000, u64::MAX]);
    m.step(&MOVE[..1]);
    assert_eq!(m.x(2), (u64::MAX >> 9).wrapping_neg());
    operands(&mut m, [DATA, DATA + 2000, u64::MAX]);
    m.step(&COPY[..1]);
    assert_eq!(m.x(2), (u64::MAX >> 1).wrapping_neg());
}
