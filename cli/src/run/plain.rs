//! The command line of `run` as nearly every start has it: a few options with their values behind them, and the program.
//!
//! The parser of all options builds a description of each before it looks at the first word, which takes a tenth of the
//! time of a short program. What is read here is exactly what it would make of the same words; everything else, whatever
//! may be wrong included, is left to it.

use super::{EngineChoice, RunArgs};
use crate::cache::options::{CacheMode, StoreArgs};
use crate::diff::LeadArgs;
use crate::guest::GuestArgs;
use clap::ValueEnum;
use isamorph_a64::processor::CpuModel;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// Variables that are known here; another of ours is for the parser.
const DIRECTORY: &str = "ISAMORPH_CACHE_DIR";
const SYSROOT: &str = "ISAMORPH_SYSROOT";
const LOG: &str = "ISAMORPH_LOG";

/// What the words say, each option at most once.
#[derive(Default)]
struct Words {
    sysroot: Option<PathBuf>,
    cpu: Option<CpuModel>,
    engine: Option<EngineChoice>,
    cache: Option<CacheMode>,
    directory: Option<PathBuf>,
    size: Option<u64>,
    strace: bool,
    strict: bool,
}

/// The arguments that these words behind `run` make in this environment. `None`: the parser is to look at them.
pub fn read(
    words: impl IntoIterator<Item = OsString>,
    env: impl IntoIterator<Item = (OsString, OsString)>,
) -> Option<RunArgs> {
    let mut said = Words::default();
    for (name, value) in env {
        if !name.as_bytes().starts_with(b"ISAMORPH_") {
            continue;
        }
        match name.to_str()? {
            LOG => {}
            DIRECTORY => said.directory = Some(path(value)?),
            SYSROOT => said.sysroot = Some(path(value)?),
            _ => return None,
        }
    }
    // The words go before the environment.
    let (named_sysroot, named_directory) = (said.sysroot.take(), said.directory.take());
    let mut words = words.into_iter();
    let program = loop {
        let word = words.next()?;
        if !word.as_bytes().starts_with(b"-") {
            break word;
        }
        said.option(word.to_str()?, &mut words)?;
    };
    let command: Vec<OsString> = std::iter::once(program).chain(words).collect();
    // What the parser makes of empty words and of the one that ends options is its own affair.
    let odd = |word: &OsString| word.is_empty() || word == "--";
    if command.iter().any(odd) {
        return None;
    }
    let guest = GuestArgs {
        sysroot: said.sysroot.or(named_sysroot),
        env: vec![],
        unset: vec![],
        argv0: None,
        cpu: said.cpu.unwrap_or_default(),
        precise: false,
    };
    Some(RunArgs {
        guest,
        engine: said.engine.unwrap_or_default(),
        store: StoreArgs::of(
            said.cache.unwrap_or_default(),
            said.directory.or(named_directory),
            said.size,
        ),
        strace: said.strace,
        stats: None,
        strict: said.strict,
        perf: None,
        lead: LeadArgs::default(),
        command,
    })
}

impl Words {
    /// Takes in an option, and its value from the words behind it.
    fn option(&mut self, name: &str, words: &mut impl Iterator<Item = OsString>) -> Option<()> {
        let mut value = || words.next().filter(|value| !value.as_bytes().starts_with(b"-"));
        match name {
            "-L" | "--sysroot" => once(&mut self.sysroot, path(value()?)?),
            "--cpu" => once(&mut self.cpu, value()?.to_str()?.parse().ok()?),
            "--engine" => once(&mut self.engine, choice(&value()?)?),
            "--cache" => once(&mut self.cache, choice(&value()?)?),
            "--cache-dir" => once(&mut self.directory, path(value()?)?),
            "--cache-size" => once(&mut self.size, value()?.to_str()?.parse().ok()?),
            "--strace" if !self.strace => {
                self.strace = true;
                Some(())
            }
            "--strict" if !self.strict => {
                self.strict = true;
                Some(())
            }
            _ => None,
        }
    }
}

/// Sets what was not said before.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn path(value: OsString) -> Option<PathBuf> {
    (!value.is_empty()).then(|| value.into())
}

fn choice<T: ValueEnum>(value: &OsStr) -> Option<T> {
    T::from_str(value.to_str()?, false).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::builder::Resettable;
    use clap::{Args as _, FromArgMatches as _};

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn parsed(line: &str) -> Option<RunArgs> {
        let command = RunArgs::augment_args(clap::Command::new("run").no_binary_name(true));
        // Whatever the tests run in.
        let command = command.mut_args(|arg| arg.env(Resettable::Reset));
        RunArgs::from_arg_matches(&command.try_get_matches_from(words(line)).ok()?).ok()
    }

    #[test]
    fn what_is_read_is_what_the_parser_makes_of_it() {
        for line in [
            "./a.out",
            "./a.out -L x --strace --help",
            "-L /root /bin/bash -c true",
            "--sysroot root --cpu cortex-a53,-pmull,+lse --engine jit a b",
            "--cache ro --cache-dir /c --cache-size 9 --strict --strace a.out -x -",
            "--cache off --cpu max a --cache rw",
        ] {
            let read = read(words(line), []).expect("a plain line");
            assert_eq!(format!("{read:?}"), format!("{:?}", parsed(line).expect("a good line")));
        }
    }

    #[test]
    fn everything_else_is_left_to_the_parser() {
        for line in [
            "",
            "--help",
            "-L",
            "-L /a -L /b c",
            "-L/root a",
            "--cache=ro a",
            "--cache no a",
            "--cache-size many a",
            "--cpu help a",
            "--precise a",
            "-E A=1 a",
            "--stats a",
            "--engine -x a",
            "--strace --strace a",
            "-- a",
            "a -- b",
        ] {
            assert!(read(words(line), []).is_none(), "{line}");
        }
        assert!(read(["a".into(), OsString::new()], []).is_none());
    }

    #[test]
    fn the_environment_says_what_the_words_do_not() {
        let env = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| (n.into(), v.into())).collect::<Vec<(OsString, OsString)>>()
        };
        let both = env(&[(DIRECTORY, "/d"), (SYSROOT, "/s"), (LOG, "info"), ("HOME", "/h")]);
        let same = |line, long| {
            let (read, long) = (read(words(line), both.clone()), read(words(long), []));
            assert_eq!(format!("{read:?}"), format!("{long:?}"));
            assert!(read.is_some());
        };
        same("a", "-L /s --cache-dir /d a");
        same("-L /t a", "-L /t --cache-dir /d a");
        assert!(read(words("a"), env(&[("ISAMORPH_CACHE", "ro")])).is_none());
        assert!(read(words("a"), env(&[(SYSROOT, "")])).is_none());
    }
}
