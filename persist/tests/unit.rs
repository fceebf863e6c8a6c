//! Units as files: written, read back, cut off, changed bit by bit, looked at by others' tools.

use isamorph_backend_abi::{CodeBlob, Fixup, FixupKind};
use isamorph_persist::{
    About, Directory, Fresh, Group, Kind, Merged, Record, SaveError, Saved, Title, Unit, UnitKey,
    check, merge,
};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object as _, ObjectSection as _, ObjectSymbol as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

const BASE: u64 = 0x1800_0000_0000;
const SIZE: u64 = 1 << 20;
const BLOCK: Kind = Kind { tier: 0, care: 0 };
const REGION: Kind = Kind { tier: 1, care: 1 };

fn blob(pc: u64, n: usize) -> CodeBlob {
    let exit = |target| FixupKind::DirectExit { target, ret: None };
    CodeBlob {
        code: (0..28 + n).map(|b| (b * 7 + n) as u8).collect(),
        entries: vec![(pc, 0), (pc + 8, 12)],
        fixups: vec![
            Fixup { offset: 2, kind: exit(pc + 16) },
            Fixup { offset: 8, kind: exit(BASE - 64) },
            Fixup { offset: 12, kind: FixupKind::DirectExit { target: pc, ret: Some(pc + 4) } },
            Fixup { offset: 16, kind: FixupKind::Counter { target: pc } },
            Fixup { offset: 24, kind: FixupKind::Continuation { target: pc + 12 } },
            Fixup { offset: 20, kind: FixupKind::Address { target: pc + 64 } },
            Fixup { offset: 6, kind: FixupKind::Prediction { site: pc + 8 } },
        ],
        source_map: vec![(0, pc), (4, pc + 4), (9, pc)],
        fault_exits: vec![(5, 19), (9, 13)],
        guest_ranges: vec![pc..pc + 12, pc + 64..pc + 80],
        guest_insns: 7,
        frame_size: 48,
        ..CodeBlob::default()
    }
}

/// A block or region at `pc` that `n` tells from others, of guest code with this hash.
struct Piece(u64, usize, Kind, u64);

fn add(fresh: &mut Fresh, Piece(pc, n, kind, guest): Piece) {
    assert!(fresh.add(&blob(pc, n), BASE, &About { mode: 0, kind, guest }, None));
}

/// Nothing was placed.
fn nowhere(_: u64, _: usize, _: &mut Vec<u8>) {
    panic!("all code was copied");
}

fn piece(pc: u64, n: usize, kind: Kind, guest: u64) -> Piece {
    Piece(pc, n, kind, guest)
}

fn find(unit: &Unit<Vec<u8>>, pc: u32, wanted: impl Fn(&Record) -> bool) -> Option<Record> {
    let mut group = Group::default();
    unit.read(pc >> 12, &mut group).expect("is whole");
    group.find(pc, wanted)
}

fn title() -> Title {
    Title { key: UnitKey(0xabc), base: BASE, name: "/lib/libx.so".into() }
}

fn written(merged: &Merged<'_>) -> Vec<u8> {
    let mut bytes = vec![];
    let len = merged.write(&mut bytes, false).expect("memory takes it");
    assert_eq!(len, bytes.len() as u64);
    assert!(len <= merged.most_bytes());
    bytes
}

fn unit(pieces: impl IntoIterator<Item = Piece>) -> Vec<u8> {
    let mut fresh = Fresh::default();
    pieces.into_iter().for_each(|p| add(&mut fresh, p));
    let title = title();
    written(&merge(&title, None, &fresh, &nowhere).expect("there is something new"))
}

fn several() -> Vec<u8> {
    let at = |n: u64| BASE + 0x1000 + n * 0x2f0;
    let blocks = (0..40).map(|n| piece(at(n), n as usize, BLOCK, n));
    let regions = (0..4).map(|n| piece(at(3 * n), 100 + n as usize, REGION, 77));
    unit(blocks.chain(regions))
}

/// What fixups are filled in is not kept.
fn clear(blob: &mut CodeBlob) {
    for f in &blob.fixups {
        blob.code[f.offset as usize..f.offset as usize + 4].fill(0);
    }
}

