//! RNDR, RNDRRS: random bits of the host's kernel.

use std::fs::File;
use std::io::Read;

/// 64 random bits, or zero if the host gives none. (Zero is drawn once in 2^64 times; the guest then tries again.)
///
/// The file is opened each time: a descriptor that stays would lie among those the guest may close.
pub extern "C" fn rndr(_: u64, _: u64, _: u64, _: u64) -> u64 {
    let mut bits = [0; 8];
    let read = File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut bits));
    read.map_or(0, |()| u64::from_le_bytes(bits))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_the_same() {
        assert_ne!(super::rndr(0, 0, 0, 0), super::rndr(0, 0, 0, 0));
    }
}
