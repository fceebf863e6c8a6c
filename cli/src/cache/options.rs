//! Where compiled code is kept, and whether: options, environment, and what holds without either.

use clap::{Args, ValueEnum};
use isamorph_engine::StoreConfig;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What becomes of compiled code from run to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CacheMode {
    /// Begin with nothing, keep nothing
    Off,
    /// Begin with what is there, add nothing
    Ro,
    /// Begin with what is there, add what was compiled
    #[default]
    Rw,
}

/// Where the cache lies.
#[derive(Clone, Debug, Default, Args)]
pub struct PlaceArgs {
    /// The directory of the code cache [default: isamorph in XDG_CACHE_HOME or ~/.cache]
    #[arg(long, value_name = "DIR", env = "ISAMORPH_CACHE_DIR", hide_env_values = true)]
    cache_dir: Option<PathBuf>,
}

/// How the cache is used.
#[derive(Clone, Debug, Default, Args)]
pub struct StoreArgs {
    /// Keep compiled code for later runs
    #[arg(long, value_enum, default_value_t, env = "ISAMORPH_CACHE", hide_env_values = true)]
    pub cache: CacheMode,
    #[command(flatten)]
    place: PlaceArgs,
    /// Most MiB that the code cache may have; what was used least lately goes first
    #[arg(long, value_name = "MIB", env = "ISAMORPH_CACHE_SIZE", hide_env_values = true)]
    #[arg(default_value_t = StoreConfig::LIMIT >> 20)]
    cache_size: u64,
    /// Keep everything, worth it or not (`isamorph cache warm`)
    #[arg(long, hide = true, env = "ISAMORPH_CACHE_EAGER")]
    pub cache_eager: bool,
}

impl PlaceArgs {
    /// The directory; `None` if nothing says where.
    pub fn directory(&self) -> Option<PathBuf> {
        let var = |name| std::env::var_os(name);
        directory(self.cache_dir.as_deref(), var("XDG_CACHE_HOME"), var("HOME"))
    }
}

/// An empty path says nothing, and the XDG specification has relative ones ignored.
fn directory(
    named: Option<&Path>,
    xdg: Option<OsString>,
    home: Option<OsString>,
) -> Option<PathBuf> {
    if let Some(named) = named.filter(|n| !n.as_os_str().is_empty()) {
        return std::path::absolute(named).ok();
    }
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|p| p.is_absolute());
    let base = xdg.and_then(absolute).or_else(|| Some(home.and_then(absolute)?.join(".cache")))?;
    Some(base.join("isamorph"))
}

impl StoreArgs {
    /// The cache used in this way, in this directory if it is not the usual one, of at most so many MiB.
    pub fn of(cache: CacheMode, dir: Option<PathBuf>, most: Option<u64>) -> StoreArgs {
        let cache_size = most.unwrap_or(StoreConfig::LIMIT >> 20);
        StoreArgs { cache, place: PlaceArgs { cache_dir: dir }, cache_size, cache_eager: false }
    }

    /// For the engine; `None`: off.
    pub fn config(&self) -> Option<StoreConfig> {
        if self.cache == CacheMode::Off {
            return None;
        }
        let Some(dir) = self.place.directory() else {
            tracing::debug!("no code cache: neither HOME nor XDG_CACHE_HOME is set");
            return None;
        };
        Some(StoreConfig {
            dir,
            write: self.cache == CacheMode::Rw,
            limit: self.cache_size.saturating_mul(1 << 20),
            eager: self.cache_eager,
        })
    }

    /// The options for a program that the guest starts: it may have another environment and another directory.
    pub fn lasting(&self) -> Vec<OsString> {
        let dir = self.place.directory().filter(|_| self.cache != CacheMode::Off);
        let mode = if dir.is_some() { self.cache } else { CacheMode::Off };
        let mode = mode.to_possible_value().expect("every mode has a name");
        let mut words: Vec<OsString> = vec!["--cache".into(), mode.get_name().into()];
        if self.cache == CacheMode::Off {
            return words;
        }
        words.extend(dir.into_iter().flat_map(|dir| ["--cache-dir".into(), dir.into_os_string()]));
        words.extend(["--cache-size".into(), self.cache_size.to_string().into()]);
        if self.cache_eager {
            words.push("--cache-eager".into());
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_cache_lies() {
        let dir = |named: &str, xdg: &str, home: &str| {
            let some = |s: &str| Some(OsString::from(s)).filter(|s| !s.is_empty());
            let named = some(named).map(PathBuf::from);
            directory(named.as_deref(), some(xdg), some(home))
        };
        assert_eq!(dir("/named", "/xdg", "/home/me"), Some("/named".into()));
        assert_eq!(dir("", "/xdg", "/home/me"), Some("/xdg/isamorph".into()));
        assert_eq!(dir("", "relative", "/home/me"), Some("/home/me/.cache/isamorph".into()));
        assert_eq!(dir("", "", "/home/me"), Some("/home/me/.cache/isamorph".into()));
        assert_eq!(dir("", "", ""), None);
        assert_eq!(dir("", "", "relative"), None);
        assert!(dir("here", "", "").expect("named").is_absolute());
    }
}