fn any(_: &Record) -> bool {
    true
}

/// The number of a kind of fixups, of which there are six with the two of exits.
fn number_of(kind: FixupKind) -> usize {
    match kind {
        FixupKind::DirectExit { ret: None, .. } => 0,
        FixupKind::DirectExit { ret: Some(_), .. } => 1,
        FixupKind::Counter { .. } => 2,
        FixupKind::Prediction { .. } => 3,
        FixupKind::Address { .. } => 4,
        FixupKind::Continuation { .. } => 5,
    }
}

#[test]
fn pieces_of_these_tests_have_fixups_of_every_kind() {
    let blob = blob(BASE, 0);
    let there = |n| blob.fixups.iter().any(|f| number_of(f.kind) == n);
    assert!((0..6).all(there));
}

#[test]
fn what_is_written_is_read() {
    let unit = Unit::open_for(several(), title().key).expect("a unit");
    assert_eq!(unit.name(), "/lib/libx.so");
    let (mut group, mut back) = (Group::default(), CodeBlob::default());
    for n in 0..40_u32 {
        let pc = 0x1000 + n * 0x2f0;
        unit.read(pc >> 12, &mut group).expect("is whole");
        let found = group.find(pc, |r| r.kind == BLOCK).expect("was written");
        assert_eq!(found.guest, n as u64);
        group.blob(&found, (BASE, SIZE), &mut back).expect("makes sense");
        let mut expected = blob(BASE + pc as u64, n as usize);
        clear(&mut expected);
        assert_eq!(format!("{back:?}"), format!("{expected:?}"));
        let best = group.find(pc, any).expect("was written");
        assert_eq!(best.kind, if n % 3 == 0 && n < 12 { REGION } else { BLOCK });
        assert!(group.find(pc + 4, any).is_none());
        assert!(group.find(pc, |r| r.mode == 1).is_none());
    }
    assert!(find(&unit, 0, any).is_none());
    assert!(find(&unit, u32::MAX, any).is_none());
    assert!(Unit::open_for(several(), UnitKey(1)).is_err());
    let report = check(&unit);
    assert_eq!((report.blocks, report.regions, report.broken), (40, 4, 0));
}

#[test]
fn standard_tools_see_code_and_symbols() {
    let unit = Unit::open(several()).expect("a unit");
    let mut fresh = Fresh::default();
    add(&mut fresh, piece(BASE + 0x9000, 1, BLOCK, 1));
    let title = title();
    let merged = merge(&title, Some(&unit), &fresh, &nowhere).expect("there is something new");
    let mut bytes = vec![];
    merged.write(&mut bytes, true).expect("memory takes it");
    assert_eq!(check(&Unit::open(bytes.clone()).expect("a unit")).blocks, 41);
    let elf = ElfFile64::<LittleEndian>::parse(&*bytes).expect("an ELF file");
    let text = elf.section_by_name(".text").expect("has code");
    let named = elf.symbols().find(|s| s.name() == Ok("block_1800000012f0")).expect("has a name");
    let at = named.address() as usize;
    let code = &text.data().expect("is there")[at..at + named.size() as usize];
    let mut expected = blob(BASE, 1);
    clear(&mut expected);
    assert_eq!(code, expected.code);
    assert!(elf.symbols().any(|s| s.name() == Ok("region_180000001000_care1")));
    let data = elf.symbols().filter(|s| s.name().is_ok_and(|n| n.starts_with("page_")));
    assert_eq!(elf.symbols().count() - data.count(), 45);
}

#[test]
fn a_file_that_is_cut_off_is_refused() {
    let whole = several();
    for len in 0..whole.len() {
        let cut = Unit::open_for(whole[..len].to_vec(), title().key);
        assert!(cut.is_err(), "{len} bytes");
    }
    let longer = [&whole[..], &[0]].concat();
    assert!(Unit::open(longer).is_err());
}

