//! Path redirection into a guest file tree, as qemu-user's `-L` has it.
//!
//! Every absolute path of the guest passes here on its way to the host kernel. What exists under
//! the sysroot is taken from there, everything else from the host. Relative paths are the
//! kernel's business.
//!
//! The rules, in the order in which they decide:
//! 1. `/proc`, `/dev` and `/sys` are the host's, also when a symlink of the sysroot leads there;
//! 2. a path is looked up component by component under the sysroot; absolute symlinks found
//!    there are resolved there, and `..` does not leave it;
//! 3. an empty directory of the sysroot (`/tmp`, `/home`, `/run`…) is a mount point: where the
//!    host has a directory of that name, that one is meant;
//! 4. what does not exist in the sysroot is the host's: new files are made there.
//!
//! Invariants: the sysroot is named by its path only (an open directory would appear in the
//! guest's descriptor table); `resolve(strip(p)) == p` where `strip` says anything; no lock is waited
//! for (a child of `fork` could inherit it locked).
//!
//! Where a directory lies is remembered, so that most look-ups cost one `lstat`. A directory of the
//! sysroot that is replaced by an absolute symlink while a guest runs is the one thing this misses.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::RwLock;

/// Symlinks followed in one path before it is given to the host as it is (the kernel's limit).
const MAX_LINKS: u32 = 40;

/// Whether a symlink as the last component is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// The file behind the link is meant (open, stat…).
    Follow,
    /// The link itself is meant (lstat, unlink, readlink, rename…).
    Keep,
}

impl Last {
    /// From the presence of an `AT_SYMLINK_NOFOLLOW`-like flag.
    pub fn nofollow(flag: bool) -> Last {
        if flag { Last::Keep } else { Last::Follow }
    }
}

/// Longest path that goes by memory, which is looked up recursively.
const MAX_REMEMBERED: usize = 512;
/// Directories remembered before all are forgotten.
const MAX_KNOWN: usize = 4096;

/// A guest file tree laid over the host's, or none.
#[derive(Debug, Default)]
pub struct Sysroot {
    /// Canonical host path without a final slash; empty when there is no sysroot.
    root: Vec<u8>,
    /// Where directories of the sysroot lie, by the guest's name.
    known: RwLock<HashMap<Vec<u8>, Directory>>,
}

/// A directory of the sysroot.
#[derive(Clone, Debug)]
struct Directory {
    host: Vec<u8>,
    /// Known not to be empty, so not to be a mount point.
    filled: bool,
}

impl Sysroot {
    /// No redirection: guest paths are host paths.
    pub fn none() -> Sysroot {
        Sysroot::default()
    }

    /// The tree at `path`, which must be a directory. The host's own root means no redirection.
    pub fn new(path: &Path) -> io::Result<Sysroot> {
        let canonical = path.canonicalize()?;
        if !canonical.is_dir() {
            return Err(io::Error::from_raw_os_error(libc::ENOTDIR));
        }
        let mut root = canonical.as_os_str().as_bytes().to_vec();
        while root.last() == Some(&b'/') {
            root.pop();
        }
        Ok(Sysroot { root, ..Sysroot::default() })
    }

    /// The lock on what is remembered; `fork` holds it so that the child finds it free.
    pub(crate) fn hold(&self) -> impl Drop + '_ {
        self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The host path of the tree; `None` without redirection.
    pub fn root(&self) -> Option<&[u8]> {
        (!self.root.is_empty()).then_some(&self.root)
    }

