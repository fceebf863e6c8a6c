//! Words as GNU as 2.40 assembles them, one list a chapter, and what each must decode to.

mod base;
mod extensions;
mod simd;

use isamorph_a64::isa::{Decoded, decode};

/// Every word decodes to the instruction of this name.
fn all_decode(rows: impl IntoIterator<Item = &'static (u32, &'static str)>) {
    for (word, name) in rows {
        match decode(*word) {
            Decoded::Insn(insn) => assert_eq!(insn.name(), *name, "{word:#010x}"),
            other => panic!("{word:#010x} should be {name}, is {other:?}"),
        }
    }
}

fn all_unallocated(words: &[u32]) {
    for word in words {
        assert!(matches!(decode(*word), Decoded::Unallocated(_)), "{word:#010x}");
    }
}

/// Every word belongs to a class that is known by name and not implemented.
fn all_named(words: &[u32]) {
    for word in words {
        assert!(matches!(decode(*word), Decoded::Todo(_)), "{word:#010x}");
    }
}
