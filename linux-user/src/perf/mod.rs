//! `--perf`: names of compiled code for Linux's `perf`, so that `perf report` tells guest functions.
//!
//! Way of the data: code as the engine places it ([`CodeObserver`]) → a name from the guest's map and symbols →
//! [`map::MapFile`] (`/tmp/perf-PID.map`, names alone) and [`jitdump::DumpFile`] (`/tmp/jit-PID.dump`, names and code, whose
//! source is [`listing::Listing`], `/tmp/isamorph-PID.s`).
//!
//! Invariants: the files are the user's own, made anew ([`create`]), never followed to where somebody else points them; a
//! file that cannot be written is told of once and given up; a forked child has files of its own.

pub mod jitdump;
pub mod listing;
pub mod map;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use isamorph_engine::cache::map::CodeTier;
use isamorph_engine::cache::observe::{CodeObserver, PlacedCode};
use isamorph_ir::Frontend;

use crate::address_space::AddressSpace;
use crate::symbols::{Location, Symbols};
use crate::sysroot::Sysroot;

/// Which files are wished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// `perf-PID.map`.
    pub map: bool,
    /// `jit-PID.dump` and `isamorph-PID.s`.
    pub jitdump: bool,
}

impl Outputs {
    /// Whether anything is wished.
    pub fn any(self) -> bool {
        self.map || self.jitdump
    }
}

/// Where `perf` looks for maps.
const FOLDER: &str = "/tmp";

/// Names placed code.
pub struct Perf {
    space: Arc<AddressSpace>,
    sysroot: Arc<Sysroot>,
    frontend: Arc<dyn Frontend>,
    symbols: Symbols,
    outputs: Outputs,
    map: Option<map::MapFile>,
    dump: Option<jitdump::DumpFile>,
    listing: Option<listing::Listing>,
}

impl Perf {
    /// Opens the files of this process.
    pub fn new(
        outputs: Outputs,
        space: Arc<AddressSpace>,
        sysroot: Arc<Sysroot>,
        frontend: Arc<dyn Frontend>,
    ) -> Perf {
        let (symbols, map, dump, listing) = (Symbols::default(), None, None, None);
        let mut perf = Perf { space, sysroot, frontend, symbols, outputs, map, dump, listing };
        perf.open();
        perf
    }

    fn open(&mut self) {
        let (pid, folder) = (std::process::id(), Path::new(FOLDER));
        if self.outputs.map {
            self.map = told("perf map", map::MapFile::create(folder, pid));
        }
        if self.outputs.jitdump {
            self.dump = told("jitdump", jitdump::DumpFile::create(folder, pid));
            self.listing = told("listing", listing::Listing::create(folder, pid));
        }
    }

    /// The lines of the listing that code comes from: host addresses and line numbers.
    fn lines(&mut self, code: &PlacedCode<'_>) -> Vec<(u64, u32)> {
        let mut lines = vec![];
        for &(offset, pc) in code.sources {
            let Some(listing) = &mut self.listing else { break };
            let (text, _) = self.frontend.disassemble(&*self.space, pc, code.mode);
            match listing.line(pc, text) {
                Ok(line) => lines.push((code.host + u64::from(offset), line)),
                Err(error) => self.listing = told("listing", Err((listing.path.clone(), error))),
            }
        }
        lines
    }
}

impl CodeObserver for Perf {
    fn placed(&mut self, code: &PlacedCode<'_>) {
        let location = self.symbols.locate(&self.space, &self.sysroot, code.guest);
        let name = name(&location, code);
        if let Some(file) = &mut self.map
            && let Err(error) = file.add(code.host, code.bytes.len() as u64, &name)
        {
            self.map = told("perf map", Err((file.path.clone(), error)));
        }
        let lines = if self.dump.is_some() { self.lines(code) } else { vec![] };
        if let Some(file) = &mut self.dump {
            let source = self.listing.as_ref().map(|listing| (&*listing.path, &lines[..]));
            if let Err(error) = file.add(code.host, code.bytes, &name, source) {
                self.dump = told("jitdump", Err((file.path.clone(), error)));
            }
        }
    }

    fn forked(&mut self) {
        // The parent's files stay as they are.
        (self.map, self.dump, self.listing) = (None, None, None);
        self.open();
    }
}

/// `fibonacci+0x10 [region 0x400138]`; the object and the offset in it where there is no function.
fn name(location: &Location, code: &PlacedCode<'_>) -> String {
    let object = location.object.rsplit('/').next().unwrap_or(&location.object);
    let place = match (&location.function, location.offset) {
        (Some((name, 0)), _) => name.to_string(),
        (Some((name, at)), _) => format!("{name}+{at:#x}"),
        (None, Some(offset)) => format!("{object}+{offset:#x}"),
        (None, None) => object.into(),
    };
    let tier = match code.tier {
        CodeTier::Baseline => "baseline",
        CodeTier::Region => "region",
    };
    // A name is a line, and ends at a zero byte.
    let place = place.replace(|c: char| c.is_control(), "?");
    format!("{place} [{tier} {:#x}]", code.guest)
}

/// A result whose error the user is told.
fn told<T>(what: &str, made: Result<T, (PathBuf, io::Error)>) -> Option<T> {
    made.inspect_err(|(path, error)| {
        crate::crash::write(&format!("isamorph: {what} {}: {error}\n", path.display()));
    })
    .ok()
}

/// Makes a file that is new, the user's own and for nobody else to read: in a folder that everybody may write to. An
/// old file of the user's own is replaced.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // In a sticky folder this removes no file but the user's own; a link is removed, not followed.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).read(true).create_new(true).mode(0o600);
    options.custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC).open(path)
}

#[cfg(test)]
mod tests;
