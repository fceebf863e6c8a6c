//! The words that stand for immediates, in both directions: one place, so that they cannot disagree.

use crate::flags::CondCC;
use crate::inst::{
    Align, Fence, FloatCC, FpConv, FpRound, IntCC, MemAttr, Narrow, Order, Prefetch, Privilege,
    Rmw, RmwAttr, Round, SignedShift,
};
use crate::op::{ImmKind, Op};

/// The word for a set [`ImmKind::Flag`].
pub(super) fn flag_word(op: Op) -> &'static str {
    match op {
        Op::WidenLo | Op::WidenHi => "signed",
        Op::SAvg | Op::UAvg | Op::SQDMulHi => "round",
        Op::FlagsFCmp => "signaling",
        _ => "flag",
    }
}

fn optional(out: &mut String, on: bool, word: &str) {
    if on {
        push(out, word);
    }
}

fn push(out: &mut String, word: &str) {
    if !out.is_empty() {
        out.push(' ');
    }
    out.push_str(word);
}

fn mem_words(out: &mut String, a: MemAttr) {
    optional(out, a.order != Order::Relaxed, a.order.name());
    optional(out, a.align != Align::Any, a.align.name());
    optional(out, a.big_endian, "be");
    optional(out, a.privilege != Privilege::Current, a.privilege.name());
    optional(out, a.exact, "exact");
}

/// An immediate as words; `None` if it has none or does not decode.
pub(super) fn write(op: Op, imm: u128) -> Option<String> {
    let mut out = String::new();
    match op.info().imm {
        ImmKind::IntCC => push(&mut out, IntCC::from_bits(imm)?.name()),
        ImmKind::FloatCC => push(&mut out, FloatCC::from_bits(imm)?.name()),
        ImmKind::CondCC => push(&mut out, CondCC::ALL.get(usize::try_from(imm).ok()?)?.name()),
        ImmKind::Mem => mem_words(&mut out, MemAttr::from_bits(imm)?),
        ImmKind::Rmw => {
            let a = RmwAttr::from_bits(imm)?;
            push(&mut out, a.rmw.name());
            mem_words(&mut out, a.mem);
        }
        ImmKind::Fence => push(&mut out, Fence::from_bits(imm)?.name()),
        ImmKind::Prefetch => push(&mut out, Prefetch::from_bits(imm)?.name()),
        ImmKind::FpConv => {
            let c = FpConv::from_bits(imm)?;
            push(&mut out, c.round.name());
            push(&mut out, if c.signed { "signed" } else { "unsigned" });
            optional(&mut out, c.fbits != 0, &format!("fbits={}", c.fbits));
        }
        ImmKind::FpRound => {
            let r = FpRound::from_bits(imm)?;
            push(&mut out, r.round.name());
            optional(&mut out, r.exact, "exact");
        }
        ImmKind::Round => push(&mut out, Round::from_bits(imm)?.name()),
        ImmKind::SignedShift => {
            let s = SignedShift::from_bits(imm)?;
            push(&mut out, if s.signed { "signed" } else { "unsigned" });
            optional(&mut out, s.round, "round");
            optional(&mut out, s.saturate, "sat");
            optional(&mut out, s.to_unsigned, "to_unsigned");
        }
        ImmKind::Narrow => push(&mut out, Narrow::from_bits(imm)?.name()),
        ImmKind::Flag if imm <= 1 => optional(&mut out, imm == 1, flag_word(op)),
        ImmKind::None if imm == 0 => {}
        _ => return None,
    }
    // What does not come back the same has bits that mean nothing.
    let words: Vec<&str> = out.split_whitespace().collect();
    (read(op, &words).ok()? == imm).then_some(out)
}

/// The immediate that the words stand for, or the first word that is out of place.
pub(super) fn read<'a>(op: Op, words: &[&'a str]) -> Result<u128, &'a str> {
    let mut words = words.iter().copied().peekable();
    let imm = {
        let mut next = |what: &'static str| words.next().ok_or(what);
        fn known<T>(word: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, &str> {
            parse(word).ok_or(word)
        }
        match op.info().imm {
            ImmKind::IntCC => known(next("a comparison")?, IntCC::parse)? as u128,
            ImmKind::FloatCC => known(next("a comparison")?, FloatCC::parse)? as u128,
            ImmKind::CondCC => {
                known(next("a condition")?, |w| CondCC::ALL.into_iter().find(|c| c.name() == w))?
                    as u128
            }
            ImmKind::Rmw => {
                let rmw = known(next("an operation")?, Rmw::parse)?;
                let mut a = RmwAttr { rmw, mem: MemAttr::PLAIN };
                for w in words.by_ref() {
                    mem_word(&mut a.mem, w)?;
                }
                a.to_bits()
            }
            ImmKind::Mem => {
                let mut a = MemAttr::PLAIN;
                for w in words.by_ref() {
                    mem_word(&mut a, w)?;
                }
                a.to_bits()
            }
            ImmKind::Fence => known(next("a barrier")?, Fence::parse)? as u128,
            ImmKind::Prefetch => known(next("a kind of prefetch")?, Prefetch::parse)? as u128,
            ImmKind::FpConv => {
                let round = known(next("a rounding")?, Round::parse)?;
                let signed = known(next("signed or unsigned")?, signedness)?;
                let fbits = match words.next() {
                    None => 0,
                    Some(w) => known(w, |w| w.strip_prefix("fbits=")?.parse().ok())?,
                };
                FpConv { round, signed, fbits }.to_bits()
            }
            ImmKind::FpRound => {
                let round = known(next("a rounding")?, Round::parse)?;
                let exact = words.next_if_eq(&"exact").is_some();
                FpRound { round, exact }.to_bits()
            }
            ImmKind::Round => known(next("a rounding")?, Round::parse)? as u128,
            ImmKind::SignedShift => {
                let signed = known(next("signed or unsigned")?, signedness)?;
                let round = words.next_if_eq(&"round").is_some();
                let saturate = words.next_if_eq(&"sat").is_some();
                let to_unsigned = words.next_if_eq(&"to_unsigned").is_some();
                SignedShift { signed, round, saturate, to_unsigned }.to_bits()
            }
            ImmKind::Narrow => known(next("how to narrow")?, Narrow::parse)? as u128,
            ImmKind::Flag => words.next_if_eq(&flag_word(op)).is_some() as u128,
            _ => 0,
        }
    };
    match words.next() {
        None => Ok(imm),
        Some(extra) => Err(extra),
    }
}

fn signedness(word: &str) -> Option<bool> {
    match word {
        "signed" => Some(true),
        "unsigned" => Some(false),
        _ => None,
    }
}

fn mem_word<'a>(a: &mut MemAttr, word: &'a str) -> Result<(), &'a str> {
    if let Some(order) = Order::parse(word) {
        a.order = order;
    } else if let Some(align) = Align::parse(word) {
        a.align = align;
    } else if let Some(privilege) = Privilege::parse(word) {
        a.privilege = privilege;
    } else if word == "be" {
        a.big_endian = true;
    } else if word == "exact" {
        a.exact = true;
    } else {
        return Err(word);
    }
    Ok(())
}
