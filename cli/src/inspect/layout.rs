//! A sheet as text: columns side by side where the width allows it, else sections.

use super::Stage;
use super::stages::{Row, Sheet};

/// Between columns.
const GAP: &str = " │ ";
const GAP_WIDTH: usize = 3;
/// A narrower column than this cannot be read.
const LEAST: [usize; Stage::ALL.len()] = [24, 26, 26, 34, 30];
/// Further lines of a long line.
const INDENT: usize = 4;
/// Width of a section's name.
const NAME: usize = 19;

/// The sheet in at most `width` columns.
pub fn print(sheet: &Sheet, stages: &[Stage], width: usize) -> String {
    let mut out = String::new();
    for line in wrap(&sheet.summary, width) {
        push(&mut out, &line);
    }
    out.push('\n');
    match widths(sheet, stages, width) {
        Some(widths) => columns(&mut out, sheet, stages, &widths),
        None => sections(&mut out, sheet, stages, width),
    }
    out
}

/// How wide each column gets; `None` if there is no room for all of them.
fn widths(sheet: &Sheet, stages: &[Stage], width: usize) -> Option<Vec<usize>> {
    let room = width.checked_sub(GAP_WIDTH * (stages.len() - 1))?;
    let natural = |stage: &Stage| {
        let lines = sheet.rows.iter().flat_map(|row| row.cell(*stage));
        lines.map(|l| length(l)).max().unwrap_or(0).max(length(stage.title()))
    };
    let mut widths: Vec<usize> = stages.iter().map(natural).collect();
    let least: Vec<usize> =
        stages.iter().zip(&widths).map(|(stage, w)| LEAST[*stage as usize].min(*w)).collect();
    if least.iter().sum::<usize>() > room {
        return None;
    }
    while widths.iter().sum::<usize>() > room {
        let shrinkable = (0..widths.len()).filter(|&i| widths[i] > least[i]);
        let widest = shrinkable.max_by_key(|&i| widths[i]).expect("the least widths fit");
        widths[widest] -= 1;
    }
    Some(widths)
}

fn columns(out: &mut String, sheet: &Sheet, stages: &[Stage], widths: &[usize]) {
    let join = |cells: &[&str]| {
        let padded: Vec<String> =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join(GAP)
    };
    let titles: Vec<&str> = stages.iter().map(|s| s.title()).collect();
    push(out, &join(&titles));
    let rule: Vec<String> = widths.iter().map(|w| "─".repeat(*w)).collect();
    push(out, &rule.join("─┼─"));
    let total = widths.iter().sum::<usize>() + GAP_WIDTH * (widths.len() - 1);
    for row in &sheet.rows {
        if let Some(heading) = &row.heading {
            let rest = total.saturating_sub(length(heading) + 4);
            push(out, &format!("── {heading} {}", "─".repeat(rest)));
        }
        let cells: Vec<Vec<String>> = stages
            .iter()
            .zip(widths)
            .map(|(stage, width)| row.cell(*stage).iter().flat_map(|l| wrap(l, *width)).collect())
            .collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let line: Vec<&str> =
                cells.iter().map(|cell| cell.get(line).map_or("", String::as_str)).collect();
            push(out, &join(&line));
        }
    }
}

fn sections(out: &mut String, sheet: &Sheet, stages: &[Stage], width: usize) {
    for row in &sheet.rows {
        if let Some(heading) = &row.heading {
            let rest = width.saturating_sub(length(heading) + 4);
            push(out, &format!("── {heading} {}", "─".repeat(rest)));
        }
        for stage in stages {
            section(out, row, *stage, width);
        }
    }
}

fn section(out: &mut String, row: &Row, stage: Stage, width: usize) {
    let lines =
        row.cell(stage).iter().flat_map(|l| wrap(l, width.saturating_sub(NAME + GAP_WIDTH)));
    for (number, line) in lines.enumerate() {
        let name = if number == 0 { stage.title() } else { "" };
        push(out, &format!("{name:<NAME$}{GAP}{line}"));
    }
}

/// Adds a line without blanks at its end.
fn push(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A line as lines of at most `width`, broken at blanks where that is possible.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let width = width.max(INDENT + 1);
    let mut lines = Vec::new();
    let mut rest: Vec<char> = line.chars().collect();
    while rest.len() > width {
        let begin = rest.iter().position(|c| *c != ' ').unwrap_or(0);
        let blank =
            rest[..=width].iter().rposition(|c| *c == ' ').filter(|at| *at > begin.max(INDENT));
        let at = blank.unwrap_or(width);
        lines.push(rest[..at].iter().collect());
        let tail = rest[at..].iter().copied().skip_while(|c| *c == ' ');
        rest = [' '; INDENT].into_iter().chain(tail).collect();
    }
    lines.push(rest.into_iter().collect());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_blanks() {
        assert_eq!(wrap("short", 10), ["short"]);
        assert_eq!(wrap("v1 = add.i64 v2, v3", 12), ["v1 = add.i64", "    v2, v3"]);
        assert_eq!(wrap("abcdefghijkl", 8), ["abcdefgh", "    ijkl"]);
        for width in 0..30 {
            let whole: String = wrap("   a bb ccc dddd eeeeeeeeeeeeeeeee  f", width)
                .iter()
                .flat_map(|l| l.chars().filter(|c| *c != ' '))
                .collect();
            assert_eq!(whole, "abbcccddddeeeeeeeeeeeeeeeeef");
        }
    }
}
