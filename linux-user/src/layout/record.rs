//! Little-endian fields at byte offsets: how one guest structure is written and read.
//!
//! Invariant: offsets are constants of a layout and lie inside its size; a wrong one panics in
//! the layout's own test, never by guest input.

/// A structure of `N` bytes under construction, zero where nothing was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<const N: usize>([u8; N]);

impl<const N: usize> Record<N> {
    /// All zero.
    pub fn new() -> Self {
        Record([0; N])
    }

    /// The bytes as they go to the guest.
    pub fn bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// Puts a 32-bit field.
    pub fn u32(&mut self, at: usize, value: u32) -> &mut Self {
        self.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    /// Puts a 64-bit field.
    pub fn u64(&mut self, at: usize, value: u64) -> &mut Self {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
        self
    }
}

impl<const N: usize> Default for Record<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads a 32-bit field of `bytes`.
pub fn get_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Reads a 64-bit field of `bytes`.
pub fn get_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
