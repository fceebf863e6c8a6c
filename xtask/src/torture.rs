//! GCC's C torture tests: some 1,700 programs that check themselves and abort when they find themselves wrong.
//!
//! Their source comes from Debian's package `gcc-12-source`, is unpacked below `target/` and never committed. What fails
//! must be listed with its reason in `tests/torture/expected.toml`, and what is listed there must fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::guests::apt::{Apt, Database, RELEASE};
use crate::guests::programs::{COMPILER, compile_if_stale};
use crate::guests::runs::Runner;
use crate::process::{self, Outcome, capture};
use crate::tally::{Step, Tally};
use crate::{cargo, paths};

const PACKAGE: &str = "gcc-12-source";
const LIMIT: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Optimisation levels, as `O0`.
    pub levels: Vec<String>,
    /// Engines.
    pub engines: Vec<Runner>,
    /// Only tests whose name contains this.
    pub filter: Option<String>,
    /// Every how many-th test is run: 1 for all.
    pub every: usize,
}

/// One test at one level.
struct Case {
    name: String,
    level: String,
    source: PathBuf,
    flags: Vec<String>,
}

impl Case {
    fn binary(&self) -> PathBuf {
        folder().join("bin").join(&self.level).join(&self.name)
    }

    /// The name in reports and in the list of expected failures.
    fn title(&self) -> String {
        format!("{}-{}", self.name, self.level)
    }

    fn build(&self) -> Result<()> {
        let mut command = Command::new(COMPILER);
        command.arg(format!("-{}", self.level)).args(["-static", "-w"]).args(&self.flags);
        command.arg("-o").arg(self.binary()).arg(&self.source).arg("-lm");
        compile_if_stale(&mut command, &self.source, &self.binary()).map(drop)
    }

    fn run(&self, runner: Runner) -> Result<Outcome> {
        capture(runner.command(None, &self.binary()).current_dir(folder()), b"", LIMIT)
    }
}

fn folder() -> PathBuf {
    paths::guests().join("torture")
}

/// Fetches, builds, runs; the closing line counts what was as expected.
pub fn run(options: &Options) -> Result<Tally> {
    fetch()?;
    cargo::build_isamorph()?;
    let cases = cases(options)?;
    let mut tally = Tally::default();
    let built = build(&cases, &mut tally);
    let expected = Expected::read()?;
    for &engine in &options.engines {
        let _step = Step::begin(format!("torture, engine {engine}: {} programs", built.len()));
        let outcomes = process::in_parallel(&built, |case| case.run(engine));
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for (case, outcome) in built.iter().zip(outcomes) {
            let outcome = outcome?;
            let title = format!("{} ({engine})", case.title());
            match (outcome.success(), expected.reason(case)) {
                (true, None) => tally.pass(1),
                (true, Some(_)) => tally.fail(format!("{title}: passes, but is listed as failing")),
                (false, Some(_)) => tally.pass(1),
                (false, None) => {
                    let why = why(&outcome);
                    if case.run(Runner::Qemu)?.success() {
                        *reasons.entry(why.clone()).or_default() += 1;
                        tally.fail(format!("{title}: {why}"));
                    } else {
                        println!("  {title}: fails under the oracle too, not counted");
                    }
                }
            }
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (reason, count) in reasons {
            println!("  {count:5} x {reason}");
        }
    }
    Ok(tally)
}

/// The first line that the emulator said, or how the program ended.
fn why(outcome: &Outcome) -> String {
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    match stderr.lines().find(|line| line.contains("isamorph")) {
        Some(line) => format!("{}: {}", outcome.ending(), line.trim()),
        None => outcome.ending(),
    }
}

/// Unpacks the tests, if that was not done before.
fn fetch() -> Result<()> {
    let tests = folder().join("execute");
    if tests.is_dir() {
        return Ok(());
    }
    let _step = Step::begin(format!("fetching {PACKAGE}"));
    fs::create_dir_all(folder())?;
    let apt = Apt::new(&folder().join("apt"), "amd64", &[RELEASE], Database::Empty)?;
    apt.update()?;
    process::run_quiet(apt.get(&["download", PACKAGE]).current_dir(folder()))?;
    let deb = fs::read_dir(folder())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt-get download {PACKAGE} left no package"))?;

    // A package that holds an archive that holds the tests: unpacked in one pass, without the gigabyte around them.
    let mut package =
        Command::new("dpkg-deb").arg("--fsys-tarfile").arg(&deb).stdout(Stdio::piped()).spawn()?;
    let mut archive = Command::new("tar")
        .args(["-xO", "--wildcards", "./usr/src/gcc-12/gcc-*.tar.xz"])
        .stdin(package.stdout.take().expect("stdout was piped"))
        .stdout(Stdio::piped())
        .spawn()?;
    let unpacked = folder().join("unpacking");
    fs::create_dir_all(&unpacked)?;
    process::run(
        Command::new("tar")
            .args(["-xJ", "--strip-components=4", "--wildcards"])
            .arg("*/gcc/testsuite/gcc.c-torture/execute")
            .stdin(archive.stdout.take().expect("stdout was piped"))
            .current_dir(&unpacked),
    )?;
    ensure!(package.wait()?.success() && archive.wait()?.success(), "cannot unpack {PACKAGE}");
    fs::rename(unpacked.join("execute"), tests)?;
    fs::remove_dir_all(unpacked)?;
    fs::remove_file(deb)?;
    Ok(())
}

fn cases(options: &Options) -> Result<Vec<Case>> {
    let mut sources = Vec::new();
    for sub in ["", "ieee"] {
        let dir = folder().join("execute").join(sub);
        sources.extend(
            fs::read_dir(&dir)?
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.extension().is_some_and(|extension| extension == "c")),
        );
    }
    sources.sort();
    let mut cases = Vec::new();
    for source in sources {
        let stem = source.file_stem().expect("a source has a name").to_string_lossy();
        let ieee = source.parent().is_some_and(|dir| dir.ends_with("ieee"));
        let name = if ieee { format!("ieee-{stem}") } else { stem.into_owned() };
        if options.filter.as_ref().is_some_and(|filter| !name.contains(filter)) {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&source)?).into_owned();
        if text.contains("! { i?86-*-* x86_64-*-* }") {
            continue;
        }
        let mut flags = dejagnu_options(&text);
        if ieee {
            flags.push("-fno-inline".into());
            // An older form of the directives: a Tcl file beside the source.
            let script = fs::read_to_string(source.with_extension("x")).unwrap_or_default();
            let unconditional = |line: &str| {
                let (_, flag) = line.strip_prefix("lappend additional_flags")?.split_once('"')?;
                flag.strip_suffix('"').map(str::to_owned)
            };
            flags.extend(script.lines().filter_map(unconditional));
        }
        for level in &options.levels {
            let (name, source) = (name.clone(), source.clone());
            cases.push(Case { name, level: level.clone(), source, flags: flags.clone() });
        }
    }
    Ok(cases.into_iter().step_by(options.every.max(1)).collect())
}

