//! What `run`, `diff` and `profile` are told of a guest alike: its processor, file system, environment and name.

use crate::cpu::CpuParser;
use anyhow::anyhow;
use clap::Args;
use isamorph_a64::processor::CpuModel;
use isamorph_linux_user::inherited_environment;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The guest's options.
#[derive(Clone, Debug, Args)]
pub struct GuestArgs {
    /// Look absolute guest paths up in this directory first (dynamic linker, libraries)
    #[arg(short = 'L', long = "sysroot", value_name = "SYSROOT", env = "ISAMORPH_SYSROOT")]
    pub sysroot: Option<PathBuf>,
    /// Set an environment variable of the guest; may be repeated
    #[arg(short = 'E', long = "env", value_name = "K=V")]
    pub env: Vec<OsString>,
    /// Remove an environment variable of the guest; may be repeated
    #[arg(short = 'U', long = "unset", value_name = "K")]
    pub unset: Vec<OsString>,
    /// The program's argv[0], if not its name
    #[arg(long, value_name = "NAME")]
    pub argv0: Option<OsString>,
    /// The processor that the program sees: a model, then features to add and to take away; `help` lists them
    #[arg(long, value_name = "MODEL[,+FEATURE,-FEATURE…]", env = "ISAMORPH_CPU", value_parser = CpuParser)]
    #[arg(default_value_t, hide_env_values = true)]
    pub cpu: CpuModel,
    /// Keep all registers exact at every fault, and FPSR, from the beginning
    #[arg(long)]
    pub precise: bool,
}

impl GuestArgs {
    /// The program's environment: the caller's, changed as the options say.
    pub fn environment(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut env = inherited_environment();
        let name_of = |pair: &[u8]| pair.split(|&b| b == b'=').next().map(<[u8]>::to_vec);
        let drop = |env: &mut Vec<Vec<u8>>, name: &[u8]| {
            env.retain(|pair| name_of(pair).as_deref() != Some(name));
        };
        for name in &self.unset {
            drop(&mut env, name.as_bytes());
        }
        for pair in &self.env {
            let bytes = pair.as_bytes();
            if !bytes.contains(&b'=') {
                return Err(anyhow!("--env {}: write NAME=VALUE", pair.display()));
            }
            drop(&mut env, &name_of(bytes).unwrap_or_default());
            env.push(bytes.to_vec());
        }
        Ok(env)
    }

    /// The options that hold for every program that the guest starts, as words of a command line that may be used
    /// from another directory.
    pub fn lasting(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![];
        if let Some(sysroot) = &self.sysroot {
            let absolute = std::path::absolute(sysroot).unwrap_or_else(|_| sysroot.clone());
            words.extend(["-L".into(), absolute.into_os_string()]);
        }
        words.extend(["--cpu".into(), self.cpu.to_string().into()]);
        if self.precise {
            words.push("--precise".into());
        }
        words
    }

    /// All of the options, as words of a command line.
    pub fn words(&self) -> Vec<OsString> {
        let mut words = self.lasting();
        let mut add = |option: &str, value: &OsString| {
            let mut word = OsString::from(option);
            word.push(value);
            words.push(word);
        };
        self.env.iter().for_each(|pair| add("--env=", pair));
        self.unset.iter().for_each(|name| add("--unset=", name));
        self.argv0.iter().for_each(|name| add("--argv0=", name));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        guest: GuestArgs,
    }

    fn parse<W: Into<OsString> + Clone>(words: impl IntoIterator<Item = W>) -> GuestArgs {
        let line = std::iter::once(OsString::new()).chain(words.into_iter().map(Into::into));
        Line::try_parse_from(line).expect("a good line").guest
    }

    #[test]
    fn the_options_survive_being_passed_on() {
        let line =
            "-L /root --cpu cortex-a53,+lse --precise --env A=1 --env=B=--x --unset C --argv0=-sh";
        let first = parse(line.split(' '));
        let again = parse(first.words());
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
        let lasting = parse(first.lasting());
        assert!(lasting.precise && lasting.env.is_empty() && lasting.argv0.is_none());
        assert_eq!(lasting.cpu, first.cpu);
    }

    #[test]
    fn variables_are_replaced_and_removed() {
        let env = parse(["--env", "PATH=/x", "--env", "ISAMORPH_TEST=a=b", "--unset", "HOME"]);
        let env = env.environment().expect("a good line");
        let named = |name: &[u8]| env.iter().filter(|pair| pair.starts_with(name)).count();
        assert_eq!((named(b"PATH="), named(b"HOME=")), (1, 0));
        assert!(env.contains(&b"PATH=/x".to_vec()) && env.contains(&b"ISAMORPH_TEST=a=b".to_vec()));
        assert!(parse(["--env", "NOVALUE"]).environment().is_err());
    }
}
