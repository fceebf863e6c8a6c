//! The figures of a kernel, and how they are told.

use super::kernels::{Group, Kernel};
use super::trial::Cost;

/// The rounds of one kernel: in each, the four ran one after the other.
#[derive(Debug, Default)]
pub struct Figures {
    pub native: Vec<Cost>,
    pub qemu: Vec<Cost>,
    /// Isamorph with an empty persistent cache.
    pub first: Vec<Cost>,
    /// Isamorph again.
    pub second: Vec<Cost>,
    /// Largest resident sets of QEMU and of Isamorph, in MiB.
    pub rss: (f64, f64),
}

/// Median and extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Spread {
    /// Of at least one value.
    pub fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let (n, nan) = (values.len(), f64::NAN);
        let median = match n {
            0 => nan,
            n if n % 2 == 1 => values[n / 2],
            n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
        };
        let at = |n: Option<&f64>| n.copied().unwrap_or(nan);
        Spread { low: at(values.first()), median, high: at(values.last()) }
    }

    /// Of the rounds' ratios `a / b`: what disturbs the machine for a while disturbs both alike.
    fn ratio(a: &[Cost], b: &[Cost], of: impl Fn(&Cost) -> f64) -> Spread {
        Spread::of(a.iter().zip(b).map(|(a, b)| of(a) / of(b)).collect())
    }
}

impl Figures {
    /// How many times less CPU time than QEMU: on the first run and on the second.
    pub fn speed_up(&self) -> (Spread, Spread) {
        let over = |ours| Spread::ratio(&self.qemu, ours, |c| c.cpu);
        (over(&self.first), over(&self.second))
    }

    /// Is the kernel's goal reached? `None` if it has none.
    pub fn reached(&self, kernel: &Kernel) -> Option<bool> {
        let (first, second) = self.speed_up();
        let (goal, later) = kernel.goal?;
        Some(first.median >= goal && later.is_none_or(|goal| second.median >= goal))
    }

    /// A line of the table.
    pub fn line(&self, kernel: &Kernel) -> String {
        let times = |ours: &[Cost]| Spread::ratio(ours, &self.native, |c| c.cpu).median;
        let ((first, second), wall) =
            (self.speed_up(), Spread::ratio(&self.qemu, &self.first, |c| c.wall));
        let own = |x: f64, digits| if x.is_nan() { "–".into() } else { format!("{x:.digits$}") };
        let native = Spread::of(self.native.iter().map(|c| c.cpu).collect()).median;
        let goal = match kernel.goal {
            None => "–".into(),
            Some((goal, later)) => {
                let mark = if self.reached(kernel) == Some(true) { "✓" } else { "✗" };
                let later = later.map_or(String::new(), |later| format!(", then {later}"));
                format!("{goal}{later} {mark}")
            }
        };
        format!(
            "| {} | {} | {} | {} | {} | **{:.1}** ({:.1}–{:.1}) | {:.1} | {goal} | {:.1} | {:.0} / {:.0} |",
            kernel.name,
            seconds(native),
            own(times(&self.qemu), 1),
            own(times(&self.first), 2),
            own(times(&self.second), 2),
            first.median,
            first.low,
            first.high,
            second.median,
            wall.median,
            self.rss.0,
            self.rss.1,
        )
    }
}

/// Three digits that tell something.
fn seconds(s: f64) -> String {
    if s.is_nan() {
        return "–".into();
    }
    if s < 0.1 { format!("{:.1} ms", s * 1e3) } else { format!("{s:.2} s") }
}

/// Head of a group's table.
pub fn head(group: Group) -> String {
    format!(
        "\n### {}\n\n\
         | | native, CPU | QEMU, × native | Isamorph, × native | second run | **over QEMU** (spread) | second run | goal \
         | over QEMU, clock | RSS, MiB: QEMU / Isamorph |\n|---|---|---|---|---|---|---|---|---|---|\n",
        group.title()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::kernels::KERNELS;

    #[test]
    fn medians_and_extremes() {
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0]), Spread { low: 1.0, median: 2.0, high: 3.0 });
        assert_eq!(Spread::of(vec![4.0, 1.0]).median, 2.5);
        assert!(Spread::of(vec![]).median.is_nan());
    }

    #[test]
    fn a_goal_for_the_second_run_is_one_too() {
        let cost = |cpu| vec![Cost { cpu, wall: cpu }];
        let kernel = KERNELS.iter().find(|k| k.goal == Some((4.0, Some(6.0)))).unwrap();
        let mut figures = Figures {
            native: cost(1.0),
            qemu: cost(12.0),
            first: cost(3.0),
            second: cost(2.0),
            rss: (1.0, 1.0),
        };
        assert_eq!(figures.reached(kernel), Some(true));
        figures.second = cost(3.0);
        assert_eq!(figures.reached(kernel), Some(false));
        assert!(figures.line(kernel).contains("| 4, then 6 ✗ |"));
    }
}
