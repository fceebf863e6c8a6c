//! The region compiler on the guest that all backends are tested with.
#![allow(dead_code, reason = "each test uses a part")]

use isamorph_backend_cranelift::{CodeBlob, CompileOptions, Compiler, Fixup, FixupKind};
use isamorph_backend_testing::{DESC, Host, Installed};
use isamorph_ir::Region;

/// Compiles regions, for the host beside it to run.
pub struct Jit {
    compiler: Compiler,
    pub host: Host,
}

impl Jit {
    pub fn new() -> Jit {
        let compiler = Compiler::new(&DESC).expect("a host with a code generator");
        Jit { compiler, host: Host::default() }
    }

    pub fn blob(&mut self, region: &Region, opts: &CompileOptions<'_>) -> CodeBlob {
        let blob = self.compiler.compile(region, opts).expect("compiles");
        let counts = |f: &Fixup| matches!(f.kind, FixupKind::Counter { .. });
        assert!(!blob.fixups.iter().any(counts), "regions count nothing");
        blob
    }

    pub fn compile(&mut self, region: &Region, opts: &CompileOptions<'_>) -> Installed {
        Installed::new(self.blob(region, opts))
    }
}
