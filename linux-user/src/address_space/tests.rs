use super::*;
use std::os::fd::AsRawFd;
use sys::{MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_PRIVATE, MAP_SHARED};

/// A plan of its own for each test: they run at once in one host process.
fn space(test: u64) -> AddressSpace {
    let base = 0x3000_0000_0000 + test * 0x1_0000_0000;
    AddressSpace::new(Plan {
        lowest: 0x1_0000,
        limit: 1 << 47,
        pie_base: base,
        stack_top: base + 0x8000_0000,
        free_bottom: base + 0x1000_0000,
        libraries: base + 0x9000_0000..base + 0xf000_0000,
    })
}

fn anon(addr: u64, len: u64, flags: u32) -> MapRequest {
    let flags = flags | MAP_ANONYMOUS | MAP_PRIVATE;
    MapRequest { addr, len, prot: Prot::RW, flags, fd: -1, offset: 0 }
}

fn map(s: &AddressSpace, request: MapRequest) -> Result<u64, Errno> {
    s.map(request).map(|(addr, _)| addr)
}

#[test]
fn maps_downwards_and_unmaps() {
    let s = space(0);
    let top = s.plan().stack_top;
    let a = map(&s, anon(0, 100, 0)).unwrap();
    assert_eq!(a, top - PAGE);
    let b = map(&s, anon(0, 2 * PAGE, 0)).unwrap();
    assert_eq!(b, a - 2 * PAGE);
    s.memory.write(b, &0x1122u32).unwrap();
    assert_eq!(s.memory.read::<u32>(b), Ok(0x1122));
    assert_eq!(s.unmap(b, 2 * PAGE), Ok(Stale::NOTHING));
    assert_eq!(s.memory.read::<u32>(b), Err(Errno::EFAULT));
    assert_eq!(map(&s, anon(0, PAGE, 0)), Ok(b + PAGE));
}

#[test]
fn wishes_are_hints_and_fixed_is_not() {
    let s = space(1);
    let wish = s.plan().pie_base;
    assert_eq!(map(&s, anon(wish, PAGE, 0)), Ok(wish));
    let elsewhere = map(&s, anon(wish, PAGE, 0)).unwrap();
    assert_ne!(elsewhere, wish);
    s.memory.write(wish, &7u8).unwrap();
    assert_eq!(map(&s, anon(wish, PAGE, MAP_FIXED)), Ok(wish));
    assert_eq!(s.memory.read::<u8>(wish), Ok(0));
    assert_eq!(map(&s, anon(wish, PAGE, MAP_FIXED_NOREPLACE)), Err(Errno::EEXIST));
    assert_eq!(map(&s, anon(wish + 1, PAGE, MAP_FIXED)), Err(Errno::EINVAL));
    assert_eq!(map(&s, anon(0x1000, PAGE, MAP_FIXED)), Err(Errno::EPERM));
    assert_eq!(map(&s, anon(0, 0, 0)), Err(Errno::EINVAL));
    assert_eq!(map(&s, anon(0, u64::MAX, 0)), Err(Errno::ENOMEM));
}

#[test]
fn the_emulators_own_memory_is_out_of_reach() {
    let s = space(2);
    let own = Box::new([1u8; 3 * PAGE as usize]);
    let page = page_up(own.as_ptr() as u64).unwrap();
    assert_eq!(map(&s, anon(page, PAGE, MAP_FIXED)), Err(Errno::ENOMEM));
    // Half the guest's, half ours: nothing of it changes.
    assert_eq!(map(&s, anon(page - PAGE, 4 * PAGE, MAP_FIXED)), Err(Errno::ENOMEM));
    assert_eq!(s.unmap(page, PAGE), Ok(Stale::NOTHING));
    assert_eq!(s.protect(page, PAGE, Prot::NONE).0, Err(Errno::ENOMEM));
    assert!(s.remap(page, PAGE, 2 * PAGE, sys::MREMAP_MAYMOVE, 0).is_err());
    assert!(own.iter().all(|&b| b == 1));
    let wished = map(&s, anon(page, PAGE, 0)).unwrap();
    assert_ne!(wished, page);
}

