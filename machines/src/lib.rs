//! System mode: whole machines (bus, devices, boards, boot).
//!
//! Not built yet: this crate holds the place that the architecture gives it. It will stand on `isamorph_engine`
//! beside `linux-user` and see guests only through `isamorph_ir::contract`; `isamorph boot` will be its command.
#![forbid(unsafe_code)]
