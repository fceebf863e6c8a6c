//! Any bytes as a program file: parsed or refused, and what was accepted is consistent.
#![no_main]

use isamorph_linux_user::elf::{Image, Target};
use libfuzzer_sys::fuzz_target;

const A64: Target = Target { machine: 183, wide: true, name: "AArch64" };

fuzz_target!(|file: &[u8]| {
    let Ok(image) = Image::parse(file, A64) else { return };
    let span = image.span();
    assert!(!image.segments.is_empty() && image.align.is_power_of_two());
    for segment in &image.segments {
        assert!(segment.addr >= span.start && segment.addr + segment.size <= span.end);
        let end = segment.offset.checked_add(segment.file_size).expect("a range");
        assert!(segment.file_size == 0 || end <= file.len() as u64);
        assert!(segment.file_size <= segment.size);
    }
});