#[test]
fn a_changed_byte_is_never_believed() {
    let whole = several();
    let head = *Unit::open(whole.clone()).expect("a unit").head();
    let (mut group, mut back) = (Group::default(), CodeBlob::default());
    for section in [head.text, head.index] {
        for at in (section.at..section.at + section.len).step_by(5) {
            let mut bad = whole.clone();
            bad[at as usize] ^= 1 << (at % 8);
            let unit = Unit::open_for(bad, title().key).expect("the head is whole");
            for n in 0..40_u32 {
                let pc = 0x1000 + n * 0x2f0;
                if unit.read(pc >> 12, &mut group).is_err() {
                    continue;
                }
                let Some(found) = group.find(pc, |r| r.kind == BLOCK) else { continue };
                group.blob(&found, (BASE, SIZE), &mut back).expect("a whole piece makes sense");
                let mut expected = blob(BASE + pc as u64, n as usize);
                clear(&mut expected);
                assert_eq!(format!("{back:?}"), format!("{expected:?}"), "byte {at}");
            }
        }
    }
    for at in 0..isamorph_persist::format::Head::SIZE {
        let mut bad = whole.clone();
        bad[isamorph_persist::format::HEAD_AT as usize + at] ^= 0x10;
        assert!(Unit::open_for(bad, title().key).is_err());
    }
}

/// What comes of a blob that was written, whatever it is.
fn forged(change: impl Fn(&mut CodeBlob)) -> Result<CodeBlob, String> {
    let mut made = blob(BASE + 0x1000, 3);
    change(&mut made);
    let mut fresh = Fresh::default();
    if !fresh.add(&made, BASE, &About::default(), None) {
        return Err("has no place".into());
    }
    let title = title();
    let merged = merge(&title, None, &fresh, &nowhere).expect("there is something new");
    let unit = Unit::open(written(&merged)).map_err(|e| e.to_string())?;
    let (mut group, mut back) = (Group::default(), CodeBlob::default());
    unit.read(made.entries[0].0.wrapping_sub(BASE) as u32 >> 12, &mut group)
        .map_err(|e| e.to_string())?;
    let found = group.records().next().ok_or("not there")?;
    group.blob(&found, (BASE, SIZE), &mut back).map_err(|e| e.to_string())?;
    Ok(back)
}

#[test]
fn words_that_contradict_each_other_are_refused_though_their_checksum_fits() {
    type Change = fn(&mut CodeBlob);
    assert!(forged(|_| ()).is_ok());
    let changes: [(Change, &str); 12] = [
        (|b| b.guest_ranges[1] = BASE - 8..BASE, "a range outside"),
        (|b| b.guest_ranges[0].end = b.guest_ranges[0].start, "an empty range"),
        (|b| b.guest_ranges[0].end = BASE + SIZE + 4, "a range that ends outside"),
        (|b| b.guest_ranges.clear(), "no range"),
        (|b| b.entries[0].0 += 4, "the main entry is not the first range's"),
        (|b| b.entries[1].1 = b.code.len() as u32, "an entry behind the code"),
        (|b| b.entries[1].0 = BASE + SIZE, "an entry outside"),
        (|b| b.source_map[2].0 = 1, "a source map that does not ascend"),
        (|b| b.fault_exits[1].0 = 5, "two fault exits of an access"),
        (|b| b.fault_exits[1].0 = b.code.len() as u32, "a fault exit of no access"),
        (|b| b.fault_exits[0].1 = b.code.len() as u32, "a fault exit behind the code"),
        (|b| b.guest_insns = 1 << 16, "more instructions than there is room for"),
    ];
    for (change, what) in changes {
        assert!(forged(change).is_err(), "{what}");
    }
}

