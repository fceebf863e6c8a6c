//! Random straight-line blocks of A64 code, drawn from the decode table.
//!
//! Every pattern that is implemented is drawn equally often. What keeps a block meaningful: some registers stay pointers
//! into the data, indices stay small, branches go forward within the block. What keeps it comparable: encodings whose
//! behaviour the manual leaves open (CONSTRAINED UNPREDICTABLE) or that show the machine (identification registers,
//! counters) are not drawn.

use isamorph_a64::isa::{self, Kind, Pattern};
use isamorph_a64::processor::{CpuModel, Feature};

use crate::case::{Case, DATA, DATA_BYTES, Leave, Memory};
use crate::oracle;
use crate::random::Random;
use crate::state::State;

/// A small index; offsets of register-offset forms.
const INDEX: u32 = 26;
/// Pointers into the middle of the data; the last is SP as a base.
const POINTERS: [u32; 3] = [27, 28, 31];
/// Words after a block for literal loads.
const LITERALS: usize = 8;

/// Registers that an instruction writes are drawn from here mostly, so that pointers last.
fn destination(random: &mut Random) -> u32 {
    match random.below(64) {
        0 => random.below(32) as u32,
        1..=3 => 31,
        n @ 4..=5 => 25 + n as u32,
        _ => random.below(26) as u32,
    }
}

/// Draws cases from a set of patterns.
#[derive(Debug)]
pub struct Generator {
    patterns: Vec<&'static Pattern>,
}

impl Generator {
    /// Draws from the implemented patterns that one of `filters` names: a pattern, its table (`dp_reg`), or several tables
    /// (`simd*`); from all if there are no filters.
    pub fn new(filters: &[String]) -> Self {
        let model = oracle::model();
        let wanted = |pattern: &&Pattern| {
            let matches = |filter: &String| match filter.strip_suffix('*') {
                Some(prefix) => table(pattern).starts_with(prefix),
                None => pattern.name == *filter || table(pattern) == filter,
            };
            pattern.kind == Kind::Insn
                && !is_left_out(pattern)
                && !differs_by_model(pattern, &model)
                && pattern.needs.iter().all(|n| n.when.is_some() || model.features.has(n.feature))
                && (filters.is_empty() || filters.iter().any(matches))
        };
        Self { patterns: isa::PATTERNS.iter().filter(wanted).collect() }
    }

    /// The patterns that are drawn from.
    pub fn patterns(&self) -> &[&'static Pattern] {
        &self.patterns
    }

    /// The case of this seed: a block of `length` instructions.
    pub fn case(&self, seed: u64, length: usize) -> Case {
        let mut random = Random::new(seed);
        let mut code = Vec::with_capacity(length);
        while code.len() < length {
            let pattern = *random.pick(&self.patterns);
            self.draw(&mut random, pattern, length, &mut code);
        }
        Case {
            code,
            literals: (0..LITERALS).map(|_| random.next_u64() as u32).collect(),
            leave: Leave::Branch,
            state: state(&mut random),
            memory: Memory::Seeded(random.next_u64() | 1),
        }
    }

    /// One instruction of `pattern`, as a block ends after it; `None` if its constraints are never met.
    pub fn single(&self, random: &mut Random, pattern: &'static Pattern) -> Option<Vec<u32>> {
        let mut code = Vec::new();
        for _ in 0..20 {
            self.draw(random, pattern, 1, &mut code);
            if !code.is_empty() {
                return Some(code);
            }
        }
        None
    }

    /// Appends an instruction of `pattern`, if one is found that can stand here.
    fn draw(
        &self,
        random: &mut Random,
        pattern: &'static Pattern,
        length: usize,
        code: &mut Vec<u32>,
    ) {
        let left = length - code.len();
        for _ in 0..40 {
            let mut word = pattern.value | pattern.should;
            let mut through = None;
            for &(name, lo, width) in pattern.fields {
                let value = self.field(random, pattern, name, width, left, &mut through);
                word |= (value & ones(width)) << lo;
            }
            // An earlier pattern of its group may take the word.
            let taken = !pattern.matches(word)
                || isa::pattern_of(word).is_none_or(|by| !std::ptr::eq(by, pattern));
            if taken
                || !oracle::knows(&[word])
                || is_open(pattern, word)
                || mixes_exclusives(code, pattern, word)
            {
                continue;
            }
            if let Some(register) = through {
                // An indirect branch: its target first, `ADR register, <forward>`. No branch may come between.
                if left < 2 || is_target(code, code.len() + 1) {
                    return;
                }
                let skip = 2 + random.below(left as u64 - 1) as u32;
                code.push(0x1000_0000 | skip << 5 | register);
            }
            code.push(word);
            return;
        }
    }

