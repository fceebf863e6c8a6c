//! The cases: lines of `tests/apps/*.txt`, a command each, as one would type it in the folder that `setup.sh` makes.
//!
//! Marks before the program: `!qemu` (the reference is qemu-aarch64), `!quick` (of a long case: short enough for the
//! interpreter), `!native FILE` (what the host runs in the program's place).

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::guests::runs::Runner;
use crate::paths;

/// One line of a file of cases.
#[derive(Debug)]
pub struct Case {
    /// File and line.
    pub place: String,
    /// The line.
    pub line: String,
    /// One of `long.txt`.
    pub long: bool,
    /// Short enough for the interpreter all the same.
    pub quick: bool,
    /// The reference is qemu-aarch64 in any case.
    pub qemu: bool,
    /// What the host runs in the program's place.
    pub native: Option<PathBuf>,
    /// A program of `/usr/bin`, or a path.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// The file that is its standard input.
    pub stdin: Option<String>,
}

/// All cases, in the order of files and lines.
pub fn cases() -> Result<Vec<Case>> {
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
                let case = Case::parse(place.clone(), line).context(place)?;
                cases.push(Case { long: name == "long.txt", ..case });
            }
        }
    }
    Ok(cases)
}

impl Case {
    /// The engines of `asked` (all that are fast enough for it, if none are) to run on.
    pub fn engines(&self, asked: &[Runner]) -> Vec<Runner> {
        match asked {
            [] if self.long && !self.quick => {
                let is_fast = |engine: &Runner| *engine != Runner::Isamorph("interp");
                Runner::ENGINES.into_iter().filter(is_fast).collect()
            }
            [] => Runner::ENGINES.to_vec(),
            asked => asked.to_vec(),
        }
    }

    fn parse(place: String, line: &str) -> Result<Self> {
        let (mut qemu, mut quick, mut native) = (false, false, None);
        let mut words = VecDeque::from(shell_words(line)?);
        while let Some(mark) = words.front().and_then(|word| word.strip_prefix('!')) {
            match mark {
                "qemu" => qemu = true,
                "quick" => quick = true,
                "native" => {
                    words.pop_front();
                    native = words.front().map(PathBuf::from);
                }
                _ => bail!("`!{mark}` is no mark: !qemu, !quick, !native FILE"),
            }
            words.pop_front();
        }
        let program = words.pop_front().context("no program")?;
        let mut args = Vec::from(words);
        let mut stdin = None;
        if args.len() > 1 && args[args.len() - 2] == "<" {
            stdin = args.pop();
            args.pop();
        }
        let line = line.into();
        Ok(Self { place, line, long: false, quick, qemu, native, program, args, stdin })
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
    fn marks_stand_before_the_program() {
        let case = Case::parse("a:1".into(), "!quick !native /x/cc1 cc1 -O < in.c").unwrap();
        assert!(case.quick && !case.qemu);
        assert_eq!(case.native.as_deref(), Some(std::path::Path::new("/x/cc1")));
        assert_eq!((case.program.as_str(), case.args.as_slice()), ("cc1", &["-O".to_owned()][..]));
        assert_eq!(case.stdin.as_deref(), Some("in.c"));
        assert!(Case::parse("a:1".into(), "!slow ls").is_err());
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
