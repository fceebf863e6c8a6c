//! docs/isa-a64.md: what of A64 is implemented, made from the tables and the list of features.

use crate::A64;
use crate::helper::HELPERS;
use crate::isa::{self, Kind, PATTERNS, Pattern};
use crate::processor::{CpuModel, Feature, Features, MODELS};
use isamorph_ir::{CodeSource, Frontend, Mode, Op};
use std::fmt::Write;

const HEAD: &str = "\
# A64: what is implemented

Generated from `frontends/a64/isa/*.isa` and `frontends/a64/src/processor/` by
`cargo xtask bless`; a test holds it to them.

Instructions become ops of the IR, whose lowering `docs/lowering.md` tells, and calls of the helpers named here (functions of the
run-time, by the host's own instructions where it has them).

An encoding that is listed under *Missing* ends a program with its name. One that is listed nowhere, or that needs a feature
which the processor (`--cpu`) has not, is UNDEFINED.
";

const CHOICES: &str = "
## Choices

- **Half precision, BFloat16**: FPCR.{AH,FIZ,NEP} (FEAT_AFP) and FPCR.EBF (FEAT_EBF16) are absent: those bits stay zero.
- **PAuth**: an implementation-defined algorithm (`API`), not QARMA; 7 bits at 54..48 of addresses of 48 bits. FPAC is absent:
  what does not authenticate becomes an address that faults. The keys are zero until the run-time draws them.
- **BTI**: PSTATE.BTYPE is kept from a process's first guarded page (`PROT_BTI`) on. Exceptions of a branch's first instruction
  show it as zero where the architecture leaves that open; before the first guarded page it shows as zero always.
- **SP alignment**: checked (SCTLR_EL1.SA0), as Linux has it.
- **DIT, SSBS**: the bits are kept and shown; timing and speculation are the host's.
- **RNG**: from the host's kernel; if it gives none, zero and Z.
- **WFE, WFI, WFET, WFIT**: may return at once, as the architecture allows.
- **MOPS**: option A. Not in `max` (take `max,+mops`): the C library would use it for copies of every size, which ordinary
  loads and stores do faster here.
- **LSE2**: not in `max`: without it atomics and ordered accesses demand natural alignment, and a pair of X registers is two
  accesses, which is faster here than the one of 16 bytes that LSE2 makes of it.
- **SVE, SME, MTE** are missing and not announced.
";

/// The whole page, Markdown.
pub fn page() -> String {
    let mut out = String::from(HEAD);
    features(&mut out);
    models(&mut out);
    out.push_str(CHOICES);
    missing(&mut out);
    chapters(&mut out);
    out
}

macro_rules! line {
    ($out:expr, $($arg:tt)*) => {
        writeln!($out, $($arg)*).expect("a String takes any text")
    };
}

fn features(out: &mut String) {
    line!(
        out,
        "\n## Features\n\n| feature | what | needs | HWCAP | identification |\n|---|---|---|---|---|"
    );
    for feature in Feature::all() {
        let info = feature.info();
        let hwcaps = info.hwcaps.iter().map(|&bit| match bit {
            0..64 => format!("{bit}"),
            _ => format!("2: {}", bit - 64),
        });
        let fields = info
            .fields
            .iter()
            .map(|f| format!("{}[{}:{}] = {}", f.register.name(), f.lo + 3, f.lo, f.value));
        line!(
            out,
            "| {} | {} | {} | {} | {} |",
            info.name,
            info.doc.trim().trim_end_matches('.'),
            join(info.after.iter().map(|f| f.name().to_owned())),
            join(hwcaps),
            join(fields),
        );
    }
}

fn join(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}

fn models(out: &mut String) {
    line!(out, "\n## Processors\n\n| `--cpu` | MIDR_EL1 | features |\n|---|---|---|");
    for model in MODELS {
        let features = if model.features == CpuModel::MAX.features {
            let without = Feature::all().filter(|&f| !model.features.has(f));
            format!("all but {}", join(without.map(|f| f.name().to_owned())))
        } else {
            join(model.features.iter().map(|f| f.name().to_owned()))
        };
        line!(out, "| {} | {:#010x} | {features} |", model.name, model.midr);
    }
    line!(out, "\nSwitches follow, separated by commas: `--cpu cortex-a53,+lse,-crc32`.");
}

/// The table's file without folder and extension.
fn chapter(p: &Pattern) -> &'static str {
    let file = p.file.rsplit('/').next().unwrap_or(p.file);
    file.strip_suffix(".isa").unwrap_or(file)
}

