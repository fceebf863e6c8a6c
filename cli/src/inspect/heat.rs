//! Heat: how much of a profile's time each instruction of a file took.
//!
//! Way of the data: [`Record`] (places as file and offset) → addresses of the inspected file → weights by address, and
//! the regions that ran.

use super::program::Program;
use crate::profile::record::{Record, Spot};
use anyhow::bail;
use isamorph_engine::sample::Place;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

/// A profile, as far as it is about one file.
#[derive(Debug, Default)]
pub struct Heat {
    /// Weight by the address in the file where the region begins that ran, if it was one, and the instruction's.
    weights: HashMap<(Option<u64>, u64), u64>,
    /// Weight of all samples, in this file or not.
    total: u64,
}

/// Weight by instruction, of one part of a page.
pub type Weights = HashMap<u64, u64>;

impl Heat {
    /// The heat of this file.
    ///
    /// # Errors
    /// No sample is of it.
    pub fn new(record: &Record, program: &Program) -> anyhow::Result<Heat> {
        let mut heat = Heat { total: record.total(), ..Heat::default() };
        for spot in record.spots.iter().filter(|spot| is_of(spot, program)) {
            let Some(addr) = spot.offset.and_then(|offset| program.address_of(offset)) else {
                continue;
            };
            // System calls are counted at the instruction behind them.
            let called = [Place::Kernel, Place::Linux].map(Place::name).contains(&&*spot.place);
            let addr = if called { addr - 4 } else { addr };
            let begin = addr.wrapping_sub(spot.pc.wrapping_sub(spot.unit));
            let region = (spot.place == Place::Region.name()).then_some(begin);
            *heat.weights.entry((region, addr)).or_default() += spot.weight;
        }
        if heat.weights.is_empty() {
            bail!("the profile has no sample in `{}`: it is of {}", program.name(), record.program);
        }
        Ok(heat)
    }

    /// Where the regions begin in the file that ran in this range, heaviest first.
    pub fn regions(&self, range: Range<u64>) -> Vec<u64> {
        let mut weights: HashMap<u64, u64> = HashMap::new();
        for ((region, _), weight) in &self.weights {
            if let Some(begin) = region.filter(|begin| range.contains(begin)) {
                *weights.entry(begin).or_default() += weight;
            }
        }
        let mut list: Vec<(u64, u64)> = weights.into_iter().map(|(begin, w)| (w, begin)).collect();
        list.sort_by_key(|(weight, begin)| (std::cmp::Reverse(*weight), *begin));
        list.into_iter().map(|(_, begin)| begin).collect()
    }

    /// The weights of parts that show regions: where each begins, and its instructions. What ran in a region is that
    /// region's; the rest is the first part's that shows the instruction.
    pub fn share_out(&self, parts: &[(u64, Vec<u64>)]) -> Vec<Weights> {
        let shown: Vec<u64> = parts.iter().map(|(begin, _)| *begin).collect();
        let mut rest: Weights = HashMap::new();
        for (&(region, addr), weight) in &self.weights {
            if region.is_none_or(|begin| !shown.contains(&begin)) {
                *rest.entry(addr).or_default() += weight;
            }
        }
        let part = |(begin, addresses): &(u64, Vec<u64>)| {
            let weight = |&addr: &u64| {
                let own = self.weights.get(&(Some(*begin), addr)).copied().unwrap_or(0);
                let weight = own + rest.remove(&addr).unwrap_or(0);
                (weight > 0).then_some((addr, weight))
            };
            addresses.iter().filter_map(weight).collect()
        };
        parts.iter().map(part).collect()
    }

    /// A weight's share of all samples, 0 to 1.
    pub fn share(&self, weight: u64) -> f64 {
        weight as f64 / self.total.max(1) as f64
    }
}

/// Is the spot in the file? Known by its name: a sysroot may lie elsewhere, links may lead to it.
fn is_of(spot: &Spot, program: &Program) -> bool {
    let name = |path: &str| Path::new(path).file_name().map(std::ffi::OsStr::to_owned);
    let seen = name(&spot.object);
    seen.is_some() && (seen == name(program.name()) || seen == name(program.host_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_is_in_one_part() {
        let weights = [((Some(4), 4), 10), ((Some(4), 8), 20), ((Some(8), 8), 40), ((None, 8), 80)];
        let heat = Heat { weights: weights.into(), total: 200 };
        assert_eq!(heat.regions(0..100), [8, 4]);
        let parts = [(8, vec![8, 12]), (4, vec![4, 8])];
        let shared = heat.share_out(&parts);
        assert_eq!(shared, [Weights::from([(8, 120)]), Weights::from([(4, 10), (8, 20)])]);
        // A region that is not shown counts where its instructions are.
        assert_eq!(heat.share_out(&parts[1..]), [Weights::from([(4, 10), (8, 140)])]);
        assert_eq!(heat.share(50), 0.25);
    }
}