    /// The host path that the guest means by `path`.
    pub fn resolve<'p>(&self, path: &'p CStr, last: Last) -> Cow<'p, CStr> {
        if self.root.is_empty() || !path.to_bytes().starts_with(b"/") {
            return Cow::Borrowed(path);
        }
        match self.find(path.to_bytes(), last).and_then(|host| CString::new(host).ok()) {
            Some(host) => Cow::Owned(host),
            None => Cow::Borrowed(path),
        }
    }

    /// Like [`Sysroot::resolve`] for directories that become the working directory, the root or a
    /// mount point: here the host's directory comes first, for from a
    /// working directory inside the sysroot the host's files beside it could not be seen.
    pub fn resolve_cwd<'p>(&self, path: &'p CStr) -> Cow<'p, CStr> {
        if is_directory(path.to_bytes()) {
            return Cow::Borrowed(path);
        }
        self.resolve(path, Last::Follow)
    }

    /// The guest's name of the host file `host`, if it lies inside the sysroot and the guest
    /// would reach it by that name.
    pub fn strip(&self, host: &[u8]) -> Option<Vec<u8>> {
        let guest = self.inside(host)?;
        let found = self.find(guest, Last::Keep)?;
        (found == host).then(|| guest.to_vec())
    }

    /// Like [`Sysroot::strip`] for a working directory: `resolve_cwd` leads back.
    pub fn strip_cwd(&self, host: &[u8]) -> Option<Vec<u8>> {
        let guest = self.inside(host)?;
        (!is_directory(guest)).then(|| guest.to_vec())
    }

    fn inside<'h>(&self, host: &'h [u8]) -> Option<&'h [u8]> {
        let rest = host.strip_prefix(self.root()?)?;
        match rest {
            b"" => Some(b"/"),
            _ if rest[0] == b'/' => Some(rest),
            _ => None,
        }
    }

    /// All rules; `None` is the fourth. Equal to [`Sysroot::walk`], but remembers directories.
    fn find(&self, path: &[u8], last: Last) -> Option<Vec<u8>> {
        let cut = path.iter().rposition(|&b| b == b'/')?;
        let (parent, name) = (&path[..cut], &path[cut + 1..]);
        let plain = !matches!(name, b"" | b"." | b"..");
        if parent.is_empty() || !plain || path.len() > MAX_REMEMBERED {
            return self.walk(path, last);
        }
        let Some(mut here) = self.directory(parent)? else { return self.walk(path, last) };
        here.push(b'/');
        here.extend_from_slice(name);
        match lstat(&here)? {
            Kind::Link if last == Last::Follow => self.walk(path, last),
            Kind::Directory if !self.known(path).is_some_and(|directory| directory.filled) => {
                if is_empty(&here) {
                    return self.walk(path, last);
                }
                self.remember(path, &here, true);
                Some(here)
            }
            _ => Some(here),
        }
    }

    /// Where the directory of this name lies in the sysroot; `None`: not there; `Some(None)`: behind
    /// a symlink that leads out of it.
    fn directory(&self, path: &[u8]) -> Option<Option<Vec<u8>>> {
        if let Some(directory) = self.known(path) {
            return Some(Some(directory.host));
        }
        // What is not there should cost one look, not one for each of its names.
        let cut = path.iter().rposition(|&b| b == b'/')?;
        if cut > 0
            && let Some(mut parent) = self.directory(&path[..cut])?
        {
            parent.extend_from_slice(&path[cut..]);
            lstat(&parent)?;
        }
        let host = self.descend(path, Last::Follow)?;
        if self.inside(&host).is_none() {
            return Some(None);
        }
        self.remember(path, &host, false);
        Some(Some(host))
    }

    fn known(&self, directory: &[u8]) -> Option<Directory> {
        self.known.try_read().ok()?.get(directory).cloned()
    }

    fn remember(&self, directory: &[u8], host: &[u8], filled: bool) {
        if let Ok(mut known) = self.known.try_write() {
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            known.insert(directory.to_vec(), Directory { host: host.to_vec(), filled });
        }
    }

    /// All rules.
    fn walk(&self, path: &[u8], last: Last) -> Option<Vec<u8>> {
        let mut here = self.descend(path, last)?;
        let Some(guest) = self.inside(&here) else { return Some(here) };
        if lstat(&here)? == Kind::Directory && is_empty(&here) && is_directory(guest) {
            return Some(guest.to_vec());
        }
        if path.ends_with(b"/") {
            here.push(b'/');
        }
        Some(here)
    }

    /// Rules 1 and 2.
    fn descend(&self, path: &[u8], last: Last) -> Option<Vec<u8>> {
        let mut pending: Vec<Vec<u8>> = Vec::new();
        push_reversed(&mut pending, path);
        let wants_directory = path.ends_with(b"/");
        let mut here = self.root.clone();
        let mut links = 0;
        while let Some(name) = pending.pop() {
            match name.as_slice() {
                b"." => continue,
                b".." => {
                    if here.len() > self.root.len() {
                        let cut = here.iter().rposition(|&b| b == b'/')?;
                        here.truncate(cut);
                    }
                    continue;
                }
                _ => {}
            }
            if here.len() == self.root.len() && matches!(name.as_slice(), b"proc" | b"dev" | b"sys")
            {
                return Some(host_path(&name, &pending, wants_directory));
            }
            let keep = here.len();
            here.push(b'/');
            here.extend_from_slice(&name);
            let is_last = pending.is_empty();
            if is_last && last == Last::Keep && !wants_directory {
                break;
            }
            let Some(target) = read_link(&here)? else { continue };
            links += 1;
            if links > MAX_LINKS {
                return None;
            }
            here.truncate(if target.starts_with(b"/") { self.root.len() } else { keep });
            push_reversed(&mut pending, &target);
        }
        Some(here)
    }
}

