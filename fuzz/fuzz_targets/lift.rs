//! Any words as guest code: decoding, lifting and the passes are total and keep the IR's rules.
#![no_main]

use isamorph_fuzz::{AT, Code, GUEST};
use isamorph_ir::opt::{OptOptions, optimize_block};
use isamorph_ir::{Frontend, Mode, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|code: &[u8]| {
    let desc = GUEST.desc();
    for mode in [Mode(0), Mode(1)] {
        let block = GUEST.lift(&Code(code), AT, mode, 32);
        verify(desc, &block).unwrap();
        for precise in [false, true] {
            let mut block = block.clone();
            optimize_block(desc, &mut block, &OptOptions { precise });
            verify(desc, &block).unwrap();
        }
    }
    for n in 0..code.len() as u64 / 4 {
        assert!(!GUEST.disassemble(&Code(code), AT + 4 * n, Mode(0)).0.is_empty());
    }
});
