//! What we set out to reach, beside what was measured.

use super::{REFERENCE, WORKLOADS, results::Results, times};

const BYTES: u32 = 64;

/// How many times as long a rival must take at least, on 64-byte objects: mimalloc and the system's allocator.
const RIVALS: [(&str, f64, f64); 8] = [
    ("pair", 3.0, 5.0),
    ("fill_drain_fifo", 2.0, 5.0),
    ("fill_drain_lifo", 2.0, 5.0),
    ("fill_drain_random", 2.0, 5.0),
    ("random_free", 2.5, 12.0),
    ("replace_300k", 4.0, 4.0),
    ("half_refill", 6.0, 12.0),
    ("walk_after_churn", 2.0, 8.0),
];

/// One goal and how it came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// What is compared.
    pub what: String,
    /// The ratio asked for.
    pub asked: Bound,
    /// The ratio measured; none without figures for it.
    pub measured: Option<f64>,
    /// Beside the raw ratio that is judged: the ratio of what the pools themselves cost, where the harness's own row
    /// leaves something of both.
    pub net: Option<f64>,
}

/// A bound on a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Goal {
    /// Whether the goal was reached.
    pub fn reached(&self) -> Option<bool> {
        self.measured.map(|measured| match self.asked {
            Bound::AtLeast(bound) => measured >= bound,
            Bound::AtMost(bound) => measured <= bound,
        })
    }
}

/// All goals.
pub fn goals(results: &Results) -> Vec<Goal> {
    let ratio = |workload, slow, fast| results.ratio((workload, slow), (workload, fast), BYTES);
    let net = |workload, slow, fast| net_ratio(results, workload, slow, fast, BYTES);
    let mut goals = Vec::new();
    for (workload, mimalloc, system) in RIVALS {
        for (rival, bound) in [("mimalloc", mimalloc), ("system", system)] {
            goals.push(Goal {
                what: format!("`{workload}`: {rival} / {REFERENCE}"),
                asked: Bound::AtLeast(bound),
                measured: ratio(workload, rival, REFERENCE),
                net: net(workload, rival, REFERENCE),
            });
        }
    }
    goals.push(Goal {
        what: format!("`reset`: system, one by one / {REFERENCE}"),
        asked: Bound::AtLeast(300.0),
        measured: ratio("reset", "system", REFERENCE),
        net: None,
    });
    // A reset is the raw pool's alone.
    let typed = || WORKLOADS.into_iter().filter(|workload| *workload != "reset");
    for workload in typed() {
        goals.push(Goal {
            what: format!("`{workload}`: typed / {REFERENCE}, harness subtracted"),
            asked: Bound::AtMost(1.3),
            measured: net(workload, "typed", REFERENCE),
            net: None,
        });
    }
    for workload in typed() {
        goals.push(Goal {
            what: format!("`{workload}`: plurality / typed, harness subtracted"),
            asked: Bound::AtLeast(if workload == "pair" { 3.0 } else { 1.0 }),
            measured: net(workload, "plurality", "typed"),
            net: None,
        });
    }
    goals
}

/// The goals as a table.
pub fn table(goals: &[Goal]) -> String {
    let mut text = String::from("| goal | asked | measured | reached | less the harness |\n|---|--:|--:|---|--:|\n");
    for goal in goals {
        let asked = match goal.asked {
            Bound::AtLeast(bound) => format!("≥ {bound}"),
            Bound::AtMost(bound) => format!("≤ {bound}"),
        };
        let measured = goal.measured.map_or("not measured".into(), judged);
        let reached = match goal.reached() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let net = goal.net.map(judged).unwrap_or_default();
        text += &format!("| {} | {asked} | {measured} | {reached} | {net} |\n", goal.what);
    }
    text
}

/// More digits where a bound may be near.
fn judged(ratio: f64) -> String {
    if ratio < 10.0 { format!("×{ratio:.2}") } else { times(ratio) }
}

/// The ratio of what is left of two subjects' figures when the do-nothing subject's is taken off. Where that subject
/// takes no part, nothing is taken off.
pub fn net_ratio(results: &Results, workload: &str, above: &str, below: &str, bytes: u32) -> Option<f64> {
    let harness = results.nanos(workload, "harness", bytes).unwrap_or(0.0);
    let above = results.nanos(workload, above, bytes)? - harness;
    let below = results.nanos(workload, below, bytes)? - harness;
    // Nothing left below: the harness is all there is, and a ratio would be noise.
    (below > 0.0).then_some(above / below)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::{Bound, Goal, goals, table};
    use crate::report::results::{Figure, Results};

    #[test]
    fn ratios_are_taken_as_the_goal_says() {
        let figure = |subject: &str, nanos: f64| Figure {
            workload: "pair".into(),
            subject: subject.into(),
            bytes: 64,
            nanos: vec![nanos],
            when: SystemTime::UNIX_EPOCH,
        };
        let results = Results::from(vec![
            figure("harness", 1.0),
            figure("core", 2.0),
            figure("typed", 2.5),
            figure("mimalloc", 5.0),
            figure("system", 10.0),
            figure("plurality", 12.0),
        ]);
        let all = goals(&results);
        let named = |what: &str| all.iter().find(|goal| goal.what.starts_with(what)).unwrap();

        let mimalloc = named("`pair`: mimalloc");
        assert_eq!((mimalloc.measured, mimalloc.reached(), mimalloc.net), (Some(2.5), Some(false), Some(4.0)));
        let typed = named("`pair`: typed");
        assert_eq!((typed.measured, typed.reached()), (Some(1.5), Some(false)));
        let plurality = named("`pair`: plurality");
        assert_eq!(plurality.reached(), Some(true));
        assert_eq!(named("`reset`").reached(), None);
    }

    #[test]
    fn a_goal_that_was_missed_stays_in_the_table() {
        let goal = |what: &str, asked, measured| Goal { what: what.into(), asked, measured, net: None };
        let text = table(&[
            goal("a", Bound::AtLeast(3.0), Some(2.5)),
            goal("b", Bound::AtMost(1.3), Some(1.25)),
            goal("c", Bound::AtMost(1.3), None),
        ]);
        assert!(text.contains("| a | ≥ 3 | ×2.50 | **no** |  |"), "{text}");
        assert!(text.contains("| b | ≤ 1.3 | ×1.25 | yes |  |"), "{text}");
        assert!(text.contains("| c | ≤ 1.3 | not measured |  |  |"), "{text}");
    }
}
