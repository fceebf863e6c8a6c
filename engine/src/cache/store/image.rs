//! One mapped guest file: its unit on disk, and what is to be added to it.

use crate::mem::user::UserMemory;
use isamorph_ir::CodeImage;
use isamorph_persist::{Bytes, Directory, Fresh, Title, Unit, UnitKey, XxHash3_128};
use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;

/// A mapped guest file.
#[derive(Debug)]
pub(super) struct Image {
    pub key: UnitKey,
    pub range: Range<u64>,
    pub base: u64,
    pub name: String,
    pub unit: Option<Unit<Mapped>>,
    /// The unit's inode, to see that another took its place.
    inode: Option<u64>,
    /// Another process may have written since the unit was opened.
    stale: bool,
    pub fresh: Fresh,
    /// About how many nanoseconds it took to compile what is fresh.
    pub gain: u64,
}

/// The unit's key for an image.
pub(super) fn key(salt: u128, image: &CodeImage) -> UnitKey {
    let mut all = salt.to_le_bytes().to_vec();
    for n in [image.base, image.range.start, image.range.end] {
        all.extend_from_slice(&n.to_le_bytes());
    }
    all.push(image.guarded as u8);
    all.extend_from_slice(&image.head);
    UnitKey(XxHash3_128::oneshot(&all))
}

impl Image {
    /// An image that was met; `None` if its code is farther from the file's begin than a unit can say.
    pub fn new(dir: Option<&Directory>, key: UnitKey, met: CodeImage) -> Option<Image> {
        let CodeImage { range, base, name, .. } = met;
        if range.end - base > i32::MAX as u64 {
            return None;
        }
        let (fresh, unit, inode) = Default::default();
        let mut image = Image { key, range, base, name, unit, inode, stale: false, fresh, gain: 0 };
        image.open(dir);
        Some(image)
    }

    /// How far an address lies behind the base.
    pub fn distance(&self, pc: u64) -> u32 {
        (pc - self.base) as u32
    }

    pub fn title(&self) -> Title {
        Title { key: self.key, base: self.base, name: self.name.clone() }
    }

    /// What was recorded, taken out.
    pub fn take_fresh(&mut self) -> Fresh {
        self.gain = 0;
        self.stale = true;
        std::mem::take(&mut self.fresh)
    }

    /// Forgets what was recorded: another process will save it.
    pub fn forget_fresh(&mut self) {
        self.take_fresh();
    }

    /// Opens the unit anew if another may have taken its place. True: it is another one now.
    pub fn look_again(&mut self, dir: Option<&Directory>) -> bool {
        if !std::mem::take(&mut self.stale) {
            return false;
        }
        let Some(dir) = dir else { return false };
        dir.unit_inode(self.key) != self.inode && self.open(Some(dir))
    }

    /// Opens the unit. True: there is one.
    fn open(&mut self, dir: Option<&Directory>) -> bool {
        let Some(dir) = dir else { return false };
        (self.unit, self.inode) = (None, None);
        let (file, len) = match dir.open_unit(self.key) {
            Ok(Some(opened)) => opened,
            Ok(None) => return false,
            Err(error) => {
                tracing::warn!("a unit of the code cache is not used: {error}");
                return false;
            }
        };
        self.inode = file.metadata().ok().map(|m| m.ino());
        let mapped = match Mapped::new(&file, len) {
            Ok(mapped) => mapped,
            Err(error) => {
                let path = dir.unit_path(self.key);
                tracing::warn!(
                    "a unit of the code cache cannot be mapped: `{}`: {error}",
                    path.display()
                );
                return false;
            }
        };
        match Unit::open_for(mapped, self.key) {
            Ok(unit) => {
                dir.touch(&file);
                self.unit = Some(unit);
                true
            }
            Err(error) => {
                let path = dir.unit_path(self.key);
                tracing::warn!(
                    "a unit of the code cache is not used: `{}`: {error}",
                    path.display()
                );
                false
            }
        }
    }
}

/// A file in memory, read in a way that survives its being cut off.
#[derive(Debug)]
pub(crate) struct Mapped {
    at: *mut libc::c_void,
    len: usize,
}

// SAFETY: the mapping is private, read-only, and lives as long as this.
unsafe impl Send for Mapped {}

impl Mapped {
    fn new(file: &File, len: u64) -> std::io::Result<Mapped> {
        let size = usize::try_from(len).map_err(std::io::Error::other)?;
        // SAFETY: a new mapping where the kernel likes.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size,
                libc::PROT_READ,
                libc::MAP_PRIVATE,
                file.as_raw_fd(),
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error());
        }
        Ok(Mapped { at, len: size })
    }

    /// The host address of so many bytes, if they lie inside.
    fn place(&self, at: u64, len: usize) -> Option<u64> {
        let inside = at.checked_add(len as u64).is_some_and(|end| end <= self.len as u64);
        inside.then(|| self.at as u64 + at)
    }
}

impl Bytes for Mapped {
    fn len(&self) -> u64 {
        self.len as u64
    }

    fn read(&self, at: u64, buf: &mut [u8]) -> bool {
        // The accessors of guest memory come back from pages that are gone.
        self.place(at, buf.len()).is_some_and(|from| UserMemory::new(0).read(from, buf).is_ok())
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and nothing borrows it.
        unsafe { libc::munmap(self.at, self.len) };
    }
}
