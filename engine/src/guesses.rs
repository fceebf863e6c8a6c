//! Computed calls that regions take their callees in for: where they led, and which regions rest on that.
//!
//! Baseline code predicts where computed calls lead, and tells the engine when a prediction has been wrong for too often
//! (`dispatch.rs`). A region compares the target with the callees in it, and is left for the call's baseline code if it
//! is none of them. So what is told here is where the regions were wrong: they are formed again, with the new callee
//! besides, or without any for a call that has many.

use crate::cache::map::Key;
use std::collections::HashMap;

/// Most callees that a call is expected to have.
const MOST: usize = 2;

/// What is known of all computed calls, by the address of the branch.
#[derive(Debug, Default)]
pub(crate) struct Guesses(HashMap<Key, Guess>);

#[derive(Debug, Default)]
struct Guess {
    /// Where it led.
    targets: Vec<u64>,
    /// The regions with callees for it.
    regions: Vec<Key>,
}

impl Guesses {
    /// Where the branch may lead, which went to `last` lately.
    pub fn of(&mut self, site: Key, last: Option<u64>) -> Vec<u64> {
        let guess = self.0.entry(site).or_default();
        if let Some(last) = last.filter(|last| !guess.targets.contains(last)) {
            guess.targets.push(last);
        }
        if guess.targets.len() > MOST { vec![] } else { guess.targets.clone() }
    }

    /// The region has callees for this branch.
    pub fn rests(&mut self, region: Key, site: Key) {
        let regions = &mut self.0.entry(site).or_default().regions;
        if !regions.contains(&region) {
            regions.push(region);
        }
    }

    /// The branch led to this target where it was expected elsewhere: the regions that are to be formed again.
    pub fn learn(&mut self, site: Key, target: u64) -> Vec<Key> {
        match self.0.get_mut(&site) {
            Some(guess) if !guess.regions.is_empty() && !guess.targets.contains(&target) => {
                guess.targets.push(target);
                std::mem::take(&mut guess.regions)
            }
            _ => vec![],
        }
    }
}