    fn field(
        &self,
        random: &mut Random,
        pattern: &Pattern,
        name: &str,
        width: u32,
        left: usize,
        through: &mut Option<u32>,
    ) -> u32 {
        let table = table(pattern);
        let memory = table.contains("ldst") || pattern.name.starts_with("dc_");
        let literal = pattern.name.ends_with("_lit");
        let rare = random.one_in(200);
        match name {
            "rn" if memory && !rare => *random.pick(&POINTERS),
            // DC ZVA, DC CVAC and the like name their address Rt.
            "rt" if pattern.name.starts_with("dc_") && !rare => *random.pick(&POINTERS[..2]),
            "rm" if memory => {
                if table == "simd_ldst" && random.one_in(2) {
                    31
                } else {
                    INDEX
                }
            }
            "rn" if table == "branch" => {
                let register = random.below(26) as u32;
                *through = Some(register);
                register
            }
            "rd" | "rt" | "rt2" | "rs" => destination(random),
            "imm12" if memory && !rare => random.below(16) as u32,
            // The literals stand behind the branch that ends the block.
            "imm19" if literal => left as u32 + 1 + random.below(LITERALS as u64 - 3) as u32,
            "imm19" | "imm26" | "imm14" if table == "branch" => {
                1 + random.below(left as u64) as u32
            }
            _ if width == 1 || random.one_in(2) => random.next_u64() as u32,
            _ => match random.below(4) {
                0 => 0,
                1 => ones(width),
                2 => 1 << random.below(width.into()),
                _ => random.below(8) as u32,
            },
        }
    }
}

/// Does an instruction of `code` branch to the word at this index?
fn is_target(code: &[u32], index: usize) -> bool {
    code.iter().enumerate().any(|(at, &word)| {
        let Some(pattern) = isa::pattern_of(word) else { return false };
        let offset = |&(name, lo, width): &(&str, u32, u32)| {
            let branches = table(pattern) == "branch" && name.starts_with("imm");
            branches.then(|| word >> lo & ones(width))
        };
        // ADR is how the targets of indirect branches are made.
        let adr = (word & 0x9f00_0000 == 0x1000_0000).then_some(word >> 5 & 0x7_ffff);
        pattern
            .fields
            .iter()
            .filter_map(offset)
            .chain(adr)
            .any(|offset| at + offset as usize == index)
    })
}

/// Would `word` end an exclusive access of another size than `code` has begun? The manual leaves open what comes of it.
fn mixes_exclusives(code: &[u32], pattern: &Pattern, word: u32) -> bool {
    // The size, and whether it is a pair.
    const KIND: u32 = 3 << 30 | 1 << 21;
    let is_exclusive = |p: &Pattern| {
        table(p) == "ldst_exclusive" && p.fields.iter().any(|(name, ..)| *name == "rs")
            || p.name.contains("xr")
            || p.name.contains("xp")
    };
    is_exclusive(pattern)
        && code.iter().any(|&other| {
            isa::pattern_of(other).is_some_and(is_exclusive) && (other ^ word) & KIND != 0
        })
}

fn ones(width: u32) -> u32 {
    u32::MAX >> (32 - width)
}

/// The table a pattern stands in, without folder and extension.
pub fn table(pattern: &Pattern) -> &'static str {
    let file = pattern.file.rsplit('/').next().unwrap_or(pattern.file);
    file.strip_suffix(".isa").unwrap_or(file)
}

/// Patterns that no block can compare.
fn is_left_out(pattern: &Pattern) -> bool {
    // DC CVAC and the like: the oracle does not let them fault. MSR FPSR: it
    // keeps bits that are reserved.
    const NAMES: [&str; 13] = [
        "svc",
        "hvc",
        "smc",
        "brk",
        "hlt",
        "wfe",
        "wfi",
        "wfet",
        "wfit",
        "yield_hint",
        "msr_fpcr",
        "msr_fpsr",
        "dc_clean",
    ];
    let name = pattern.name;
    let shows_the_machine =
        name.starts_with("mrs_") && !["mrs_nzcv", "mrs_fpcr", "mrs_fpsr"].contains(&name);
    NAMES.contains(&name)
        || name.starts_with("dcps")
        || shows_the_machine
        || name == "msr_tpidr_el0"
        || name == "ic_ivau"
        // The oracle does not know it.
        || table(pattern) == "cssc"
}

