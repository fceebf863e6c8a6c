//! `O_*` flag words: the few bits that `asm/fcntl.h` of an architecture moves.
//!
//! asm-generic and x86 agree; Arm (32 and 64 bit) swaps four of them. Every other bit has one
//! value on all guests and is kept as it is, unknown bits too: the kernel judges them.
//!
//! Source: `asm/fcntl.h` of arm64 and `asm-generic/fcntl.h`.

/// The values of the bits that differ between architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFlags {
    /// `O_DIRECTORY`
    pub directory: u32,
    /// `O_NOFOLLOW`
    pub nofollow: u32,
    /// `O_DIRECT`
    pub direct: u32,
    /// `O_LARGEFILE` as the kernel has it (user space of 64-bit machines says 0).
    pub largefile: u32,
}

/// asm-generic: x86, RISC-V, the host.
pub const GENERIC: OpenFlags =
    OpenFlags { directory: 0o200_000, nofollow: 0o400_000, direct: 0o40_000, largefile: 0o100_000 };

/// arm and arm64.
pub const ARM: OpenFlags =
    OpenFlags { directory: 0o40_000, nofollow: 0o100_000, direct: 0o200_000, largefile: 0o400_000 };

/// What the host kernel understands: x86-64 and every other asm-generic host, but not Arm.
#[cfg(not(any(target_arch = "aarch64", target_arch = "arm")))]
pub const HOST: OpenFlags = GENERIC;
/// What the host kernel understands, on an Arm host.
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
pub const HOST: OpenFlags = ARM;

impl OpenFlags {
    /// A guest's flag word in the host's values.
    pub fn to_host(&self, flags: u32) -> u32 {
        convert(flags, self, &HOST)
    }

    /// A host flag word (from `F_GETFL`) in the guest's values.
    pub fn from_host(&self, flags: u32) -> u32 {
        convert(flags, &HOST, self)
    }

    fn bits(&self) -> [u32; 4] {
        [self.directory, self.nofollow, self.direct, self.largefile]
    }
}

fn convert(flags: u32, from: &OpenFlags, to: &OpenFlags) -> u32 {
    let moved: u32 = from.bits().iter().sum();
    let mut out = flags & !moved;
    for (f, t) in from.bits().into_iter().zip(to.bits()) {
        if flags & f != 0 {
            out |= t;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_agrees_with_the_host_headers() {
        use linux_raw_sys::general as g;
        assert_eq!(HOST.directory, g::O_DIRECTORY);
        assert_eq!(HOST.nofollow, g::O_NOFOLLOW);
        assert_eq!(HOST.direct, g::O_DIRECT);
        assert_eq!(HOST.largefile, g::O_LARGEFILE);
    }

    #[test]
    fn arm_bits_move_and_the_others_stay() {
        let common = 0o2_000_000 | 0o100 | 0o1; // CLOEXEC, CREAT, WRONLY
        assert_eq!(ARM.to_host(common), common);
        assert_eq!(ARM.to_host(ARM.directory | common), HOST.directory | common);
        assert_eq!(ARM.to_host(ARM.nofollow), HOST.nofollow);
        assert_eq!(ARM.to_host(ARM.direct), HOST.direct);
        assert_eq!(ARM.from_host(HOST.largefile | 0o2), ARM.largefile | 0o2);
        // O_TMPFILE is __O_TMPFILE | O_DIRECTORY.
        assert_eq!(ARM.to_host(0o20_000_000 | ARM.directory), 0o20_000_000 | HOST.directory);
    }

    #[test]
    fn there_and_back_loses_nothing() {
        for bit in 0..32 {
            let flag = 1 << bit;
            assert_eq!(ARM.from_host(ARM.to_host(flag)), flag);
        }
    }
}
