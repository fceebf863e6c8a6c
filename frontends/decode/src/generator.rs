//! The face towards build scripts: find the tables, check them, write the decoder, tell cargo.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::check::check;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::emit;
use crate::grammar;
use crate::table::{Kind, Table};
use crate::tree::Tree;

/// Why no decoder was written.
#[derive(Debug, Error)]
pub enum Error {
    /// The tables have errors; every one is listed.
    #[error("{0}")]
    Tables(Diagnostics),
    /// A file or directory could not be read or written.
    #[error("{action} {path}: {cause}; check the path given to the generator")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// Why it failed.
        cause: std::io::Error,
    },
    /// There is no `.isa` file.
    #[error("no .isa file in {0}: write the tables there, or correct the path")]
    NoTables(String),
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.display().to_string();
    move |cause| Error::Io { action, path, cause }
}

/// A generated function that calls one function per instruction.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Its name, such as `lift`.
    pub method: String,
    /// The type whose inherent methods are called, such as `crate::lift::Lifter<'_>`.
    pub context: String,
    /// The type that they return.
    pub output: String,
}

/// Generates one decoder.
#[derive(Clone, Debug)]
pub struct Generator {
    name: String,
    tables: Vec<PathBuf>,
    dispatches: Vec<Dispatch>,
    features: Option<String>,
}

impl Generator {
    /// A decoder that will be written to `NAME.rs`.
    pub fn new(name: impl Into<String>) -> Generator {
        Generator { name: name.into(), tables: Vec::new(), dispatches: Vec::new(), features: None }
    }

    /// Adds an `.isa` file, or all of a directory. The path appears in messages and in
    /// `Pattern::file`, so give it relative to the crate.
    #[must_use]
    pub fn tables(mut self, path: impl Into<PathBuf>) -> Generator {
        self.tables.push(path.into());
        self
    }

    /// Adds `fn METHOD(W, context: &mut CONTEXT) -> Option<OUTPUT>`; it calls the context's inherent
    /// function with the instruction's name and passes the instruction's struct. Where the
    /// instruction has needs, the context's `meets(&[Need]) -> bool` is asked before.
    #[must_use]
    pub fn dispatch(
        mut self,
        method: impl Into<String>,
        context: impl Into<String>,
        output: impl Into<String>,
    ) -> Generator {
        let (method, context, output) = (method.into(), context.into(), output.into());
        self.dispatches.push(Dispatch { method, context, output });
        self
    }

    /// The path of the enum whose variants the `needs` clauses name. Without one the generated `Need` holds
    /// the name as text.
    #[must_use]
    pub fn features(mut self, path: impl Into<String>) -> Generator {
        self.features = Some(path.into());
        self
    }

    /// Reads and checks the tables.
    pub fn load(&self) -> Result<Table, Error> {
        let mut files = Vec::new();
        for root in &self.tables {
            for path in grammar::find(root).map_err(io("cannot read", root))? {
                let text = std::fs::read_to_string(&path).map_err(io("cannot read", &path))?;
                files.push((path.display().to_string(), text));
            }
        }
        if files.is_empty() {
            let roots: Vec<_> = self.tables.iter().map(|r| r.display().to_string()).collect();
            return Err(Error::NoTables(roots.join(", ")));
        }
        let (table, mut errors) = grammar::parse(&files);
        errors.0.extend(check(&table));
        if errors.0.is_empty() && table.count(Kind::Insn) == 0 {
            let at = Place { file: files[0].0.as_str().into(), line: 1, col: 1 };
            let what = "the table has no instruction";
            errors.0.push(Diagnostic::new(&at, what, "add a line `insn ..`"));
        }
        errors.0.sort();
        if errors.0.is_empty() { Ok(table) } else { Err(Error::Tables(errors)) }
    }

    /// Writes `NAME.rs` into `out_dir` and returns the table that it decodes.
    pub fn write(&self, out_dir: impl AsRef<Path>) -> Result<Table, Error> {
        let table = self.load()?;
        let code =
            emit::decoder(&table, &Tree::build(&table), &self.dispatches, self.features.as_deref());
        let path = out_dir.as_ref().join(format!("{}.rs", self.name));
        std::fs::write(&path, code).map_err(io("cannot write", &path))?;
        Ok(table)
    }

    /// The whole of a build script: writes into `OUT_DIR`, tells cargo when to run again, and
    /// ends the process with cargo's error lines if the tables have errors.
    pub fn build(&self) {
        for root in &self.tables {
            println!("cargo:rerun-if-changed={}", root.display());
            for path in grammar::find(root).unwrap_or_default() {
                println!("cargo:rerun-if-changed={}", path.display());
            }
        }
        let out_dir = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
        if let Err(error) = self.write(PathBuf::from(out_dir)) {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            std::process::exit(1);
        }
    }
}
