//! `/proc/self/smaps` of the guest: its areas, with the figures that the host's kernel has of them.
//!
//! Guest memory lies at the same addresses on the host, but in other areas there: the host knows nothing of guest code, and
//! so makes one area of code and read-only data of the same file. What it counts in an area is then told of the guest's area
//! that has most of it; sums over a file are right.
//!
//! The format is the kernel's (`fs/proc/task_mmu.c`).

use std::fmt::Write as _;
use std::io;
use std::ops::Range;

use super::maps::line;
use crate::sysroot::Sysroot;
use crate::vma::{Prot, Vma};

/// Fields that follow from the area alone.
const OWN: [&str; 3] = ["Size", "KernelPageSize", "MMUPageSize"];

/// The text of `smaps`.
pub fn smaps(areas: &[Vma], sysroot: &Sysroot) -> io::Result<Vec<u8>> {
    let host = std::fs::read_to_string("/proc/self/smaps")?;
    let figures = figures_of(areas, &host);
    let mut out = Vec::new();
    for (area, figures) in areas.iter().zip(figures) {
        out.extend(line(area, sysroot));
        let own = [(area.end - area.start) >> 10, 4, 4];
        let mut text = String::new();
        for (name, kilobytes) in OWN.into_iter().zip(own).chain(figures) {
            writeln!(text, "{:<16}{kilobytes:>8} kB", format!("{name}:"))
                .expect("strings take everything");
        }
        text.push_str("THPeligible:           0\n");
        text.push_str(&flags(area));
        out.extend(text.into_bytes());
    }
    Ok(out)
}

fn flags(area: &Vma) -> String {
    let has = |right, name| if area.prot.contains(right) { name } else { "" };
    format!(
        "VmFlags:{}{}{}{}{}\n",
        has(Prot::READ, " rd"),
        has(Prot::WRITE, " wr"),
        has(Prot::EXEC, " ex"),
        if area.shared { " sh mr mw me ms sd" } else { " mr mw me sd" },
        has(Prot::GUARDED, " bt"),
    )
}

/// A field's name and its kilobytes.
type Figure<'a> = (&'a str, u64);

/// Of each guest area the host's figures, in the host's order; the same fields for all.
fn figures_of<'a>(areas: &[Vma], host: &'a str) -> Vec<Vec<Figure<'a>>> {
    let mut at = None;
    let mut fields: Vec<Figure<'a>> = Vec::new();
    let mut found: Vec<(usize, Figure<'a>)> = Vec::new();
    for line in host.lines() {
        if let Some(range) = range(line) {
            at = most_of(areas, &range);
        } else if let Some((name, kilobytes)) = figure(line)
            && !OWN.contains(&name)
        {
            if !fields.iter().any(|f| f.0 == name) {
                fields.push((name, 0));
            }
            found.extend(at.map(|at| (at, (name, kilobytes))));
        }
    }
    let mut all = vec![fields; areas.len()];
    for (at, (name, kilobytes)) in found {
        let field = all[at].iter_mut().find(|f| f.0 == name).expect("every field is in the list");
        field.1 += kilobytes;
    }
    all
}

/// The addresses at the begin of an area's line.
fn range(line: &str) -> Option<Range<u64>> {
    let (start, end) = line.split(' ').next()?.split_once('-')?;
    let hex = |s| u64::from_str_radix(s, 16).ok();
    Some(hex(start)?..hex(end)?)
}

/// `Name:   N kB`.
fn figure(line: &str) -> Option<Figure<'_>> {
    let (name, value) = line.split_once(':')?;
    Some((name, value.trim().strip_suffix(" kB")?.parse().ok()?))
}

/// The guest's area that has most of these addresses.
fn most_of(areas: &[Vma], range: &Range<u64>) -> Option<usize> {
    let shared = |a: &Vma| a.end.min(range.end).saturating_sub(a.start.max(range.start));
    let from = areas.partition_point(|a| a.end <= range.start);
    let near = areas.iter().enumerate().skip(from).take_while(|(_, a)| a.start < range.end);
    near.max_by_key(|(_, a)| shared(a)).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vma::Backing;

    fn area(range: Range<u64>, prot: Prot) -> Vma {
        let backing = Backing::Anonymous("");
        Vma { start: range.start, end: range.end, prot, shared: false, backing }
    }

    #[test]
    fn figures_go_to_the_area_that_has_most() {
        let areas = [
            area(0x1000..0x2000, Prot::READ),
            area(0x2000..0x6000, Prot::RX.union(Prot::GUARDED)),
            area(0x8000..0x9000, Prot::RW),
        ];
        let host = "00001000-00006000 r--p 00000000 00:00 0\nSize: 20 kB\nRss: 12 kB\nSwap: 4 kB\n\
                    VmFlags: rd\n00007000-00008000 rw-p 0 00:00 0\nRss: 99 kB\n\
                    00008000-00009000 rw-p 0 00:00 0\nRss: 4 kB\nSwap: 0 kB\n";
        let figures = figures_of(&areas, host);
        assert_eq!(figures[0], [("Rss", 0), ("Swap", 0)]);
        assert_eq!(figures[1], [("Rss", 12), ("Swap", 4)]);
        assert_eq!(figures[2], [("Rss", 4), ("Swap", 0)]);
        assert_eq!(flags(&areas[1]), "VmFlags: rd ex mr mw me sd bt\n");
    }

    #[test]
    fn the_host_is_understood() {
        let text =
            String::from_utf8(smaps(&[area(0x1000..0x3000, Prot::RW)], &Sysroot::none()).unwrap());
        let text = text.unwrap();
        for line in [
            "Size:                  8 kB\n",
            "Rss:                   0 kB\n",
            "Shared_Dirty:          0 kB\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
