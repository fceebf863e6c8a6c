//! The independent oracle: `tests/oracle/executor.c` under Debian's qemu-aarch64, fed through pipes.
//!
//! Answers some hundred thousand instructions a second, so that comparing with it costs no more than our own engines.
//! Set `ISAMORPH_ORACLE` to another command that runs A64 programs (on Arm hardware: `env`) to ask that.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use isamorph_a64::isa;
use isamorph_a64::processor::{CpuModel, Feature};
use xtask::guests::programs;

use crate::case::{ANSWER_BYTES, Case, DATA_BYTES, End, Layout, Memory, Outcome};
use crate::state::State;

/// A processor model that demands natural alignment of atomics (no LSE2) and has the same DC ZVA block as ours.
const DEFAULT: &str = "qemu-aarch64 -cpu neoverse-n1";

fn command() -> String {
    std::env::var("ISAMORPH_ORACLE").unwrap_or_else(|_| DEFAULT.into())
}

/// The oracle's processor, as its command says (`-cpu`); everything if it does not.
pub fn model() -> CpuModel {
    let command = command();
    let mut words = command.split_whitespace().skip_while(|w| *w != "-cpu").skip(1);
    let model: CpuModel = words.next().and_then(|name| name.parse().ok()).unwrap_or_default();
    match model.name {
        // Ours leaves it out of `max`, for it is slow.
        "max" => CpuModel { features: model.features.with(Feature::LSE2), ..model },
        _ => model,
    }
}

/// Has the oracle's processor what these instructions need?
pub fn knows(words: &[u32]) -> bool {
    let model = model();
    let patterns = words.iter().filter_map(|&w| isa::pattern_of(w).map(|p| (p, w)));
    let mut needs = patterns.flat_map(|(p, w)| p.needs.iter().filter(move |n| n.concerns(w)));
    // qemu-aarch64 10 has no CSSC.
    needs.all(|n| model.features.has(n.feature) && n.feature != Feature::CSSC)
}

/// A running oracle.
#[derive(Debug)]
pub struct Oracle {
    child: Child,
    to: Option<ChildStdin>,
    from: ChildStdout,
}

impl Oracle {
    /// Starts it, building the executor if that is needed.
    pub fn start() -> Result<Self> {
        let executor = programs::build_executor()?;
        let command = command();
        let mut words = command.split_whitespace();
        let program = words.next().context("ISAMORPH_ORACLE is empty")?;
        let mut child = Command::new(program)
            .args(words)
            .arg(&executor)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!("cannot start the oracle `{command}`: run `cargo xtask guests host`")
            })?;
        let to = child.stdin.take();
        let from = child.stdout.take().expect("stdout was piped");
        Ok(Self { child, to, from })
    }

    /// What becomes of each case; with the data if `with_data`.
    pub fn ask(&mut self, cases: &[Case], with_data: bool) -> Result<Vec<Outcome>> {
        let request = request(cases, with_data);
        let to = self.to.as_mut().expect("open until the oracle is dropped");
        let from = &mut self.from;
        // Both streams at once: neither side may wait for the other with its pipe full.
        let answers = std::thread::scope(|scope| {
            let writer = scope.spawn(move || to.write_all(&request).and_then(|()| to.flush()));
            let answers: Result<Vec<Outcome>> =
                cases.iter().map(|_| read_answer(from, with_data)).collect();
            let written = writer.join().expect("the writer does not panic");
            answers.and_then(|answers| written.map(|()| answers).map_err(Into::into))
        });
        answers.or_else(|error| {
            let status = self.child.try_wait().ok().flatten();
            bail!("the oracle broke off ({status:?}): {error:#}")
        })
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // At the end of its input it exits by itself; a hanging block must be ended.
        self.to = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(cases: &[Case], with_data: bool) -> Vec<u8> {
    let layout = Layout::of(cases);
    let mut bytes = Vec::new();
    bytes.extend((layout.bytes.len() as u64).to_le_bytes());
    bytes.extend((cases.len() as u64).to_le_bytes());
    bytes.extend(&layout.bytes);
    for (case, place) in cases.iter().zip(&layout.places) {
        let (image, seed) = match &case.memory {
            Memory::Counting => (None, 0),
            Memory::Seeded(seed) => (None, *seed),
            Memory::Image(image) => (Some(image), 0),
        };
        // The executor enters CODE plus this.
        let entry = place.entry as u64;
        let flags = u64::from(image.is_some()) | u64::from(with_data) << 1;
        for word in [entry, flags, seed, 0] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(case.state.to_wire());
        if let Some(image) = image {
            bytes.extend(&image[..]);
        }
    }
    bytes
}

fn read_answer(from: &mut impl Read, with_data: bool) -> Result<Outcome> {
    let mut bytes = [0; ANSWER_BYTES];
    from.read_exact(&mut bytes)?;
    let word =
        |at: usize| u64::from_le_bytes(bytes[at * 8..at * 8 + 8].try_into().expect("eight bytes"));
    let end = match word(0) as i32 {
        0 => End::Left,
        libc::SIGALRM => End::Endless,
        number @ (libc::SIGSEGV | libc::SIGBUS) => End::Signal { number, address: word(1) },
        number => End::Signal { number, address: 0 },
    };
    let data = if with_data {
        let mut data = vec![0; DATA_BYTES];
        from.read_exact(&mut data)?;
        Some(data)
    } else {
        None
    };
    Ok(Outcome { end, state: State::from_wire(&bytes[32..]), hash: word(2), data })
}
