//! The meaning of operations: rows worked out by hand, and laws that hold for all of them.

use super::*;
use crate::op::{Effect, OPS};
use crate::testing::{Random, TOY, TestMemory};
use crate::text::parse_block;
use crate::verify::verify;

/// Evaluates the op of a line such as `add.i8x8` with its words or index.
fn eval(line: &str, args: &[u128]) -> u128 {
    let (op, rest) = line.split_once(' ').unwrap_or((line, ""));
    let number = rest.parse::<u32>().is_ok();
    let separator = if number { ", " } else { " " };
    let mut text = String::from("block 0 len=0 insns=0 {\n");
    let mut names = Vec::new();
    let shapes: Vec<_> = op.split('.').skip(1).filter_map(Shape::parse).collect();
    let info = Op::parse(op.split('.').next().unwrap_or("")).expect("an op").info();
    let (shape, from) = (shapes[0], *shapes.last().expect("a shape"));
    for (i, (rule, value)) in info.args.iter().zip(args).enumerate() {
        let ty = rule.resolve(shape, from).expect("a type");
        text.push_str(&format!("v{i} = const.{} {value:#x}\n", ty.name()));
        names.push(format!("v{i}"));
    }
    let n = names.len();
    text.push_str(&format!("v{n} = {op} {}{separator}{rest}\ngoto 0\n}}", names.join(", ")));
    let block = parse_block(&TOY, &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(verify(&TOY, &block), Ok(()), "{text}");
    let inst = &block.insts[n];
    let mut places = [0; 4];
    places[..n].copy_from_slice(args);
    int::eval(inst.op, inst.shape, inst.from, inst.imm, &places)
}

#[test]
fn rows() {
    const TOP: u128 = 1 << 63;
    let rows: &[(&str, &[u128], u128)] = &[
        ("add.i32", &[0xffff_ffff, 2], 1),
        ("add.i8x8", &[0xff01_ff01 | 0xaa << 64, 0x0101_0101], 0x0002_0002),
        ("sub.i16", &[0, 1], 0xffff),
        ("mul.i64x2", &[3 << 64 | 5, 7 << 64 | TOP], 21 << 64 | TOP),
        ("umulhi.i64", &[u64::MAX as u128, u64::MAX as u128], u64::MAX as u128 - 1),
        ("smulhi.i64", &[u64::MAX as u128, 5], u64::MAX as u128),
        ("smulhi.i32", &[0x8000_0000, 0x8000_0000], 0x4000_0000),
        ("udiv.i32", &[7, 0], 0),
        ("sdiv.i32", &[0x8000_0000, 0xffff_ffff], 0x8000_0000),
        ("sdiv.i64", &[TOP, u64::MAX as u128], TOP),
        ("sdiv.i32", &[(-7i32) as u32 as u128, 2], (-3i32) as u32 as u128),
        ("abs.i8x16", &[0x80_ff_7f], 0x80_01_7f),
        ("andnot.i32", &[0b1100, 0b1010], 0b0100),
        ("not.i1", &[1], 0),
        ("not.i32x2", &[u128::MAX], 0),
        ("shl.i32", &[1, 33], 2),
        ("ashr.i8", &[0x80, 9], 0xc0),
        ("rotr.i64", &[1, 1], TOP),
        ("rotr.i128", &[1, 128], 1),
        ("shli.i64 64", &[5], 0),
        ("lshri.i32 32", &[u32::MAX as u128], 0),
        ("ashri.i32 32", &[0x8000_0000], 0xffff_ffff),
        ("rotri.i32 8", &[0x1234_5678], 0x7812_3456),
        ("urshri.i8x16 8", &[0xff_7f_80], 0x01_00_01),
        ("srshri.i8x16 1", &[0xff_7f_81], 0x00_40_c1),
        ("clz.i32", &[0], 32),
        ("ctz.i16", &[0], 16),
        ("cls.i32", &[0xffff_ffff], 31),
        (
            "cls.i16x8",
            &[0x0001_c000],
            0x000e_0001 | 15 << 32 | 15 << 48 | 15 << 64 | 15 << 80 | 15 << 96 | 15 << 112,
        ),
        ("popcnt.i8x8", &[0xff_03], 0x08_02),
        ("bitrev.i8", &[0x01], 0x80),
        ("bswap.i32", &[0x1122_3344], 0x4433_2211),
        ("icmp.i64 slt", &[TOP, 0], 1),
        ("icmp.i64 ult", &[TOP, 0], 0),
        ("icmp.i16x4 test", &[0x0001_0002, 0x0001_0001], 0xffff_0000),
        ("icmp.i8x16 sgt", &[0x80_01, 0], 0xff),
        ("select.i32", &[1, 2, 3], 2),
        ("bitsel.v128", &[0xf0, 0xaa, 0x55], 0xa5),
        ("smin.i8", &[0x80, 0x7f], 0x80),
        ("umax.i8x8", &[0x80_01, 0x7f_02], 0x80_02),
        ("sext.i64.i8", &[0x80], 0xffff_ffff_ffff_ff80),
        ("sext.i128.i1", &[1], u128::MAX),
        ("trunc.i32.v128", &[0x1_0000_0005], 5),
        ("concat.i128", &[1, 2], 2 << 64 | 1),
        ("hi64.i64", &[2 << 64 | 1], 2),
        ("splat.i16x4", &[0xabcd], 0xabcd_abcd_abcd_abcd),
        ("extract.i32x4 2", &[7 << 64], 7),
        ("insert.i8x16 15", &[1, 0xff], 0xff << 120 | 1),
        ("insert.i8x8 0", &[u128::MAX, 0], 0xffff_ffff_ffff_ff00),
        ("lo64.v128", &[u128::MAX], u64::MAX as u128),
        ("zip1.i8x8", &[0x0807_0605_0403_0201, 0x1817_1615_1413_1211], 0x1404_1303_1202_1101),
        ("zip2.i8x8", &[0x0807_0605_0403_0201, 0x1817_1615_1413_1211], 0x1808_1707_1606_1505),
        ("uzp1.i16x4", &[0x0004_0003_0002_0001, 0x0014_0013_0012_0011], 0x0013_0011_0003_0001),
        ("uzp2.i16x4", &[0x0004_0003_0002_0001, 0x0014_0013_0012_0011], 0x0014_0012_0004_0002),
        (
            "trn1.i32x4",
            &[1 | 2 << 32 | 3 << 64 | 4 << 96, 5 | 6 << 32 | 7 << 64 | 8 << 96],
            1 | 5 << 32 | 3 << 64 | 7 << 96,
        ),
        (
            "trn2.i32x4",
            &[1 | 2 << 32 | 3 << 64 | 4 << 96, 5 | 6 << 32 | 7 << 64 | 8 << 96],
            2 | 6 << 32 | 4 << 64 | 8 << 96,
        ),
        ("ext.i8x8 3", &[0x0807_0605_0403_0201, 0x1817_1615_1413_1211], 0x1312_1108_0706_0504),
        ("rev_lanes.i8x8 32", &[0x0807_0605_0403_0201], 0x0506_0708_0102_0304),
        ("rev_lanes.i16x8 64", &[0x0004_0003_0002_0001], 0x0001_0002_0003_0004),
        ("tbl.i8x8", &[0x0f << 120 | 0xaa, 0x10_0f_00], 0x00_0f_aa | 0xaaaa_aaaa_aa00_0000),
        ("widen_lo.i16x8.i8x16 signed", &[0x80_01], 0xff80_0001),
        ("widen_hi.i64x2.i32x4", &[u128::MAX], 0xffff_ffff_0000_0000_ffff_ffff),
        ("narrow.i8x8.i16x8 satss", &[0x7fff_8000_007f], 0x7f_80_7f),
        ("narrow.i8x8.i16x8 satsu", &[0x7fff_8000_007f], 0xff_00_7f),
        ("narrow.i8x8.i16x8 satuu", &[0x7fff_8000_007f], 0xff_ff_7f),
        ("narrow.i8x8.i16x8 trunc", &[0x1234_5678], 0x3478),
        ("sadd_sat.i8", &[0x7f, 1], 0x7f),
        ("uadd_sat.i64x2", &[u64::MAX as u128, 1], u64::MAX as u128),
        ("ssub_sat.i64", &[TOP, 1], TOP),
        ("usub_sat.i8x8", &[0x01_05, 0x02_03], 0x00_02),
        ("savg.i8x16 round", &[0xff, 0x00], 0x00),
        ("savg.i8x16", &[0xff, 0x00], 0xff),
        ("uavg.i8x16", &[0xff, 0xff], 0xff),
        ("shsub.i8x16", &[0x80, 0x7f], 0x80),
        ("uhsub.i8x16", &[0x00, 0xff], 0x80),
        ("sabd.i8x16", &[0x80, 0x7f], 0xff),
        ("uabd.i8x16", &[0x01, 0xff], 0xfe),
        ("sqdmulhi.i16x4", &[0x8000, 0x8000], 0x7fff),
        ("sqdmulhi.i16x4 round", &[0x0001, 0x4000], 0x0001),
        ("pmul.i8x8", &[0x03, 0x03], 0x05),
        ("reduce_add.i8x16", &[0xff << 120 | 2], 1),
        ("reduce_smax.i8x8", &[0x80 | 0x7f << 64], 0),
        ("reduce_umin.i16x4", &[0x0004_0003_0002_0005], 2),
        ("fneg.f32x2", &[0x3f80_0000], 0x8000_0000_bf80_0000),
        ("fabs.f16", &[0x8001], 1),
        // The shift amount is the signed low byte of each lane.
        ("shift_signed.i16x4 unsigned", &[0x8001_0001, 0xffff_0104], 0x4000_0010),
        ("shift_signed.i8x8 signed round", &[0xff_81, 0xff_f8], 0x00_00),
        ("shift_signed.i8x8 signed sat", &[0x81_40, 0x01_01], 0x80_7f),
        ("shift_signed.i8x8 signed sat to_unsigned", &[0x81_40, 0x01_02], 0x00_ff),
        ("shift_signed.i8x8 unsigned sat", &[0x81_40, 0x7f_01], 0xff_80),
        ("shift_signed.i64x2 signed sat", &[1, 63], TOP - 1),
        ("shift_signed.i64x2 unsigned", &[1, 63], TOP),
        ("shift_signed.i64x2 signed", &[TOP, 0x80], u64::MAX as u128),
        ("shift_signed.i64x2 signed round", &[TOP, 0xc0], 0),
    ];
    for (line, args, expected) in rows {
        let got = eval(line, args);
        assert_eq!(got, *expected, "{line} {args:x?} gives {got:#x}, not {expected:#x}");
    }
}

fn pure_values() -> impl Iterator<Item = Op> {
    let flags = |op: Op| {
        let info = op.info();
        let is = crate::op::TyRule::Is(Ty::Flags);
        info.result == is || info.args.contains(&is)
    };
    OPS.iter().filter(|o| o.effect == Effect::Pure).map(|o| o.op).filter(move |&op| !flags(op))
}

/// Results are cut to their type, and a 64-bit arrangement neither reads nor writes the upper half.
#[test]
fn results_are_canonical() {
    let mut random = Random::new(3);
    let scalars = Ty::ALL.map(Shape::Scalar);
    let shapes: Vec<Shape> = scalars.into_iter().chain(Shape::VECTORS).collect();
    for op in pure_values() {
        let froms: &[Shape] = if op.info().converts { &shapes } else { &[Shape::None] };
        for (&shape, &from) in shapes.iter().flat_map(|s| froms.iter().map(move |f| (s, f))) {
            let from = if op.info().converts { from } else { shape };
            let mut inst = Inst { op, shape, from, args: [Value::NONE; 4], imm: 0 };
            inst.imm = (0..=64)
                .find(|&i| crate::verify::verify_inst(&TOY, &Inst { imm: i, ..inst }).is_ok())
                .unwrap_or(0);
            if crate::verify::verify_inst(&TOY, &inst).is_err() {
                continue;
            }
            for _ in 0..20 {
                let mut args = [0; 4];
                for (place, rule) in args.iter_mut().zip(op.info().args) {
                    let ty = rule.resolve(shape, from).expect("a type");
                    *place = random.edge(ty.bits());
                }
                let value = int::eval(op, shape, from, inst.imm, &args);
                let ty = op.info().result.resolve(shape, from).expect("a result");
                assert_eq!(value & !lanes::mask(ty.bits()), 0, "{inst:?} {args:x?}");
                if shape.is_half() && ty == Ty::V128 {
                    assert_eq!(value >> 64, 0, "{inst:?} {args:x?}");
                    if op != Op::Tbl && !op.info().converts {
                        let low = args.map(|a| a as u64 as u128);
                        assert_eq!(value, int::eval(op, shape, from, inst.imm, &low), "{inst:?}");
                    }
                }
            }
        }
    }
}

/// An op that both a scalar and an arrangement may have does the same in each.
#[test]
fn lanes_are_scalars() {
    let mut random = Random::new(4);
    let ints = [
        (Shape::I8, Shape::I8x16),
        (Shape::I16, Shape::I16x4),
        (Shape::I32, Shape::I32x4),
        (Shape::I64, Shape::I64x2),
    ];
    for op in pure_values() {
        for (scalar, vector) in ints {
            let info = op.info();
            let lanewise = info.args.iter().all(|r| *r == crate::op::TyRule::S);
            let both = info.shapes.allows(scalar) && info.shapes.allows(vector);
            if !both || !lanewise || op == Op::Const {
                continue;
            }
            for i in 0..50 {
                let args = [0; 4].map(|_: i32| random.edge(128));
                let imm = if op == Op::ICmp { i % 11 } else { i % 8 };
                let whole = int::eval(op, vector, vector, imm, &args);
                for k in 0..vector.lanes() {
                    let parts = args.map(|a| lanes::lane(vector, a, k));
                    let one = int::eval(op, scalar, scalar, imm, &parts);
                    let one = if op == Op::ICmp && one == 1 {
                        lanes::mask(lanes::lane_bits(vector))
                    } else {
                        one
                    };
                    assert_eq!(
                        lanes::lane(vector, whole, k),
                        one,
                        "{op:?} {vector:?} {args:x?} {imm}"
                    );
                }
            }
        }
    }
}

fn run(lines: &str) -> (Step, Vec<u8>, TestMemory) {
    let text = format!("block 0x1000 len=8 insns=1 {{\n insn 0x1000\n{lines}\n}}");
    let block = parse_block(&TOY, &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(verify(&TOY, &block), Ok(()), "{text}");
    let mut state = vec![0; TOY.layout.size as usize];
    let mut memory = TestMemory::new(0x10000, 64);
    let step = Interp::new().run(&TOY, &block, &mut state, &mut memory);
    (step, state, memory)
}

fn slot(state: &[u8], name: &str) -> u128 {
    TOY.layout.read(state, TOY.layout.find(name).expect("a slot"))
}

#[test]
fn conditions_agree_with_the_nibble() {
    let mut random = Random::new(5);
    let kinds = (0..7).map(|k| FlagsVal::from_record([k, 0, 0]).kind);
    for kind in kinds {
        for _ in 0..2000 {
            let wide = matches!(kind, FlagsKind::Add64 | FlagsKind::Sub64 | FlagsKind::Logic64);
            let bits = if wide { 64 } else { 32 };
            let flags = FlagsVal { kind, a: random.edge(bits) as u64, b: random.edge(bits) as u64 };
            for (i, cc) in crate::flags::CondCC::ALL.into_iter().enumerate() {
                assert_eq!(
                    flags::cond(i as u128, flags),
                    cc.holds(flags.nzcv()),
                    "{flags:?} {cc:?}"
                );
            }
        }
    }
}

#[test]
fn flags_travel_through_slots_and_selection() {
    let (_, state, _) = run("v1 = const.i32 0x80000000\nv2 = const.i32 1\nv3 = flags_sub.i32 v1, v2
        v4 = flags_logic.i32 v2\nv5 = const.i1 1\nv6 = flags_sel.flags v5, v3, v4\nput.flags nzcv, v6
        v8 = get.flags nzcv\nv9 = flags_bits.i32 v8\nput.i32 w0, v9\ngoto 0");
    assert_eq!(slot(&state, "nzcv"), 0b0011);
    assert_eq!(slot(&state, "w0"), 0b0011);
}

#[test]
fn a_fault_keeps_what_was_done_and_names_the_instruction() {
    let text = "block 0x1000 len=8 insns=2 {\n insn 0x1000\n v1 = const.i64 0x10000\n put.i64 x0, v1
        insn 0x1004\n v4 = const.i64 0x5\n store.i64 v1, v4\n store.i64 v4, v4\n put.i64 x0, v4\n goto 0\n}";
    let block = parse_block(&TOY, text).expect("it reads");
    let mut state = vec![0; TOY.layout.size as usize];
    let mut memory = TestMemory::new(0x10000, 64);
    let step = Interp::new().run(&TOY, &block, &mut state, &mut memory);
    let trap = MemTrap { addr: 5, write: true, kind: crate::contract::TrapKind::Unmapped };
    assert_eq!(step.outcome, Outcome::Fault { pc: 0x1004, trap });
    assert_eq!(slot(&state, "x0"), 0x10000);
    assert_eq!(memory.bytes[..8], [5, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn memory_follows_its_attributes() {
    let (step, state, memory) = run("v1 = const.i64 0x10000\nv2 = const.i32 0x11223344
        store.i32 v1, v2 be\nv4 = load.i16 v1\nv5 = const.i32 1\nv6 = rmw.i32 v1, v5 add acqrel be
        v7 = load.i32 v1 be\nv8 = const.i32 0x11223345\nv9 = cas.i32 v1, v8, v5 be
        v10 = const.i1 0\nv11 = const.i64 0x3\nv12 = cas_if.i32 v10, v11, v5, v5 natural
        put.i32 w0, v7\nput.i16 h0, v4\nput.i32 w1, v9\nput.i1 p0, v12\ngoto 0");
    assert_eq!(step.outcome, Outcome::Next { pc: 0 });
    assert_eq!(slot(&state, "h0"), 0x2211);
    assert_eq!(slot(&state, "w0"), 0x1122_3345);
    assert_eq!(slot(&state, "w1"), 0x1122_3345);
    assert_eq!(memory.bytes[..4], [0, 0, 0, 1]);
    let (step, ..) = run("v1 = const.i64 0x10002\nv2 = load.i32 v1 natural\ngoto 0");
    let trap = MemTrap { addr: 0x10002, write: false, kind: crate::contract::TrapKind::Align };
    assert_eq!(step.outcome, Outcome::Fault { pc: 0x1000, trap });
}

#[test]
fn helpers_of_each_kind_run() {
    let (_, state, _) = run("v1 = const.i64 0x10000\ncall_nil gather, v1, v1\nv3 = get.i64 x3
        v4 = const.i32 9\nv5 = call.i64 count, v4\nv6 = call.i64 mix, v3, v3
        v7 = const.v128 0x1\nv8 = call.v128 swap_halves, v7, v7\nput.i64 x0, v6\nput.v128 v0, v8\ngoto 0");
    let bytes = TestMemory::new(0x10000, 64).bytes;
    let sum = 2 * u64::from_le_bytes(bytes[..8].try_into().expect("eight")) as u128;
    assert_eq!(slot(&state, "x3"), sum & u64::MAX as u128);
    assert_eq!(slot(&state, "x5"), 9);
    assert_eq!(slot(&state, "v0"), 1 << 64 | 1);
    assert_ne!(slot(&state, "x0"), 0);
}

#[test]
fn blocks_end_as_their_terminal_says() {
    let rows = [
        ("goto 0x8 sync", Outcome::Sync { pc: 8 }),
        ("v1 = const.i1 1\nbranch v1, 0x8, 0x10", Outcome::Next { pc: 8 }),
        ("v1 = const.i1 0\nbranch v1, 0x8, 0x10", Outcome::Next { pc: 16 }),
        (
            "v1 = const.i64 7\nindirect v1 return",
            Outcome::Indirect { target: 7, hint: Hint::Return },
        ),
        ("syscall 1 next=8", Outcome::Syscall { imm: 1, next: 8 }),
        ("wait event next=8", Outcome::Wait { wait: Wait::Event, next: 8 }),
        ("exception 0x1000 fetch", Outcome::Exception { pc: 0x1000, exception: Exception::Fetch }),
    ];
    for (lines, outcome) in rows {
        assert_eq!(run(lines).0, Step { outcome, invalidate: None }, "{lines}");
    }
}
