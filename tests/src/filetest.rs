//! File tests: what `tests/filetests/**/*.test` say, checked or, for listings, blessed.
//!
//! The first line is `test KIND [a64]`; `;` begins a comment line. In `exec` files every line is a [row](crate::row). In
//! `decode` and `count` files a line is `[bytes] => text`. In all others a case is one or more lines `> input`, followed by
//! its listing, indented by four spaces:
//!
//! | kind | input | listing |
//! |---|---|---|
//! | `exec` | a row | none: never blessed, `cargo xtask oracle rows` asks the oracle |
//! | `decode` | bytes | the pattern and its fields |
//! | `lift` | bytes | the block as lifted |
//! | `opt` | bytes, or the IR of a block | the IR after the passes |
//! | `verify` | the IR of a block | `ok`, or the rules that it breaks |
//! | `clif` | bytes | Cranelift's IR of the region |
//! | `count` | bytes | host instructions and bytes of the region |

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use isamorph_a64::A64;
use isamorph_a64::isa::{self, Decoded};
use isamorph_backend_cranelift::{CompileOptions, Compiler};
use isamorph_engine::EngineConfig;
use isamorph_engine::region_former::{self, Guest};
use isamorph_ir::opt::{OptOptions, optimize_block, optimize_region};
use isamorph_ir::text::{parse_block, print_block, print_region};
use isamorph_ir::verify::verify;
use isamorph_ir::{CodeSource, Frontend, Mode, Region};

use crate::engines::{Engines, Kind as Engine};
use crate::listing;
use crate::row::Row;

/// Where listings place their code.
const PC: u64 = 0x1000;

/// What became of a file.
#[derive(Debug, Default)]
pub struct Report {
    /// Cases that hold.
    pub passed: usize,
    /// Cases that do not: place and difference.
    pub failures: Vec<String>,
    /// Was the file rewritten?
    pub blessed: bool,
}

/// All files below a folder of `tests/filetests`.
pub fn files(kind: &str) -> Result<Vec<PathBuf>> {
    let root = xtask::paths::root().join("tests/filetests").join(kind);
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "test") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Runs the rows of an `exec` file on every engine that is given.
pub fn run_rows(file: &Path, engines: &mut Engines) -> Result<Report> {
    let text = read(file, "exec")?;
    let kinds: Vec<Engine> = engines.kinds();
    let mut report = Report::default();
    for (number, line) in numbered(&text) {
        let place = || format!("{}:{number}", file.display());
        let row = Row::parse(line).with_context(place)?;
        let outcomes = engines.run(&[row.case().with_context(place)?]).remove(0);
        for (kind, outcome) in kinds.iter().zip(&outcomes) {
            match row.check(outcome) {
                Ok(()) => report.passed += 1,
                Err(error) => {
                    report
                        .failures
                        .push(format!("{} on {kind}: {line}\n       {error:#}", place()));
                }
            }
        }
    }
    Ok(report)
}

/// Runs a listing file; rewrites it if `bless`.
pub fn run_listings(file: &Path, bless: bool) -> Result<Report> {
    let kind = file
        .strip_prefix(xtask::paths::root().join("tests/filetests"))
        .ok()
        .and_then(|path| path.components().next())
        .and_then(|first| first.as_os_str().to_str())
        .with_context(|| format!("{} is not below tests/filetests", file.display()))?;
    let text = read(file, kind)?;
    let one_line = matches!(kind, "decode" | "count");
    let mut report = Report::default();
    let mut out = String::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let place = || format!("{}:{}", file.display(), index + 1);
        if one_line && line.starts_with('[') {
            let (input, rest) = line.split_once("=>").with_context(place)?;
            let (expected, comment) = rest.split_once(';').unwrap_or((rest, ""));
            let listing = listing_of(kind, input.trim()).with_context(place)?;
            note(&mut report, expected.trim(), listing.trim(), &place());
            let comment = if comment.is_empty() { String::new() } else { format!(" ;{comment}") };
            writeln!(out, "{} => {}{comment}", input.trim(), listing.trim())?;
        } else if let Some(first) = line.strip_prefix('>') {
            let mut input = first.trim_start().to_owned();
            writeln!(out, "{line}")?;
            while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with('>')) {
                writeln!(out, "{more}")?;
                input += "\n";
                input += more[1..].strip_prefix(' ').unwrap_or(&more[1..]);
            }
            let mut expected = String::new();
            while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with("    ")) {
                expected += &more[4..];
                expected += "\n";
            }
            let listing = listing_of(kind, &input).with_context(place)?;
            note(&mut report, expected.trim_end(), listing.trim_end(), &place());
            for line in listing.trim_end().lines() {
                writeln!(out, "    {line}")?;
            }
        } else {
            writeln!(out, "{line}")?;
        }
    }
    if bless && out != text {
        fs::write(file, out)?;
        report.blessed = true;
        report.failures.clear();
    }
    Ok(report)
}

