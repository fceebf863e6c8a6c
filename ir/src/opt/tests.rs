//! Passes change no meaning, and find what they are for.

use super::*;
use crate::interp::Outcome;
use crate::testing::{
    BlockConfig, Ran, Random, TOY, TestMemory, random_block, random_state, run_block,
};
use crate::text::{parse_block, parse_region, print_block, print_region};
use crate::{Hint, Op, Region, Slot, Term};

/// The outcome; a jump to a computed address that turned out constant is a jump.
fn place(ran: &Ran) -> Outcome {
    match ran.step.outcome {
        Outcome::Indirect { target, hint } if hint != Hint::Return => Outcome::Next { pc: target },
        ref other => other.clone(),
    }
}

/// What two runs differ in.
fn difference(before: &Ran, after: &Ran, precise: bool) -> Option<String> {
    let (from, to) = (place(before), place(after));
    if from != to {
        return Some(format!("{from:x?} became {to:x?}"));
    }
    if before.memory != after.memory {
        return Some(format!("accesses {:x?} became {:x?}", before.memory.log, after.memory.log));
    }
    if matches!(from, Outcome::Fault { .. }) && !precise {
        return None;
    }
    let slots = TOY.layout.slots.iter().zip(&before.state).zip(&after.state);
    let mut changed = slots.filter(|((_, a), b)| a != b);
    changed.next().map(|((slot, a), b)| format!("{} {a:#x} became {b:#x}", slot.name))
}

/// Blocks whose ops are few enough to meet each other.
fn themes() -> [BlockConfig; 5] {
    use Op::*;
    let theme = |allowed: fn(Op) -> bool| BlockConfig {
        ops: 20,
        helpers: false,
        allowed,
        ..BlockConfig::default()
    };
    [
        BlockConfig::default(),
        theme(|op| matches!(op, Add | Sub | Neg | Mul | And | Or | Xor | AndNot | Not | Const)),
        theme(|op| {
            let flags = matches!(op, FlagsAdd | FlagsSub | FlagsAdc | FlagsLogic | FlagsPack);
            let uses = matches!(op, FlagsSel | FlagsBits | Cond | Select | ICmp | Not | And | Or);
            flags || uses || matches!(op, Add | Sub | Zext | Const | Get)
        }),
        theme(|op| {
            let casts = matches!(op, Zext | Sext | Trunc | Bitcast | Concat | Hi64 | And | Select);
            let shifts = matches!(op, Shl | LShr | AShr | Rotr | ShlI | LShrI | AShrI | RotrI);
            casts || shifts || matches!(op, ICmp | Not | Get | Const)
        }),
        theme(|op| {
            let lanes = matches!(op, Splat | Extract | Insert | ZextLane | Lo64 | Bitcast | Trunc);
            lanes || matches!(op, Concat | Hi64 | FNeg | FAbs | Const | Add | Or | BitSel)
        }),
    ]
}

#[test]
fn random_blocks_mean_the_same() {
    blocks_mean_the_same(11, 4_000);
}

#[test]
#[ignore = "minutes: cargo test --release -- --ignored"]
fn many_random_blocks_mean_the_same() {
    for seed in 100..120 {
        blocks_mean_the_same(seed, 50_000);
        regions_mean_the_same(seed, 20_000);
    }
}

fn blocks_mean_the_same(seed: u64, rounds: usize) {
    let mut random = Random::new(seed);
    let memory = TestMemory::new(0x10000, 0x100);
    for config in themes() {
        let (mut before, mut after) = (0, 0);
        for i in 0..rounds {
            let precise = i % 2 == 0;
            let block = random_block(&TOY, &mut random, &config);
            let mut optimized = block.clone();
            optimize_block(&TOY, &mut optimized, &OptOptions { precise });
            before += block.insts.len();
            after += optimized.insts.len();
            for _ in 0..3 {
                let state = random_state(&TOY, &mut random);
                let a = run_block(&TOY, &block, &state, &memory);
                let b = run_block(&TOY, &optimized, &state, &memory);
                if let Some(what) = difference(&a, &b, precise) {
                    let (from, to) = (print_block(&TOY, &block), print_block(&TOY, &optimized));
                    panic!("{what}, precise={precise}\n{from}{to}");
                }
            }
        }
        assert!(after * 4 < before * 3, "{before} instructions became {after}");
    }
}

