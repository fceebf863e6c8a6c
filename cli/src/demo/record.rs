//! What one run of the demo's program was like, as the child process tells its parent: a line of text.

use isamorph_engine::Stats;
use std::fmt;
use std::time::Duration;

/// First word of the line.
const MARK: &str = "isamorph-demo:";

/// The figures of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// From before the program was loaded to its end.
    pub time: Duration,
    /// Guest instructions that the interpreter executed.
    pub interpreted_insns: u64,
    /// Regions compiled.
    pub regions: u64,
    /// Guest instructions in them.
    pub region_insns: u64,
    /// Host bytes of them.
    pub code_bytes: u64,
    /// Time spent on them.
    pub compile_time: Duration,
}

impl Record {
    /// The figures after a run that took `time`.
    pub fn new(time: Duration, stats: &Stats) -> Record {
        Record {
            time,
            interpreted_insns: stats.interpreted_insns,
            regions: stats.regions,
            region_insns: stats.region_insns,
            code_bytes: stats.code_bytes,
            compile_time: stats.compile_time,
        }
    }

    /// Reads a line that [`fmt::Display`] wrote; `None` for any other line.
    pub fn parse(line: &str) -> Option<Record> {
        let words: Result<Vec<u64>, _> =
            line.strip_prefix(MARK)?.split_whitespace().map(str::parse).collect();
        let [time, interpreted_insns, regions, region_insns, code_bytes, compile_time] =
            words.ok()?[..]
        else {
            return None;
        };
        let (time, compile_time) = (Duration::from_nanos(time), Duration::from_nanos(compile_time));
        Some(Record { time, interpreted_insns, regions, region_insns, code_bytes, compile_time })
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{MARK} {} {} {} {} {} {}",
            self.time.as_nanos(),
            self.interpreted_insns,
            self.regions,
            self.region_insns,
            self.code_bytes,
            self.compile_time.as_nanos()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_its_line() {
        let record = Record {
            time: Duration::from_nanos(1),
            interpreted_insns: 2,
            regions: 3,
            region_insns: 4,
            code_bytes: 5,
            compile_time: Duration::from_nanos(6),
        };
        assert_eq!(Record::parse(&record.to_string()), Some(record));
        assert_eq!(Record::parse("isamorph-demo: 1 2"), None);
        assert_eq!(Record::parse("isamorph: `x` cannot be run"), None);
    }
}
