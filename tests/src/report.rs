//! Many checks in one test: all are made, and all that fail are told.

use anyhow::Result;

/// Panics with every error among `results`, after all of them were had.
pub fn all_of(results: impl Iterator<Item = Result<()>>) {
    let mut passed = 0;
    let mut failures = Vec::new();
    for result in results {
        match result {
            Ok(()) => passed += 1,
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    println!("{passed} hold, {} do not", failures.len());
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        passed + failures.len(),
        failures.join("\n")
    );
    assert!(passed > 0, "there was nothing to check");
}