fn note(report: &mut Report, expected: &str, got: &str, place: &str) {
    if expected == got {
        report.passed += 1;
    } else {
        let at = xtask::guests::runs::first_difference(expected, got);
        report.failures.push(format!("{place}: {at}\n  now:\n{got}"));
    }
}

fn read(file: &Path, kind: &str) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let first = text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("test ").and_then(|rest| rest.split(' ').next());
    ensure!(says == Some(kind), "{}: the first line is not `test {kind}`", file.display());
    Ok(text)
}

/// The lines that are neither the first, nor empty, nor comments.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .skip(1)
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with(';'))
}

fn listing_of(kind: &str, input: &str) -> Result<String> {
    let desc = A64.desc();
    let is_code = input.starts_with('[');
    match kind {
        "decode" => decode(&Snippet::parse(input)?),
        "lift" => Ok(print_block(desc, &A64.lift(&Snippet::parse(input)?, PC, Mode(0), 64))),
        "opt" if is_code => {
            let mut region = Snippet::parse(input)?.region();
            optimize_region(desc, &mut region, &OptOptions::default());
            Ok(print_region(desc, &region))
        }
        "opt" => {
            let mut block = parse_block(desc, input).map_err(|error| anyhow::anyhow!("{error}"))?;
            optimize_block(desc, &mut block, &OptOptions::default());
            Ok(print_block(desc, &block))
        }
        "verify" => {
            let block = parse_block(desc, input).map_err(|error| anyhow::anyhow!("{error}"))?;
            Ok(match verify(desc, &block) {
                Ok(()) => "ok".into(),
                Err(errors) => errors.iter().map(|error| format!("{error}\n")).collect(),
            })
        }
        "clif" => Ok(compile(input)?.listing.context("a listing was asked for")?.clif),
        "count" => {
            let blob = compile(input)?;
            let vcode = blob.listing.context("a listing was asked for")?.vcode;
            let count = vcode.lines().filter(|line| is_instruction(line)).count();
            Ok(format!("{count} instructions, {} bytes", blob.code.len()))
        }
        _ => bail!("`{kind}` is no kind of file test"),
    }
}

/// A line of Cranelift's disassembly that is neither a label nor a directive.
fn is_instruction(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.ends_with(':') && !line.starts_with(['.', ';', '#'])
}

fn compile(input: &str) -> Result<isamorph_backend_cranelift::CodeBlob> {
    let mut region = Snippet::parse(input)?.region();
    optimize_region(A64.desc(), &mut region, &OptOptions::default());
    let options = CompileOptions { listing: true, ..CompileOptions::default() };
    Ok(Compiler::new(A64.desc())?.compile(&region, &options)?)
}

fn decode(code: &Snippet) -> Result<String> {
    let mut word = [0; 4];
    ensure!(code.fetch(PC, &mut word) == 4, "an instruction has four bytes");
    let word = u32::from_le_bytes(word);
    let assembly = listing::disassemble(word, PC);
    let mut text = match isa::decode(word) {
        Decoded::Unallocated(name) => format!("unallocated {}", name.unwrap_or_default()),
        Decoded::Todo(name) => format!("todo {name}"),
        Decoded::Insn(_) => {
            let pattern = isa::pattern_of(word).context("decoded, but no pattern")?;
            let mut text = pattern.name.to_owned();
            for &(name, lo, width) in pattern.fields {
                write!(text, " {name}={:#x}", word >> lo & (u32::MAX >> (32 - width)))?;
            }
            text
        }
    };
    write!(text, ", {assembly}")?;
    Ok(text)
}

/// Code at [`PC`], and nothing elsewhere.
struct Snippet(Vec<u8>);

impl Snippet {
    fn parse(input: &str) -> Result<Self> {
        let inner = input.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (bytes, _) = inner.with_context(|| format!("`{input}` is no `[bytes]`"))?;
        let bytes = bytes
            .split_whitespace()
            .map(|byte| {
                u8::from_str_radix(byte, 16).with_context(|| format!("`{byte}` is no byte"))
            })
            .collect::<Result<_>>()?;
        Ok(Self(bytes))
    }

    fn region(&self) -> Region {
        let limits = EngineConfig::default().limits;
        let (mode, leads) = (Mode(0), &|_| vec![]);
        let (reached, often) = (&|_| true, &|_| true);
        let guest = Guest { frontend: &A64, code: self, mode, reached, often, leads };
        region_former::form(&guest, PC, limits)
    }
}

impl CodeSource for Snippet {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let Some(rest) = addr.checked_sub(PC).and_then(|at| self.0.get(at as usize..)) else {
            return 0;
        };
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        count
    }
}
