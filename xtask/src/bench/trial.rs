//! One run of a kernel: how it is built and started, natively, under QEMU and under Isamorph, and what it cost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::inputs;
use super::kernels::{Kernel, PROGRAM, Program, Work};
use crate::guests;
use crate::guests::programs::{COMPILER, compile_if_stale};
use crate::guests::runs::Runner;
use crate::paths;
use crate::process::{capture, on_path};

const LIMIT: Duration = Duration::from_secs(300);

/// What a run cost, as a mean over the kernel's `times`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// User and system time of the process with all its threads, in seconds (of `openssl speed`: for a gigabyte).
    pub cpu: f64,
    /// Time on the clock, in seconds (of `openssl speed`: as `cpu`).
    pub wall: f64,
}

/// What Isamorph's persistent cache holds when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Nothing.
    Empty,
    /// What the run before left.
    Warm,
}

/// A kernel, ready to run.
pub struct Trial {
    kernel: &'static Kernel,
    /// `None`: the host does not have it.
    native: Option<Side>,
    guest: Side,
    /// The folder that it runs in.
    folder: PathBuf,
    /// Isamorph's persistent cache.
    cache: PathBuf,
    input: Vec<u8>,
}

/// The program of one side.
#[derive(Clone, Debug, Default)]
struct Side {
    program: PathBuf,
    sysroot: Option<PathBuf>,
}

impl Trial {
    /// Builds or fetches what the kernel needs.
    pub fn prepare(kernel: &'static Kernel) -> Result<Self> {
        let folder = inputs::folder()?;
        let (native, guest) = match &kernel.work {
            Work::C(source, flags, _) => {
                let native = build_c(source, flags, "gcc", "native", &[])?;
                let guest = build_c(source, flags, COMPILER, "arm64", &["-static"])?;
                (Some(Side::of(native)), Side::of(guest))
            }
            Work::Go(source, _) => {
                (Some(Side::of(build_go(source, "amd64")?)), Side::of(build_go(source, "arm64")?))
            }
            Work::Openssl(_) => sides(&Program { path: "/usr/bin/openssl", ..PROGRAM })?,
            Work::Debian(program) => sides(program)?,
        };
        let input = match &kernel.work {
            Work::Debian(Program { stdin: Some(file), .. }) => {
                fs::read(folder.join(file)).with_context(|| format!("cannot read {file}"))?
            }
            _ => vec![],
        };
        let cache = paths::guests().join("bench/cache");
        Ok(Self { kernel, native, guest, folder, cache, input })
    }

    /// Is there a native side?
    pub fn has_native(&self) -> bool {
        self.native.is_some()
    }

    /// Largest resident set of this runner's process, in MiB: the last high-water mark that was seen of it, looked
    /// for every half millisecond. (What `wait4` tells counts what the parent held when it forked.)
    pub fn rss(&self, runner: Runner) -> Result<f64> {
        let mut command = self.command(runner);
        match &self.kernel.work {
            Work::Debian(Program { stdin: Some(file), .. }) => {
                command.stdin(fs::File::open(self.folder.join(file))?)
            }
            _ => command.stdin(Stdio::null()),
        };
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let status = format!("/proc/{}/status", child.id());
        let mut highest = 0.0_f64;
        while child.try_wait()?.is_none() {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = mark.and_then(|mark| mark.trim().strip_suffix(" kB")?.parse::<f64>().ok());
            highest = highest.max(kib.unwrap_or(0.0));
            std::thread::sleep(Duration::from_micros(500));
        }
        Ok(highest / 1024.0)
    }

    /// Runs it `times` times: what that cost on average, and what it printed.
    pub fn run(&self, runner: Runner, cache: Cache) -> Result<(Cost, Vec<u8>)> {
        let mut sum = Cost::default();
        let mut output = vec![];
        for _ in 0..self.kernel.times {
            if cache == Cache::Empty {
                let _ = fs::remove_dir_all(&self.cache);
            }
            let (cost, printed) = self.once(runner)?;
            sum.cpu += cost.cpu;
            sum.wall += cost.wall;
            output = printed;
        }
        let times = self.kernel.times as f64;
        Ok((Cost { cpu: sum.cpu / times, wall: sum.wall / times }, output))
    }

    fn command(&self, runner: Runner) -> Command {
        let native = if runner == Runner::Native { self.native.as_ref() } else { None };
        let side = native.unwrap_or(&self.guest);
        let mut command = runner.usual().command(side.sysroot.as_deref(), &side.program);
        command.current_dir(&self.folder).env("ISAMORPH_CACHE_DIR", &self.cache);
        // Debian compiles Python's modules when it installs them, which the sysroot misses: the first run leaves them here.
        let modules = if native.is_some() { "inputs/modules-native" } else { "inputs/modules" };
        command
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .env("PYTHONPYCACHEPREFIX", self.folder.join(modules))
            .env("PYTHONHASHSEED", "0")
            .env("LC_ALL", "C");
        match &self.kernel.work {
            Work::C(_, _, args) | Work::Go(_, args) => command.args(*args),
            Work::Openssl(algorithm) => {
                command.args(["speed", "-seconds", "1", "-bytes", "16384", "-evp", algorithm])
            }
            Work::Debian(program) => command.args(program.args),
        };
        command
    }

