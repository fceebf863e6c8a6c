//! Any words as guest code: every region that can be formed compiles.
#![no_main]

use isamorph_backend_cranelift::{CompileOptions, Compiler};
use isamorph_fuzz::{AT, Code, GUEST};
use isamorph_ir::opt::{OptOptions, optimize_region};
use isamorph_ir::{Frontend, Mode, Region};
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;

thread_local! {
    static COMPILER: RefCell<Compiler> =
        RefCell::new(Compiler::new(GUEST.desc()).expect("this host compiles"));
}

fuzz_target!(|code: &[u8]| {
    let desc = GUEST.desc();
    let Some((&choice, code)) = code.split_first() else { return };
    let (mode, precise) = (Mode((choice & 1).into()), choice & 2 != 0);
    let block = GUEST.lift(&Code(code), AT, mode, 16);
    let mut region = Region { blocks: vec![block], ..Region::default() };
    optimize_region(desc, &mut region, &OptOptions { precise });
    let options = CompileOptions {
        precise,
        clear_ignored_bits: choice & 4 != 0,
        ..CompileOptions::default()
    };
    COMPILER.with_borrow_mut(|compiler| compiler.compile(&region, &options).expect("compiles"));
});