/// Has the oracle other rules of alignment (LSE2), of the size of a block (`max`), or other signatures of pointers, which
/// depend on keys, than ours?
fn differs_by_model(pattern: &Pattern, model: &CpuModel) -> bool {
    let relaxed = ["max", "neoverse-v1"].contains(&model.name);
    relaxed && ["ldst_atomic", "ldst_exclusive"].contains(&table(pattern))
        || model.name == "max" && pattern.name == "dc_zva"
        || model.features.has(Feature::PAuth)
            && (table(pattern) == "pauth" || pattern.name.starts_with("pac_"))
}

/// Does the manual leave open what `word` does, or would it make SP an address that real systems refuse?
fn is_open(pattern: &Pattern, word: u32) -> bool {
    let get = |name: &str| {
        pattern
            .fields
            .iter()
            .find(|(field, ..)| *field == name)
            .map(|&(_, lo, width)| word >> lo & ones(width))
    };
    let table = table(pattern);
    let (rd, rn, rm) = (get("rd"), get("rn"), get("rm"));
    let (rt, rt2, rs) = (get("rt"), get("rt2"), get("rs"));
    let name = pattern.name;
    if table == "dp_imm" || name.contains("ext") {
        // SP as the destination of arithmetic: it would lose its alignment.
        return rd == Some(31) && rn != Some(31);
    }
    if !table.contains("ldst") {
        return false;
    }
    let writes_back = name.contains("_wb") || name.contains("post") || name.contains("pre");
    let general = table != "ldst_fp" && table != "simd_ldst";
    let load_pair = rt2.is_some() && rt == rt2 && name.starts_with("ld");
    let base_overlaps =
        writes_back && general && rn != Some(31) && (rt == rn || rt2 == rn && rt2.is_some());
    // Store-exclusives and LD1-4 with a register offset.
    let status_overlaps = rs.is_some()
        && table == "ldst_exclusive"
        && (rs == rt || rs == rt2 || rs == rn && rn != Some(31));
    let misaligns_sp = rn == Some(31) && (writes_back || table == "simd_ldst" && rm.is_some());
    load_pair || base_overlaps || status_overlaps || misaligns_sp
}

/// Registers to begin with.
pub fn state(random: &mut Random) -> State {
    let middle = DATA + DATA_BYTES as u64 / 2;
    let mut state = State {
        x: std::array::from_fn(|_| random.integer()),
        sp: middle,
        pc: 0,
        nzcv: random.below(16) as u8,
        fpcr: 0,
        fpsr: 0,
        v: std::array::from_fn(|_| random.vector()),
    };
    state.x[INDEX as usize] = random.below(32);
    state.x[27] = middle + 16 * random.below(16);
    state.x[28] = if random.one_in(4) { middle + random.below(64) } else { middle - 256 };
    // AHP, DN, FZ, the rounding mode, FZ16: mostly none, or one of them, or any.
    state.fpcr = match random.below(8) {
        0 => *random.pick(&[
            1 << 26,
            1 << 25,
            1 << 24,
            1 << 24,
            1 << 24,
            1 << 22,
            2 << 22,
            3 << 22,
            1 << 19,
        ]),
        1 => (random.next_u64() as u32) & 0x07c8_0000,
        _ => 0,
    };
    if random.one_in(8) {
        state.fpsr = (random.next_u64() as u32) & 0x0800_009f;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_yields_the_same_case() {
        let generator = Generator::new(&[]);
        assert_eq!(generator.case(7, 12), generator.case(7, 12));
        assert_ne!(generator.case(7, 12), generator.case(8, 12));
    }

    #[test]
    fn every_pattern_can_be_drawn() {
        let generator = Generator::new(&[]);
        let mut random = Random::new(1);
        let branches = |p: &Pattern| table(p) == "branch";
        let missing: Vec<&str> = generator
            .patterns()
            .iter()
            .filter(|p| !branches(p) && generator.single(&mut random, p).is_none())
            .map(|p| p.name)
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
