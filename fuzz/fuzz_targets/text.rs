//! Any text as IR: parsed or refused with a line, and what was accepted survives printing.
#![no_main]

use isamorph_a64::state::DESC;
use isamorph_ir::text::{parse_region, print_region};
use isamorph_ir::verify_region;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(region) = parse_region(&DESC, text) else { return };
    let printed = print_region(&DESC, &region);
    let again = parse_region(&DESC, &printed).expect("what is printed can be parsed");
    assert_eq!(region, again);
    // Total on whatever can be written down.
    let _ = verify_region(&DESC, &region);
});
