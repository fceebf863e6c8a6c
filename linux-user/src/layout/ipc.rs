//! System V IPC: of its status structures only `semid64_ds` differs (x86 pads its times).
//!
//! Source: `asm-generic/sembuf.h`, `arch/x86/include/uapi/asm/sembuf.h`; `msqid64_ds` and
//! `shmid64_ds` of 64-bit machines are asm-generic on both sides.

use super::record::get_u64;

/// Bytes of `struct ipc64_perm`, which opens every status structure.
pub const PERM_SIZE: usize = 48;
/// Bytes of `struct msqid64_ds`.
pub const MSQID_SIZE: usize = 120;
/// Bytes of `struct shmid64_ds`.
pub const SHMID_SIZE: usize = 112;

/// Where the fields after `sem_perm` stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SemidLayout {
    /// Bytes of the structure.
    pub size: usize,
    otime: usize,
    ctime: usize,
    nsems: usize,
}

/// `asm-generic/sembuf.h` with 64-bit `long`.
pub const SEMID_GENERIC_64: SemidLayout =
    SemidLayout { size: 88, otime: PERM_SIZE, ctime: PERM_SIZE + 8, nsems: PERM_SIZE + 16 };

/// x86-64: an unused word after each time.
pub const SEMID_X86_64: SemidLayout =
    SemidLayout { size: 104, otime: PERM_SIZE, ctime: PERM_SIZE + 16, nsems: PERM_SIZE + 32 };

/// The host kernel's own.
#[cfg(target_arch = "x86_64")]
pub const SEMID_HOST: SemidLayout = SEMID_X86_64;
/// The host kernel's own.
#[cfg(not(target_arch = "x86_64"))]
pub const SEMID_HOST: SemidLayout = SEMID_GENERIC_64;

impl SemidLayout {
    /// Rewrites a structure of this layout in the layout `to`.
    pub fn convert(&self, bytes: &[u8], to: &SemidLayout) -> Vec<u8> {
        let mut out = vec![0; to.size];
        out[..PERM_SIZE].copy_from_slice(&bytes[..PERM_SIZE]);
        for (from, at) in [(self.otime, to.otime), (self.ctime, to.ctime), (self.nsems, to.nsems)] {
            out[at..at + 8].copy_from_slice(&get_u64(bytes, from).to_le_bytes());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semid_keeps_its_fields() {
        let guest: Vec<u8> = (0..SEMID_GENERIC_64.size as u8).collect();
        let host = SEMID_GENERIC_64.convert(&guest, &SEMID_X86_64);
        assert_eq!(host.len(), 104);
        assert_eq!(get_u64(&host, 64), get_u64(&guest, 56));
        let back = SEMID_X86_64.convert(&host, &SEMID_GENERIC_64);
        assert_eq!(back[..72], guest[..72]);
    }
}
