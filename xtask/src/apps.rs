//! Real programs of Debian, ours against native ones: standard output, standard error, exit status and the files left behind.
//!
//! The cases are the lines of `tests/apps/*.txt`. The native programs are of the same Debian release as the guest's; where the
//! host is another system, lacks a program, or a case begins with `!qemu`, qemu-aarch64 runs the guest's program instead.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::guests::apt::RELEASE;
use crate::guests::runs::{Runner, first_difference};
use crate::guests::sysroot;
use crate::process::{self, Outcome, capture};
use crate::tally::{Step, Tally};
use crate::{cargo, paths};

const LIMIT: Duration = Duration::from_secs(120);

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Engines.
    pub engines: Vec<Runner>,
    /// Only cases that contain this.
    pub filter: Option<String>,
    /// Every how many-th case is run: 1 for all.
    pub every: usize,
}

/// One line of a file of cases.
struct Case {
    place: String,
    line: String,
    qemu: bool,
    program: String,
    args: Vec<String>,
    stdin: Option<String>,
}

/// What a run showed.
#[derive(PartialEq, Eq)]
struct Trace {
    ending: String,
    stdout: String,
    stderr: String,
    files: BTreeMap<PathBuf, String>,
}

/// Runs the comparison.
pub fn run(options: &Options) -> Result<Tally> {
    let sysroot = sysroot::make("arm64", &[])?;
    cargo::build_isamorph()?;
    let scratch = std::env::temp_dir().join(format!("isamorph-apps-{}", std::process::id()));
    let result = compare_all(options, &sysroot, &scratch);
    let _ = fs::remove_dir_all(&scratch);
    result
}

fn compare_all(options: &Options, sysroot: &Path, scratch: &Path) -> Result<Tally> {
    let template = scratch.join("template");
    make_template(&template)?;
    let cases: Vec<Case> = cases()?
        .into_iter()
        .filter(|case| options.filter.as_ref().is_none_or(|filter| case.line.contains(filter)))
        .step_by(options.every.max(1))
        .collect();
    let bench = Bench { sysroot, scratch, template: &template, same_release: is_same_release() };
    let _step = Step::begin(format!(
        "{} program runs on {} engines each",
        cases.len(),
        options.engines.len()
    ));
    let numbered: Vec<(usize, &Case)> = cases.iter().enumerate().collect();
    let results = process::in_parallel(&numbered, |(number, case)| {
        bench.compare(*number, case, &options.engines)
    });
    let mut tally = Tally::default();
    for (case, result) in cases.iter().zip(results) {
        match result {
            Ok(differences) => {
                tally.pass(options.engines.len() - differences.len());
                for difference in differences {
                    println!("FAILED {}: {}\n       {difference}", case.place, case.line);
                    tally.fail(format!("{}: {}", case.place, case.line));
                }
            }
            Err(error) => {
                println!("FAILED {}: {}\n       {error:#}", case.place, case.line);
                tally.fail(format!("{}: {}", case.place, case.line));
            }
        }
    }
    Ok(tally)
}

/// Where and with what the cases run.
struct Bench<'a> {
    sysroot: &'a Path,
    scratch: &'a Path,
    template: &'a Path,
    same_release: bool,
}

impl Bench<'_> {
    /// The differences on each engine that shows some.
    fn compare(&self, number: usize, case: &Case, engines: &[Runner]) -> Result<Vec<String>> {
        let guest = Path::new("/usr/bin").join(&case.program);
        ensure!(
            self.sysroot.join(guest.strip_prefix("/").expect("is absolute")).exists(),
            "{} is not in the sysroot",
            guest.display()
        );
        let native = self.same_release && !case.qemu && guest.exists();
        let reference = if native { Runner::Native } else { Runner::Qemu };
        // The same folder for all, one after the other: its name may be printed.
        let folder = self.scratch.join(number.to_string());
        let wanted = self.trace(reference, case, &guest, &folder)?;
        let mut differences = Vec::new();
        for &engine in engines {
            let got = self.trace(engine, case, &guest, &folder)?;
            if got != wanted {
                differences.push(format!("{engine} against {reference}: {}", wanted.differs(&got)));
            }
        }
        fs::remove_dir_all(&folder)?;
        Ok(differences)
    }

    fn trace(&self, runner: Runner, case: &Case, guest: &Path, folder: &Path) -> Result<Trace> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        process::run(Command::new("cp").arg("-a").arg(self.template).arg(folder))?;
        let program = match runner {
            // qemu opens its program on the host.
            Runner::Qemu => self.sysroot.join(guest.strip_prefix("/").expect("is absolute")),
            _ => guest.into(),
        };
        let mut command = runner.command(Some(self.sysroot), &program);
        if runner == Runner::Qemu {
            command = Command::new("qemu-aarch64");
            command.arg("-L").arg(self.sysroot).arg("-0").arg(guest).arg(program);
        }
        command.args(&case.args).current_dir(folder).env_clear().envs([
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/guest"),
            ("LC_ALL", "C.UTF-8"),
            ("TZ", "UTC"),
        ]);
        let stdin = match &case.stdin {
            Some(file) => fs::read(folder.join(file)).with_context(|| file.clone())?,
            None => Vec::new(),
        };
        let outcome = capture(&mut command, &stdin, LIMIT)?;
        let files = files_below(folder)?;
        Ok(Trace::of(&outcome, files))
    }
}

