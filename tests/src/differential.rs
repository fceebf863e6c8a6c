//! The random differential test: the same blocks on our engines and on the oracle, all registers and memory compared.
//!
//! A block is determined by its seed alone, so a failure is reproduced by that number. Before it is reported it is shrunk:
//! instructions are replaced by NOP as long as the disagreement stays.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::mpsc;
use std::time::Instant;

use anyhow::{Context, Result};
use isamorph_a64::isa;

use crate::case::{CODE, Case, End, FIRST_BLOCK, Outcome};
use crate::engines::{Engines, Kind};
use crate::generate::Generator;
use crate::listing;
use crate::oracle::{self, Oracle};
use crate::random::Random;

const NOP: u32 = 0xd503_201f;
/// Blocks in one question to the oracle.
const BATCH: usize = 1000;

/// What to compare.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of the run; every block's seed derives from it.
    pub seed: u64,
    /// Blocks of that seed to leave out at first: those of an earlier run.
    pub skip: u64,
    /// Instructions in all.
    pub instructions: u64,
    /// Instructions in a block.
    pub length: usize,
    /// Only patterns or tables that these name; all if empty.
    pub filters: Vec<String>,
    /// Our engines.
    pub engines: Vec<Kind>,
    /// Only the block of this seed.
    pub block: Option<u64>,
    /// Stop after this many disagreements.
    pub max_failures: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Summary {
    /// Blocks compared.
    pub blocks: u64,
    /// Instructions in them.
    pub instructions: u64,
    /// Blocks that ended by a signal on both sides.
    pub faults: u64,
    /// Patterns that were drawn, and how many there are to draw.
    pub patterns: (usize, usize),
    /// The reports of disagreements.
    pub failures: Vec<String>,
}

/// Compares; `progress` is told now and then.
pub fn run(options: &Options, mut progress: impl FnMut(&Summary)) -> Result<Summary> {
    let generator = Generator::new(&options.filters);
    anyhow::ensure!(!generator.patterns().is_empty(), "no pattern matches {:?}", options.filters);
    let mut engines = Engines::with_model(&options.engines, oracle::model())?;
    let mut summary = Summary::default();
    summary.patterns.1 = generator.patterns().len();
    let mut seen = BTreeSet::new();
    let mut told = Instant::now();

    // The oracle works on the next batch while our engines run this one.
    let (send, receive) = mpsc::sync_channel::<Result<Vec<Asked>>>(2);
    std::thread::scope(|scope| {
        let generator = &generator;
        scope.spawn(move || {
            let ended = ask_all(options, generator, &send);
            if let Err(error) = ended {
                // Nobody listening means that the test is over.
                let _ = send.send(Err(error));
            }
        });
        for batch in receive {
            let batch = batch?;
            // A block that loops, by a register that happened to point back, tells nothing.
            let batch: Vec<Asked> =
                batch.into_iter().filter(|asked| asked.truth.end != End::Endless).collect();
            let cases: Vec<Case> = batch.iter().map(|asked| asked.case.clone()).collect();
            let outcomes = engines.run(&cases);
            for (asked, ours) in batch.iter().zip(&outcomes) {
                summary.blocks += 1;
                summary.instructions += asked.case.code.len() as u64;
                summary.faults += u64::from(asked.truth.end != End::Left);
                for &word in &asked.case.code {
                    seen.extend(isa::pattern_of(word).map(|pattern| (pattern.file, pattern.line)));
                }
                // The oracle does not look at SP's alignment: there our engines are compared with one of them.
                let strict = ours.iter().find(|outcome| is_refused_sp(&asked.case, outcome));
                let truth = strict.unwrap_or(&asked.truth);
                for (kind, outcome) in engines.kinds().into_iter().zip(ours) {
                    if !agree(kind, truth, outcome) {
                        summary.failures.push(report(&mut engines, asked, kind, outcome)?);
                        break;
                    }
                }
                if summary.failures.len() >= options.max_failures {
                    return Ok(());
                }
            }
            summary.patterns.0 = seen.len();
            if told.elapsed().as_secs() >= 5 {
                told = Instant::now();
                progress(&summary);
            }
        }
        Ok::<(), anyhow::Error>(())
    })?;
    Ok(summary)
}

/// A case with the oracle's answer.
struct Asked {
    seed: u64,
    case: Case,
    truth: Outcome,
}

