//! apt with a private state: packages of any architecture, without touching the host's own lists.
//!
//! The mirror is the one that the host's own apt sources name; this file names none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// The Debian release that guests are taken from.
pub const RELEASE: &str = "bookworm";

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Which package database an apt state looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// The host's own: packages are installed on the host.
    Host,
    /// An empty one: every dependency is fetched.
    Empty,
}

/// An apt configuration of our own below one folder.
#[derive(Debug)]
pub struct Apt {
    dir: PathBuf,
}

impl Apt {
    /// Lays a state for `arch` in `dir`, which offers the given suites of the Debian mirror.
    pub fn new(dir: &Path, arch: &str, suites: &[&str], database: Database) -> Result<Self> {
        Self::lay(dir, "deb", arch, suites, database)
    }

    /// Lays a state in `dir` that offers the source packages of the given suites.
    pub fn sources(dir: &Path, suites: &[&str]) -> Result<Self> {
        Self::lay(dir, "deb-src", "amd64", suites, Database::Empty)
    }

    fn lay(
        dir: &Path,
        kind: &str,
        arch: &str,
        suites: &[&str],
        database: Database,
    ) -> Result<Self> {
        for part in ["state/lists/partial", "cache/archives/partial", "etc/sources.list.d"] {
            fs::create_dir_all(dir.join(part))
                .with_context(|| format!("cannot make {}/{part}", dir.display()))?;
        }
        for part in ["etc/apt.conf.d", "etc/preferences.d", "etc/trusted.gpg.d"] {
            fs::create_dir_all(dir.join(part))?;
        }
        let mirror = mirror()?;
        let sources: String = suites
            .iter()
            .map(|suite| {
                format!("{kind} [signed-by={KEYRING} arch={arch}] {mirror} {suite} main\n")
            })
            .collect();
        fs::write(dir.join("etc/sources.list"), sources)?;
        let at = dir.display();
        let mut conf = format!(
            "Dir::State \"{at}/state\";\nDir::Cache \"{at}/cache\";\nDir::Etc \"{at}/etc\";\n\
             APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"root\";\n\
             Acquire::Languages \"none\";\nAcquire::Retries \"3\";\n"
        );
        let status = match database {
            Database::Host => PathBuf::from("/var/lib/dpkg/status"),
            Database::Empty => {
                let status = dir.join("status");
                fs::write(&status, "")?;
                conf += &format!(
                    "APT::Architecture \"{arch}\";\nAPT::Architectures {{ \"{arch}\"; }};\n"
                );
                status
            }
        };
        conf += &format!("Dir::State::status \"{}\";\n", status.display());
        fs::write(dir.join("apt.conf"), conf)?;
        Ok(Self { dir: dir.into() })
    }