/// Runs a region as an engine would: from block to block until control leaves it.
fn run_region(region: &Region, state: &[u8], memory: &TestMemory) -> Ran {
    let ways = region.ways(&TOY);
    let mut at = 0;
    let mut ran = run_block(&TOY, &region.blocks[0], state, memory);
    for _ in 0..12 {
        let pc = match place(&ran) {
            Outcome::Next { pc } | Outcome::Indirect { target: pc, .. } => pc,
            _ => break,
        };
        let next = ways[at].all().find(|n| region.blocks[*n].pc == pc);
        let Some(next) = next else { break };
        at = next;
        let mut state = vec![0; TOY.layout.size as usize];
        for (i, &value) in ran.state.iter().enumerate() {
            TOY.layout.write(&mut state, Slot(i as u16), value);
        }
        ran = run_block(&TOY, &region.blocks[next], &state, &ran.memory);
    }
    ran
}

fn random_region(random: &mut Random) -> Region {
    let config = BlockConfig { insns: 2, ops: 4, ..BlockConfig::default() };
    let mut region = Region::default();
    let pcs = [0x1000, 0x2000, 0x3000, 0x4000];
    for pc in pcs {
        let mut block = random_block(&TOY, random, &config);
        for inst in block.insts.iter_mut().filter(|i| i.op == Op::Insn) {
            inst.imm = inst.imm - block.pc as u128 + pc as u128;
        }
        block.pc = pc;
        // Most ways lead to another block, some outside.
        let mut to = || *random.pick(&[pcs[0], pcs[1], pcs[2], pcs[3], 0x5000]);
        block.term = match block.term {
            Term::Branch { cond, .. } => Term::Branch { cond, then: to(), other: to() },
            Term::Goto { ret, sync, .. } => Term::Goto { pc: to(), ret, sync },
            other => other,
        };
        region.blocks.push(block);
    }
    region
}

fn regions_mean_the_same(seed: u64, rounds: usize) {
    let mut random = Random::new(seed);
    let memory = TestMemory::new(0x10000, 0x100);
    for i in 0..rounds {
        let precise = i % 2 == 0;
        let region = random_region(&mut random);
        let mut optimized = region.clone();
        optimize_region(&TOY, &mut optimized, &OptOptions { precise });
        for _ in 0..3 {
            let state = random_state(&TOY, &mut random);
            let a = run_region(&region, &state, &memory);
            let b = run_region(&optimized, &state, &memory);
            // A run that was cut short stopped in the middle: dead flags need not be there.
            let inside = |r: &Ran| matches!(place(r), Outcome::Next { pc } if pc < 0x5000);
            if inside(&a) && inside(&b) {
                continue;
            }
            if let Some(what) = difference(&a, &b, precise) {
                let (from, to) = (print_region(&TOY, &region), print_region(&TOY, &optimized));
                panic!("{what}, precise={precise}\n{from}{to}");
            }
        }
    }
}

#[test]
fn random_regions_mean_the_same() {
    regions_mean_the_same(12, 3_000);
}