#[test]
fn protection_is_the_guests_and_code_is_never_host_executable() {
    let s = space(3);
    let a = map(&s, anon(0, 4 * PAGE, 0)).unwrap();
    s.memory.write(a + PAGE, &0xd503_201fu32).unwrap();
    let mut code = [0; 8];
    assert_eq!(s.fetch(a + PAGE, &mut code), 0);
    let (done, stale) = s.protect(a + PAGE, PAGE, Prot::RX);
    assert_eq!((done, stale), (Ok(0), Stale::NOTHING));
    assert_eq!(s.fetch(a + PAGE, &mut code), 8);
    assert_eq!(code[..4], 0xd503_201fu32.to_le_bytes());
    assert_eq!(s.fetch(a + 2 * PAGE - 4, &mut code), 4);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|l| l.starts_with(&format!("{:x}-", a + PAGE))).unwrap();
    assert!(line.contains(" r--p "), "{line}");
    // Taking the code away tells its range.
    assert_eq!(s.unmap(a, 4 * PAGE), Ok(Stale(Some(a..a + 4 * PAGE))));
}

#[test]
fn protecting_stops_at_a_hole() {
    let s = space(4);
    let a = map(&s, anon(0, 4 * PAGE, 0)).unwrap();
    let _ = s.unmap(a + 2 * PAGE, PAGE);
    assert_eq!(s.protect(a, 4 * PAGE, Prot::READ).0, Err(Errno::ENOMEM));
    assert_eq!(s.memory.write(a, &0u8), Err(Errno::EFAULT));
    assert_eq!(s.memory.write(a + 3 * PAGE, &0u8), Ok(()));
    assert_eq!(s.protect(a + 1, PAGE, Prot::READ).0, Err(Errno::EINVAL));
    assert_eq!(s.protect(a, 0, Prot::READ).0, Ok(0));
}

#[test]
fn remap_shrinks_grows_and_moves() {
    let s = space(5);
    let a = map(&s, anon(0, 8 * PAGE, 0)).unwrap();
    s.memory.write(a, &42u64).unwrap();
    let may_move = sys::MREMAP_MAYMOVE;
    let remap =
        |old, old_len, new_len, flags| s.remap(old, old_len, new_len, flags, 0).map(|r| r.0);
    assert_eq!(remap(a, 8 * PAGE, 2 * PAGE, 0), Ok(a));
    assert_eq!(s.memory.read::<u8>(a + 2 * PAGE), Err(Errno::EFAULT));
    assert_eq!(remap(a, 2 * PAGE, 4 * PAGE, 0), Ok(a));
    let _ = map(&s, anon(a + 4 * PAGE, PAGE, MAP_FIXED)).unwrap();
    assert_eq!(remap(a, 4 * PAGE, 5 * PAGE, 0), Err(Errno::ENOMEM));
    let b = remap(a, 4 * PAGE, 5 * PAGE, may_move).unwrap();
    assert_ne!(a, b);
    assert_eq!(s.memory.read::<u64>(b), Ok(42));
    assert_eq!(s.memory.read::<u8>(a), Err(Errno::EFAULT));
    assert_eq!(s.lock().map().find(b).map(|v| v.end - v.start), Some(5 * PAGE));
    let to = s.plan().pie_base;
    assert_eq!(s.remap(b, PAGE, PAGE, may_move | sys::MREMAP_FIXED, to).map(|r| r.0), Ok(to));
    assert_eq!(s.memory.read::<u64>(to), Ok(42));
    assert_eq!(remap(a + 64 * PAGE, PAGE, PAGE, 0), Err(Errno::EFAULT));
}

#[test]
fn heap_grows_and_shrinks_up_to_the_next_mapping() {
    let s = space(6);
    let start = s.plan().pie_base;
    s.set_brk_start(start + 10);
    let start = start + PAGE;
    assert_eq!(s.brk(0).0, start);
    assert_eq!(s.brk(start + 100).0, start + 100);
    s.memory.write(start + PAGE - 1, &1u8).unwrap();
    assert_eq!(s.brk(start + 3 * PAGE).0, start + 3 * PAGE);
    let _ = map(&s, anon(start + 8 * PAGE, PAGE, MAP_FIXED)).unwrap();
    assert_eq!(s.brk(start + 8 * PAGE).0, start + 3 * PAGE);
    assert_eq!(s.brk(start + 7 * PAGE).0, start + 7 * PAGE);
    assert_eq!(s.brk(start).0, start);
    assert_eq!(s.memory.read::<u8>(start), Err(Errno::EFAULT));
    assert_eq!(s.brk(start - 1).0, start);
    assert_eq!(s.brk(u64::MAX).0, start);
}