/// The bits from the top: fixed ones, `-` for any.
fn picture(p: &Pattern) -> String {
    let bit = |n: u32| match (p.mask >> n & 1, p.value >> n & 1) {
        (0, _) => '-',
        (_, 0) => '0',
        _ => '1',
    };
    (0..32).rev().map(bit).collect()
}

fn missing(out: &mut String) {
    let mut classes: Vec<&Pattern> = PATTERNS.iter().filter(|p| p.kind == Kind::Todo).collect();
    classes.sort_by_key(|p| (p.file, p.line));
    line!(
        out,
        "\n## Missing\n\nA class is what no implemented encoding takes of its words.\n\n| bits | class |\n|---|---|"
    );
    for p in classes {
        line!(out, "| `{}` | {} |", picture(p), p.title.replace('<', "\\<"));
    }
}

fn chapters(out: &mut String) {
    let mut insns: Vec<&Pattern> = PATTERNS.iter().filter(|p| p.kind == Kind::Insn).collect();
    insns.sort_by_key(|p| (p.file, p.line));
    line!(out, "\n## Implemented\n\n{} encodings.", insns.len());
    for of_file in insns.chunk_by(|a, b| a.file == b.file) {
        line!(
            out,
            "\n### {}\n\n| bits | instruction | needs | helper |\n|---|---|---|---|",
            chapter(of_file[0])
        );
        for p in of_file {
            let needs = p.needs.iter().map(|n| {
                let some = if n.when.is_some() { " (some)" } else { "" };
                format!("{}{some}", n.feature.name())
            });
            let title = p.title.replace('<', "\\<");
            line!(out, "| `{}` | {title} | {} | {} |", picture(p), join(needs), helpers(p));
        }
    }
}

/// The run-time functions that an instruction of this pattern calls.
fn helpers(p: &Pattern) -> String {
    let model = CpuModel { features: Features::ALL, ..CpuModel::MAX };
    let block = A64::new(model).lift(&Word(a_word(p)), 0x1000, Mode::default(), 1);
    let calls = block.insts.iter().filter(|i| matches!(i.op, Op::Call | Op::CallNil));
    let mut names: Vec<String> =
        calls.map(|i| format!("`{}`", HELPERS[i.imm as usize].name)).collect();
    names.sort();
    names.dedup();
    names.join(", ")
}

/// A word of this pattern that no other takes.
fn a_word(p: &Pattern) -> u32 {
    let fields = p.fields.iter().fold(0, |all, f| all | u32::MAX >> (32 - f.2) << f.1);
    // Multiples of an odd number: fields of all kinds.
    let words = (0..10_000_u32).map(|n| p.value | p.should | n.wrapping_mul(0x9e37_79b1) & fields);
    let mut own = words.filter(|&w| isa::pattern_of(w).is_some_and(|by| std::ptr::eq(by, p)));
    own.next().unwrap_or(p.value)
}

/// One instruction.
struct Word(u32);

impl CodeSource for Word {
    fn fetch(&self, _: u64, buf: &mut [u8]) -> usize {
        let bytes = self.0.to_le_bytes();
        let n = buf.len().min(4);
        buf[..n].copy_from_slice(&bytes[..n]);
        n
    }
}