/// The options of `{ dg-options "…" }` and `{ dg-additional-options "…" }` that hold for every target.
fn dejagnu_options(text: &str) -> Vec<String> {
    let mut options = Vec::new();
    for line in text.lines() {
        for key in ["dg-options", "dg-additional-options"] {
            let Some((_, rest)) = line.split_once(key) else { continue };
            let mut parts = rest.splitn(3, '"').skip(1);
            let (Some(flags), Some(after)) = (parts.next(), parts.next()) else { continue };
            if !after.contains("target") {
                options.extend(flags.split_whitespace().map(str::to_owned));
            }
        }
    }
    options
}

/// Builds all; what the compiler refuses is named and left out.
fn build<'a>(cases: &'a [Case], tally: &mut Tally) -> Vec<&'a Case> {
    let _step = Step::begin(format!("building {} torture programs", cases.len()));
    let results = process::in_parallel(cases, Case::build);
    let mut built = Vec::new();
    let mut refused = Vec::new();
    for (case, result) in cases.iter().zip(results) {
        match result {
            Ok(()) => built.push(case),
            Err(_) => refused.push(case.title()),
        }
    }
    if !refused.is_empty() {
        println!("  not built ({}): {}", refused.len(), refused.join(" "));
    }
    if built.is_empty() {
        tally.fail("torture: no program was built");
    }
    built
}

/// `tests/torture/expected.toml`: the names of programs that are known to fail, each with its reason.
struct Expected(BTreeMap<String, String>);

impl Expected {
    fn read() -> Result<Self> {
        let file = paths::root().join("tests/torture/expected.toml");
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    /// Of TOML only comments and `"name" = "reason"` lines.
    fn parse(text: &str) -> Result<Self> {
        let mut known = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let [_, name, between, reason, _] = line.split('"').collect::<Vec<_>>()[..] else {
                bail!("line {}: expected `\"name\" = \"reason\"`", index + 1);
            };
            ensure!(between.trim() == "=", "line {}: expected `=`", index + 1);
            ensure!(!reason.is_empty(), "line {}: a failure needs its reason", index + 1);
            known.insert(name.to_owned(), reason.to_owned());
        }
        Ok(Self(known))
    }

    /// Listed as `name-O0`, or as `name` for every level.
    fn reason(&self, case: &Case) -> Option<&str> {
        self.0.get(&case.title()).or_else(|| self.0.get(&case.name)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_other_targets_are_left_out() {
        let text = "/* { dg-options \"-fwrapv -O2\" } */\n\
                    /* { dg-additional-options \"-mpc64\" { target x86_64-*-* } } */\n\
                    /* { dg-options { \"-std=c99\" } } */";
        assert_eq!(dejagnu_options(text), ["-fwrapv", "-O2", "-std=c99"]);
    }

    #[test]
    fn expected_failures_need_a_reason() {
        assert!(Expected::parse("# note\n\"a\" = \"why\"\n").is_ok());
        assert!(Expected::parse("\"a\" = \"\"").is_err());
        assert!(Expected::parse("a = 1").is_err());
    }

    #[test]
    fn the_list_of_expected_failures_is_well_formed() {
        Expected::read().unwrap();
    }
}
