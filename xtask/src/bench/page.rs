//! The tables' place in docs/performance.md: between two marks, with date and machine.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::Options;
use crate::{paths, process};

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --write` -->";
const END: &str = "<!-- end of figures -->";

/// Puts the tables into the page.
pub fn renew(tables: &str, options: &Options) -> Result<()> {
    let file = paths::root().join("docs/performance.md");
    let page =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = format!("{}\n{tables}", circumstances(options)?);
    fs::write(&file, replaced(&page, &text)?)?;
    println!("{} is renewed", file.display());
    Ok(())
}

/// The page with this text between its marks.
fn replaced(page: &str, text: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("docs/performance.md has no begin mark")?;
    let (_, after) = rest.split_once(END).context("docs/performance.md has no end mark")?;
    Ok(format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))
}

/// When, on what and of what.
fn circumstances(options: &Options) -> Result<String> {
    let says = |program: &str, args: &[&str]| -> Result<String> {
        Ok(process::run_quiet(Command::new(program).args(args))?.trim().to_owned())
    };
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    let qemu = says("qemu-aarch64", &["--version"])?;
    let root = paths::root();
    let root = root.to_str().context("the checkout's path is not UTF-8")?;
    Ok(format!(
        "Measured on {}, commit {}, {} rounds, `--engine {}`, on {model}, {} cores; {}.",
        says("date", &["-u", "+%Y-%m-%d"])?,
        says("git", &["-C", root, "describe", "--always", "--dirty"])?,
        options.rounds,
        options.engine,
        std::thread::available_parallelism()?,
        qemu.lines().next().unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(replaced(&page, "new").unwrap(), format!("a\n{BEGIN}\n\nnew\n{END}\nb\n"));
        assert!(replaced("no marks", "new").is_err());
    }

    #[test]
    fn the_page_has_its_marks() {
        let page = fs::read_to_string(paths::root().join("docs/performance.md")).unwrap();
        replaced(&page, "").unwrap();
    }
}
