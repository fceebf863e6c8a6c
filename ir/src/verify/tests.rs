//! Each rule once broken, and the message that it gives.

use super::*;
use crate::testing::TOY;
use crate::text::{parse_block, parse_region};

/// A block of these lines that ends by `goto`, or by the last line if that is a terminal.
fn errors(lines: &str) -> Vec<String> {
    let end = ["branch", "indirect"].iter().any(|t| lines.contains(t));
    let goto = if end { "" } else { "goto 0x8" };
    let text = format!("block 0x0 len=8 insns=1 {{\ninsn 0x0\n{lines}\n{goto}\n}}");
    let block = parse_block(&TOY, &text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let errors = verify(&TOY, &block).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn each_rule_is_checked() {
    let rows: &[(&str, &[&str])] = &[
        ("v1 = get.i64 x0\nv2 = add.i64 v1, v1\nput.i64 x1, v2", &[]),
        (
            "v1 = get.i64 x0\nv2 = add.i64 v1",
            &["V2 at instruction 2: add takes 2 arguments, not 1"],
        ),
        (
            "v1 = get.i64 x0\nv2 = get.i32 w0\nv3 = add.i64 v1, v2",
            &["V3 at instruction 3: argument 1 is i32, not i64"],
        ),
        (
            "v1 = get.i64 x0\nv2 = clz.f64 v1",
            &[
                "V4 at instruction 2: clz has no shape f64",
                "V3 at instruction 2: argument 0 is i64, not f64",
            ],
        ),
        (
            "v1 = get.flags nzcv\nv2 = cond.i32 v1 eq",
            &["V4 at instruction 2: cond has no shape i32"],
        ),
        ("v1 = get.i32 w0\nv2 = trunc.i64.i32 v1", &["V5 at instruction 2: trunc from i32 to i64"]),
        ("v1 = get.i64 x0\nv2 = zext.i64.i64 v1", &["V5 at instruction 2: zext from i64 to i64"]),
        (
            "v1 = get.i64 x0\nv2 = bitcast.f32.i64 v1",
            &["V5 at instruction 2: bitcast from i64 to f32"],
        ),
        (
            "v1 = get.v128 v0\nv2 = widen_lo.i32x4.i8x16 v1",
            &["V5 at instruction 2: widen_lo from i8x16 to i32x4"],
        ),
        (
            "v1 = get.v128 v0\nv2 = narrow.i8x16.i16x8 v1 trunc",
            &["V5 at instruction 2: narrow from i16x8 to i8x16"],
        ),
        (
            "v1 = get.v128 v0\nv2 = ftoint.i32x4.f64x2 v1 zero signed",
            &["V5 at instruction 2: ftoint from f64x2 to i32x4"],
        ),
        ("v1 = get.i64 x0\nv2 = shli.i64 v1, 65", &["V6 at instruction 2: 65 is not in 0..=64"]),
        ("v1 = get.v128 v0\nv2 = extract.i32x4 v1, 4", &["V6 at instruction 2: 4 is not in 0..=3"]),
        ("v1 = const.i8 0x100", &["V6 at instruction 1: immediate 0x100 means nothing"]),
        (
            "v1 = get.f64 d0\nv2 = ftoint.i32.f64 v1 zero signed fbits=33",
            &["V6 at instruction 2: 33 fraction bits in 32"],
        ),
        ("v1 = get.i32 x0", &["V7 at instruction 1: x0 is i64, not i32"]),
        ("v1 = get.i64 slot#99", &["V7 at instruction 1: there is no slot 99"]),
        ("v1 = get.i64 x0\nv2 = call.i64 mix, v1", &["V8 at instruction 2: mix takes (i64, i64)"]),
        (
            "v1 = get.i32 w0\ncall_nil count, v1",
            &["V8 at instruction 2: count returns i64, not nothing"],
        ),
        ("call_nil helper#9", &["V8 at instruction 1: there is no helper 9"]),
        (
            "v1 = get.v128 v0\nv2 = pmul.i32x4 v1, v1",
            &["V9 at instruction 2: pmul is not defined for i32x4"],
        ),
        (
            "v1 = get.i64 x0\nbranch v1, 0x0, 0x4",
            &["V10 at instruction 2: it uses a value of i64, not i1"],
        ),
        (
            "v1 = get.i64 x0\nput.i64 x1, v1\nv3 = load.i64 v1",
            &["V11 at instruction 3: it may fault after instruction 2 wrote guest state"],
        ),
        (
            "v1 = get.i32 w0\nv2 = call.i64 count, v1\nstore.i32 v2, v1",
            &["V11 at instruction 3: it may fault after instruction 2 wrote guest state"],
        ),
        ("v1 = get.i64 x0\nstore.i64 v1, v1\nstore.i64 v1, v1\nput.i64 x0, v1", &[]),
        (
            "insn 0x0",
            &[
                "V12 at instruction 1: 0x0 is out of order or place",
                "V12 at instruction 2: 2 marks for 1 instructions",
            ],
        ),
        (
            "insn 0x8",
            &[
                "V12 at instruction 1: 0x8 is out of order or place",
                "V12 at instruction 2: 2 marks for 1 instructions",
            ],
        ),
    ];
    for (lines, expected) in rows {
        assert_eq!(&errors(lines), expected, "{lines}");
    }
}

#[test]
fn values_are_defined_before_use() {
    let text = "block 0x0 len=4 insns=1 {\ninsn 0x0\nv1 = get.i64 x0\nput.i64 x0, v1\ngoto 0x4\n}";
    let mut block = parse_block(&TOY, text).expect("it reads");
    for (value, what) in [(2, "v2 is not defined before"), (0, "v0 has no value")] {
        block.insts[2].args[0] = Value(value);
        let errors = verify(&TOY, &block).expect_err("V1");
        assert_eq!(errors[0].to_string(), format!("V1 at instruction 2: {what}"));
    }
}

#[test]
fn regions_have_their_rule() {
    let block = "block 0x0 len=4 insns=1 {\ninsn 0x0\ngoto 0x4\n}";
    let text = format!("region {{\n{block}\n{block}\nentries 2\n}}");
    let region = parse_region(&TOY, &text).expect("it reads");
    let errors = verify_region(&TOY, &region).expect_err("V13");
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        ["V13 at region: two blocks begin at 0x0", "V13 at region: entry 2 is not a block"]
    );
    let callees = "inlined 0, 1, 2\ninlined 2, 2, 3";
    let text = format!("region {{\n{block}\n{block}\n{block}\nentries 1\n{callees}\n}}");
    let region = parse_region(&TOY, &text).expect("it reads");
    let errors = verify_region(&TOY, &region).expect_err("V13");
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "V13 at region: callee 1 does not follow what calls it",
            "V13 at region: entry 1 is not a block"
        ]
    );
    let errors = verify_region(&TOY, &Region::default()).expect_err("V13");
    assert_eq!(errors[0].to_string(), "V13 at region: it has no block");
}

#[test]
fn rules_are_numbered_in_order() {
    for (i, rule) in Rule::ALL.iter().enumerate() {
        assert_eq!(rule.id(), format!("V{}", i + 1));
    }
}
