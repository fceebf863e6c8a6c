//! Generates decoders, compiles them with rustc, warnings denied, and runs a driver over each.
//!
//! The driver knows nothing of this crate: what it proves holds for the code a frontend includes.

use std::path::{Path, PathBuf};
use std::process::Command;

use isamorph_decode::Generator;

/// Compares tree and linear scan and encodes what was decoded, on random words and on words made
/// from each pattern; prints how many words were instructions.
const DRIVER: &str = r#"
#![deny(warnings, missing_docs)]
#![allow(dead_code)] // The decoder is a library; the driver does not use all of it.
//! Test driver.
mod isa {
    //! The decoder under test.
    include!("DECODER");
}
use isa::*;
struct Lifter(u64);
type Flow = u32;
LIFTER
fn check(w: WORD, lifter: &mut Lifter) -> bool {
    let decoded = decode(w);
    assert_eq!(decoded, decode_linear(w), "{w:#x}");
    if !matches!(decoded, Decoded::Insn(_)) {
        assert_eq!(lift(w, lifter), None);
    }
    let Some(pattern) = pattern_of(w) else {
        assert_eq!(decoded, Decoded::Unallocated(None));
        return false;
    };
    match decoded {
        Decoded::Unallocated(title) => assert_eq!(title, Some(pattern.title)),
        Decoded::Todo(title) => assert_eq!((title, pattern.kind), (pattern.title, Kind::Todo)),
        Decoded::Insn(insn) => {
            assert_eq!((insn.name(), insn.title()), (pattern.name, pattern.title));
            assert!(std::ptr::eq(insn.pattern(), pattern));
            let fields = pattern.fields.iter().fold(0, |m, f| m | ((1u64 << f.2) - 1 << f.1) as WORD);
            let canonical = w & (pattern.mask | fields) | pattern.should;
            assert_eq!(encode(&insn), canonical, "{w:#x} {insn:?}");
            assert_eq!(lift(w, lifter), Some(7));
            // A group's earlier pattern may take the canonical word; the same one gives it back.
            if std::ptr::eq(pattern_of(canonical).unwrap(), pattern) {
                assert_eq!(decode(canonical), decoded);
            }
            return true;
        }
    }
    false
}
fn main() {
    let mut lifter = Lifter(0);
    let mut seed = 1u64;
    let mut random = || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 32) as WORD
    };
    let mut insns = 0u64;
    for _ in 0..300_000 {
        insns += check(random(), &mut lifter) as u64;
    }
    for p in PATTERNS {
        assert!(p.line > 0 && p.file.ends_with(".isa"));
        for _ in 0..200 {
            insns += check(random() & !p.mask | p.value, &mut lifter) as u64;
        }
    }
    assert_eq!(insns, lifter.0);
    println!("{insns}");
}
"#;

/// Generates from `tables`, compiles, runs; the number of words that were instructions.
fn run(name: &str, tables: &Path, word: &str) -> u64 {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).expect("the target directory is writable");
    let generator = Generator::new("decoder").tables(tables);
    let generator = generator.dispatch("lift", "crate::Lifter", "crate::Flow");
    let table = generator.write(&dir).unwrap_or_else(|e| panic!("{e}"));

    let mut lifter = String::from("impl Lifter {\nfn meets(&self, _: &[Need]) -> bool { true }\n");
    for p in table.patterns.iter().filter(|p| p.kind == isamorph_decode::Kind::Insn) {
        let ty = isamorph_decode::grammar::camel_case(&p.name);
        lifter += &format!("fn {}(&mut self, _: {ty}) -> Flow {{ self.0 += 1; 7 }}\n", p.name);
    }
    lifter.push('}');
    let source = dir.join("driver.rs");
    let driver = DRIVER.replace("LIFTER", &lifter).replace("WORD", word);
    let driver = driver.replace("DECODER", &dir.join("decoder.rs").display().to_string());
    std::fs::write(&source, driver).expect("the target directory is writable");

    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let program = dir.join("driver");
    let compiled = Command::new(rustc)
        .args(["--edition=2024", "-Copt-level=1", "-o"])
        .args([&program, &source])
        .output()
        .expect("rustc starts");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(&program).output().expect("the driver starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).trim().parse().expect("the driver prints a number")
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn decoder_of_32_bit_words() {
    assert!(run("w32", &here("tests/isa/w32.isa"), "u32") > 1000);
}

#[test]
fn decoder_of_16_bit_words() {
    assert!(run("w16", &here("tests/isa/w16.isa"), "u16") > 1000);
}
