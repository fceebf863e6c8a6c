//! `cargo xtask oracle rows` and `… generate`: expected results of execution rows, from the oracle.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use isamorph_tests::generate::{self, Generator, table};
use isamorph_tests::listing;
use isamorph_tests::oracle::Oracle;
use isamorph_tests::random::Random;
use isamorph_tests::row::{Expected, Row, Setting};

#[derive(Parser)]
#[command(name = "rows", about = "Expected results of execution rows, from the oracle")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Assemble `{…}` in these files, and fill in `?` in execution rows
    Fill {
        /// Files of rows
        files: Vec<PathBuf>,
    },
    /// Print rows for every pattern of the tables that are named
    Generate {
        /// Tables or patterns; all if none are named
        only: Vec<String>,
        /// Rows for each pattern
        #[arg(long, default_value_t = 3)]
        per: usize,
        /// Seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Fill { files } => files.iter().try_for_each(fill),
        Task::Generate { only, per, seed } => generate_rows(&only, per, seed),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn ask(oracle: &mut Oracle, row: &Row) -> Result<String> {
    let case = row.case()?;
    let outcome = oracle.ask(std::slice::from_ref(&case), true)?.remove(0);
    row.render(&outcome)
}

fn fill(file: &PathBuf) -> Result<()> {
    let mut oracle = Oracle::start()?;
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut out = String::new();
    for (index, line) in text.lines().enumerate() {
        let place = || format!("{}:{}", file.display(), index + 1);
        // A listing's input is after `> `.
        let (prefix, rest) = match line.strip_prefix("> ") {
            Some(rest) => ("> ", rest),
            None => ("", line),
        };
        let mut line = line.to_owned();
        if let Some((assembly, rest)) = rest.strip_prefix('{').and_then(|l| l.rsplit_once('}')) {
            let words = assemble(assembly).with_context(place)?;
            let bytes: Vec<String> = words.iter().map(|byte| format!("{byte:02x}")).collect();
            line = format!("{prefix}[{}]{rest} ; {}", bytes.join(" "), assembly.trim());
        }
        if line.starts_with('[') && text.starts_with("test exec") {
            let row = Row::parse(&line).with_context(place)?;
            if row.expected == Expected::Unknown {
                let expected = ask(&mut oracle, &row).with_context(place)?;
                line = row.with_expected(&expected);
            }
        }
        out += &line;
        out += "\n";
    }
    fs::write(file, out)?;
    Ok(())
}

/// The bytes of an instruction or several, by Debian's assembler.
fn assemble(text: &str) -> Result<Vec<u8>> {
    let dir = std::env::temp_dir().join(format!("isamorph-rows-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let (source, object, binary) = (dir.join("row.s"), dir.join("row.o"), dir.join("row.bin"));
    fs::write(&source, format!("{text}\n"))?;
    let status = Command::new("aarch64-linux-gnu-as")
        .args(["-march=armv8.4-a+crypto", "-o"])
        .args([&object, &source])
        .status()
        .context("aarch64-linux-gnu-as: run `cargo xtask guests host`")?;
    ensure!(status.success(), "the assembler refuses `{text}`");
    let status = Command::new("aarch64-linux-gnu-objcopy")
        .args(["-O", "binary"])
        .args([&object, &binary])
        .status()?;
    ensure!(status.success(), "objcopy failed");
    let bytes = fs::read(&binary)?;
    fs::remove_dir_all(&dir)?;
    Ok(bytes)
}

fn generate_rows(only: &[String], per: usize, seed: u64) -> Result<()> {
    let generator = Generator::new(only);
    let mut oracle = Oracle::start()?;
    let mut random = Random::new(seed);
    for &pattern in generator.patterns() {
        println!("\n; {}", pattern.title);
        let mut made = 0;
        for _ in 0..per * 4 {
            if made == per {
                break;
            }
            let Some(code) = generator.single(&mut random, pattern) else { continue };
            let fields = pattern.fields;
            let row = draw(&mut random, code, fields, table(pattern));
            // What the oracle cannot tell, or tells only of its own set-up, makes no row.
            let Ok(expected) = ask(&mut oracle, &row) else { continue };
            if expected.starts_with("fault data 0") {
                // The host does not know addresses that are not canonical.
                continue;
            }
            let row = minimal(&mut oracle, row, &expected)?;
            println!("{}", row.with_expected(&expected));
            made += 1;
        }
    }
    Ok(())
}

/// A row with values for every register that the instruction may read.
fn draw(
    random: &mut Random,
    code: Vec<u32>,
    fields: &[(&'static str, u32, u32)],
    table: &str,
) -> Row {
    let word = *code.last().expect("a pattern yields code");
    let state = generate::state(random);
    let mut before = Vec::new();
    let memory = table.contains("ldst");
    let mut set = |name: String| {
        let value = match name.as_str() {
            // Pointers into the page, each row at its own place.
            "x27" | "x28" | "sp" if memory => {
                format!("mem+{:#x}", 0x800 + if name == "x28" { 8 } else { 0 })
            }
            _ => listing::register(&state, &name),
        };
        let setting = Setting::new(name, value);
        if !before.contains(&setting) {
            before.push(setting);
        }
    };
    for &(name, lo, width) in fields {
        if !name.starts_with('r') || width != 5 {
            continue;
        }
        let number = word >> lo & 31;
        // Tables of several registers.
        let span = if table == "simd_permute" || table == "simd_ldst" { 4 } else { 2 };
        if number < 31 {
            set(format!("x{number}"));
        } else if memory && name == "rn" {
            set("sp".into());
        }
        for n in 0..span {
            set(format!("v{}", (number + n) % 32));
        }
    }
    for name in ["nzcv", "fpcr", "fpsr"] {
        set(name.into());
    }
    let comment =
        code.iter().map(|&word| listing::disassemble(word, 0)).collect::<Vec<_>>().join("; ");
    Row { code, before, expected: Expected::Unknown, comment }
}

/// Leaves out what does not matter for the result.
fn minimal(oracle: &mut Oracle, mut row: Row, expected: &str) -> Result<Row> {
    for at in (0..row.before.len()).rev() {
        let mut smaller = row.clone();
        smaller.before.remove(at);
        if ask(oracle, &smaller).is_ok_and(|now| now == expected) {
            row = smaller;
        }
    }
    Ok(row)
}
