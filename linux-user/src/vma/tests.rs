use super::*;

fn anon(pages: Range<u64>, prot: Prot) -> Vma {
    Vma {
        start: pages.start * PAGE,
        end: pages.end * PAGE,
        prot,
        shared: false,
        backing: Backing::Anonymous(""),
    }
}

fn file(pages: Range<u64>, first_page_of_file: u64) -> Vma {
    Vma {
        backing: Backing::File {
            path: Path::new("/lib/x").into(),
            offset: first_page_of_file * PAGE,
            dev: 1,
            inode: 2,
        },
        ..anon(pages, Prot::RX)
    }
}

fn pages(r: Range<u64>) -> Range<u64> {
    r.start * PAGE..r.end * PAGE
}

/// `first-end:prot` in pages.
fn show(map: &VmaMap) -> String {
    map.iter()
        .map(|v| format!("{}-{}:{:?}", v.start / PAGE, v.end / PAGE, v.prot))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn neighbours_that_are_alike_become_one() {
    let mut m = VmaMap::default();
    m.insert(anon(10..12, Prot::RW));
    m.insert(anon(14..16, Prot::RW));
    m.insert(anon(12..14, Prot::RW));
    assert_eq!(show(&m), "10-16:rw-");
    m.insert(anon(16..17, Prot::READ));
    assert_eq!(show(&m), "10-16:rw- 16-17:r--");
}

#[test]
fn file_areas_join_only_when_the_offsets_go_on() {
    let mut m = VmaMap::default();
    m.insert(file(10..12, 0));
    m.insert(file(12..14, 2));
    assert_eq!(m.len(), 1);
    m.insert(file(14..15, 9));
    assert_eq!(m.len(), 2);
}

#[test]
fn removing_splits_and_keeps_offsets() {
    let mut m = VmaMap::default();
    m.insert(file(10..20, 5));
    let gone = m.remove(pages(12..15));
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0], file(12..15, 7));
    assert_eq!(m.iter().cloned().collect::<Vec<_>>(), [file(10..12, 5), file(15..20, 10)]);
    m.insert(file(12..15, 7));
    assert_eq!(m.len(), 1);
}

#[test]
fn protecting_a_middle_and_back() {
    let mut m = VmaMap::default();
    m.insert(anon(10..20, Prot::RW));
    m.protect(pages(12..13), Prot::NONE);
    assert_eq!(show(&m), "10-12:rw- 12-13:--- 13-20:rw-");
    m.protect(pages(0..100), Prot::RW);
    assert_eq!(show(&m), "10-20:rw-");
}

#[test]
fn finding_gaps() {
    let mut m = VmaMap::default();
    m.insert(anon(10..12, Prot::RW));
    m.insert(anon(20..30, Prot::RW));
    assert_eq!(m.gaps(pages(0..40)), [pages(0..10), pages(12..20), pages(30..40)]);
    assert_eq!(m.gaps(pages(11..21)), [pages(12..20)]);
    assert!(m.covers(pages(21..30)) && !m.covers(pages(9..11)));
    assert_eq!(m.gap_below(pages(1..40), 5 * PAGE, PAGE), Some(35 * PAGE));
    assert_eq!(m.gap_below(pages(1..33), 5 * PAGE, PAGE), Some(15 * PAGE));
    assert_eq!(m.gap_below(pages(1..25), 8 * PAGE, PAGE), Some(12 * PAGE));
    assert_eq!(m.gap_below(pages(1..25), 9 * PAGE, PAGE), Some(PAGE));
    assert_eq!(m.gap_below(pages(2..25), 9 * PAGE, PAGE), None);
    assert_eq!(m.gap_below(pages(1..20), 4 * PAGE, 8 * PAGE), Some(16 * PAGE));
    assert_eq!(m.gap_below(pages(21..25), PAGE, PAGE), None);
    assert_eq!(m.gap_below(pages(1..5), 5 * PAGE, PAGE), None);
}

#[test]
fn finding_by_address() {
    let mut m = VmaMap::default();
    m.insert(anon(10..12, Prot::RX));
    assert!(m.find(10 * PAGE - 1).is_none());
    assert_eq!(m.find(12 * PAGE - 1).map(|v| v.start), Some(10 * PAGE));
    assert!(m.find(12 * PAGE).is_none());
    assert!(m.has_code(pages(0..11)) && !m.has_code(pages(12..99)));
}

/// Every operation against the plainest model: one entry per page.
#[test]
fn agrees_with_a_page_array() {
    let mut m = VmaMap::default();
    let mut model = [None::<Prot>; 64];
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for _ in 0..5000 {
        let start = random(63);
        let end = start + 1 + random(64 - start);
        let range = start as usize..end as usize;
        let prot = Prot::from_bits(random(4) as u32);
        match random(3) {
            0 => {
                m.insert(anon(start..end, prot));
                model[range].fill(Some(prot));
            }
            1 => {
                m.remove(pages(start..end));
                model[range].fill(None);
            }
            _ => {
                m.protect(pages(start..end), prot);
                model[range].iter_mut().flatten().for_each(|p| *p = prot);
            }
        }
        for (page, want) in model.iter().enumerate() {
            assert_eq!(m.find(page as u64 * PAGE).map(|v| v.prot), *want);
        }
        let areas: Vec<_> = m.iter().collect();
        assert!(areas.windows(2).all(|w| w[0].end <= w[1].start && !w[0].joins(w[1])));
    }
}

#[test]
fn what_is_executable_follows_every_change() {
    let mut m = VmaMap::default();
    m.insert(anon(10..14, Prot::RX));
    let end = |m: &VmaMap, page: u64| m.code_end(page * PAGE + 8).map(|end| end / PAGE);
    assert_eq!([9, 10, 13, 14].map(|p| end(&m, p)), [None, Some(14), Some(14), None]);
    m.insert(anon(14..15, Prot::RX));
    assert_eq!(end(&m, 13), Some(15));
    m.protect(pages(12..13), Prot::RW);
    assert_eq!([11, 12, 13].map(|p| end(&m, p)), [Some(12), None, Some(15)]);
    m.remove(pages(13..14));
    assert_eq!([13, 14].map(|p| end(&m, p)), [None, Some(15)]);
    let copy = m.clone();
    m.insert(anon(14..15, Prot::RW));
    assert_eq!([end(&m, 14), end(&copy, 14)], [None, Some(15)]);
    // The last pages that a guest address can name.
    m.insert(anon((1 << 36) - 2..(1 << 36) - 1, Prot::RX));
    assert_eq!(end(&m, (1 << 36) - 2), Some((1 << 36) - 1));
}
