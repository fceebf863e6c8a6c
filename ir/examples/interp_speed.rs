//! What the interpreter and the passes take:
//! `cargo run --release -p isamorph-ir --features testing --example interp_speed`.

use isamorph_ir::Block;
use isamorph_ir::interp::Interp;
use isamorph_ir::opt::{OptOptions, optimize_block};
use isamorph_ir::testing::{TOY, TestMemory};
use isamorph_ir::text::parse_block;
use std::time::Instant;

/// The body of a byte-hash loop, as a frontend lifts it.
const LOOP: &str = "block 0x1000 len=20 insns=5 {
  insn 0x1000
  v1 = get.i64 x0
  v2 = load.i8 v1
  v3 = zext.i32.i8 v2
  v4 = const.i64 0x1
  v5 = add.i64 v1, v4
  v6 = zext.i64.i32 v3
  put.i64 x0, v5
  put.i64 x1, v6
  insn 0x1004
  v10 = get.i64 x2
  v11 = get.i64 x1
  v12 = xor.i64 v10, v11
  put.i64 x2, v12
  insn 0x1008
  v15 = get.i64 x2
  v16 = trunc.i32.i64 v15
  v17 = const.i32 0x1000193
  v18 = mul.i32 v16, v17
  v19 = zext.i64.i32 v18
  put.i64 x2, v19
  insn 0x100c
  v22 = get.i64 x3
  v23 = const.i64 0x1
  v24 = flags_sub.i64 v22, v23
  v25 = sub.i64 v22, v23
  put.i64 x3, v25
  put.flags nzcv, v24
  insn 0x1010
  v29 = get.flags nzcv
  v30 = cond.i1 v29 ne
  branch v30, 0x1000, 0x1014
}";

/// Scalar floating point, and a dot product's step on vectors.
const FLOAT: &str = "block 0x1000 len=8 insns=2 {
  insn 0x1000
  v1 = get.f64 d0
  v2 = const.f64 0x3ff8000000000001
  v3 = fmul.f64 v1, v2
  v4 = fadd.f64 v3, v2
  v5 = fdiv.f64 v4, v2
  put.f64 d0, v5
  insn 0x1004
  v8 = get.v128 v0
  v9 = const.v128 0x3f0000003f0000003f0000003f000000
  v10 = fmuladd.f32x4 v8, v9, v9
  put.v128 v0, v10
  goto 0x1000
}";

/// Bytes compared and counted, as string functions do.
const VECTOR: &str = "block 0x1000 len=8 insns=2 {
  insn 0x1000
  v1 = get.v128 v0
  v2 = const.v128 0x20202020202020202020202020202020
  v3 = icmp.i8x16 v1, v2 eq
  v4 = add.i8x16 v1, v2
  v5 = umax.i8x16 v3, v4
  put.v128 v0, v5
  insn 0x1004
  v8 = reduce_umax.i8x16 v5
  v9 = zext.i64.i8 v8
  put.i64 x0, v9
  goto 0x1000
}";

fn main() {
    for (name, text) in [("integer", LOOP), ("floating point", FLOAT), ("vector", VECTOR)] {
        let block = parse_block(&TOY, text).expect("the text is right");
        println!("{name}: {:.0} million IR instructions a second", interpreted(&block));
    }
    let block = parse_block(&TOY, LOOP).expect("the text is right");
    let runs = 200_000;
    let start = Instant::now();
    for _ in 0..runs {
        let mut block = block.clone();
        optimize_block(&TOY, &mut block, &OptOptions { precise: true });
    }
    let insts = runs as f64 * block.insts.len() as f64;
    let nanoseconds = start.elapsed().as_secs_f64() * 1e9 / insts;
    println!("passes: {nanoseconds:.0} ns for an IR instruction");
}

/// Millions of instructions a second.
fn interpreted(block: &Block) -> f64 {
    let mut memory = TestMemory::new(0, 4096);
    let mut state = vec![0; TOY.layout.size as usize];
    let mut interp = Interp::new();
    let runs = 1_000_000u64;
    let start = Instant::now();
    for i in 0..runs {
        if i % 1024 == 0 {
            state[..8].fill(0);
            memory.log.clear();
        }
        interp.run(&TOY, block, &mut state, &mut memory);
    }
    (runs * block.insts.len() as u64) as f64 / start.elapsed().as_secs_f64() / 1e6
}
