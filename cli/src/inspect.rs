//! `isamorph inspect`: what becomes of a piece of a program on its way to the host's processor.
//!
//! Way of the data: the file ([`program`]) → the engine's region, before and after the passes → the compiler's
//! listing ([`stages`]) → a sheet with a row for each guest instruction → columns or sections ([`layout`]).
//!
//! Invariant: nothing of the program is run, and no process is needed; addresses are those in the file.

mod clif;
mod heat;
mod host;
mod html;
mod layout;
pub mod program;
mod stages;

use crate::failure::Failure;
use crate::profile::record::Record;
use crate::terminal;
use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use heat::Heat;
use isamorph_engine::{Engine, EngineConfig, EngineKind, Key};
use isamorph_ir::Mode;
use program::Program;
use stages::Sheet;
use std::path::PathBuf;
use std::sync::Arc;

/// Columns when nobody says how wide output may be.
const DEFAULT_WIDTH: usize = 200;

/// The forms that code has on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The guest's assembly
    Guest,
    /// IR as lifted
    Ir,
    /// IR after the passes
    Opt,
    /// Cranelift's IR
    Clif,
    /// The host's assembly
    Host,
}

impl Stage {
    /// All of them, in the way's order.
    pub const ALL: [Stage; 5] = [Stage::Guest, Stage::Ir, Stage::Opt, Stage::Clif, Stage::Host];

    fn title(self) -> &'static str {
        match self {
            Stage::Guest => "guest",
            Stage::Ir => "IR",
            Stage::Opt => "IR after the passes",
            Stage::Clif => "CLIF",
            Stage::Host => "host",
        }
    }
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isamorph inspect tests/guests/demo.elf --list
  isamorph inspect tests/guests/demo.elf --function fibonacci
  isamorph inspect tests/guests/demo.elf --function sift --stages guest,opt,host
  isamorph inspect --addr 0x400120 --precise ./hello-arm64 | less -S
  isamorph inspect --html fib.html --function fibonacci tests/guests/demo.elf

Without --function and --addr it is the program's entry point. What is shown is the region that starts there: the
blocks that the engine compiles together. Branches to other functions leave it. Addresses are those in the file.
With --html it is a page for a browser, of the whole function, in as many regions as that takes; with --profile the
regions that ran, heaviest first, coloured by where the time went. The page is one file that asks for nothing else.
The forms stand side by side where the width allows it (about 160 columns for all five), else below each other.

Exit status: 127 if the program is not found, 126 if it is not one for arm64, 1 if the place is not in it.")]
pub struct InspectArgs {
    /// The program or library: an ELF file
    program: PathBuf,
    /// Show the code of this function
    #[arg(short, long, value_name = "NAME", conflicts_with = "addr")]
    function: Option<String>,
    /// Show the code at this address (hexadecimal)
    #[arg(short, long, value_name = "A", value_parser = hexadecimal)]
    addr: Option<u64>,
    /// List the program's functions instead
    #[arg(short, long, conflicts_with_all = ["function", "addr"])]
    list: bool,
    /// Compile as for a guest that handles faults: all registers exact at each access
    #[arg(long)]
    precise: bool,
    /// Which forms to show
    #[arg(short, long, value_enum, value_delimiter = ',', value_name = "STAGE,...")]
    stages: Vec<Stage>,
    /// Columns to use, if not the terminal's
    #[arg(short, long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..))]
    width: Option<u16>,
    /// Write a page for a browser with the whole function, in place of text
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stages", "width", "list"])]
    html: Option<PathBuf>,
    /// Colour the page by a profile of `isamorph profile --format json`
    #[arg(long, value_name = "FILE", requires = "html")]
    profile: Option<PathBuf>,
    /// Look an absolute path up in this directory first, as `run` does
    #[arg(short = 'L', long = "sysroot", value_name = "SYSROOT", env = "ISAMORPH_SYSROOT")]
    sysroot: Option<PathBuf>,
}

fn hexadecimal(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16)
        .map_err(|_| "write a hexadecimal number, such as 0x400120".into())
}

/// Shows what the arguments ask for.
pub fn inspect(args: &InspectArgs) -> Result<(), Failure> {
    let program = Arc::new(Program::open(&args.program, args.sysroot.as_deref())?);
    if args.list {
        terminal::print(list(&program)?)?;
        return Ok(());
    }
    let pc = place(&program, args)?;
    // An engine that interprets alone would make everything precise.
    let config =
        EngineConfig { kind: EngineKind::Auto, precise: args.precise, ..EngineConfig::default() };
    let engine = Engine::new(config, Arc::new(isamorph_a64::A64), program.clone())?;
    let key = Key { pc, mode: Mode::default() };
    if let Some(file) = &args.html {
        let record = args.profile.as_deref().map(Record::read).transpose()?;
        let heat = record.map(|record| Heat::new(&record, &program)).transpose()?;
        let shown = html::gather(&engine, &isamorph_a64::A64, &program, pc, heat)?;
        let page = html::page(&program, &shown);
        std::fs::write(file, page).with_context(|| format!("--html {}", file.display()))?;
        return Ok(());
    }
    let sheet = Sheet::new(&engine, &isamorph_a64::A64, &program, key)?;
    let width = args.width.map(usize::from).or_else(terminal::width).unwrap_or(DEFAULT_WIDTH);
    let stages = if args.stages.is_empty() { &Stage::ALL[..] } else { &args.stages };
    terminal::print(layout::print(&sheet, stages, width))?;
    Ok(())
}

/// The address to look at.
fn place(program: &Program, args: &InspectArgs) -> Result<u64, Failure> {
    let pc = match (&args.function, args.addr) {
        (Some(name), _) => program.function(name)?,
        (None, Some(addr)) => addr,
        (None, None) => program.entry(),
    };
    program.check_code(pc)?;
    Ok(pc)
}

fn list(program: &Program) -> Result<String, Failure> {
    if program.symbols().is_empty() {
        return Err(program.stripped().into());
    }
    let width = program.symbols().iter().map(|s| s.size.to_string().len()).max().unwrap_or(0);
    let mut out = String::new();
    for symbol in program.symbols() {
        let entry = if symbol.addr == program.entry() { "  (entry point)" } else { "" };
        out += &format!("{:#012x}  {:>width$}  {}{entry}\n", symbol.addr, symbol.size, symbol.name);
    }
    Ok(out)
}

impl Program {
    fn stripped(&self) -> anyhow::Error {
        anyhow!(
            "`{}` has no symbols of functions (it is stripped): use --addr; its entry point is {:#x}",
            self.name(),
            self.entry()
        )
    }
}
