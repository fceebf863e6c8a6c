//! `struct stat`: one neutral set of fields, one layout per architecture.
//!
//! `statx` needs nothing of this: its layout is the same everywhere.
//!
//! Source: `asm-generic/stat.h`, `arch/x86/include/uapi/asm/stat.h`.

use super::record::Record;

/// What the kernel knows of a file, in the widest types that any layout has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Device that holds the file, in the kernel's `new_encode_dev` form.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// Type and permissions.
    pub mode: u32,
    /// Hard links.
    pub nlink: u64,
    /// Owner.
    pub uid: u32,
    /// Owning group.
    pub gid: u32,
    /// Device that the file is, if it is one.
    pub rdev: u64,
    /// Bytes.
    pub size: i64,
    /// Preferred transfer size.
    pub blksize: i64,
    /// Allocated 512-byte blocks.
    pub blocks: i64,
    /// Access time: seconds, nanoseconds.
    pub atime: (i64, i64),
    /// Modification time.
    pub mtime: (i64, i64),
    /// Status change time.
    pub ctime: (i64, i64),
}

impl From<&libc::stat> for Stat {
    fn from(s: &libc::stat) -> Stat {
        Stat {
            dev: s.st_dev,
            ino: s.st_ino,
            mode: s.st_mode,
            nlink: s.st_nlink,
            uid: s.st_uid,
            gid: s.st_gid,
            rdev: s.st_rdev,
            size: s.st_size,
            blksize: s.st_blksize,
            blocks: s.st_blocks,
            atime: (s.st_atime, s.st_atime_nsec),
            mtime: (s.st_mtime, s.st_mtime_nsec),
            ctime: (s.st_ctime, s.st_ctime_nsec),
        }
    }
}

/// How an architecture lays `struct stat` out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Bytes of the structure.
    pub size: usize,
    encode: fn(&Stat, &mut Vec<u8>),
}

impl Layout {
    /// The guest's bytes of `stat`.
    pub fn encode(&self, stat: &Stat) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.size);
        (self.encode)(stat, &mut out);
        debug_assert_eq!(out.len(), self.size);
        out
    }
}

/// `asm-generic/stat.h` with 64-bit `long`: arm64, riscv64, loongarch64.
pub const GENERIC_64: Layout = Layout {
    size: 128,
    encode: |s, out| {
        let mut r = Record::<128>::new();
        r.u64(0, s.dev).u64(8, s.ino).u32(16, s.mode).u32(20, s.nlink as u32);
        r.u32(24, s.uid).u32(28, s.gid).u64(32, s.rdev).u64(48, s.size as u64);
        r.u32(56, s.blksize as u32).u64(64, s.blocks as u64);
        for (at, (sec, nsec)) in [(72, s.atime), (88, s.mtime), (104, s.ctime)] {
            r.u64(at, sec as u64).u64(at + 8, nsec as u64);
        }
        out.extend_from_slice(r.bytes());
    },
};

#[cfg(test)]
mod tests {
    use super::super::record::{get_u32, get_u64};
    use super::*;

    #[test]
    fn every_field_lands_where_the_header_says() {
        let s = Stat {
            dev: 1,
            ino: 2,
            mode: 3,
            nlink: 4,
            uid: 5,
            gid: 6,
            rdev: 7,
            size: 8,
            blksize: 9,
            blocks: 10,
            atime: (11, 12),
            mtime: (13, 14),
            ctime: (15, 16),
        };
        let b = GENERIC_64.encode(&s);
        assert_eq!((get_u64(&b, 0), get_u64(&b, 8)), (1, 2));
        assert_eq!([16, 20, 24, 28, 56].map(|at| get_u32(&b, at)), [3, 4, 5, 6, 9]);
        assert_eq!([32, 48, 64].map(|at| get_u64(&b, at)), [7, 8, 10]);
        assert_eq!([72, 80, 88, 96, 104, 112].map(|at| get_u64(&b, at)), [11, 12, 13, 14, 15, 16]);
    }
}
