//! The waist of Isamorph: one typed, guest-neutral intermediate representation.
//!
//! Every frontend lifts guest bytes to [`Block`]s of this IR; every engine runs them. The interpreter in
//! [`interp`] *defines* what an operation means; compilers must agree with it bit for bit.
//!
//! Way of the data: `decode → lift →` **[`Block`] → [`opt`] passes → ([`interp`] | [`Region`] → backend)**.
//!
//! Invariant: nothing here knows a guest or a host. Guests describe themselves by a [`GuestDesc`]: the
//! registers as typed [`slot`]s, the run-time helpers, the floating-point policy.
#![forbid(unsafe_code)]

pub mod block;
pub mod builder;
pub mod contract;
pub mod flags;
pub mod inst;
pub mod interp;
pub mod op;
pub mod opt;
pub mod region;
pub mod slot;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod ty;
pub mod verify;
mod ways;

pub use block::{Block, Exception, Hint, Term, Wait};
pub use builder::Builder;
pub use contract::{
    CodeImage, CodeSource, Frontend, GuestDesc, HelperDef, HelperFn, HelperId, Mode,
};
pub use flags::{CondCC, FlagsVal};
pub use inst::{Inst, MemAttr, Value};
pub use op::Op;
pub use region::{Inlined, Region};
pub use slot::{Slot, SlotInfo, StateLayout};
pub use ty::{Shape, Ty};
pub use verify::{VerifyError, verify, verify_region};
pub use ways::Ways;
