//! A unit of the code cache with some bytes changed, or any bytes as one (without checksums, which no fuzzer meets by
//! chance): refused, or every piece that is accepted may be placed as it is.
#![no_main]

use isamorph_backend_abi::{CodeBlob, Fixup, FixupKind};
use isamorph_persist::{About, Fresh, Group, Kind, Title, Unit, UnitKey, check, merge};
use libfuzzer_sys::fuzz_target;

/// Bytes of the guest's image.
const SIZE: u64 = 1 << 24;

/// No code was placed.
fn nowhere(_: u64, _: usize, _: &mut Vec<u8>) {
    unreachable!("all code was copied");
}

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
            fault_exits: vec![(8, 30), (20, 34)],
            guest_ranges: vec![pc..pc + 12],
            ..CodeBlob::default()
        };
        let about = About { kind: Kind { tier, care: 0 }, ..About::default() };
        assert!(fresh.add(&blob, 0, &about, None), "near enough");
    }
    let title = Title { key: UnitKey(1), base: 0, name: "x".into() };
    let mut bytes = vec![];
    let merged = merge(&title, None, &fresh, &nowhere).expect("there is something new");
    merged.write(&mut bytes, true).expect("memory takes it");
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
    let (head, mut group, mut blob) = (*unit.head(), Group::default(), CodeBlob::default());
    let base = head.base & (1 << 47) - 1;
    let mut found = vec![];
    for page in 0..head.pages.min(64) {
        if unit.read(page, &mut group).is_ok() {
            found.extend(group.records().take(64).map(|record| (group.clone(), record)));
        }
    }
    for (group, record) in found.into_iter().take(64) {
        group.find(record.pc, |_| true);
        if group.blob(&record, (base, SIZE), &mut blob).is_err() {
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
    if let Some(merged) = merge(&title, Some(&unit), &nothing, &nowhere) {
        let mut bytes = vec![];
        merged.write(&mut bytes, false).expect("memory takes it");
        assert!(Unit::open(bytes).is_ok());
    }
});
