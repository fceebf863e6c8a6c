//! `isamorph isa`: how much of an instruction set is implemented, and what is not.
//!
//! Way of the data: the frontend's table, which the decoder itself is made from → text. So the list cannot be
//! wrong: an encoding that is not in it is implemented or does not exist.

use crate::failure::Failure;
use crate::table::Table;
use crate::terminal;
use clap::{Args, ValueEnum};
use isamorph_a64::isa::{Kind, PATTERNS, Pattern};
use std::path::Path;

/// The guest instruction sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Isa {
    /// Arm's 64-bit instruction set
    A64,
}

/// Arguments of `isa`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isamorph isa a64
  isamorph isa a64 --missing
  isamorph isa a64 --missing | grep SVE

A program that comes to a missing instruction is told so by the name in the last list.")]
pub struct IsaArgs {
    /// Which
    #[arg(value_enum)]
    isa: Isa,
    /// List the encoding classes that are not implemented
    #[arg(long)]
    missing: bool,
}

/// Shows what the arguments ask for.
pub fn isa(args: &IsaArgs) -> Result<(), Failure> {
    let text = match (args.isa, args.missing) {
        (Isa::A64, false) => summary(PATTERNS),
        (Isa::A64, true) => missing(PATTERNS),
    };
    terminal::print(text)?;
    Ok(())
}

fn chapter(pattern: &Pattern) -> &'static str {
    Path::new(pattern.file).file_stem().and_then(|s| s.to_str()).unwrap_or(pattern.file)
}

/// Encodings by chapter.
fn summary(patterns: &[Pattern]) -> String {
    let mut chapters: Vec<(&str, usize, usize)> = Vec::new();
    for pattern in patterns.iter().filter(|p| p.kind != Kind::Unallocated) {
        let name = chapter(pattern);
        let at = chapters.iter().position(|c| c.0 == name).unwrap_or_else(|| {
            chapters.push((name, 0, 0));
            chapters.len() - 1
        });
        match pattern.kind {
            Kind::Todo => chapters[at].2 += 1,
            _ => chapters[at].1 += 1,
        }
    }
    chapters.sort_unstable();
    let sum = chapters.iter().fold((0, 0), |sum, c| (sum.0 + c.1, sum.1 + c.2));
    let mut table = Table::new(["chapter", "encodings", "missing classes"]);
    for (name, done, missing) in chapters.into_iter().chain([("all", sum.0, sum.1)]) {
        table.row([name.into(), done.to_string(), missing.to_string()]);
    }
    format!("{table}\nA missing class may hold many encodings: --missing lists them.\n")
}

/// The classes that are not implemented.
fn missing(patterns: &[Pattern]) -> String {
    let mut missing: Vec<&Pattern> = patterns.iter().filter(|p| p.kind == Kind::Todo).collect();
    if missing.is_empty() {
        return "Nothing is missing.\n".into();
    }
    missing.sort_by_key(|p| (p.file, p.line));
    let name_width = missing.iter().map(|p| p.name.len()).max().unwrap_or(0);
    let file_width = missing.iter().map(|p| place(p).len()).max().unwrap_or(0);
    let mut out = String::new();
    for p in &missing {
        let place = place(p);
        out += &format!(
            "{}  {:<name_width$}  {place:<file_width$}  {}\n",
            picture(p),
            p.name,
            p.title
        );
    }
    out + &format!(
        "\n{} classes; `-` is any bit. A class is what no implemented encoding takes of its words.\n",
        missing.len()
    )
}

fn place(pattern: &Pattern) -> String {
    format!("{}:{}", pattern.file, pattern.line)
}

/// The 32 bits, those that are fixed and those that are not.
fn picture(pattern: &Pattern) -> String {
    let bit = |n: u32| match (pattern.mask >> n & 1, pattern.value >> n & 1) {
        (0, _) => '-',
        (_, 0) => '0',
        _ => '1',
    };
    (0..32).rev().map(bit).collect()
}