fn ask_all(
    options: &Options,
    generator: &Generator,
    to: &mpsc::SyncSender<Result<Vec<Asked>>>,
) -> Result<()> {
    let mut oracle = Oracle::start()?;
    let mut seeds = Random::new(options.seed);
    for _ in 0..options.skip {
        seeds.next_u64();
    }
    let blocks = match options.block {
        Some(_) => 1,
        None => options.instructions.div_ceil(options.length as u64),
    };
    let mut done = 0;
    while done < blocks {
        let count = (blocks - done).min(BATCH as u64);
        done += count;
        let seeds: Vec<u64> =
            (0..count).map(|_| options.block.unwrap_or_else(|| seeds.next_u64())).collect();
        let cases: Vec<Case> = seeds.iter().map(|&s| generator.case(s, options.length)).collect();
        let truths = oracle
            .ask(&cases, false)
            .with_context(|| format!("in the batch that begins with block {:#x}", seeds[0]))?;
        let batch = seeds
            .into_iter()
            .zip(cases)
            .zip(truths)
            .map(|((seed, case), truth)| Asked { seed, case, truth })
            .collect();
        if to.send(Ok(batch)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Is `ours` what the oracle says, as far as this kind of engine promises?
pub fn agree(kind: Kind, truth: &Outcome, ours: &Outcome) -> bool {
    if !same_end(truth.end, ours.end) || truth.hash != ours.hash {
        return false;
    }
    if truth.end != End::Left && !kind.is_exact() {
        // Relaxed regions promise memory and the PC at a fault.
        return truth.state.pc == ours.state.pc;
    }
    let mut state = ours.state.clone();
    if kind == Kind::Flagless {
        state.fpsr = truth.state.fpsr;
    }
    truth.state == state
}

/// Did it end by SIGBUS with a misaligned SP, in code that accesses memory by SP (manual, SP alignment checking)?
fn is_refused_sp(case: &Case, outcome: &Outcome) -> bool {
    const SIGBUS: i32 = 7;
    // Loads and stores have bits 27 and 25 as 1 and 0, and their base register in bits 5 to 9.
    let by_sp = |word: &u32| word >> 25 & 0b101 == 0b100 && word >> 5 & 31 == 31;
    matches!(outcome.end, End::Signal { number: SIGBUS, .. })
        && !outcome.state.sp.is_multiple_of(16)
        && case.code.iter().any(by_sp)
}

/// The same way to end, and the same fault address as far as the oracle knows it: it tells none (zero) for addresses that
/// its x86 host finds not canonical, and leaves out the tag byte.
fn same_end(truth: End, ours: End) -> bool {
    const TAG: u64 = 0xff << 56;
    match (truth, ours) {
        (End::Signal { number: a, address: x }, End::Signal { number: b, address: y }) => {
            a == b && (x == 0 || x & !TAG == y & !TAG)
        }
        _ => truth == ours,
    }
}

/// Shrinks a disagreement and describes it.
fn report(engines: &mut Engines, asked: &Asked, kind: Kind, outcome: &Outcome) -> Result<String> {
    let mut oracle = Oracle::start()?;
    let index = engines.kinds().iter().position(|&k| k == kind).expect("a kind that ran");
    // Every trial is a question to both, alone: a case that only fails among others stays as it is.
    let mut try_case = |case: &Case| -> Result<Option<(Outcome, Outcome)>> {
        let batch = std::slice::from_ref(case);
        let truth = oracle.ask(batch, true)?.remove(0);
        let ours = engines.run(batch).remove(0).remove(index);
        let agrees = is_refused_sp(case, &ours) || agree(kind, &truth, &ours);
        Ok((!agrees).then_some((truth, ours)))
    };
    let mut case = asked.case.clone();
    let mut text = format!("block {:#018x} on {kind}\n", asked.seed);
    let Some(mut found) = try_case(&case)? else {
        text += "  disagrees only behind what ran before it (not shrunk)\n";
        describe(&mut text, &case, &asked.truth, outcome)?;
        return Ok(text);
    };
    for at in (0..case.code.len()).rev() {
        let mut smaller = case.clone();
        smaller.code[at] = NOP;
        if case.code[at] != NOP
            && let Some(result) = try_case(&smaller)?
        {
            (case, found) = (smaller, result);
        }
    }
    describe(&mut text, &case, &found.0, &found.1)?;
    Ok(text)
}

fn describe(text: &mut String, case: &Case, truth: &Outcome, ours: &Outcome) -> Result<()> {
    let first = CODE + FIRST_BLOCK as u64 + 4;
    let mut used = String::new();
    for (at, &word) in case.code.iter().enumerate().filter(|&(_, &word)| word != NOP) {
        let pc = first + 4 * at as u64;
        let name = isa::pattern_of(word).map_or("?", |pattern| pattern.name);
        let assembly = listing::disassemble(word, pc);
        writeln!(text, "  {pc:#x}: {word:08x}  {assembly:40} {name}")?;
        used += &assembly;
        used += " ";
    }
    writeln!(text, "  before:  {}", listing::registers_named_in(&case.state, &used))?;
    if truth.end != ours.end {
        writeln!(text, "  ends:    oracle {:?}\n           ours   {:?}", truth.end, ours.end)?;
    }
    for difference in truth.state.differences(&ours.state) {
        let before = listing::register(&case.state, &difference.name);
        writeln!(
            text,
            "  {:6}   oracle {}\n           ours   {}  (before {before})",
            difference.name,
            listing::value(&difference.name, difference.left),
            listing::value(&difference.name, difference.right),
        )?;
    }
    if let (Some(left), Some(right)) = (&truth.data, &ours.data)
        && let Some(at) = left.iter().zip(right).position(|(a, b)| a != b)
    {
        let at = at & !15;
        let hex = |bytes: &[u8]| {
            bytes[at..at + 16].iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        writeln!(text, "  mem+{at:#x} oracle {}\n           ours   {}", hex(left), hex(right))?;
    }
    Ok(())
}