/// The instructions of a block, optimised, one a line without marks and the terminal.
fn optimized(lines: &str, precise: bool) -> Vec<String> {
    let text = format!("block 0x0 len=16 insns=1 {{\ninsn 0x0\n{lines}\n}}");
    let mut block = parse_block(&TOY, &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    block.guest_insns = block.insts.iter().filter(|i| i.op == Op::Insn).count() as u32;
    optimize_block(&TOY, &mut block, &OptOptions { precise });
    let text = print_block(&TOY, &block);
    let lines = text.lines().map(str::trim).filter(|l| !l.starts_with("insn"));
    lines.skip(1).map(String::from).filter(|l| l != "}").collect()
}

/// Each rule where it is meant to apply: lines, and what is left of them. `;` separates lines.
#[test]
fn rules_apply() {
    let rows = [
        // A W register written and read again.
        (
            "v1 = get.i64 x0; v2 = trunc.i32.i64 v1; v3 = add.i32 v2, v2; v4 = zext.i64.i32 v3; \
             put.i64 x1, v4; insn 0x4; v7 = get.i64 x1; v8 = trunc.i32.i64 v7; v9 = sub.i32 v8, v2; \
             v10 = zext.i64.i32 v9; put.i64 x1, v10; goto 0x8",
            "v1 = get.i64 x0; v2 = trunc.i32.i64 v1; v3 = add.i32 v2, v2; v5 = sub.i32 v3, v2; \
             v6 = zext.i64.i32 v5; put.i64 x1, v6; goto 0x8",
        ),
        // Compare and branch.
        (
            "v1 = get.i64 x0; v2 = get.i64 x1; v3 = flags_sub.i64 v1, v2; put.flags nzcv, v3; \
             v5 = get.flags nzcv; v6 = cond.i1 v5 lt; branch v6, 0x8, 0xc",
            "v1 = get.i64 x0; v2 = get.i64 x1; v3 = flags_sub.i64 v1, v2; put.flags nzcv, v3; \
             v5 = icmp.i64 v1, v2 slt; branch v5, 0x8, 0xc",
        ),
        // Count down and branch: the new value is compared, the old one need not live on.
        (
            "v1 = get.i64 x0; v2 = const.i64 0x1; v3 = sub.i64 v1, v2; v4 = flags_sub.i64 v1, v2; \
             put.i64 x0, v3; put.flags nzcv, v4; v7 = cond.i1 v4 ne; branch v7, 0x8, 0xc",
            "v1 = get.i64 x0; v2 = const.i64 0x1; v3 = const.i64 0xffffffffffffffff; \
             v4 = add.i64 v1, v3; v5 = flags_sub.i64 v1, v2; put.i64 x0, v4; put.flags nzcv, v5; \
             v8 = const.i64 0x0; v9 = icmp.i64 v4, v8 ne; branch v9, 0x8, 0xc",
        ),
        // A difference that nobody keeps is not compared.
        (
            "v1 = get.i64 x0; v2 = get.i64 x1; v3 = sub.i64 v1, v2; v4 = flags_sub.i64 v1, v2; \
             v5 = cond.i1 v4 ne; branch v5, 0x8, 0xc",
            "v1 = get.i64 x0; v2 = get.i64 x1; v3 = icmp.i64 v1, v2 ne; branch v3, 0x8, 0xc",
        ),
        // Test bits and branch.
        (
            "v1 = get.i64 x0; v2 = get.i64 x1; v3 = and.i64 v1, v2; v4 = flags_logic.i64 v3; \
             v5 = cond.i1 v4 le; v6 = cond.i1 v4 hi; put.i1 p0, v6; branch v5, 0x8, 0xc",
            "v1 = get.i64 x0; v2 = get.i64 x1; v3 = and.i64 v1, v2; v4 = const.i64 0x0; \
             v5 = icmp.i64 v3, v4 sle; v6 = const.i1 0x0; put.i1 p0, v6; branch v5, 0x8, 0xc",
        ),
        // Conditional compare: cmp; ccmp with nzcv=0 when the first fails; b.eq.
        (
            "v1 = get.i64 x0; v2 = get.i64 x1; v3 = flags_sub.i64 v1, v2; v4 = cond.i1 v3 gt; \
             v5 = flags_sub.i64 v2, v1; v6 = const.i32 0x0; v7 = flags_pack.flags v6; \
             v8 = flags_sel.flags v4, v5, v7; v9 = cond.i1 v8 eq; branch v9, 0x8, 0xc",
            "v1 = get.i64 x0; v2 = get.i64 x1; v3 = icmp.i64 v1, v2 sgt; v4 = icmp.i64 v2, v1 eq; \
             v5 = and.i1 v3, v4; branch v5, 0x8, 0xc",
        ),
        // cset, and a branch on its inverse.
        (
            "v1 = get.i64 x0; v2 = const.i64 0x0; v3 = icmp.i64 v1, v2 slt; v4 = const.i64 0x1; \
             v5 = select.i64 v3, v4, v2; v6 = icmp.i64 v5, v2 eq; put.i64 x1, v5; branch v6, 0x8, 0xc",
            "v1 = get.i64 x0; v2 = const.i64 0x0; v3 = icmp.i64 v1, v2 slt; v4 = zext.i64.i1 v3; \
             v5 = icmp.i64 v1, v2 sge; put.i64 x1, v4; branch v5, 0x8, 0xc",
        ),
        // Addresses.
        (
            "v1 = get.i64 x0; v2 = const.i64 0x8; v3 = add.i64 v1, v2; v4 = add.i64 v3, v2; \
             put.i64 x0, v4; goto 0x4",
            "v1 = get.i64 x0; v2 = const.i64 0x10; v3 = add.i64 v1, v2; put.i64 x0, v3; goto 0x4",
        ),
        // Bit fields taken out by two shifts.
        (
            "v1 = get.i64 x0; v2 = shli.i64 v1, 48; v3 = lshri.i64 v2, 48; v4 = ashri.i64 v2, 48; \
             put.i64 x1, v3; put.i64 x2, v4; goto 0x4",
            "v1 = get.i64 x0; v2 = const.i64 0xffff; v3 = and.i64 v1, v2; v4 = trunc.i16.i64 v1; \
             v5 = sext.i64.i16 v4; put.i64 x1, v3; put.i64 x2, v5; goto 0x4",
        ),
        // A reduced vector moved to a general register.
        (
            "v1 = get.v128 v0; v2 = reduce_umax.i8x16 v1; v3 = zext_lane.i8x16 v2; \
             v4 = extract.i32x4 v3, 0; v5 = zext.i64.i32 v4; put.i64 x0, v5; goto 0x4",
            "v1 = get.v128 v0; v2 = reduce_umax.i8x16 v1; v3 = zext.i64.i8 v2; put.i64 x0, v3; goto 0x4",
        ),
        // Scalar floating point in vector registers.
        (
            "v1 = get.v128 v0; v2 = extract.f64x2 v1, 0; v3 = fadd.f64 v2, v2; v4 = zext_lane.f64x2 v3; \
             put.v128 v0, v4; insn 0x4; v7 = get.v128 v0; v8 = extract.f64x2 v7, 0; \
             v9 = fmul.f64 v8, v8; v10 = zext_lane.f64x2 v9; put.v128 v0, v10; insn 0x8; \
             v13 = trunc.i64.v128 v10; put.i64 x0, v13; goto 0x8",
            "v1 = get.v128 v0; v2 = extract.f64x2 v1, 0; v3 = fadd.f64 v2, v2; v5 = fmul.f64 v3, v3; \
             v6 = zext_lane.f64x2 v5; put.v128 v0, v6; v9 = bitcast.i64.f64 v5; put.i64 x0, v9; goto 0x8",
        ),
        // Equal values are merged, known registers and repeated writes forgotten.
        (
            "v1 = get.i64 x0; v2 = mul.i64 v1, v1; v3 = get.i64 x0; v4 = mul.i64 v3, v3; \
             v5 = xor.i64 v2, v4; put.i64 x0, v3; put.i64 x1, v5; goto 0x4",
            "v1 = const.i64 0x0; put.i64 x1, v1; goto 0x4",
        ),
        // A floating-point operation on constants is not folded, nor removed: it raises flags.
        (
            "v1 = const.f64 0x3ff0000000000000; v2 = fdiv.f64 v1, v1; goto 0x4",
            "v1 = const.f64 0x3ff0000000000000; v2 = fdiv.f64 v1, v1; goto 0x4",
        ),
        ("v1 = const.i1 1; branch v1, 0x8, 0xc", "goto 0x8"),
        ("v1 = const.i64 0x40; indirect v1 call ret=0x4", "goto 0x40 ret=0x4"),
    ];
    for (lines, expected) in rows {
        let got = optimized(&lines.replace("; ", "\n"), true).join("; ");
        assert_eq!(got, expected, "\n{lines}");
    }
}

#[test]
fn dead_writes_go_unless_someone_can_look() {
    let lines = "v1 = get.i64 x0\nput.i64 x1, v1\ninsn 0x4\nv4 = load.i64 v1\nput.i64 x1, v4\n\
                 put.flags nzcv2, v6\ngoto 0x8";
    let lines = lines.replace("put.flags nzcv2, v6\n", "");
    let count =
        |precise| optimized(&lines, precise).iter().filter(|l| l.starts_with("put")).count();
    assert_eq!((count(true), count(false)), (2, 1));
    // A helper that reads the register keeps its write, the control register is never forgotten.
    let kept = "v1 = get.i32 w0\nv2 = get.i64 x0\nput.i64 x5, v2\nput.i32 fpcr, v1\n\
                v5 = call.i64 count, v1\ninsn 0x4\nput.i64 x5, v2\nv8 = const.i32 0\n\
                put.i32 fpcr, v8\ngoto 0x8";
    let puts: Vec<_> = optimized(kept, true).into_iter().filter(|l| l.starts_with("put")).collect();
    assert_eq!(puts.len(), 4, "{puts:?}");
}

#[test]
fn flags_nobody_reads_go_across_blocks() {
    let text = "region {
        block 0x0 len=4 insns=1 {\n insn 0x0\n v1 = get.i64 x0\n v2 = flags_logic.i64 v1
          put.flags nzcv, v2\n v4 = icmp.i64 v1, v1 test\n branch v4, 0x4, 0x100\n}
        block 0x4 len=4 insns=1 {\n insn 0x4\n v1 = get.i64 x1\n v2 = load.i64 v1
          v3 = flags_logic.i64 v2\n put.flags nzcv, v3\n goto 0x200\n}\n}";
    let region = parse_region(&TOY, text).expect("it reads");
    let puts = |precise, dead: &dyn Fn(u64) -> bool| {
        let mut region = region.clone();
        optimize_region_with(&TOY, &mut region, &OptOptions { precise }, dead);
        let put = |b: &Block| b.insts.iter().filter(|i| i.op == Op::Put).count();
        (put(&region.blocks[0]), put(&region.blocks[1]))
    };
    assert_eq!(puts(false, &|_| false), (1, 1));
    assert_eq!(puts(false, &|pc| pc == 0x100), (0, 1));
    assert_eq!(puts(false, &|_| true), (0, 0));
    // The load in the second block may fault, and then flags are looked at.
    assert_eq!(puts(true, &|pc| pc == 0x100), (1, 1));
    assert!(!liveness::overwrites_flags(&TOY, &region.blocks[0], true));
}
