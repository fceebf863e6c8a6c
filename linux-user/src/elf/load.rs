//! Maps a checked program into an address space.
//!
//! Invariant: after an error the address space may hold a part of the program; the caller gives up the
//! process then.

use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd;

use linux_raw_sys::general as sys;

use super::{Image, Placement, Segment};
use crate::address_space::{AddressSpace, MapRequest, Stale};
use crate::errno::Errno;
use crate::memory::GuestMemory;
use crate::vma::{PAGE, Prot, page_down, page_up};

/// Where a program has come to lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What is added to the file's addresses (0 for fixed programs).
    pub bias: u64,
    /// Address of the first instruction.
    pub entry: u64,
    /// Address of the program headers (0 if they are not in memory).
    pub headers: u64,
    /// Addresses covered, not rounded.
    pub span: Range<u64>,
}

/// Why a program cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The host, or the emulator itself, has something where the program must lie.
    #[error("its segment at {addr:#x} (size {size:#x}) cannot be mapped: {error}")]
    Map {
        /// First address.
        addr: u64,
        /// Bytes.
        size: u64,
        /// The host's error.
        error: Errno,
    },
    /// No room.
    #[error("no {0} bytes of free address space for it")]
    NoRoom(u64),
}

/// Maps `image`, read from `file`. A program that may lie anywhere goes to `base` if that is free, else
/// where mappings without a wish go. `guarded`: its code takes indirect branches at their targets only.
pub fn load(
    space: &AddressSpace,
    memory: &GuestMemory,
    file: &File,
    image: &Image,
    base: Option<u64>,
    guarded: bool,
) -> Result<Loaded, LoadError> {
    let span = image.span();
    let bias = match image.placement {
        Placement::Fixed => 0,
        Placement::Anywhere => {
            choose_base(space, &span, base, image.align)?.wrapping_sub(page_down(span.start))
        }
    };
    for segment in &image.segments {
        let mut segment = segment.clone();
        if guarded && segment.prot.contains(Prot::EXEC) {
            segment.prot = segment.prot.union(Prot::GUARDED);
        }
        map_segment(space, memory, file, &segment, segment.addr.wrapping_add(bias)).map_err(
            |error| LoadError::Map {
                addr: segment.addr.wrapping_add(bias),
                size: segment.size,
                error,
            },
        )?;
    }
    Ok(Loaded {
        bias,
        entry: image.entry.wrapping_add(bias),
        headers: image.headers.map_or(0, |at| at.wrapping_add(bias)),
        span: span.start.wrapping_add(bias)..span.end.wrapping_add(bias),
    })
}

/// A free, aligned address for the whole span. Nothing else maps in this process yet, so trying it out
/// and giving it back is enough.
fn choose_base(
    space: &AddressSpace,
    span: &Range<u64>,
    base: Option<u64>,
    align: u64,
) -> Result<u64, LoadError> {
    let len = page_up(span.end).unwrap_or(span.end) - page_down(span.start);
    let no_room = LoadError::NoRoom(len);
    let slack = if align > PAGE { align } else { 0 };
    let request = MapRequest {
        addr: base.unwrap_or(0),
        len: len.saturating_add(slack),
        prot: Prot::NONE,
        flags: sys::MAP_PRIVATE | sys::MAP_ANONYMOUS | sys::MAP_NORESERVE,
        fd: -1,
        offset: 0,
    };
    let Ok((addr, Stale(_))) = space.map(request) else { return Err(no_room) };
    let _ = space.unmap(addr, request.len);
    // The start keeps its place within the alignment.
    Ok(addr.next_multiple_of(align) + (page_down(span.start) & (align - 1)))
}

fn map_segment(
    space: &AddressSpace,
    memory: &GuestMemory,
    file: &File,
    segment: &Segment,
    addr: u64,
) -> Result<(), Errno> {
    let file_end = addr + segment.file_size;
    let end = page_up(addr + segment.size).ok_or(Errno::ENOMEM)?;
    let mut zero_from = page_down(addr);
    if segment.file_size != 0 {
        let start = page_down(addr);
        let request = MapRequest {
            addr: start,
            len: file_end - start,
            prot: segment.prot,
            flags: sys::MAP_PRIVATE | sys::MAP_FIXED,
            fd: file.as_raw_fd(),
            offset: page_down(segment.offset),
        };
        let (_, Stale(_)) = space.map(request)?;
        zero_from = page_up(file_end).ok_or(Errno::ENOMEM)?;
        if segment.size > segment.file_size {
            // The whole rest of the last file page: the dynamic linker allocates from what lies behind its
            // image there. Where the segment is read-only, Linux leaves it too.
            let zeroes = vec![0; (zero_from - file_end) as usize];
            let _ = memory.write_bytes(file_end, &zeroes);
        }
    }
    if zero_from < end {
        let request = MapRequest {
            addr: zero_from,
            len: end - zero_from,
            prot: segment.prot,
            flags: sys::MAP_PRIVATE | sys::MAP_FIXED | sys::MAP_ANONYMOUS,
            fd: -1,
            offset: 0,
        };
        let (_, Stale(_)) = space.map(request)?;
    }
    Ok(())
}
