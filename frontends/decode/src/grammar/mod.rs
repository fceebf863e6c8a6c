//! The text form of tables for instruction sets whose words have one width (A64, A32, T32, T16).
//!
//! Files become one [`Table`]; an erroneous line is reported and left out, so that the rest can
//! still be checked. The grammar itself is described in the crate's page. x86, whose
//! instructions are byte strings with prefixes, gets a grammar of its own beside this one.

mod bits;
mod condition;
mod cursor;
mod lex;
mod names;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::table::{Kind, Need, Pattern, Table};
use cursor::{Cursor, Reported};
use lex::Tok;

pub use names::camel_case;

/// The `.isa` files at `root`: the file itself, or those of the directory by name.
pub fn find(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !root.is_dir() {
        return Ok(vec![root.to_path_buf()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "isa") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Parses the files (name, text) into one table. The table holds what could be understood; the
/// diagnostics say what could not.
pub fn parse(files: &[(String, String)]) -> (Table, Diagnostics) {
    let mut parser = Parser::default();
    for (name, text) in files {
        parser.file(name, text);
    }
    parser.finish(files)
}

#[derive(Default)]
struct Parser {
    errors: Vec<Diagnostic>,
    patterns: Vec<Pattern>,
    /// Where the bits of each pattern begin.
    layouts: Vec<bits::Layout>,
    groups: Vec<(String, Place)>,
    widths: Vec<(u32, Place)>,
}

impl Parser {
    fn file(&mut self, name: &str, text: &str) {
        let file: Arc<str> = name.into();
        let tokens = lex::lex(&file, text, &mut self.errors);
        let mut open: Option<(usize, Place)> = None;
        let mut first = true;
        for line in tokens.split_inclusive(|t| t.tok == Tok::Newline) {
            if line.len() <= 1 {
                continue;
            }
            if !line.iter().any(|t| t.tok == Tok::Bad) {
                let mut cursor = Cursor::new(line, &mut self.errors);
                // What is wrong with a line is in `errors`; the next line starts afresh.
                let _ = Line {
                    patterns: &mut self.patterns,
                    layouts: &mut self.layouts,
                    groups: &mut self.groups,
                    widths: &mut self.widths,
                    open: &mut open,
                    first,
                }
                .parse(&mut cursor);
            }
            first = false;
        }
        if let Some((_, at)) = open {
            self.errors.push(Diagnostic::new(&at, "group is not closed", "add a line `}`"));
        }
    }

    fn finish(mut self, files: &[(String, String)]) -> (Table, Diagnostics) {
        let width = self.width(files);
        // Checks on words make sense only for patterns that fill a word.
        if let Some(width) = width {
            for (pattern, layout) in self.patterns.iter().zip(&self.layouts) {
                if layout.total() != width {
                    self.errors.push(layout.wrong_width(pattern.label(), width));
                }
            }
            let mut fits = self.layouts.iter().map(|l| l.total() == width);
            self.patterns.retain(|_| fits.next() == Some(true));
        } else {
            self.patterns.clear();
        }
        self.unique_names();
        // `todo` last, the more special ones first: the order of the table is its priority.
        self.patterns.sort_by_key(|p| match p.kind {
            Kind::Todo => 33 - p.mask.count_ones(),
            Kind::Insn | Kind::Unallocated => 0,
        });
        self.errors.sort();
        let table = Table {
            width: width.unwrap_or(32),
            files: files.iter().map(|(name, _)| name.clone()).collect(),
            groups: self.groups.into_iter().map(|(name, _)| name).collect(),
            patterns: self.patterns,
        };
        (table, Diagnostics(self.errors))
    }

    fn width(&mut self, files: &[(String, String)]) -> Option<u32> {
        let Some((width, first)) = self.widths.first().cloned() else {
            let file: Arc<str> = files.first().map_or("(no files)", |(name, _)| name).into();
            let at = Place { file, line: 1, col: 1 };
            let remedy = "begin a file of the table with a line such as `width 32`";
            self.errors.push(Diagnostic::new(&at, "no file states the width", remedy));
            return None;
        };
        for (other, at) in &self.widths[1..] {
            if *other != width {
                let what = format!("width {other}, but {first} says {width}");
                let remedy = "a table has one width; put the other words into another table";
                self.errors.push(Diagnostic::new(at, what, remedy));
            }
        }
        Some(width)
    }

    fn unique_names(&mut self) {
        // Two names may differ and still become one type: add_1 and add1.
        let mut seen: HashMap<String, (&str, &Place)> = HashMap::new();
        for p in self.patterns.iter().filter(|p| !p.name.is_empty()) {
            let Some((name, at)) = seen.insert(camel_case(&p.name), (&p.name, &p.at)) else {
                continue;
            };
            let what = if name == p.name {
                format!("`{name}` is already defined at {at}")
            } else {
                format!("`{}` and `{name}` ({at}) would both be `{}`", p.name, camel_case(name))
            };
            self.errors.push(Diagnostic::new(&p.at, what, "names are unique in the whole table"));
        }
        let mut groups: HashMap<&str, &Place> = HashMap::new();
        for (name, at) in &self.groups {
            if let Some(first) = groups.insert(name, at) {
                let what = format!("group `{name}` is already defined at {first}");
                self.errors.push(Diagnostic::new(at, what, "give it another name"));
            }
        }
    }
}

/// Parses one logical line into what the parser has so far.
struct Line<'p> {
    patterns: &'p mut Vec<Pattern>,
    layouts: &'p mut Vec<bits::Layout>,
    groups: &'p mut Vec<(String, Place)>,
    widths: &'p mut Vec<(u32, Place)>,
    open: &'p mut Option<(usize, Place)>,
    first: bool,
}

impl Line<'_> {
    fn parse(&mut self, c: &mut Cursor<'_>) -> Result<(), Reported> {
        let at = c.place();
        match c.next() {
            Tok::Word("width") => self.width(c, &at),
            Tok::Word("insn") => self.pattern(c, Kind::Insn, at),
            Tok::Word("unallocated") => self.pattern(c, Kind::Unallocated, at),
            Tok::Word("todo") => self.pattern(c, Kind::Todo, at),
            Tok::Word("prefer") => self.open_group(c, at),
            Tok::Sym("}") => {
                if self.open.take().is_none() {
                    return Err(c.error_at(&at, "`}` without a `prefer`", "remove it"));
                }
                c.end("a line of its own for `}`")
            }
            tok => {
                let what = format!("a line cannot begin with {}", cursor::describe(tok));
                let remedy = "begin it with width, insn, unallocated, todo, prefer or `}`";
                Err(c.error_at(&at, what, remedy))
            }
        }
    }

    fn width(&mut self, c: &mut Cursor<'_>, at: &Place) -> Result<(), Reported> {
        let width = c.number("the number of bits in a word, such as `width 32`")?;
        if !(1..=32).contains(&width) {
            return Err(c.error_at(at, format!("width {width}"), "1 to 32 bits are possible"));
        }
        if !self.first {
            let remedy = "move it to the first content line of the file";
            return Err(c.error_at(at, "`width` after other lines", remedy));
        }
        self.widths.push((width, at.clone()));
        c.end("nothing after the width")
    }

    fn open_group(&mut self, c: &mut Cursor<'_>, at: Place) -> Result<(), Reported> {
        if let Some((_, outer)) = &*self.open {
            let what = format!("group inside the group of line {}", outer.line);
            return Err(c.error_at(&at, what, "groups do not nest: close the first with `}`"));
        }
        // A group whose head is wrong is still open, or each of its lines would be an error.
        let name_at = c.place();
        let name = c.word("a name for the group, as in `prefer hints {`").unwrap_or_default();
        *self.open = Some((self.groups.len(), at));
        self.groups.push((name.to_owned(), name_at.clone()));
        if name.is_empty() {
            return Err(Reported);
        }
        names::check(c, name, &name_at)?;
        c.symbol("{")?;
        c.end("patterns on lines of their own after `{`")
    }

    fn pattern(&mut self, c: &mut Cursor<'_>, kind: Kind, at: Place) -> Result<(), Reported> {
        if kind == Kind::Todo && self.open.is_some() {
            let remedy = "move it out: a `todo` is the remainder of its bits wherever it stands";
            return Err(c.error_at(&at, "`todo` in a `prefer` group", remedy));
        }
        let mut name = "";
        if kind != Kind::Unallocated || matches!(c.peek(), Tok::Word(_)) {
            let name_at = c.place();
            name = c.word("a snake_case name")?;
            names::check(c, name, &name_at)?;
        }
        let title_at = c.place();
        let title = c.text("the manual's title in quotes")?;
        if title.trim().is_empty() {
            return Err(c.error_at(&title_at, "empty title", "take the manual's"));
        }
        let layout = bits::parse(c)?;
        let mut pattern = Pattern {
            kind,
            name: name.to_owned(),
            title: title.to_owned(),
            at,
            mask: layout.mask,
            value: layout.value,
            should: layout.should,
            fields: layout.fields.clone(),
            condition: None,
            needs: Vec::new(),
            group: self.open.as_ref().map(|(group, _)| *group),
        };
        if c.peek() == Tok::Word("where") {
            c.next();
            pattern.condition = Some(condition::parse(c, &pattern.fields)?);
        }
        while c.peek() == Tok::Word("needs") {
            let need = Self::need(c, &pattern)?;
            pattern.needs.push(need);
        }
        c.end("`where`, `needs` or the end of the line after the bits")?;
        self.patterns.push(pattern);
        self.layouts.push(layout);
        Ok(())
    }

    fn need(c: &mut Cursor<'_>, pattern: &Pattern) -> Result<Need, Reported> {
        let at = c.place();
        c.next();
        if pattern.kind != Kind::Insn {
            let remedy = "name the feature in the title";
            return Err(c.error_at(&at, "`needs` of what is not an `insn`", remedy));
        }
        let feature_at = c.place();
        let feature = c.word("the name of a feature, as in `needs FP16`")?.to_owned();
        if !feature.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let remedy = "take the manual's name without `FEAT_`";
            return Err(c.error_at(&feature_at, format!("feature `{feature}`"), remedy));
        }
        let mut condition = None;
        if c.peek() == Tok::Word("if") {
            c.next();
            condition = Some(condition::parse(c, &pattern.fields)?);
        }
        Ok(Need { feature, condition })
    }
}
