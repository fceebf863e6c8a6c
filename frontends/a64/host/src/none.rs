//! A host without such instructions, or none that are used yet.

macro_rules! absent {
    ($($name:ident)*) => { $(
        /// Not here.
        pub fn $name(_: &mut [u128; 4]) -> bool {
            false
        }
    )* };
}

absent! {
    aese aesd aesmc aesimc aese_aesmc aesd_aesimc pmull_64
    sha1c sha1p sha1m sha256h sha256h2 sha256su0 sha256su1
}

/// Not here.
pub fn crc32c(_: u32, _: u64, _: u64) -> Option<u32> {
    None
}
