//! CRC32B..CRC32X and CRC32CB..CRC32CX: bit-reflected CRCs over 1 to 8 bytes, by tables, or (CRC-32C) by the host.

use isamorph_a64_host as host;

/// Table `n` holds the remainders of every byte with `n` zero bytes after it, for a reflected polynomial.
const fn tables(polynomial: u32) -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut rem = byte as u32;
        let mut bit = 0;
        while bit < 64 {
            rem = if rem & 1 == 1 { rem >> 1 ^ polynomial } else { rem >> 1 };
            bit += 1;
            if bit % 8 == 0 {
                tables[bit / 8 - 1][byte] = rem;
            }
        }
        byte += 1;
    }
    tables
}

static IEEE: [[u32; 256]; 8] = tables(0x04c1_1db7_u32.reverse_bits());
static CASTAGNOLI: [[u32; 256]; 8] = tables(0x1edc_6f41_u32.reverse_bits());

/// The sum goes into the first four bytes of the data; then every byte counts by how many follow it.
fn sum(tables: &[[u32; 256]; 8], acc: u64, data: u64, bytes: u64) -> u64 {
    let n = bytes.min(8) as usize;
    let mixed = (data ^ acc as u32 as u64).to_le_bytes();
    let rest = (acc as u32 as u64).checked_shr(8 * n as u32).unwrap_or(0) as u32;
    let parts = mixed[..n].iter().zip(tables[..n].iter().rev());
    parts.fold(rest, |sum, (&byte, table)| sum ^ table[byte as usize]) as u64
}

/// CRC-32 of IEEE 802.3.
pub extern "C" fn crc32(acc: u64, data: u64, bytes: u64, _: u64) -> u64 {
    sum(&IEEE, acc, data, bytes)
}

/// CRC-32C.
pub extern "C" fn crc32c(acc: u64, data: u64, bytes: u64, _: u64) -> u64 {
    match host::crc32c(acc as u32, data, bytes) {
        Some(sum) => sum as u64,
        None => sum(&CASTAGNOLI, acc, data, bytes),
    }
}

#[cfg(test)]
mod tests {
    /// The check values of the CRC catalogue: the sum of "123456789", started from and ended by all ones.
    #[test]
    fn catalogue_check_values() {
        let run = |f: extern "C" fn(u64, u64, u64, u64) -> u64| {
            let first = f(0xffff_ffff, u64::from_le_bytes(*b"12345678"), 8, 0);
            f(first, b'9' as u64, 1, 0) ^ 0xffff_ffff
        };
        assert_eq!(run(super::crc32), 0xcbf4_3926);
        assert_eq!(run(super::crc32c), 0xe306_9283);
    }

    #[test]
    fn native_is_as_portable() {
        for (n, bytes) in (0..1000u64).zip([1u64, 2, 4, 8].into_iter().cycle()) {
            let data = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let portable = super::sum(&super::CASTAGNOLI, data >> 7, data, bytes);
            if let Some(sum) = super::host::crc32c((data >> 7) as u32, data, bytes) {
                assert_eq!(sum as u64, portable);
            }
        }
    }
}
