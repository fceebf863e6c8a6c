//! The folder that programs run in: `scripts/` of `tests/bench`, and `inputs/`, made here from fixed seeds.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::apps::inputs;
use crate::paths;

/// Words of the files of text: four megabytes, and a quarter of that.
const TEXTS: [(&str, usize); 2] = [("text", 600_000), ("pages", 150_000)];
const ROWS: usize = 200_000;

/// Makes the folder, where it is not there yet; its path.
pub fn folder() -> Result<PathBuf> {
    let folder = paths::guests().join("bench/work");
    let made = folder.join("inputs");
    fs::create_dir_all(&made)?;
    link(&paths::root().join("tests/bench/scripts"), &folder.join("scripts"))?;
    for (name, words) in TEXTS {
        let text = made.join(name);
        if !text.exists() {
            fs::write(text, prose(words))?;
        }
    }
    let rows = made.join("rows.sql");
    if !rows.exists() {
        fs::write(rows, sql(ROWS))?;
    }
    let large = made.join("large.i");
    if !large.exists() {
        inputs::fetch_preprocessed()?;
        link(&inputs::preprocessed(), &large)?;
    }
    Ok(folder)
}

fn link(to: &Path, at: &Path) -> Result<()> {
    let _ = fs::remove_file(at);
    std::os::unix::fs::symlink(to, at).with_context(|| format!("cannot link {}", at.display()))
}

/// A small generator of numbers, the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

/// Text of words in which some are frequent, as they are in languages.
fn prose(words: usize) -> String {
    let mut numbers = Numbers(1);
    let syllables =
        ["ing", "ter", "con", "al", "is", "ra", "mo", "pel", "u", "star", "e", "no", "thin", "g"];
    let vocabulary: Vec<String> = (0..4000)
        .map(|_| {
            (0..=numbers.below(4)).map(|_| syllables[numbers.below(syllables.len())]).collect()
        })
        .collect();
    let mut text = String::new();
    for n in 1..=words {
        let limit = 1 + numbers.below(vocabulary.len());
        text += &vocabulary[numbers.below(limit)];
        text.push(if n % 12 == 0 { '\n' } else { ' ' });
    }
    text
}

/// Rows inserted, indexed, joined, changed and summed up.
fn sql(rows: usize) -> String {
    let mut numbers = Numbers(2);
    let mut sql =
        String::from("create table t(id integer primary key, a int, b text, c real);\nbegin;\n");
    for id in 0..rows {
        let (a, b, c) = (numbers.below(1000), numbers.below(50_000), numbers.below(1000));
        writeln!(sql, "insert into t values({id},{a},'text {b}',{c}.25);")
            .expect("a string takes all");
    }
    sql += "commit;\ncreate index by_a on t(a);\ncreate index by_b on t(b);\n\
            select a % 10, count(*), sum(c), max(b) from t group by 1 order by 1;\n\
            select count(*) from t x join t y on x.a = y.a where x.id < 2000 and y.c > 900;\n\
            update t set c = c + a where b like 'text 1%';\n\
            select b, sum(c) s from t group by b order by s desc, b limit 5;\n\
            delete from t where a < 100;\nselect count(*), total(c) from t;\n";
    sql
}
