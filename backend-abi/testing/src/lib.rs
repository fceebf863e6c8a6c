//! What the tests of all backends share: a guest made for tests, and compiled code beside the interpreter.
//!
//! A backend's tests hand in what they compiled ([`CodeBlob`](isamorph_backend_abi::CodeBlob)); everything here knows the
//! contract ([`isamorph_backend_abi::abi`]) and no backend.

pub mod forms;
pub mod guest;
pub mod host;
pub mod memory;
pub mod ops;
pub mod random;
pub mod reference;

pub use forms::{Form, block, forms};
pub use guest::{DESC, FP_FLAGS, slot_of};
pub use host::{End, Host, Installed, evals};
pub use memory::{Bytes, Guarded};
pub use random::{Random, random_state};
pub use reference::{differences, interpret, single};
