//! Every file below `tests/filetests`. Listings are renewed with `cargo xtask bless`.

use anyhow::Result;
use isamorph_tests::engines::{Engines, Kind};
use isamorph_tests::filetest::{self, Report};
use isamorph_tests::oracle::{self, Oracle};
use isamorph_tests::row::{Expected, Row};

fn finish(kind: &str, reports: Vec<Report>) {
    let passed: usize = reports.iter().map(|report| report.passed).sum();
    let blessed = reports.iter().filter(|report| report.blessed).count();
    let failures: Vec<String> = reports.into_iter().flat_map(|report| report.failures).collect();
    println!("{kind}: {passed} cases hold, {} do not, {blessed} files blessed", failures.len());
    let shown = failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} cases of {kind} do not hold:\n{shown}", failures.len());
    assert!(passed > 0 || blessed > 0, "there are no cases of {kind}");
}

fn listings(kind: &str) {
    let bless = std::env::var_os("ISAMORPH_BLESS").is_some();
    let files = filetest::files(kind).unwrap();
    let reports: Result<_> = files.iter().map(|file| filetest::run_listings(file, bless)).collect();
    finish(kind, reports.unwrap());
}

#[test]
fn exec() {
    let mut engines = Engines::new(&Kind::EXACT).unwrap();
    let files = filetest::files("exec").unwrap();
    let reports: Result<_> =
        files.iter().map(|file| filetest::run_rows(file, &mut engines)).collect();
    finish("exec", reports.unwrap());
}

/// The expectations themselves: what the oracle can run, it must agree with.
#[test]
fn exec_rows_are_what_the_oracle_says() {
    let mut oracle = Oracle::start().unwrap();
    let mut report = Report::default();
    for file in filetest::files("exec").unwrap() {
        let text = std::fs::read_to_string(&file).unwrap();
        // What this version of the oracle gets wrong is by the manual; another may get it right.
        let errs = file.file_name().is_some_and(|name| name == "oracle_errs.test");
        for line in text.lines().filter(|line| line.starts_with('[')) {
            let row = Row::parse(line).unwrap();
            if !oracle::knows(&row.code) {
                continue;
            }
            // The oracle would make the call.
            if matches!(&row.expected, Expected::Known(isamorph_tests::case::End::Call { .. }, ..))
            {
                continue;
            }
            let outcome = oracle.ask(&[row.case().unwrap()], true).unwrap().remove(0);
            match row.check(&outcome) {
                Ok(()) => report.passed += 1,
                Err(_) if errs => report.passed += 1,
                Err(error) => {
                    report.failures.push(format!("{}: {line}\n  {error:#}", file.display()))
                }
            }
        }
    }
    finish("exec under the oracle", vec![report]);
}

#[test]
fn decode() {
    listings("decode");
}

#[test]
fn lift() {
    listings("lift");
}

#[test]
fn opt() {
    listings("opt");
}

#[test]
fn verify() {
    listings("verify");
}

#[test]
fn clif() {
    listings("clif");
}

#[test]
fn count() {
    listings("count");
}
