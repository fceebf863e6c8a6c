//! What guests need, made on this machine: host tools, sysroots of Debian packages, guest programs.

pub mod apt;
pub mod host;
pub mod programs;
pub mod runs;
pub mod sysroot;
