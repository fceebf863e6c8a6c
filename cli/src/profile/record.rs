//! A profile with names, as `--format json` writes it and `inspect --profile` reads it.
//!
//! Invariant: a place in a file is told by the file and the offset in it, not by addresses in memory alone, so that it is
//! found again in another run and by who only reads the file.

use anyhow::{Context, bail};
use isamorph_engine::sample::{Place, Profile};
use isamorph_linux_user::process::Process;
use isamorph_linux_user::symbols::{Location, Symbols};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

/// What the file says it is.
const FORMAT: &str = "isamorph profile 1";

/// A profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    format: String,
    /// The program, as the guest names it.
    pub program: String,
    /// Nanoseconds of processor time that a weight of one stands for.
    pub interval_ns: u64,
    /// Samples taken.
    pub samples: u64,
    /// Weight of samples that found no room.
    pub lost: u64,
    /// Weight by place ([`Place`]): how much time was spent there.
    pub places: BTreeMap<String, u64>,
    /// Guest instructions, heaviest first.
    pub spots: Vec<Spot>,
    /// Call stacks, outermost function first, and their weights; if they were asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stacks: BTreeMap<String, u64>,
}

/// A guest instruction at which time was spent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spot {
    /// How: the name of a [`Place`].
    pub place: String,
    /// Weight of its samples.
    pub weight: u64,
    /// Its address in memory; 0 for what the engine does in the background.
    pub pc: u64,
    /// Where the block or region begins that ran.
    pub unit: u64,
    /// The file that it is of, as the guest names it, or what else lies there.
    pub object: String,
    /// Its offset in the file.
    pub offset: Option<u64>,
    /// Its function.
    pub function: Option<String>,
    /// The distance from the function's begin.
    pub at: u64,
    /// The distance of `unit` from its function's begin, negative if that is another function's.
    pub unit_at: i64,
}

impl Record {
    /// The engine's profile with names.
    pub fn new(profile: &Profile, process: &Process) -> Record {
        let mut names = Names { process, symbols: Symbols::default(), known: HashMap::new() };
        let mut spots: BTreeMap<(Place, u64, u64), u64> = BTreeMap::new();
        let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
        let mut places: BTreeMap<String, u64> = BTreeMap::new();
        for (spot, &weight) in &profile.spots {
            *spots.entry((spot.place, spot.unit, spot.pc)).or_default() += weight;
            *places.entry(spot.place.name().into()).or_default() += weight;
            *stacks.entry(names.stack(spot)).or_default() += weight;
        }
        let mut spots: Vec<Spot> = spots
            .into_iter()
            .map(|((place, unit, pc), weight)| names.spot(place, unit, pc, weight))
            .collect();
        spots.sort_by_key(|spot| (std::cmp::Reverse(spot.weight), spot.pc));
        Record {
            format: FORMAT.into(),
            program: process.program.exe.display().to_string(),
            interval_ns: profile.interval.as_nanos() as u64,
            samples: profile.samples,
            lost: profile.lost,
            places,
            spots,
            stacks,
        }
    }

    /// Reads what [`Record::to_json`] wrote.
    pub fn read(path: &Path) -> anyhow::Result<Record> {
        let what = || format!("profile `{}`", path.display());
        let text = std::fs::read_to_string(path).with_context(what)?;
        let record: Record = serde_json::from_str(&text).with_context(what)?;
        if record.format != FORMAT {
            bail!("{}: its format is `{}`, not `{FORMAT}`", what(), record.format);
        }
        Ok(record)
    }

    /// As JSON. Stacks are left out: they are for [`Record::folded`].
    pub fn to_json(&self) -> String {
        let whole = Record { stacks: BTreeMap::new(), ..self.clone() };
        let mut text = serde_json::to_string_pretty(&whole).expect("text and numbers only");
        text.push('\n');
        text
    }

    /// Weight of all samples.
    pub fn total(&self) -> u64 {
        self.places.values().sum()
    }

    /// Processor time that a weight stands for.
    pub fn time(&self, weight: u64) -> Duration {
        Duration::from_nanos(self.interval_ns.saturating_mul(weight))
    }

    /// A line for each call stack: functions from the outermost on, `;` between them, and the weight.
    pub fn folded(&self) -> String {
        self.stacks.iter().map(|(stack, weight)| format!("{stack} {weight}\n")).collect()
    }
}

/// Names by guest address.
struct Names<'p> {
    process: &'p Process,
    symbols: Symbols,
    known: HashMap<u64, Location>,
}

impl Names<'_> {
    fn locate(&mut self, addr: u64) -> &Location {
        let process = self.process;
        let find = || self.symbols.locate(&process.space, &process.sysroot, addr);
        self.known.entry(addr).or_insert_with(find)
    }

    fn spot(&mut self, place: Place, unit: u64, pc: u64, weight: u64) -> Spot {
        let Location { function, object, offset } = match pc {
            0 => Location { function: None, object: "isamorph".into(), offset: None },
            _ => self.locate(pc).clone(),
        };
        let (function, at) = function.map_or((None, 0), |(name, at)| (Some(name.to_string()), at));
        let unit_at = (at as i64).wrapping_sub(pc.wrapping_sub(unit) as i64);
        let object = object.to_string();
        Spot { place: place.name().into(), weight, pc, unit, object, offset, function, at, unit_at }
    }

    /// The function at an address, in a form that fits a stack.
    fn frame(&mut self, addr: u64) -> String {
        let location = self.locate(addr);
        let name = match &location.function {
            Some((name, _)) => name.to_string(),
            None => format!("[{}]", location.object.rsplit('/').next().unwrap_or_default()),
        };
        name.replace([';', '\n'], ":")
    }

    fn stack(&mut self, spot: &isamorph_engine::sample::Spot) -> String {
        let engine = match spot.place {
            Place::Region | Place::Baseline | Place::Interpreter => None,
            other => Some(format!("[{}]", other.name())),
        };
        if spot.pc == 0 {
            return format!("isamorph;{}", engine.unwrap_or_default());
        }
        let mut frames = vec![self.frame(spot.pc)];
        for (n, caller) in spot.callers.iter().enumerate() {
            let name = self.frame(caller.wrapping_sub(1));
            // After a call of its own the function finds itself in the link register.
            if n > 0 || frames.last() != Some(&name) {
                frames.push(name);
            }
        }
        frames.reverse();
        frames.extend(engine);
        frames.join(";")
    }
}
