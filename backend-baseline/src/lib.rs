//! The baseline compiler: one IR block to x86-64 bytes in one pass.
//!
//! Way of the data: `ir::Block → ` **last uses → templates, registers given out on the way → [`CodeBlob`]**
//! `→ engine's code cache`. Code keeps to [`isamorph_backend_abi::abi`], as that of the region compiler does: blocks
//! jump to regions and back.
//!
//! Invariants: guest registers are written to the state where the IR writes them, so that they are exact at every
//! instruction that may fault; a blob is position-independent; its meaning is that of `isamorph_ir::interp`. An op
//! without a template of its own is evaluated by the reference (`by_reference` lists them).

#![forbid(unsafe_code)]

mod x64;

pub use isamorph_backend_abi::{CodeBlob, Fixup, FixupKind};
use isamorph_ir::{Block, GuestDesc};
use std::fmt;
pub use x64::{Host, by_reference};

/// What a block is compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The poll word is looked at where control goes back or through a register.
    pub polls: bool,
    /// Executions are counted where control goes back, and at the block's entry if it is a `head`.
    pub counts: bool,
    /// Control comes here by a call or a computed jump: a place worth counting at.
    pub head: bool,
    /// As for regions: results rounded up to the least normal number are found too.
    pub exact_underflow: bool,
    /// The [`GuestDesc::ignored_top_bits`] of every address are cleared before its access.
    pub clear_ignored_bits: bool,
    /// Ways that the engine does not see are counted ([`isamorph_backend_abi::abi::Transitions`]).
    pub count_transitions: bool,
    /// Host address of guest address 0.
    pub guest_base: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            polls: true,
            counts: false,
            head: false,
            exact_underflow: false,
            clear_ignored_bits: false,
            count_transitions: false,
            guest_base: 0,
        }
    }
}

/// Why a block could not be compiled. The engine interprets it.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The host's processor lacks something that every template takes for granted.
    #[error("the host's processor lacks {0}")]
    Host(&'static str),
    /// The block looks at the cumulative floating-point flags, which [`Options::exact_underflow`] does not keep exact.
    #[error("the block looks at floating-point flags that are not kept exact")]
    FpFlags,
    /// The block's code is too large for the buffer.
    #[error("the code of the block at {0:#x} is too large")]
    TooLarge(u64),
    /// An op in a form that no template and no reference call covers.
    #[error("{op} in the block at {pc:#x} has no template in the form {form}")]
    Form {
        /// The block.
        pc: u64,
        /// Name of the op.
        op: &'static str,
        /// Which form.
        form: &'static str,
    },
}

/// Compiles blocks of one guest; one per compiling thread, reused from block to block.
pub struct Compiler {
    desc: &'static GuestDesc,
    scratch: x64::Scratch,
    blob: CodeBlob,
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").field("guest", &self.desc.name).finish_non_exhaustive()
    }
}

impl Compiler {
    /// A compiler for this guest on this host.
    ///
    /// # Errors
    /// If the host is older than x86-64-v2.
    pub fn new(desc: &'static GuestDesc) -> Result<Compiler, CompileError> {
        Ok(Compiler::for_host(desc, Host::detect()?))
    }

    /// A compiler whose code uses what this host has, which the host that runs it must have.
    pub fn for_host(desc: &'static GuestDesc, host: Host) -> Compiler {
        Compiler { desc, scratch: x64::Scratch::new(host), blob: CodeBlob::default() }
    }

    /// Compiles a block, whose instructions are used up.
    ///
    /// # Errors
    /// See [`CompileError`]; the compiler stays usable.
    pub fn compile(
        &mut self,
        block: &mut Block,
        options: &Options,
    ) -> Result<&CodeBlob, CompileError> {
        x64::block(self.desc, &mut self.scratch, &mut self.blob, block, options)?;
        Ok(&self.blob)
    }
}