/// Pushes the components of `path` so that they pop in order.
fn push_reversed(pending: &mut Vec<Vec<u8>>, path: &[u8]) {
    let names = path.split(|&b| b == b'/').filter(|name| !name.is_empty());
    pending.extend(names.rev().map(<[u8]>::to_vec));
}

/// `/name/…pending`: the rest of a path that has left the sysroot by rule 1.
fn host_path(name: &[u8], pending: &[Vec<u8>], wants_directory: bool) -> Vec<u8> {
    let mut out = vec![b'/'];
    out.extend_from_slice(name);
    for next in pending.iter().rev() {
        out.push(b'/');
        out.extend_from_slice(next);
    }
    if wants_directory {
        out.push(b'/');
    }
    out
}

#[derive(PartialEq, Eq)]
enum Kind {
    Directory,
    Link,
    Other,
}

fn lstat(path: &[u8]) -> Option<Kind> {
    let kind = std::fs::symlink_metadata(as_path(path)).ok()?.file_type();
    Some(match () {
        () if kind.is_dir() => Kind::Directory,
        () if kind.is_symlink() => Kind::Link,
        () => Kind::Other,
    })
}

fn is_directory(path: &[u8]) -> bool {
    std::fs::metadata(as_path(path)).is_ok_and(|meta| meta.is_dir())
}

fn is_empty(path: &[u8]) -> bool {
    std::fs::read_dir(as_path(path)).is_ok_and(|mut entries| entries.next().is_none())
}

/// The target of a symlink; `Some(None)`: exists and is none; `None`: cannot be reached.
fn read_link(path: &[u8]) -> Option<Option<Vec<u8>>> {
    match std::fs::read_link(as_path(path)) {
        Ok(target) => Some(Some(target.into_os_string().into_encoded_bytes())),
        Err(e) if e.raw_os_error() == Some(libc::EINVAL) => Some(None),
        Err(_) => None,
    }
}

