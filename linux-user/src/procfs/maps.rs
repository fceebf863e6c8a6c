//! `/proc/self/maps` of the guest: its areas, with the rights that it asked for.
//!
//! The format is the kernel's (`fs/proc/task_mmu.c`), which programs parse: names from column 73 on,
//! paths as the guest knows them.

use std::os::unix::ffi::OsStrExt;

use crate::sysroot::Sysroot;
use crate::vma::{Backing, Prot, Vma};

/// Where names begin.
const NAME_COLUMN: usize = 73;

/// The text of `maps`.
pub fn maps(areas: &[Vma], sysroot: &Sysroot) -> Vec<u8> {
    let mut out = Vec::new();
    for area in areas {
        out.extend(line(area, sysroot));
    }
    out
}

pub(super) fn line(area: &Vma, sysroot: &Sysroot) -> Vec<u8> {
    let right = |right, letter| if area.prot.contains(right) { letter } else { '-' };
    let rights: String = [right(Prot::READ, 'r'), right(Prot::WRITE, 'w'), right(Prot::EXEC, 'x')]
        .into_iter()
        .collect();
    let sharing = if area.shared { 's' } else { 'p' };
    let (offset, dev, inode, name) = match &area.backing {
        Backing::Anonymous(label) => (0, 0, 0, label.as_bytes().to_vec()),
        Backing::File { path, offset, dev, inode } => {
            let host = path.as_os_str().as_bytes();
            (*offset, *dev, *inode, sysroot.strip(host).unwrap_or_else(|| host.to_vec()))
        }
        Backing::SysV(id) => (0, 0, *id as u64, b"/SYSV00000000 (deleted)".to_vec()),
    };
    let (major, minor) = (libc::major(dev), libc::minor(dev));
    let mut text = format!(
        "{:08x}-{:08x} {rights}{sharing} {offset:08x} {major:02x}:{minor:02x} {inode} ",
        area.start, area.end
    )
    .into_bytes();
    if !name.is_empty() {
        while text.len() < NAME_COLUMN {
            text.push(b' ');
        }
        // The kernel escapes what would break the line.
        for byte in name {
            match byte {
                b'\n' => text.extend_from_slice(b"\\012"),
                other => text.push(other),
            }
        }
    }
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::Arc;

    /// The line that the host kernel writes for a mapping of this test program, rebuilt from its parts.
    #[test]
    fn a_line_is_formatted_as_the_kernel_does() {
        let host = std::fs::read_to_string("/proc/self/maps").expect("procfs is mounted");
        let mut seen = 0;
        for expected in host.lines().filter(|l| l.contains('/') || l.ends_with("[stack]")) {
            let words: Vec<&str> = expected.split_whitespace().collect();
            let hex = |s: &str| u64::from_str_radix(s, 16).expect("hexadecimal");
            let (start, end) = words[0].split_once('-').expect("a range");
            let (major, minor) = words[3].split_once(':').expect("a device");
            let mut prot = Prot::NONE;
            for (letter, right) in [('r', Prot::READ), ('w', Prot::WRITE), ('x', Prot::EXEC)] {
                if words[1].contains(letter) {
                    prot = prot.union(right);
                }
            }
            let backing = match words[5] {
                "[stack]" => Backing::Anonymous("[stack]"),
                path => Backing::File {
                    path: Arc::from(Path::new(path)),
                    offset: hex(words[2]),
                    dev: libc::makedev(hex(major) as u32, hex(minor) as u32),
                    inode: words[4].parse().expect("decimal"),
                },
            };
            let shared = words[1].ends_with('s');
            let area = Vma { start: hex(start), end: hex(end), prot, shared, backing };
            let text = String::from_utf8(line(&area, &Sysroot::none())).expect("text");
            assert_eq!(text.trim_end_matches('\n'), expected);
            seen += 1;
        }
        assert!(seen > 3);
    }
}
