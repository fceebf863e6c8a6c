//! `isamorph cache`: looking at, clearing, checking and filling the persistent code cache.

pub mod options;

use crate::failure::ExitCode;
use crate::failure::Failure;
use crate::run::{self, RunArgs};
use crate::table::Table;
use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use isamorph_persist::{Directory, Report, UnitFile};
use options::PlaceArgs;
use std::path::PathBuf;

/// Arguments of `cache`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isamorph cache stats
  isamorph cache verify --repair
  isamorph cache warm -L SYSROOT /usr/bin/python3 -c 'import json'
  objdump -d ~/.cache/isamorph/UNIT.elf

`isamorph run` keeps the code that it compiled, one ELF file (a unit) for each guest file and address, and begins
with it next time. What a unit holds is used only if it matches its checksums and the guest's code as it lies in memory.")]
pub struct CacheArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what the cache holds
    Stats {
        #[command(flatten)]
        place: PlaceArgs,
        /// Show every unit
        #[arg(long)]
        units: bool,
    },
    /// Remove everything from the cache
    Clear {
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Check every unit; exit status 1 if one is damaged
    Verify {
        #[command(flatten)]
        place: PlaceArgs,
        /// Write damaged units anew from what of them is whole
        #[arg(long)]
        repair: bool,
    },
    /// Run a program and keep everything that was compiled for it
    Warm(Box<RunArgs>),
}

/// Does what is asked.
pub fn cache(args: CacheArgs) -> Result<ExitCode, Failure> {
    match args.action {
        Action::Stats { place, units } => stats(&place, units),
        Action::Clear { place } => clear(&place),
        Action::Verify { place, repair } => verify(&place, repair),
        Action::Warm(args) => Ok(run::run(args.warming())),
    }
}

fn path(place: &PlaceArgs) -> Result<PathBuf, Failure> {
    let path = place.directory();
    Ok(path.ok_or_else(|| {
        anyhow!("no cache: neither HOME nor XDG_CACHE_HOME is set; name one with --cache-dir")
    })?)
}

/// The directory, if there is one.
fn open(place: &PlaceArgs) -> Result<Option<Directory>, Failure> {
    let path = path(place)?;
    if !path.try_exists().with_context(|| format!("`{}`", path.display()))? {
        return Ok(None);
    }
    Ok(Some(Directory::open(&path, false)?))
}

/// The units with most bytes first.
fn units(dir: &Directory) -> Result<Vec<UnitFile>, Failure> {
    let mut units = dir.units()?;
    units.sort_by_key(|u| (std::cmp::Reverse(u.len), u.key));
    Ok(units)
}

/// What a unit holds, or why it cannot be used.
fn checked(dir: &Directory, unit: &UnitFile) -> Result<Report, String> {
    dir.check_unit(unit).unwrap_or_else(|error| Err(error.to_string()))
}

fn stats(place: &PlaceArgs, each: bool) -> Result<ExitCode, Failure> {
    let Some(dir) = open(place)? else {
        println!("{}: empty", path(place)?.display());
        return Ok(ExitCode::SUCCESS);
    };
    let units = units(&dir)?;
    let mut table =
        Table::new(["unit", "bytes", "blocks", "regions", "guest insns", "base", "file"]);
    let [mut bytes, mut blocks, mut regions, mut insns, mut unusable] = [0; 5];
    for unit in &units {
        bytes += unit.len;
        let name = format!("{:032x}", unit.key.0);
        match checked(&dir, unit) {
            Ok(report) => {
                blocks += report.blocks;
                regions += report.regions;
                insns += report.insns;
                table.row([
                    name,
                    unit.len.to_string(),
                    report.blocks.to_string(),
                    report.regions.to_string(),
                    report.insns.to_string(),
                    format!("{:#x}", report.base),
                    report.name,
                ]);
            }
            Err(why) => {
                unusable += 1;
                table.row(without(name, unit.len, why));
            }
        }
    }
    if each {
        print!("{table}");
    }
    println!(
        "{}: {} units, {bytes} bytes; {blocks} blocks and {regions} regions of {insns} guest instructions",
        dir.path().display(),
        units.len(),
    );
    if unusable > 0 {
        println!("{unusable} units cannot be used; `isamorph cache verify` tells why");
    }
    Ok(ExitCode::SUCCESS)
}

/// The row of a unit that cannot be used.
fn without(name: String, len: u64, why: String) -> [String; 7] {
    let [none, too, three, four] = [const { String::new() }; 4];
    [name, len.to_string(), none, too, three, four, why]
}

fn clear(place: &PlaceArgs) -> Result<ExitCode, Failure> {
    let (units, bytes) = match open(place)? {
        Some(dir) => dir.clear()?,
        None => (0, 0),
    };
    println!("{}: {units} units removed, {bytes} bytes", path(place)?.display());
    Ok(ExitCode::SUCCESS)
}

fn verify(place: &PlaceArgs, repair: bool) -> Result<ExitCode, Failure> {
    let Some(dir) = open(place)? else {
        println!("{}: empty", path(place)?.display());
        return Ok(ExitCode::SUCCESS);
    };
    let units = units(&dir)?;
    let mut damaged = 0;
    for unit in &units {
        let why = match checked(&dir, unit) {
            Ok(report) if report.broken == 0 => continue,
            Ok(report) => format!("{} of its pieces are broken", report.broken),
            Err(why) => why,
        };
        damaged += 1;
        println!("{}: {why}", unit.path.display());
        if repair {
            let left = dir.repair(unit.key)?;
            println!("  {}", if left { "written anew without them" } else { "removed" });
        }
    }
    println!("{}: {} units, {damaged} damaged", dir.path().display(), units.len());
    let whole = damaged == 0 || repair;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