    /// `apt-get` under this configuration, quiet and never asking.
    pub fn get(&self, args: &[&str]) -> Command {
        let mut command = Command::new("apt-get");
        command
            .args(["-q=2", "-y", "-o", "Dpkg::Use-Pty=0"])
            .args(args)
            .env("APT_CONFIG", self.dir.join("apt.conf"))
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Fetches the package lists.
    pub fn update(&self) -> Result<()> {
        process::run_quiet(&mut self.get(&["update"])).map(drop)
    }

    /// Fetches `packages` and all they depend on.
    pub fn fetch(&self, packages: &[String]) -> Result<Vec<PathBuf>> {
        let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
        // The names first: the cache may hold packages of an earlier, larger set.
        let plan =
            process::run_quiet(&mut self.get(&[&["-s", "install"], packages.as_slice()].concat()))?;
        process::run_quiet(
            &mut self.get(&[&["--download-only", "install"], packages.as_slice()].concat()),
        )?;
        let archives = self.dir.join("cache/archives");
        plan.lines()
            .filter_map(file_of_plan_line)
            .map(|name| {
                let file = archives.join(&name);
                file.is_file().then_some(file).with_context(|| format!("apt did not fetch {name}"))
            })
            .collect()
    }
}

/// `Inst gawk (1:5.2.1-2 Debian:12.0/oldstable [arm64])` -> `gawk_1%3a5.2.1-2_arm64.deb`, the name in apt's cache.
fn file_of_plan_line(line: &str) -> Option<String> {
    let (name, rest) = line.strip_prefix("Inst ")?.split_once(" (")?;
    let (version, rest) = rest.split_once(' ')?;
    let arch = rest.split_once('[')?.1.split_once(']')?.0;
    Some(format!("{name}_{}_{arch}.deb", version.replace(':', "%3a")))
}

/// The Debian mirror of this host: `ISAMORPH_DEBIAN_MIRROR`, or what its apt sources name.
fn mirror() -> Result<String> {
    if let Ok(mirror) = std::env::var("ISAMORPH_DEBIAN_MIRROR") {
        return Ok(mirror);
    }
    if !Path::new(KEYRING).exists() {
        bail!(
            "{KEYRING} is missing: on Debian install debian-archive-keyring; \
             on another system this command cannot check what it fetches"
        );
    }
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(parts) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(parts.filter_map(|entry| Some(entry.ok()?.path())));
    }
    files.sort();
    files
        .iter()
        .filter_map(|file| Some((file, fs::read_to_string(file).ok()?)))
        .find_map(|(file, text)| {
            if file.extension().is_some_and(|extension| extension == "sources") {
                mirror_of_stanzas(&text)
            } else {
                mirror_of_lines(&text)
            }
        })
        .with_context(|| {
            format!(
                "no apt source under /etc/apt offers Debian's {RELEASE}: \
                 set ISAMORPH_DEBIAN_MIRROR to the address of a Debian mirror"
            )
        })
}

/// The mirror in a deb822 `.sources` file.
fn mirror_of_stanzas(text: &str) -> Option<String> {
    text.split("\n\n").find_map(|stanza| {
        let field = |name: &str| {
            stanza.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        let offers = |name, word| field(name)?.split_whitespace().any(|w| w == word).then_some(());
        offers("Types", "deb")?;
        offers("Suites", RELEASE)?;
        offers("Components", "main")?;
        field("URIs")?.split_whitespace().next().map(str::to_owned)
    })
}

/// The mirror in a one-line-per-source `.list` file.
fn mirror_of_lines(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("deb ")?.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => rest,
        };
        let words: Vec<&str> = rest.split_whitespace().collect();
        let [uri, suite, components @ ..] = words.as_slice() else { return None };
        (*suite == RELEASE && components.contains(&"main")).then(|| (*uri).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_read_from_both_kinds_of_sources() {
        let stanzas = "Types: deb\nURIs: http://other/x\nSuites: bookworm-backports\nComponents: \
                       main\n\nTypes: deb\n# a comment\nURIs: http://mirror/debian\nSuites: bookworm \
                       bookworm-updates\nComponents: main\n";
        assert_eq!(mirror_of_stanzas(stanzas).as_deref(), Some("http://mirror/debian"));
        let lines = "# deb http://no bookworm main\ndeb http://third stable main\n\
                     deb [arch=amd64 signed-by=/k] http://mirror/debian bookworm main contrib\n";
        assert_eq!(mirror_of_lines(lines).as_deref(), Some("http://mirror/debian"));
        assert_eq!(mirror_of_lines("deb http://x bookworm-updates main"), None);
    }

    #[test]
    fn archive_names_come_from_the_plan() {
        let line = "Inst gawk (1:5.2.1-2 Debian:12.0/oldstable [arm64])";
        assert_eq!(file_of_plan_line(line).as_deref(), Some("gawk_1%3a5.2.1-2_arm64.deb"));
        assert_eq!(file_of_plan_line("Conf gawk (1:5.2.1-2 Debian [arm64])"), None);
    }
}
