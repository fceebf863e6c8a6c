//! What must hold between patterns: no overlap outside a `prefer` group, nothing unreachable.
//!
//! `where` clauses are decided by trying every value of the bits that they read, so a verdict is
//! a proof and every overlap is shown with a word that has two meanings.

use crate::diagnostic::Diagnostic;
use crate::table::{Kind, Pattern, Table};

/// The most bits whose values are tried to decide a question about `where` clauses.
pub const MAX_ENUMERATED_BITS: u32 = 20;

/// Whether some word satisfies a question about `where` clauses.
enum Answer {
    Never,
    /// An example.
    Word(u32),
    TooManyBits(u32),
}

/// All errors of the table, in the order of their places.
pub fn check(table: &Table) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for p in &table.patterns {
        clause(p, &mut errors);
    }
    for (i, a) in table.patterns.iter().enumerate() {
        for b in &table.patterns[i + 1..] {
            if !bits_overlap(a, b) {
                continue;
            }
            // Where the order decides, the later one must have words left.
            if b.kind == Kind::Todo || a.group.is_some() && a.group == b.group {
                reached(a, b, &mut errors);
            } else {
                overlap(a, b, &mut errors);
            }
        }
    }
    errors.sort();
    errors
}

fn bits_overlap(a: &Pattern, b: &Pattern) -> bool {
    (a.value ^ b.value) & a.mask & b.mask == 0
}

/// Looks for a word that has the fixed bits `value` under `mask` and satisfies `test`, which
/// reads only the bits of `mask | read`.
fn find(mask: u32, value: u32, read: u32, test: impl Fn(u32) -> bool) -> Answer {
    let free = read & !mask;
    if free.count_ones() > MAX_ENUMERATED_BITS {
        return Answer::TooManyBits(free.count_ones());
    }
    let mut subset = 0u32;
    loop {
        if test(value | subset) {
            return Answer::Word(value | subset);
        }
        // The next subset of `free`, in the order of numbers.
        subset = subset.wrapping_sub(free) & free;
        if subset == 0 {
            return Answer::Never;
        }
    }
}

fn read_bits(p: &Pattern) -> u32 {
    p.condition.as_ref().map_or(0, |c| c.bits())
}

fn clause(p: &Pattern, errors: &mut Vec<Diagnostic>) {
    for need in &p.needs {
        let Some(condition) = &need.condition else { continue };
        let read = read_bits(p) | condition.bits();
        let (label, feature) = (p.label(), &need.feature);
        if let Answer::Never = find(p.mask, p.value, read, |w| p.allows(w) && condition.holds(w)) {
            let what = format!("`{label}` never needs {feature}");
            errors.push(Diagnostic::new(&p.at, what, "correct the condition after `if`"));
        }
        if let Answer::Never = find(p.mask, p.value, read, |w| p.allows(w) && !condition.holds(w)) {
            let what = format!("`{label}` always needs {feature}");
            errors.push(Diagnostic::new(&p.at, what, "remove the condition after `if`"));
        }
    }
    if p.condition.is_none() {
        return;
    }
    let label = p.label();
    if let Answer::Never = find(p.mask, p.value, read_bits(p), |w| p.allows(w)) {
        let what = format!("the `where` of `{label}` is never true");
        errors.push(Diagnostic::new(&p.at, what, "correct it, or remove the pattern"));
    }
    if let Answer::Never = find(p.mask, p.value, read_bits(p), |w| !p.allows(w)) {
        let what = format!("the `where` of `{label}` is always true");
        errors.push(Diagnostic::new(&p.at, what, "correct it, or remove the `where`"));
    }
}

fn overlap(a: &Pattern, b: &Pattern, errors: &mut Vec<Diagnostic>) {
    let read = read_bits(a) | read_bits(b);
    let both = |w| a.allows(w) && b.allows(w);
    // The later line in the text is the one to complain about.
    let (first, second) = if a.at <= b.at { (a, b) } else { (b, a) };
    let names = format!("`{}` overlaps `{}` ({})", second.label(), first.label(), first.at);
    match find(a.mask | b.mask, a.value | b.value, read, both) {
        Answer::Never => {}
        Answer::Word(w) => {
            let what = format!("{names}: both match {w:#010x}");
            let remedy = "make their bits or `where` clauses disjoint, or put both into one \
                          `prefer` group, where the first match wins";
            errors.push(Diagnostic::new(&second.at, what, remedy));
        }
        Answer::TooManyBits(n) => {
            let what = format!(
                "{names}, as far as can be told: their `where` clauses read {n} bits, more than \
                 the {MAX_ENUMERATED_BITS} whose values are tried"
            );
            let remedy = "make their bits disjoint, or put both into one `prefer` group";
            errors.push(Diagnostic::new(&second.at, what, remedy));
        }
    }
}

/// Of two that may overlap, `a` goes first: it must leave something to `b`.
fn reached(a: &Pattern, b: &Pattern, errors: &mut Vec<Diagnostic>) {
    // If `a` fixes a bit that `b` leaves free, `b` has words that `a` does not match.
    if a.mask & !b.mask != 0 {
        return;
    }
    let read = read_bits(a) | read_bits(b);
    if let Answer::Never = find(b.mask, b.value, read, |w| b.allows(w) && !a.allows(w)) {
        let what = format!(
            "`{}` is never reached: `{}` ({}) takes all its words",
            b.label(),
            a.label(),
            a.at
        );
        let remedy = match b.kind {
            Kind::Todo if a.kind == Kind::Todo => "remove one of the two",
            Kind::Todo => "the class is implemented: remove its `todo`",
            Kind::Insn | Kind::Unallocated => "put the more special pattern first",
        };
        errors.push(Diagnostic::new(&b.at, what, remedy));
    }
}
