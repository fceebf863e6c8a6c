//! What `--stats` prints at the end: what each tier holds and cost, and where the processor time went.

use crate::table::{Table, thousands};
use isamorph_engine::sample::{Place, Profile};
use isamorph_engine::{Engine, KeptStats, Stats};
use std::time::Duration;

/// Ops named that compiled code left to the reference.
const REFERENCE_OPS: usize = 8;

/// The report.
pub fn report(engine: &Engine) -> String {
    let (stats, profile) = (engine.stats(), engine.profile().unwrap_or_default());
    let most: Vec<String> = engine
        .reference_ops()
        .iter()
        .take(REFERENCE_OPS)
        .map(|(op, shape, count)| format!("{}.{} {count}", op.info().name, shape.name()))
        .collect();
    let (tiers, times) = (tiers(&stats, &profile), times(&profile));
    let mut out = format!("{tiers}\n{times}\n{}{}", events(&stats), kept(&stats.kept));
    if !most.is_empty() {
        out += &format!("reference    {}\n", most.join(", "));
    }
    out
}

fn tiers(stats: &Stats, profile: &Profile) -> Table<8> {
    let mut table = Table::new([
        "tier",
        "units",
        "guest insns",
        "host bytes",
        "an insn",
        "compile time",
        "an insn",
        "run time",
    ]);
    let run = |place| share(profile, place);
    let mut compiled = |name: &str, units, insns: u64, bytes: u64, time: Duration, place| {
        let each = |total: f64| {
            if insns == 0 { "-".into() } else { format!("{:.1}", total / insns as f64) }
        };
        let micros = |nanos: f64| {
            if insns == 0 { "-".into() } else { format!("{:.2} µs", nanos / insns as f64 / 1e3) }
        };
        table.row([
            name.into(),
            thousands(units),
            thousands(insns),
            thousands(bytes),
            each(bytes as f64),
            format!("{:.1} ms", time.as_secs_f64() * 1e3),
            micros(time.as_nanos() as f64),
            run(place),
        ]);
    };
    let s = stats;
    compiled(
        "baseline blocks",
        s.blocks,
        s.block_insns,
        s.block_bytes,
        s.block_time,
        Place::Baseline,
    );
    compiled("regions", s.regions, s.region_insns, s.code_bytes, s.compile_time, Place::Region);
    let none = || String::from("-");
    table.row([
        "interpreter".into(),
        thousands(s.lifted_blocks),
        none(),
        none(),
        none(),
        none(),
        none(),
        run(Place::Interpreter),
    ]);
    table
}

fn share(profile: &Profile, place: Place) -> String {
    match profile.total() {
        0 => "-".into(),
        total => format!("{:.1} %", 100.0 * profile.weight(place) as f64 / total as f64),
    }
}

/// Where the time went, largest share first.
fn times(profile: &Profile) -> String {
    let total = profile.total();
    if total == 0 {
        return String::from("time         too short to be sampled\n");
    }
    let mut places = Place::ALL.map(|place| (profile.weight(place), place));
    places.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let shown: Vec<String> = places
        .iter()
        .filter(|(weight, _)| *weight > 0)
        .map(|(_, place)| format!("{} {}", place.name(), share(profile, *place)))
        .collect();
    let lost = match profile.lost {
        0 => String::new(),
        lost => format!(", {lost} lost"),
    };
    format!(
        "time         {:.3} s in {} samples{lost}: {}\n",
        profile.time(total).as_secs_f64(),
        profile.samples,
        shown.join(", ")
    )
}

/// What the persistent cache did.
fn kept(k: &KeptStats) -> String {
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let loaded = k.blocks + k.regions;
    let each = k.load_time.as_nanos() as u64 / loaded.max(1);
    let mut out = format!(
        "kept         {} blocks and {} regions of earlier runs in {} ({each} ns each), {} outdated, {} broken\n",
        thousands(k.blocks),
        thousands(k.regions),
        ms(k.load_time),
        k.outdated,
        k.broken,
    );
    if k.written > 0 {
        let (written, bytes) = (thousands(k.written), thousands(k.written_bytes));
        let time = ms(k.save_time);
        out += &format!(
            "saved        {written} blocks and regions in {time}, files of {bytes} bytes; {} units evicted\n",
            k.evicted
        );
    }
    out
}

fn events(s: &Stats) -> String {
    let t = &s.transitions;
    let ways = if t.links == 0 {
        String::new()
    } else {
        format!(
            "hits         {} link slots, {} jump cache, {} predictions, {} returns\n",
            thousands(t.links),
            thousands(t.jumps),
            thousands(t.predicted),
            thousands(t.returns.saturating_sub(t.elsewhere)),
        )
    };
    let unguarded = match s.unguarded {
        0 => String::new(),
        n => format!("precise      {} regions store before each access\n", thousands(n)),
    };
    format!(
        "executed     {} guest instructions in {} blocks by the interpreter\n\
         transitions  {} entries, {} exits linked, {} targets of computed branches looked up\n\
         in stubs     {} targets found in the shared table, {} predictions wrong, {} returns elsewhere than expected\n\
         {}\
         {}\
         dropped      {} blocks and regions invalidated, {} flushes of the code cache\n\
         calls        {} context helpers, {} reference operations\n",
        thousands(s.interpreted_insns),
        thousands(s.interpreted_blocks),
        thousands(s.entries),
        thousands(s.links),
        thousands(s.lookups),
        thousands(t.shared),
        thousands(t.mispredicted),
        thousands(t.elsewhere),
        ways,
        unguarded,
        thousands(s.invalidated),
        thousands(s.flushes),
        thousands(s.helper_calls),
        thousands(s.reference_ops),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use isamorph_engine::sample::Spot;

    #[test]
    fn shares_are_of_all_samples() {
        let spot = |place| Spot { place, unit: 0, pc: 0, callers: [].into() };
        let spots = [(spot(Place::Region), 30), (spot(Place::Kernel), 10)].into();
        let interval = Duration::from_millis(4);
        let profile = Profile { interval, samples: 38, lost: 0, spots };
        let text = times(&profile);
        assert!(
            text.contains("0.160 s in 38 samples: region code 75.0 %, kernel 25.0 %"),
            "{text}"
        );
        let stats = Stats { regions: 3, region_insns: 50, code_bytes: 1000, ..Stats::default() };
        let table = tiers(&stats, &profile).to_string();
        let regions = table.lines().find(|l| l.contains("regions")).expect("a line of regions");
        let cells: Vec<&str> = regions.split_whitespace().collect();
        assert_eq!(cells[..5], ["regions", "3", "50", "1,000", "20.0"], "{table}");
        assert!(regions.ends_with("75.0 %"), "{table}");
    }
}
