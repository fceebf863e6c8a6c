//! Small tables for people: the first column to the left, the others to the right.

use std::fmt;

/// A table with a heading.
#[derive(Debug)]
pub struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table with these headings.
    pub fn new(headings: [&str; N]) -> Table<N> {
        Table { rows: vec![headings.map(str::to_owned)] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        };
        let widths: [usize; N] = std::array::from_fn(width);
        for (number, row) in self.rows.iter().enumerate() {
            write!(f, "  {:<1$}", row[0], widths[0])?;
            for (cell, width) in row.iter().zip(widths).skip(1) {
                write!(f, "   {cell:>width$}")?;
            }
            writeln!(f)?;
            if number == 0 {
                let total = widths.iter().sum::<usize>() + 3 * (N - 1);
                writeln!(f, "  {}", "─".repeat(total))?;
            }
        }
        Ok(())
    }
}

/// A number with its thousands set off by commas.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_set_off() {
        let shown = [0, 12, 999, 1000, 1234567].map(thousands);
        assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["", "a", "bb"]);
        table.row(["first".into(), "1".into(), "2".into()]);
        table.row(["x".into(), "100".into(), "2".into()]);
        let text = table.to_string();
        assert_eq!(
            text,
            "            a   bb\n  ────────────────\n  first     1    2\n  x       100    2\n"
        );
    }
}