    fn once(&self, runner: Runner) -> Result<(Cost, Vec<u8>)> {
        let mut command = self.command(runner);
        let outcome = capture(&mut command, &self.input, LIMIT)?;
        let (name, ending) = (self.kernel.name, outcome.ending());
        ensure!(outcome.success(), "{name}: {runner}: {ending}\n{}", outcome.tail(5));
        if let Work::Openssl(_) = self.kernel.work {
            let cpu = seconds_per_gigabyte(&outcome.stdout)?;
            return Ok((Cost { cpu, wall: cpu }, vec![]));
        }
        let (cpu, wall) = (outcome.cpu.as_secs_f64(), outcome.wall.as_secs_f64());
        Ok((Cost { cpu, wall }, outcome.stdout))
    }
}

impl Side {
    fn of(program: PathBuf) -> Self {
        Self { program, ..Self::default() }
    }
}

/// The host's program, if it has it, and that of the sysroot.
fn sides(program: &Program) -> Result<(Option<Side>, Side)> {
    let packages: Vec<String> = program.packages.iter().map(|&name| name.to_owned()).collect();
    let sysroot = guests::sysroot::make("arm64", &packages)?;
    let guest = sysroot.join(program.path.trim_start_matches('/'));
    let native = Path::new(program.native.unwrap_or(program.path));
    let there = native.exists() || native.components().count() == 1 && on_path(native);
    let native = there.then(|| Side::of(native.into()));
    Ok((native, Side { program: guest, sysroot: Some(sysroot) }))
}

fn build_c(
    source: &str,
    flags: &[&str],
    compiler: &str,
    arch: &str,
    more: &[&str],
) -> Result<PathBuf> {
    let path = paths::root().join("tests/bench").join(source).with_extension("c");
    let binary = paths::guests().join("bench").join(arch).join(source);
    let mut command = Command::new(compiler);
    // A fused multiply-add rounds once: without it both sides print the same.
    command.args(["-O2", "-Wall", "-ffp-contract=off", "-pthread"]).args(flags).args(more);
    command.arg("-o").arg(&binary).arg(&path).arg("-lm");
    compile_if_stale(&mut command, &path, &binary)?;
    Ok(binary)
}

/// Built by Debian's Go for the host, from a sysroot of its own: it compiles for both.
fn build_go(source: &str, arch: &str) -> Result<PathBuf> {
    let root = guests::sysroot::make("amd64", &["golang-go".to_owned()])?;
    let goroot = fs::read_dir(root.join("usr/lib"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.join("bin/go").exists())
        .context("golang-go brought no /usr/lib/go-VERSION/bin/go")?;
    let path = paths::root().join("tests/bench").join(source).with_extension("go");
    let side = if arch == "amd64" { "native" } else { arch };
    let binary = paths::guests().join("bench").join(side).join(format!("{source}-go"));
    let mut command = Command::new(goroot.join("bin/go"));
    // Debian links parts of it to /usr/share, which is the host's here.
    let whole = whole_goroot(&root, &goroot)?;
    command.env("GOROOT", whole).env("GOARCH", arch).env("GOOS", "linux").env("CGO_ENABLED", "0");
    command.env("GOCACHE", paths::guests().join("bench/go-cache")).env("GO111MODULE", "off");
    command.args(["build", "-o"]).arg(&binary).arg(&path);
    compile_if_stale(&mut command, &path, &binary)?;
    Ok(binary)
}

/// A GOROOT whose links stay within the sysroot.
fn whole_goroot(root: &Path, goroot: &Path) -> Result<PathBuf> {
    let whole = paths::guests().join("bench/goroot");
    if !whole.join("src/fmt").exists() {
        let _ = fs::remove_dir_all(&whole);
        fs::create_dir_all(&whole)?;
        let version = goroot.file_name().context("a GOROOT has a name")?;
        let shared = root.join("usr/share").join(version);
        for (from, name) in [
            (goroot, "bin"),
            (goroot, "pkg"),
            (&shared, "src"),
            (&shared, "api"),
            (&shared, "misc"),
        ] {
            std::os::unix::fs::symlink(from.join(name), whole.join(name))?;
        }
        fs::copy(goroot.join("VERSION"), whole.join("VERSION"))?;
    }
    Ok(whole)
}

/// What `openssl speed` ends with: kilobytes per second of CPU time, as in `AES-128-GCM     165776.29k`.
fn seconds_per_gigabyte(output: &[u8]) -> Result<f64> {
    let text = String::from_utf8_lossy(output);
    let last = text.split_whitespace().last().and_then(|word| word.strip_suffix('k'));
    let rate: f64 = last.context("openssl speed tells no rate")?.parse()?;
    Ok(1e6 / rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_openssl() {
        let output = b"type           16384 bytes\nAES-128-GCM     250000.00k\n";
        assert_eq!(seconds_per_gigabyte(output).unwrap(), 4.0);
        assert!(seconds_per_gigabyte(b"").is_err());
    }
}