#[test]
fn files_keep_their_name_and_offset() {
    let s = space(7);
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    let request = MapRequest {
        addr: 0,
        len: 2 * PAGE,
        prot: Prot::RX,
        flags: MAP_PRIVATE,
        fd: file.as_raw_fd(),
        offset: PAGE,
    };
    let a = map(&s, request).unwrap();
    let area = s.lock().map().find(a + PAGE).cloned().unwrap();
    let Backing::File { path, offset, .. } = area.backing_at(a + PAGE) else { panic!() };
    assert_eq!(&*path, std::env::current_exe().unwrap());
    assert_eq!(offset, 2 * PAGE);
    assert_eq!(map(&s, MapRequest { fd: -1, ..request }), Err(Errno::EBADF));
    assert_eq!(map(&s, MapRequest { offset: 1, ..request }), Err(Errno::EINVAL));
    assert_eq!(map(&s, MapRequest { flags: 0, ..request }), Err(Errno::EINVAL));
    let writable = MapRequest { prot: Prot::RW, flags: MAP_SHARED, ..request };
    assert_eq!(map(&s, writable), Err(Errno::EACCES));
}

#[test]
fn the_stack_has_a_guard() {
    let s = space(8);
    let stack = s.map_stack(16 * PAGE, Prot::RW).unwrap();
    assert_eq!(stack.end, s.plan().stack_top);
    let below = map(&s, anon(0, PAGE, 0)).unwrap();
    assert!(below + PAGE <= stack.start - 256 * PAGE);
    assert_eq!(s.memory.write(stack.start - 8, &0u64), Err(Errno::EFAULT));
    s.memory.write(stack.start, &0u64).unwrap();
}

#[test]
fn a_trampoline_page_is_code() {
    let s = space(9);
    let page = s.map_code_page("[vdso]", &[1, 2, 3, 4]).unwrap();
    let mut code = [0; 4];
    assert_eq!(s.fetch(page, &mut code), 4);
    assert_eq!(code, [1, 2, 3, 4]);
    assert_eq!(s.memory.write(page, &0u8), Err(Errno::EFAULT));
}

#[test]
fn a_library_lies_at_the_same_place_in_every_address_space() {
    let (s, t) = (space(9), space(9));
    let reserve = |len| MapRequest { prot: Prot::NONE, ..anon(0, len, 0) };
    let first = map(&s, reserve(5 * PAGE + 1)).unwrap();
    assert_eq!(first, s.library_place(6 * PAGE));
    assert!(s.plan().libraries.contains(&first));
    // A second one of the same size goes where there is room, and so does what is no library.
    let second = map(&s, reserve(6 * PAGE)).unwrap();
    assert_eq!(second, s.plan().stack_top - 6 * PAGE);
    let stack = MapRequest { prot: Prot::NONE, ..anon(0, 7 * PAGE, sys::MAP_STACK) };
    assert_eq!(map(&s, stack).unwrap(), second - 7 * PAGE);
    for at in [first, second] {
        assert_eq!(s.unmap(at, 6 * PAGE), Ok(Stale::NOTHING));
    }
    assert_eq!(map(&t, reserve(6 * PAGE)).unwrap(), first);
}

#[test]
fn code_of_a_file_is_an_image_unless_it_can_be_written() {
    let s = space(10);
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    let at = |prot, offset, addr| MapRequest {
        addr,
        len: 2 * PAGE,
        prot,
        flags: MAP_PRIVATE | if addr == 0 { 0 } else { MAP_FIXED },
        fd: file.as_raw_fd(),
        offset,
    };
    let base = map(&s, at(Prot::READ, 0, 0)).unwrap();
    assert_eq!(s.image(base), None);
    map(&s, at(Prot::RX, 2 * PAGE, base + 2 * PAGE)).unwrap();
    let image = s.image(base + 3 * PAGE).unwrap();
    assert_eq!((image.base, &image.range), (base, &(base + 2 * PAGE..base + 4 * PAGE)));
    assert!(image.head.starts_with(b"\x7fELF") && image.head.len() == PAGE as usize);
    let (result, stale) = s.protect(base + 2 * PAGE, 2 * PAGE, Prot::from_bits(7));
    assert_eq!((result, stale), (Ok(0), Stale(Some(base + 2 * PAGE..base + 4 * PAGE))));
    assert_eq!(s.image(base + 2 * PAGE), None);
}