#[test]
fn of_two_for_the_same_address_the_newer_one_stays_and_broken_ones_go() {
    let pc = BASE + 0x1000;
    let old = unit([piece(pc, 1, BLOCK, 1), piece(pc + 64, 2, BLOCK, 2)]);
    let mut fresh = Fresh::default();
    add(&mut fresh, piece(pc, 3, BLOCK, 3));
    add(&mut fresh, piece(pc, 4, BLOCK, 4));
    let (title, open) = (title(), Unit::open(old.clone()).expect("a unit"));
    let merged = merge(&title, Some(&open), &fresh, &nowhere).expect("there is something new");
    assert_eq!((merged.added, merged.dropped), (1, 0));
    let both = Unit::open(written(&merged)).expect("a unit");
    assert_eq!(both.head().count, 2);
    assert_eq!(find(&both, 0x1000, any).map(|f| f.guest), Some(4));
    assert_eq!(find(&both, 0x1040, any).map(|f| f.guest), Some(2));

    let mut again = Fresh::default();
    add(&mut again, piece(pc, 9, BLOCK, 1));
    assert!(merge(&title, Some(&open), &again, &nowhere).is_none(), "it is there already");

    let mut bad = old;
    bad[open.head().text.at as usize] ^= 1;
    let bad = Unit::open(bad).expect("the head is whole");
    assert_eq!(check(&bad).broken, 2, "all of the page");
    let nothing = Fresh::default();
    let repaired = merge(&title, Some(&bad), &nothing, &nowhere).expect("two are to go");
    assert_eq!((repaired.added, repaired.dropped), (0, 2));
}

#[test]
fn placed_code_is_looked_at_when_it_is_written() {
    let (pc, kind, mut fresh) = (BASE + 0x1000, BLOCK, Fresh::default());
    let about = About { mode: 0, kind, guest: 1 };
    assert!(fresh.add(&blob(pc, 1), BASE, &about, Some(0x7000)));
    assert!(fresh.add(&blob(pc + 64, 2), BASE, &about, Some(0x8000)));
    // As it was placed: with its fixups filled in.
    let placed = |at: u64, len: usize, out: &mut Vec<u8>| {
        let mut code = blob(0, if at == 0x7000 { 1 } else { 2 }).code;
        assert_eq!(code.len(), len);
        code[2..6].fill(0xee);
        out.extend_from_slice(&code);
    };
    let title = title();
    let looked = written(&merge(&title, None, &fresh, &placed).expect("there is something new"));
    fresh.copy_code(&placed);
    let copied = written(&merge(&title, None, &fresh, &nowhere).expect("there is something new"));
    assert!(looked == copied);
    assert!(looked == unit([piece(pc, 1, BLOCK, 1), piece(pc + 64, 2, BLOCK, 1)]));
}

struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let path =
            std::env::temp_dir().join(format!("isamorph-persist-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Dir(path)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Writes one unit; what was saved, and how many others were evicted.
fn save(
    dir: &Directory,
    title: &Title,
    fresh: &Fresh,
    limit: u64,
    patient: bool,
) -> Result<(Saved, usize), SaveError> {
    let mut writing = dir.writing(limit, patient)?;
    let saved = writing.save(title, fresh, &nowhere)?;
    Ok((saved, writing.end()?))
}

fn one(n: u64) -> Fresh {
    let mut fresh = Fresh::default();
    add(&mut fresh, piece(BASE + 0x1000 + n * 64, 3000, BLOCK, n));
    fresh
}

#[test]
fn a_directory_that_others_may_write_and_files_that_are_not_ours_are_refused() {
    let dir = Dir::new("trust");
    assert!(Directory::open(&dir.0, false).is_err(), "it is not there");
    let open = Directory::open(&dir.0, true).expect("is made");
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("is ours");
    };
    save(&open, &title(), &one(1), 1 << 20, true).expect("is written");
    let path = open.unit_path(title().key);
    assert!(matches!(open.open_unit(title().key), Ok(Some(_))));
    assert!(matches!(open.open_unit(UnitKey(9)), Ok(None)));

    mode(&path, 0o660);
    assert!(open.open_unit(title().key).is_err(), "the group may write");
    mode(&path, 0o600);
    let moved = dir.0.join("moved");
    std::fs::rename(&path, &moved).expect("is ours");
    std::os::unix::fs::symlink(&moved, &path).expect("is ours");
    assert!(open.open_unit(title().key).is_err(), "a symbolic link");
    std::fs::remove_file(&path).expect("is ours");
    std::fs::create_dir(&path).expect("is ours");
    assert!(open.open_unit(title().key).is_err(), "a directory");
    std::fs::remove_dir(&path).expect("is ours");

    mode(&dir.0, 0o777);
    let error = Directory::open(&dir.0, true).expect_err("everybody may write");
    assert!(error.to_string().contains("others than its owner"), "{error}");
    mode(&dir.0, 0o700);
    let link = dir.0.join("link");
    std::os::unix::fs::symlink(&dir.0, &link).expect("is ours");
    assert!(Directory::open(&link, false).is_err(), "a symbolic link");
    // Root's tests can give files away.
    if std::os::unix::fs::chown(&moved, Some(12345), None).is_ok() {
        std::fs::rename(&moved, &path).expect("is ours");
        let error = open.open_unit(title().key).expect_err("another user's");
        assert!(error.to_string().contains("another user"), "{error}");
    }
}

#[test]
fn units_are_merged_evicted_and_cleared() {
    let dir = Dir::new("bound");
    let open = Directory::open(&dir.0, true).expect("is made");
    let limit = 64 << 10;
    let first = save(&open, &title(), &one(1), limit, false).expect("is written");
    assert_eq!((first.0.added, first.1), (1, 0));
    let second = save(&open, &title(), &one(2), limit, false).expect("is written");
    assert!(second.0.bytes > first.0.bytes);
    let nothing = save(&open, &title(), &one(2), limit, false).expect("there is nothing to write");
    assert_eq!(nothing.0.bytes, 0);
    assert!(matches!(save(&open, &title(), &one(3), 1000, false), Err(SaveError::TooLarge(_))));

    std::fs::write(dir.0.join("left.tmp"), "by a crash").expect("is ours");
    let mut evicted = 0;
    for n in 10..40 {
        let title = Title { key: UnitKey(n), ..title() };
        evicted += save(&open, &title, &one(1), limit, false).expect("is written").1;
        let bytes: u64 = open.units().expect("is ours").iter().map(|u| u.len).sum();
        assert!(bytes <= limit);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(evicted > 0);
    assert!(open.open_unit(title().key).expect("is ours").is_none(), "the oldest");
    assert!(open.open_unit(UnitKey(39)).expect("is ours").is_some(), "the newest");
    assert!(!dir.0.join("left.tmp").exists());
    assert!(open.clear().expect("is ours").0 > 0);
    assert!(open.units().expect("is ours").is_empty());
}

#[test]
fn a_damaged_unit_is_repaired_or_removed() {
    let dir = Dir::new("repair");
    let open = Directory::open(&dir.0, true).expect("is made");
    let mut two = one(1);
    add(&mut two, piece(BASE + 0x5000, 10, BLOCK, 2));
    save(&open, &title(), &two, 1 << 20, true).expect("is written");
    let path = open.unit_path(title().key);
    let mut bytes = std::fs::read(&path).expect("is there");
    let text = Unit::open(bytes.clone()).expect("a unit").head().text.at;
    bytes[text as usize] ^= 1;
    std::fs::write(&path, &bytes).expect("is ours");
    let unit = || open.units().expect("is ours").remove(0);
    let broken = |open: &Directory| open.check_unit(&unit()).expect("is ours").map(|r| r.broken);
    assert_eq!(broken(&open), Ok(1));
    assert!(open.repair(title().key).expect("is ours"));
    assert_eq!(broken(&open), Ok(0));
    std::fs::write(&path, b"nothing of the kind").expect("is ours");
    assert!(broken(&open).is_err());
    assert!(!open.repair(title().key).expect("is ours"));
    assert!(open.units().expect("is ours").is_empty());
}

#[test]
fn a_writer_that_finds_another_at_work_gives_up() {
    let dir = Dir::new("busy");
    let open = Directory::open(&dir.0, true).expect("is made");
    save(&open, &title(), &one(1), 1 << 20, true).expect("is written");
    let held = std::fs::File::open(dir.0.join("lock")).expect("is there");
    held.lock().expect("is free");
    assert!(matches!(save(&open, &title(), &one(2), 1 << 20, false), Err(SaveError::Busy)));
    drop(held);
    assert!(save(&open, &title(), &one(2), 1 << 20, false).is_ok());
}
