//! What the fuzz targets share: bytes as guest code.

use isamorph_a64::A64;
use isamorph_a64::processor::CpuModel;
use isamorph_ir::CodeSource;

/// Guest code at [`AT`], and nothing elsewhere.
pub struct Code<'a>(pub &'a [u8]);

/// Where the code lies.
pub const AT: u64 = 0x1000;

impl CodeSource for Code<'_> {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let from = addr.checked_sub(AT).and_then(|o| self.0.get(o as usize..)).unwrap_or(&[]);
        let n = from.len().min(buf.len());
        buf[..n].copy_from_slice(&from[..n]);
        n
    }
}

/// The guest with everything that it may have.
pub const GUEST: A64 = A64::new(CpuModel::MAX);
