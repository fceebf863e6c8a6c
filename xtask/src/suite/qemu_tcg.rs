//! QEMU's user-mode tests, from Debian's source package `qemu`: `tests/tcg/multiarch` and `tests/tcg/aarch64`.
//!
//! Only the tests' own sources are unpacked. [`SPECIAL`] says what their make files say about single programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::case::{Case, Prints};
use super::folder;
use crate::guests::apt::{Apt, RELEASE};
use crate::process;
use crate::tally::Step;

const PACKAGE: &str = "qemu";
/// `fcvt.c` is shared with 32-bit Arm.
const PARTS: [&str; 3] = ["tests/tcg/multiarch", "tests/tcg/aarch64", "tests/tcg/arm/fcvt.c"];

const FLAGS: &[&str] = &["-O0", "-g", "-fno-strict-aliasing"];
const LIBS: &[&str] = &["-lm", "-lrt", "-pthread"];

/// A program that is built or run otherwise than all.
struct Special {
    /// The program; all whose name starts so if it ends in `*`.
    name: &'static str,
    flags: &'static [&'static str],
    run: Run,
}

/// What is special about a run.
enum Run {
    Plain,
    Env(&'static [(&'static str, &'static str)]),
    /// Prints what stands in `tests/tcg/aarch64/NAME.ref`.
    Reference,
}

const fn built(name: &'static str, flags: &'static [&'static str]) -> Special {
    Special { name, flags, run: Run::Plain }
}

const BTI: &[&str] = &["-fno-stack-protector", "-mbranch-protection=standard", "-nostdlib"];
const PAUTH: &[&str] = &["-march=armv8.3-a"];
const SME: &[&str] = &["-Wa,-march=armv9-a+sme"];

const SPECIAL: &[Special] = &[
    built("bti-1", BTI),
    built("bti-3", BTI),
    built("dcpodp", &["-march=armv8.5-a"]),
    built("dcpop", &["-march=armv8.2-a"]),
    Special { name: "fcvt", flags: &[], run: Run::Reference },
    Special { name: "float_*", flags: &[], run: Run::Reference },
    // The map is for an emulator that reserves signals: any value makes the test go on with those it has.
    Special {
        name: "linux-sigrtminmax",
        flags: &[],
        run: Run::Env(&[("QEMU", "/nonexistent"), ("QEMU_RTSIG_MAP", "none")]),
    },
    built("mte-*", &["-march=armv8.5-a+memtag"]),
    // The last two count on a wrong signature that yields an address: on a processor without FEAT_FPAC, as ours is.
    built("pauth-*", PAUTH),
    built("sme-*", SME),
    built("sve-ioctls", &["-march=armv8.1-a+sve"]),
    built("sve-str", &["-O1", "-march=armv8.1-a+sve"]),
    built("test-2375", PAUTH),
    built("test-826", &["-march=armv8.1-a+sve2"]),
    built("test-aes", &["-O", "-march=armv8-a+aes"]),
];

/// Programs built a second time otherwise: name, source, flags.
const VARIANTS: [(&str, &str, &[&str]); 3] = [
    ("sha1-vector", "sha1.c", &["-O3"]),
    ("sha512-vector", "sha512.c", &["-O3"]),
    ("sha512-sve", "sha512.c", &["-O3", "-march=armv8.1-a+sve"]),
];

/// SHA-1 of what `sha1.c` feeds it, the bytes 0 to 255 sixteen thousand times, as Python's hashlib has it.
const SHA1: Prints = Prints::Text("SHA1=15dd99a1991e0b3826fede3deffc1feba42278e6\n");

/// Every program.
pub fn select() -> Result<Vec<Case>> {
    let tcg = unpacked().join("tests/tcg");
    let mut sources = Vec::new();
    for part in ["multiarch", "multiarch/linux", "multiarch/arm-compat-semi", "aarch64", "arm"] {
        let dir = tcg.join(part);
        let listed = fs::read_dir(&dir).with_context(|| dir.display().to_string())?;
        sources.extend(
            listed
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.extension().is_some_and(|extension| extension == "c")),
        );
    }
    sources.sort();
    let mut cases: Vec<Case> = sources.iter().map(|source| case(&tcg, source)).collect();
    for (name, source, flags) in VARIANTS {
        let mut case = case(&tcg, &tcg.join("multiarch").join(source));
        case.name = name.into();
        case.flags.extend(flags.iter().map(|&flag| flag.to_owned()));
        cases.push(case);
    }
    Ok(cases)
}

fn case(tcg: &Path, source: &Path) -> Case {
    let name = source.file_stem().expect("a source has a name").to_string_lossy().into_owned();
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let mut case = Case {
        sources: vec![source.to_owned()],
        flags: owned(FLAGS),
        libs: owned(LIBS),
        ..Case::default()
    };
    if name.starts_with("float_") {
        case.sources.push(tcg.join("multiarch/libs/float_helpers.c"));
    }
    if name.starts_with("semi") {
        case.flags.push(format!("-I{}", tcg.join("aarch64").display()));
    }
    if name == "sha1" {
        case.prints = SHA1;
    }
    let special = SPECIAL.iter().find(|special| match special.name.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => special.name == name,
    });
    if let Some(special) = special {
        case.flags.extend(owned(special.flags));
        match special.run {
            Run::Plain => {}
            Run::Env(env) => case.env = env.to_vec(),
            Run::Reference => {
                case.prints = Prints::File(tcg.join("aarch64").join(format!("{name}.ref")));
            }
        }
    }
    Case { name, ..case }
}

fn unpacked() -> PathBuf {
    folder().join("qemu")
}

/// Unpacks the tests, if that was not done before.
pub fn fetch() -> Result<()> {
    if unpacked().is_dir() {
        return Ok(());
    }
    let _step = Step::begin(format!("fetching the tests of {PACKAGE}"));
    let apt = Apt::sources(&folder().join("apt-qemu"), &[&format!("{RELEASE}-backports")])?;
    apt.update()?;
    process::run_quiet(
        apt.get(&["source", "--download-only", "--tar-only", PACKAGE]).current_dir(folder()),
    )?;
    let archive = fs::read_dir(folder())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().ends_with(".orig.tar.xz"))
        .with_context(|| format!("apt-get source {PACKAGE} left no archive"))?;
    let unpacking = folder().join("qemu-unpacking");
    fs::create_dir_all(&unpacking)?;
    process::run(
        Command::new("tar")
            .args(["-xJ", "--strip-components=1", "--wildcards", "-f"])
            .arg(&archive)
            .args(PARTS.map(|part| format!("*/{part}")))
            .current_dir(&unpacking),
    )?;
    fs::rename(unpacking, unpacked())?;
    fs::remove_file(archive)?;
    Ok(())
}
