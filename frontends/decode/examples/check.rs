//! Checks `.isa` tables without building their frontend and prints every error:
//! `cargo run -p isamorph-decode --example check -- frontends/a64/isa`
//!
//! For tables in order it prints what each file holds and, from random words, what share of all
//! words has which meaning.

use std::collections::BTreeMap;
use std::process::ExitCode;

use isamorph_decode::{Generator, Kind, Table, Tree};

const SAMPLES: u32 = 1 << 20;

fn main() -> ExitCode {
    let mut generator = Generator::new("check");
    let mut paths = std::env::args().skip(1).peekable();
    if paths.peek().is_none() {
        eprintln!("usage: check FILE.isa|DIRECTORY..  (all together are one table)");
        return ExitCode::from(2);
    }
    for path in paths {
        generator = generator.tables(path);
    }
    match generator.load() {
        Ok(table) => {
            report(&table);
            ExitCode::SUCCESS
        }
        Err(error) => {
            let text = error.to_string();
            eprintln!("{text}\n{} error(s)", text.lines().count());
            ExitCode::FAILURE
        }
    }
}

fn report(table: &Table) {
    let mut files: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for p in &table.patterns {
        files.entry(&p.at.file).or_default()[p.kind as usize] += 1;
    }
    println!("{:>6} {:>12} {:>6}  file", "insn", "unallocated", "todo");
    for (file, [insn, unallocated, todo]) in &files {
        println!("{insn:>6} {unallocated:>12} {todo:>6}  {file}");
    }
    let count = |kind| table.count(kind);
    let (insn, unallocated, todo) =
        (count(Kind::Insn), count(Kind::Unallocated), count(Kind::Todo));
    println!("{insn:>6} {unallocated:>12} {todo:>6}  in all, {} bits", table.width);

    let tree = Tree::build(table);
    let cost = tree.cost();
    println!(
        "tree: {} switches, {} leaves, depth {}, at most {} tests in a leaf",
        cost.switches, cost.leaves, cost.depth, cost.tests
    );
    let mut shares: BTreeMap<String, u32> = BTreeMap::new();
    let mut word = 1u64;
    for _ in 0..SAMPLES {
        // Knuth's MMIX generator; its upper half is random enough to measure shares.
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let sample = (word >> 32) as u32 & ((1u64 << table.width) - 1) as u32;
        let meaning = match tree.decode(table, sample).map(|i| &table.patterns[i]) {
            Some(p) if p.kind == Kind::Insn => "instructions".to_owned(),
            Some(p) if p.kind == Kind::Todo => format!("todo {} \"{}\"", p.name, p.title),
            Some(_) => "declared unallocated".to_owned(),
            None => "unallocated, matches nothing".to_owned(),
        };
        *shares.entry(meaning).or_default() += 1;
    }
    println!("share of all words (sampled):");
    for (meaning, n) in shares {
        println!("{:>7.3} %  {meaning}", f64::from(n) * 100.0 / f64::from(SAMPLES));
    }
}
