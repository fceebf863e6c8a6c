//! `isamorph diff --oracle qemu`: one engine of ours compared with qemu-aarch64.

use super::{DiffArgs, agreed, why_left};
use crate::failure::ExitCode;
use crate::inspect::program;
use crate::say::say;
use anyhow::{Context, anyhow};
use isamorph_a64::input::input;
use isamorph_a64::processor::{CpuModel, Feature};
use isamorph_engine::EngineConfig;
use isamorph_lockstep::machine::{Guest, Side};
use isamorph_lockstep::oracle::{Comparison, Verdict};
use isamorph_lockstep::report::{run_report, step_report};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// The oracle's program.
const QEMU: &str = "qemu-aarch64";

/// Between emulators what the processor tells of itself differs too.
fn is_input(bytes: &[u8]) -> bool {
    let word = bytes.try_into().map(u32::from_le_bytes);
    word.is_ok_and(|word| input(word).is_some())
}

/// The processor on both sides: the oracle's name for it, and ours. Keys of pointer authentication cannot be read
/// from it.
fn processors(cpu: CpuModel) -> anyhow::Result<(String, CpuModel)> {
    if cpu != CpuModel::MAX {
        if cpu.features.has(Feature::PAuth) {
            return Err(anyhow!(
                "--oracle qemu needs a processor without PAuth: its keys are not known"
            ));
        }
        let text = cpu.to_string();
        if text.contains(',') {
            return Err(anyhow!("--oracle qemu takes models as they are, without + and -"));
        }
        return Ok((text, cpu));
    }
    let ours = "max,+mops,+lse2,-pauth".parse().context("the processor without PAuth")?;
    Ok(("max,pauth=off,sve=off,sme=off".into(), ours))
}

/// Compares; exit status 0 or 1.
pub fn compare(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let [choice] = args.engines[..] else {
        return Err(anyhow!("--oracle qemu compares with one engine, such as --engines jit"));
    };
    let (theirs, ours) = processors(args.guest.cpu)?;
    let name = args.command.first().expect("the parser demands a program");
    let path = program::in_sysroot(Path::new(name), args.guest.sysroot.as_deref());
    let path = path.map_err(|failure| anyhow!("{failure}"))?;
    let command = || {
        let mut command = Command::new(QEMU);
        command.env("QEMU_CPU", &theirs).env("QEMU_RAND_SEED", "1");
        if let Some(sysroot) = &args.guest.sysroot {
            command.env("QEMU_LD_PREFIX", sysroot);
        }
        for pair in &args.guest.env {
            command.arg("-E").arg(pair);
        }
        for name in &args.guest.unset {
            command.arg("-U").arg(name);
        }
        command.arg("-0").arg(args.guest.argv0.as_ref().unwrap_or(name));
        command.arg(&path).args(&args.command[1..]);
        command
    };
    let guest = Guest { frontend: Arc::new(isamorph_a64::A64::new(ours)), is_input, from: None };
    let engine = EngineConfig { kind: choice.into(), ..EngineConfig::default() };
    let side = Side { engine, patch: args.patch_second };
    let extent = Default::default();
    let mut comparison = Comparison { guest: &guest, side: &side, command: &command, extent };
    let found = comparison.run().with_context(|| format!("cannot compare with {QEMU}"));
    let (verdict, mut symbols) = found?;
    let (extent, names) = (comparison.extent, [QEMU, choice.name()]);
    match verdict {
        Verdict::Equal => say!("isamorph: {}; the program ended", agreed(names, extent)),
        Verdict::Left(why) => {
            say!("isamorph: {}; {}", agreed(names, extent), why_left(why));
        }
        Verdict::Insn(step) => {
            eprint!("{}", step_report(&guest, names, extent, &step, &mut symbols));
            return Ok(ExitCode::FAILURE);
        }
        Verdict::Run(difference) => {
            eprint!("{}", run_report(&guest, names, extent, &difference, &mut symbols));
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
