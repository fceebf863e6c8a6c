//! The text form: nothing is lost, and errors say where.

use super::*;
use crate::testing::{BlockConfig, Random, TOY, random_block};
use crate::verify::verify;
use crate::{Inlined, Region};

#[test]
fn random_blocks_survive_the_text_form() {
    let mut random = Random::new(1);
    for i in 0..3000 {
        let mut block = random_block(&TOY, &mut random, &BlockConfig::default());
        block.fp_exact = i % 5 == 0;
        let text = print_block(&TOY, &block);
        assert_eq!(verify(&TOY, &block), Ok(()), "{text}");
        assert_eq!(parse_block(&TOY, &text).as_ref(), Ok(&block), "{text}");
    }
}

#[test]
fn regions_survive_the_text_form() {
    let mut random = Random::new(2);
    let block = |pc: u64, random: &mut Random| {
        let mut b = random_block(&TOY, random, &BlockConfig::default());
        b.pc = pc;
        b
    };
    let blocks = [0x1000, 0x3000, 0x4000, 0x3000].map(|pc| block(pc, &mut random)).to_vec();
    let callees = [(0, 2..3), (2, 3..4)].map(|(call, blocks)| Inlined { call, blocks });
    for (entries, inlined) in [(vec![], vec![]), (vec![1], vec![]), (vec![1], callees.to_vec())] {
        let region = Region { blocks: blocks.clone(), entries, inlined };
        let text = print_region(&TOY, &region);
        assert_eq!(parse_region(&TOY, &text), Ok(region), "{text}");
    }
}

#[test]
fn an_immediate_without_meaning_survives() {
    let text = "block 0x0 len=0 insns=0 {\n  v0 = get.i64 slot#999\n  v1 = load.i64 v0 imm=0xf\n  \
                v2 = icmp.i64 v0, v1 imm=0x63\n  goto 0x0\n}\n";
    let block = parse_block(&TOY, text).expect("it reads");
    assert_eq!(print_block(&TOY, &block), text);
}

#[test]
fn values_may_have_any_number_and_lines_comments() {
    let text = "; a comment\nblock 0 len=4 insns=1 { ; more\n\n insn 0\n v7 = get.i64 x0\n \
                v3 = shli.i64 v7, 3\n put.i64 x1, v3\n goto 4\n}\n";
    let block = parse_block(&TOY, text).expect("it reads");
    assert_eq!(verify(&TOY, &block), Ok(()));
    assert_eq!(block.insts[2].args[0], crate::Value(1));
}

#[test]
fn errors_say_where() {
    let rows = [
        ("add.i64 v1, v2", "line 2, column 11: a value defined before expected, found v1"),
        ("v1 = get.i64 nowhere", "line 2, column 16: a slot expected, found nowhere"),
        ("v1 = get.i65 x0", "line 2, column 8: a shape expected, found get.i65"),
        ("v1 = frob.i64 x0", "line 2, column 8: an op expected, found frob.i64"),
        ("v1 = put.i64 x0, v1", "line 2, column 20: a value defined before expected, found v1"),
        ("fence maybe", "line 2, column 9: another word expected, found maybe"),
        ("fence", "line 2, column 8: a barrier expected, found the end of the line"),
        ("get.i64 x0", "line 2, column 3: v… = expected, found get.i64"),
        ("goto somewhere", "line 2, column 8: an address expected, found somewhere"),
        ("", "line 3, column 1: an op expected, found }"),
    ];
    for (line, expected) in rows {
        let text = format!("block 0 len=4 insns=1 {{\n  {line}\n}}\n");
        let error = parse_block(&TOY, &text).expect_err(line);
        assert_eq!(error.to_string(), expected, "{line}");
    }
}
