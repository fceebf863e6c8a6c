//! `tests/suites/NAME.toml`: the programs of a suite that do not pass, each with its reason.
//!
//! Three tables: `[not-run]`, `[not-built]` (the cross compiler refuses it) and `[fails]`. A line is
//! `"title" = "reason"`; a title without its level stands for all levels, and a `*` at its end for any ending.

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use super::case::Case;
use crate::paths;

/// What is known of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is left out.
    NotRun,
    /// The compiler refuses it.
    NotBuilt,
    /// It runs and fails.
    Fails,
}

/// The list of one suite.
#[derive(Debug)]
pub struct Expected(Vec<Line>);

#[derive(Debug)]
struct Line {
    fate: Fate,
    title: String,
    reason: String,
}

impl Expected {
    /// Reads the list of the suite called `name`.
    pub fn read(name: &str) -> Result<Self> {
        let file = paths::root().join("tests/suites").join(name).with_extension("toml");
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    /// Of TOML only comments, the three table headings, and `"title" = "reason"` lines.
    fn parse(text: &str) -> Result<Self> {
        let mut lines = Vec::new();
        let mut fate = None;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            match line.trim() {
                "" => {}
                comment if comment.starts_with('#') => {}
                "[not-run]" => fate = Some(Fate::NotRun),
                "[not-built]" => fate = Some(Fate::NotBuilt),
                "[fails]" => fate = Some(Fate::Fails),
                line => {
                    let [_, title, between, reason, _] = line.split('"').collect::<Vec<_>>()[..]
                    else {
                        bail!("line {number}: expected `\"title\" = \"reason\"`");
                    };
                    let fate = fate.with_context(|| format!("line {number}: under no table"))?;
                    ensure!(between.trim() == "=", "line {number}: expected `=`");
                    ensure!(!reason.is_empty(), "line {number}: {title} needs a reason");
                    lines.push(Line { fate, title: title.into(), reason: reason.into() });
                }
            }
        }
        Ok(Self(lines))
    }

    /// Why `case` has this fate, if it is listed under it.
    pub fn reason(&self, fate: Fate, case: &Case) -> Option<&str> {
        let title = case.title();
        let listed = self.0.iter().find(|line| {
            line.fate == fate
                && match line.title.strip_suffix('*') {
                    Some(start) => title.starts_with(start),
                    None => line.title == title || line.title == case.name,
                }
        });
        listed.map(|line| line.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Suite;
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn lines_stand_under_a_table_and_have_a_reason() {
        assert!(Expected::parse("# note\n[fails]\n\"a\" = \"why\"\n").is_ok());
        assert!(Expected::parse("\"a\" = \"why\"\n").is_err());
        assert!(Expected::parse("[fails]\n\"a\" = \"\"").is_err());
        assert!(Expected::parse("[fails]\na = 1").is_err());
    }

    #[test]
    fn a_title_names_one_level_all_levels_or_a_family() {
        let list = "[not-run]\n\"mte-*\" = \"m\"\n[fails]\n\"a\" = \"x\"\n\"b-O2\" = \"y\"\n";
        let expected = Expected::parse(list).unwrap();
        let case = |name: &str, level: &str| Case {
            name: name.into(),
            level: Some(level.into()),
            ..Case::default()
        };
        assert_eq!(expected.reason(Fate::Fails, &case("a", "O0")), Some("x"));
        assert_eq!(expected.reason(Fate::Fails, &case("b", "O0")), None);
        assert_eq!(expected.reason(Fate::Fails, &case("b", "O2")), Some("y"));
        assert_eq!(expected.reason(Fate::NotRun, &case("mte-3", "O0")), Some("m"));
        assert_eq!(expected.reason(Fate::Fails, &case("mte-3", "O0")), None);
    }

    #[test]
    fn the_lists_are_well_formed() {
        for suite in Suite::value_variants() {
            Expected::read(suite.name()).unwrap();
        }
    }
}