impl Trace {
    fn of(outcome: &Outcome, files: BTreeMap<PathBuf, String>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&outcome.stdout), text(&outcome.stderr));
        Self { ending: outcome.ending(), stdout, stderr, files }
    }

    fn differs(&self, got: &Self) -> String {
        let mut parts = Vec::new();
        if self.ending != got.ending {
            parts.push(format!("{} instead of {}", got.ending, self.ending));
        }
        if self.stdout != got.stdout {
            parts.push(format!("stdout: {}", first_difference(&self.stdout, &got.stdout)));
        }
        if self.stderr != got.stderr {
            parts.push(format!("stderr: {}", first_difference(&self.stderr, &got.stderr)));
        }
        let names = self.files.keys().chain(got.files.keys());
        if let Some(name) = names.into_iter().find(|&n| self.files.get(n) != got.files.get(n)) {
            parts.push(format!(
                "file {}: expected {:?}, got {:?}",
                name.display(),
                self.files.get(name),
                got.files.get(name)
            ));
        }
        parts.join("; ")
    }
}

/// Every file below `root`: kind, mode, size and a checksum of its contents.
fn files_below(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let metadata = path.symlink_metadata()?;
            let kind = metadata.file_type();
            let mode = metadata.permissions().mode();
            let what = if kind.is_dir() {
                folders.push(path.clone());
                format!("folder {mode:o}")
            } else if kind.is_symlink() {
                format!("link to {}", fs::read_link(&path)?.display())
            } else if kind.is_fifo() {
                format!("pipe {mode:o}")
            } else {
                let bytes = fs::read(&path)?;
                let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, &byte| {
                    (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
                });
                format!("file {mode:o}, {} bytes, {sum:016x}", bytes.len())
            };
            files.insert(path.strip_prefix(root).expect("is below root").into(), what);
        }
    }
    Ok(files)
}

fn is_same_release() -> bool {
    fs::read_to_string("/etc/os-release")
        .is_ok_and(|text| text.lines().any(|line| line == format!("VERSION_CODENAME={RELEASE}")))
}

fn make_template(template: &Path) -> Result<()> {
    fs::create_dir_all(template)?;
    let apps = paths::root().join("tests/apps");
    process::run(Command::new("cp").arg("-r").arg(apps.join("scripts")).arg(template))?;
    process::run(
        Command::new("sh")
            .arg(apps.join("setup.sh"))
            .current_dir(template)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC"),
    )
}

fn cases() -> Result<Vec<Case>> {
    let folder = paths::root().join("tests/apps");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let name = file.file_name().expect("a file has a name").to_string_lossy().into_owned();
        for (index, line) in fs::read_to_string(&file)?.lines().enumerate() {
            if !line.is_empty() && !line.starts_with('#') {
                let place = format!("{name}:{}", index + 1);
                cases.push(Case::parse(place.clone(), line).context(place)?);
            }
        }
    }
    Ok(cases)
}

impl Case {
    fn parse(place: String, line: &str) -> Result<Self> {
        let (qemu, rest) = match line.strip_prefix("!qemu ") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let mut words = shell_words(rest)?;
        let mut stdin = None;
        if words.len() > 2 && words[words.len() - 2] == "<" {
            stdin = words.pop();
            words.pop();
        }
        ensure!(!words.is_empty(), "no program");
        let program = words.remove(0);
        Ok(Self { place, line: line.into(), qemu, program, args: words, stdin })
    }
}

/// Splits at spaces as a shell does, with single and double quotes and nothing else.
fn shell_words(line: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some(inner) if inner == c => break,
                        Some(inner) => word.push(inner),
                        None => bail!("a quote is not closed"),
                    }
                }
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        let words = shell_words(r#"a 'b "c" d'e "" "x y" <  f"#).unwrap();
        assert_eq!(words, ["a", "b \"c\" de", "", "x y", "<", "f"]);
        assert!(shell_words("'open").is_err());
    }

    #[test]
    fn the_cases_are_well_formed_and_many() {
        let cases = cases().unwrap();
        let applets = cases.iter().filter(|case| case.program == "busybox");
        let names: std::collections::BTreeSet<_> =
            applets.filter_map(|case| case.args.first()).collect();
        assert!(names.len() >= 60, "only {} applets", names.len());
    }
}