fn as_path(path: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    /// A sysroot in the target's temporary directory, removed at the end.
    struct Tree(PathBuf, Sysroot);

    impl Tree {
        fn new(name: &str) -> Tree {
            let path = std::env::temp_dir().join(format!("isamorph-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            for dir in ["usr/bin", "etc/alternatives", "tmp", "proc/self", "only/here"] {
                fs::create_dir_all(path.join(dir)).unwrap();
            }
            fs::write(path.join("usr/bin/mawk"), "").unwrap();
            symlink("/etc/alternatives/awk", path.join("usr/bin/awk")).unwrap();
            symlink("/usr/bin/mawk", path.join("etc/alternatives/awk")).unwrap();
            symlink("../proc/self/mounts", path.join("etc/mtab")).unwrap();
            symlink("usr/bin", path.join("bin")).unwrap();
            symlink("loop", path.join("loop")).unwrap();
            let sysroot = Sysroot::new(&path).unwrap();
            Tree(path.canonicalize().unwrap(), sysroot)
        }

        fn resolve(&self, path: &str, last: Last) -> String {
            let c = CString::new(path).unwrap();
            let out = self.1.resolve(&c, last).to_str().unwrap().to_owned();
            assert_eq!(self.1.resolve(&c, last).to_str().unwrap(), out, "when remembered");
            out.replace(self.0.to_str().unwrap(), "ROOT")
        }

        fn follow(&self, path: &str) -> String {
            self.resolve(path, Last::Follow)
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_exists_in_the_sysroot_is_taken_from_there() {
        let t = Tree::new("exists");
        assert_eq!(t.follow("/usr/bin/mawk"), "ROOT/usr/bin/mawk");
        assert_eq!(t.follow("//usr/./bin//mawk"), "ROOT/usr/bin/mawk");
        assert_eq!(t.follow("/bin/mawk"), "ROOT/usr/bin/mawk");
        assert_eq!(t.follow("/../../usr/bin/../bin/mawk"), "ROOT/usr/bin/mawk");
        assert_eq!(t.follow("/usr/bin/"), "ROOT/usr/bin/");
    }

    #[test]
    fn absolute_links_stay_inside() {
        let t = Tree::new("links");
        assert_eq!(t.follow("/usr/bin/awk"), "ROOT/usr/bin/mawk");
        assert_eq!(t.resolve("/bin/awk", Last::Keep), "ROOT/usr/bin/awk");
    }

    #[test]
    fn what_does_not_exist_is_the_hosts() {
        let t = Tree::new("missing");
        assert_eq!(t.follow("/usr/bin/none"), "/usr/bin/none");
        assert_eq!(t.follow("/usr/bin/mawk/x"), "/usr/bin/mawk/x");
        assert_eq!(t.follow("/loop"), "/loop");
        assert_eq!(t.follow("relative"), "relative");
        assert_eq!(t.follow(""), "");
    }

    #[test]
    fn proc_dev_and_sys_are_the_hosts_through_links_too() {
        let t = Tree::new("proc");
        assert_eq!(t.follow("/proc/self"), "/proc/self");
        assert_eq!(t.follow("/dev/null"), "/dev/null");
        assert_eq!(t.follow("/etc/mtab"), "/proc/self/mounts");
        assert_eq!(t.resolve("/etc/mtab", Last::Keep), "ROOT/etc/mtab");
    }

    #[test]
    fn an_empty_directory_is_a_mount_point_of_the_host() {
        let t = Tree::new("empty");
        assert_eq!(t.follow("/tmp"), "/tmp");
        assert_eq!(t.follow("/only/here"), "ROOT/only/here");
    }

    #[test]
    fn the_working_directory_is_the_hosts_where_both_have_it() {
        let t = Tree::new("cwd");
        let cwd = |p: &str| {
            let c = CString::new(p).unwrap();
            t.1.resolve_cwd(&c).to_str().unwrap().replace(t.0.to_str().unwrap(), "ROOT")
        };
        assert_eq!(cwd("/usr/bin"), "/usr/bin");
        assert_eq!(cwd("/only/here"), "ROOT/only/here");
        let host = t.0.join("only/here");
        assert_eq!(t.1.strip_cwd(host.as_os_str().as_bytes()).unwrap(), b"/only/here");
        assert_eq!(t.1.strip_cwd(t.0.join("usr").as_os_str().as_bytes()), None);
        assert_eq!(t.1.strip_cwd(b"/usr"), None);
    }

    #[test]
    fn strip_is_the_inverse_of_resolve() {
        let t = Tree::new("strip");
        let mawk = t.0.join("usr/bin/mawk");
        assert_eq!(t.1.strip(mawk.as_os_str().as_bytes()).unwrap(), b"/usr/bin/mawk");
        assert_eq!(t.1.strip(b"/usr/bin/env"), None);
    }

    #[test]
    fn what_is_remembered_follows_changes_of_the_tree() {
        let t = Tree::new("changes");
        assert_eq!(t.follow("/usr/bin/new"), "/usr/bin/new");
        fs::write(t.0.join("usr/bin/new"), "").unwrap();
        assert_eq!(t.follow("/usr/bin/new"), "ROOT/usr/bin/new");
        fs::remove_file(t.0.join("usr/bin/new")).unwrap();
        symlink("/usr/bin/mawk", t.0.join("usr/bin/new")).unwrap();
        assert_eq!(t.follow("/usr/bin/new"), "ROOT/usr/bin/mawk");
        assert_eq!(t.follow("/only/here"), "ROOT/only/here");
        fs::remove_dir(t.0.join("only/here")).unwrap();
        assert_eq!(t.follow("/only/here"), "/only/here");
    }

    #[test]
    fn no_sysroot_changes_nothing() {
        let none = Sysroot::none();
        let c = CString::new("/usr").unwrap();
        assert_eq!(none.resolve(&c, Last::Follow).to_bytes(), b"/usr");
        assert_eq!(Sysroot::new(Path::new("/")).unwrap().root(), None);
        assert!(Sysroot::new(Path::new("/nonexistent")).is_err());
    }
}
