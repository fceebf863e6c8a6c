//! A unit of the code cache with some bytes changed, or any bytes as one (without checksums, which no fuzzer meets by
//! chance): refused, or every piece that is accepted may be placed as it is.
#![no_main]

use isamorph_backend_abi::{CodeBlob, Fixup, FixupKind};
use isamorph_persist::{Fresh, Kind, Piece, Title, Unit, UnitKey, check, merge};
use libfuzzer_sys::fuzz_target;

/// Bytes of the guest's image.
const SIZE: u64 = 1 << 24;

/// A whole unit of three pieces.
fn whole() -> Vec<u8> {
    let mut fresh = Fresh::default();
    for (pc, tier) in [(0x1000, 0), (0x1040, 0), (0x1000, 1)] {
        let exit = FixupKind::DirectExit { target: pc + 16, ret: Some(pc + 4) };
        let blob = CodeBlob {
            code: vec![0x90; 40],
            entries: vec![(pc, 0), (pc + 8, 12)],
            fixups: vec![Fixup { offset: 2, kind: exit }],
            source_map: vec![(0, pc), (4, pc + 4)],
            guest_ranges: vec![pc..pc + 12],
            ..CodeBlob::default()
        };
        let piece = Piece::of(&blob, 0, 0, Kind { tier, care: 0 }).expect("near enough");
        fresh.add(&piece);
    }
    let title = Title { key: UnitKey(1), base: 0, name: "x".into() };
    let mut bytes = vec![];
    let merged = merge::<Vec<u8>>(&title, None, &fresh).expect("there is something new");
    merged.write(&mut bytes).expect("memory takes it");
    bytes
}

fuzz_target!(|file: &[u8]| {
    let bytes = match file {
        [0, edits @ ..] => {
            let mut bytes = whole();
            for edit in edits.chunks_exact(3) {
                let at = u16::from_le_bytes([edit[0], edit[1]]) as usize % bytes.len();
                bytes[at] = edit[2];
            }
            bytes
        }
        other => other.to_vec(),
    };
    let Ok(unit) = Unit::open(bytes) else { return };
    let (head, mut piece, mut blob) = (*unit.head(), Piece::default(), CodeBlob::default());
    let base = head.base & (1 << 47) - 1;
    for number in 0..head.count.min(64) {
        let Some(found) = unit.found(number) else { continue };
        unit.find(found.record.pc, |_| true);
        if unit.read(&found, &mut piece).is_err() || piece.blob(base, SIZE, &mut blob).is_err() {
            continue;
        }
        let len = blob.code.len() as u32;
        assert!(len > 0 && blob.entries[0].0 == blob.guest_ranges[0].start);
        assert!(blob.entries.iter().all(|e| e.1 < len));
        assert!(blob.fixups.iter().all(|f| f.offset + 4 <= len));
        let inside = |r: &std::ops::Range<u64>| r.start >= base && r.end <= base + SIZE;
        assert!(blob.guest_ranges.iter().all(|r| !r.is_empty() && inside(r)));
    }
    check(&unit);
    let title = Title { key: head.key, base, name: unit.name() };
    let nothing = Fresh::default();
    if let Some(merged) = merge(&title, Some(&unit), &nothing) {
        let mut bytes = vec![];
        merged.write(&mut bytes).expect("memory takes it");
        assert!(Unit::open(bytes).is_ok());
    }
});
