//! Telling others of code as it is placed, for profilers of the host.

use super::map::CodeTier;
use isamorph_ir::Mode;

/// Code that was placed in executable memory.
#[derive(Clone, Copy, Debug)]
pub struct PlacedCode<'c> {
    /// Who made it.
    pub tier: CodeTier,
    /// Its host address.
    pub host: u64,
    /// Its bytes, as they are executed.
    pub bytes: &'c [u8],
    /// Guest address that it begins with.
    pub guest: u64,
    /// Sorted by offset: from this offset in the bytes on, code works for the guest instruction at this address.
    pub sources: &'c [(u32, u64)],
    /// The mode that it was made for.
    pub mode: Mode,
}

/// Who is told. Called with the code cache locked: it may look at the guest's memory map, and at nothing of the engine.
pub trait CodeObserver: Send {
    /// Code was placed. What lay at its address before is gone.
    fn placed(&mut self, code: &PlacedCode<'_>);

    /// This is a child made by `fork` now. It is told of its parent's code, which is its own too, next.
    fn forked(&mut self);
}
