//! Counts what passed and failed, and says so in the one closing line that scripts look for.

use std::time::Instant;

/// The results of a run of checks.
#[derive(Debug, Default)]
pub struct Tally {
    passed: usize,
    failures: Vec<String>,
}

impl Tally {
    /// Counts `count` passes.
    pub fn pass(&mut self, count: usize) {
        self.passed += count;
    }

    /// Notes a failure; `what` names it in one line.
    pub fn fail(&mut self, what: impl Into<String>) {
        self.failures.push(what.into());
    }

    /// Counts `result`, printing its error.
    pub fn note(&mut self, name: &str, result: anyhow::Result<()>) {
        match result {
            Ok(()) => self.pass(1),
            Err(error) => {
                println!("FAILED {name}: {error:#}");
                self.fail(name);
            }
        }
    }

    /// Takes in the counts of another tally.
    pub fn absorb(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
    }

    /// How many passed.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// What failed, in one line each.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// Prints the failures by name and the closing line `N passed, N failed`; an error if something failed.
    pub fn close(&self) -> anyhow::Result<()> {
        if !self.failures.is_empty() {
            println!("\nfailed:");
            for failure in &self.failures {
                println!("  {failure}");
            }
        }
        println!("{} passed, {} failed", self.passed, self.failures.len());
        anyhow::ensure!(self.failures.is_empty(), "{} failed", self.failures.len());
        Ok(())
    }
}

/// Announces a step and, when it is dropped, the time that it took.
#[derive(Debug)]
pub struct Step {
    name: String,
    begin: Instant,
}

impl Step {
    /// Begins the step called `name`.
    pub fn begin(name: impl Into<String>) -> Self {
        let name = name.into();
        println!("==> {name}");
        Self { name, begin: Instant::now() }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        println!("    {}: {:.1} s", self.name, self.begin.elapsed().as_secs_f64());
    }
}
