//! A profile as tables: where the time went, the heaviest functions, the heaviest blocks and regions.

use super::record::{Record, Spot};
use crate::table::{Table, thousands};
use isamorph_engine::sample::Place;
use std::collections::HashMap;

/// Longest name that is not cut.
const LONGEST: usize = 60;

/// The tables, each of at most `top` lines.
pub fn print(record: &Record, top: usize) -> String {
    let total = record.total();
    if total == 0 {
        return format!("profile of {}: it ended before a sample was taken\n", record.program);
    }
    let lost = match record.lost {
        0 => String::new(),
        lost => format!(", {lost} lost"),
    };
    format!(
        "profile of {}: {:.3} s of processor time, {} samples{lost}\n\n{}\n{}\n{}",
        record.program,
        record.time(total).as_secs_f64(),
        thousands(record.samples),
        places(record, total),
        functions(record, total, top),
        units(record, total, top),
    )
}

fn percent(weight: u64, total: u64) -> String {
    format!("{:.1} %", 100.0 * weight as f64 / total as f64)
}

fn places(record: &Record, total: u64) -> Table<3> {
    let mut table = Table::new(["where", "share", "time"]);
    let mut places: Vec<_> = record.places.iter().collect();
    places.sort_by_key(|(name, weight)| (std::cmp::Reverse(**weight), *name));
    for (name, &weight) in places {
        let time = format!("{:.3} s", record.time(weight).as_secs_f64());
        table.row([name.clone(), percent(weight, total), time]);
    }
    table
}

/// Weight of each of some things, heaviest first.
fn ranked<K: std::hash::Hash + Eq + Ord>(weights: HashMap<K, Weights>) -> Vec<(K, Weights)> {
    let mut list: Vec<_> = weights.into_iter().collect();
    list.sort_by(|a, b| b.1.all.cmp(&a.1.all).then_with(|| a.0.cmp(&b.0)));
    list
}

#[derive(Default)]
struct Weights {
    all: u64,
    region: u64,
    baseline: u64,
}

impl Weights {
    fn add(&mut self, spot: &Spot) {
        self.all += spot.weight;
        match &*spot.place {
            place if place == Place::Region.name() => self.region += spot.weight,
            place if place == Place::Baseline.name() => self.baseline += spot.weight,
            _ => {}
        }
    }
}

fn functions(record: &Record, total: u64, top: usize) -> Table<6> {
    let mut table = Table::new(["function", "share", "region", "baseline", "other", "time"]);
    let mut weights: HashMap<String, Weights> = HashMap::new();
    for spot in &record.spots {
        weights.entry(function(spot)).or_default().add(spot);
    }
    for (name, w) in ranked(weights).into_iter().take(top) {
        let part = |weight| if weight == 0 { "".into() } else { percent(weight, total) };
        table.row([
            cut(&name),
            percent(w.all, total),
            part(w.region),
            part(w.baseline),
            part(w.all - w.region - w.baseline),
            format!("{:.3} s", record.time(w.all).as_secs_f64()),
        ]);
    }
    table
}

fn units(record: &Record, total: u64, top: usize) -> Table<4> {
    let mut table = Table::new(["block or region", "guest address", "tier", "share"]);
    let mut weights: HashMap<(&str, u64), (Weights, &Spot)> = HashMap::new();
    let compiled = [Place::Region, Place::Baseline, Place::Interpreter].map(Place::name);
    for spot in record.spots.iter().filter(|s| compiled.contains(&&*s.place)) {
        let key = (&*spot.place, spot.unit);
        weights.entry(key).or_insert_with(|| (Weights::default(), spot)).0.add(spot);
    }
    let mut list: Vec<_> = weights.into_iter().collect();
    list.sort_by_key(|((place, unit), (w, _))| (std::cmp::Reverse(w.all), *unit, *place));
    for ((place, unit), (w, spot)) in list.into_iter().take(top) {
        let name = match (&spot.function, spot.unit_at) {
            (Some(name), 0) => name.clone(),
            (Some(name), at @ 1..) => format!("{name}+{at:#x}"),
            // The region begins in another function, and the heaviest instruction is inlined into it.
            (Some(name), _) => format!("one that holds {name}"),
            (None, _) => short(&spot.object).into(),
        };
        let tier = place.trim_end_matches(" code");
        table.row([cut(&name), format!("{unit:#x}"), tier.into(), percent(w.all, total)]);
    }
    table
}

/// The function of a spot and the file it is of.
fn function(spot: &Spot) -> String {
    let object = short(&spot.object);
    match (&spot.function, spot.offset) {
        (Some(name), _) => format!("{name} ({object})"),
        (None, Some(_)) => format!("({object}, without a symbol)"),
        (None, None) => format!("({object})"),
    }
}

fn short(object: &str) -> &str {
    object.rsplit('/').next().unwrap_or(object)
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.into();
    }
    let begin: String = name.chars().take(LONGEST - 1).collect();
    format!("{begin}…")
}
