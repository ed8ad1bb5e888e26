//! The stages, and what lies between them.
//!
//! ```text
//!               rules ┌────────┐ changes
//!            ┌───────►│ unroll │───────┐
//! ┌──────┐   │        └────────┘       │  ┌───────┐
//! │ read │───┤ in turn         in turn ├─►│ write │
//! └──────┘   │        ┌────────┐       │  └───────┘
//!            └───────►│ unroll │───────┘
//!                     └────────┘
//! ```
//!
//! Batches are dealt out in turn and collected in turn, which keeps the input's order. A mistake travels as a
//! batch of its own, so that the first of the input is told, whoever found it.

use std::io;
use std::iter;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::Failure;
use crate::box_kind::BoxKind;
use crate::rule::{BadLine, Change, Rule, rules};

const UNROLLERS: usize = 2;
/// How many rules are handed on at once: to wake a thread costs more than one of them.
const BATCH: usize = 128;
/// How many batches wait between two stages at most; a stage that is faster than the next pauses.
const QUEUE: usize = 2;

/// Where all threads take boxes from.
pub(crate) struct Pools<'t, K: BoxKind> {
    pub(crate) rules: K::Source<Rule<'t>>,
    pub(crate) changes: K::Source<Change<'t>>,
}

impl<K: BoxKind> Default for Pools<'_, K> {
    fn default() -> Self {
        Pools { rules: Default::default(), changes: Default::default() }
    }
}

/// Boxes on their way to the next thread, or why there are none.
type Batch<T, K> = Result<Vec<<K as BoxKind>::Owner<T>>, BadLine>;

/// Goes `laps` times through the rules of `text`, calls `sink` with each change, and tells how many there were.
pub(crate) fn run<'t, K: BoxKind>(
    text: &'t str,
    laps: usize,
    pools: &Pools<'t, K>,
    sink: impl FnMut(&Change<'t>) -> io::Result<()>,
) -> Result<usize, Failure> {
    thread::scope(|scope| {
        let (mut to_unrollers, mut from_unrollers) = (Vec::new(), Vec::new());
        for _ in 0..UNROLLERS {
            let (to_unroller, rules) = sync_channel(QUEUE);
            let (changes, from_unroller) = sync_channel(QUEUE);
            scope.spawn(move || unroll::<K>(&rules, &changes, &pools.changes));
            to_unrollers.push(to_unroller);
            from_unrollers.push(from_unroller);
        }
        scope.spawn(move || read::<K>(text, laps, &to_unrollers, &pools.rules));
        // A stage that ends drops its channels, with the boxes that are in them, and then its neighbours end.
        write::<K>(&from_unrollers, sink)
    })
}

fn read<'t, K: BoxKind>(
    text: &'t str,
    laps: usize,
    unrollers: &[SyncSender<Batch<Rule<'t>, K>>],
    pool: &K::Source<Rule<'t>>,
) {
    let mut rules = (0..laps).flat_map(|_| rules(text)).peekable();
    for unroller in unrollers.iter().cycle() {
        let batch = if let Some(Err(mistake)) = rules.next_if(Result::is_err) {
            Err(mistake)
        } else {
            let good = iter::from_fn(|| rules.next_if(Result::is_ok)?.ok());
            Ok(good.take(BATCH).map(|rule| K::put(pool, rule)).collect())
        };
        if unroller.send(batch).is_err() || rules.peek().is_none() {
            break;
        }
    }
}

fn unroll<'t, K: BoxKind>(
    rules: &Receiver<Batch<Rule<'t>, K>>,
    changes: &SyncSender<Batch<Change<'t>, K>>,
    pool: &K::Source<Change<'t>>,
) {
    for batch in rules {
        let batch = batch.and_then(|rules| {
            let changes = rules.iter().flat_map(|rule| rule.changes());
            changes.map(|change| Ok(K::put(pool, change?))).collect()
            // The rules are freed here, though another thread allocated them.
        });
        if changes.send(batch).is_err() {
            break;
        }
    }
}

fn write<'t, K: BoxKind>(
    unrollers: &[Receiver<Batch<Change<'t>, K>>],
    mut sink: impl FnMut(&Change<'t>) -> io::Result<()>,
) -> Result<usize, Failure> {
    let mut count = 0;
    for unroller in unrollers.iter().cycle() {
        // They take turns: the first to have nothing left is the first that was dealt nothing.
        let Ok(batch) = unroller.recv() else { break };
        for change in batch? {
            sink(&change)?;
            count += 1;
            // And the change is freed here.
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::box_kind::{GlobalBoxes, SyncPoolBoxes};

    const GOOD: &str = "R a 2000 2009 - Ja 1 0 0 -\n";

    fn list<K: BoxKind>(text: &str, laps: usize) -> Vec<String> {
        let mut list = Vec::new();
        let count = run(text, laps, &Pools::<K>::default(), |change| {
            list.push(format!("{} {change}", change.day()));
            Ok(())
        });
        assert_eq!(count.expect("the rules are right"), list.len());
        list
    }

    #[test]
    fn changes_come_in_the_order_of_the_rules() {
        let text: String = (0..600).map(|n| format!("R {n:04} 1970 1971 - Ja 1 0 0 -\n")).collect();
        let lap = (0..600).flat_map(|n| [0, 365].map(|day| format!("{day} {n:04}    0       0       -")));
        let expected: Vec<String> = lap.clone().chain(lap).collect();
        assert_eq!(list::<SyncPoolBoxes>(&text, 2), expected);
        assert_eq!(list::<GlobalBoxes>(&text, 2), expected);
    }

    #[test]
    fn as_many_rules_as_fill_their_batches_are_all_read() {
        for rules in [0, 1, BATCH, BATCH * UNROLLERS, BATCH * UNROLLERS + 1] {
            assert_eq!(list::<SyncPoolBoxes>(&GOOD.repeat(rules), 1).len(), 10 * rules);
        }
    }

    #[test]
    fn pools_grow_with_what_is_on_its_way_not_with_the_work() {
        // Threads come and go a hundred times, and 128,000 rules go through. On their way at once are a batch in each
        // hand and those in the queues.
        let (rounds, text) = (if cfg!(miri) { 2 } else { 100 }, GOOD.repeat(10 * BATCH));
        let most_rules = (UNROLLERS * (QUEUE + 1) + 1) * BATCH;
        let pools = Pools::<SyncPoolBoxes>::default();
        for _ in 0..rounds {
            run(&text, 1, &pools, |_| Ok(())).expect("the rules are right");
        }
        // Each thread has blocks of its own, and blocks are large beside so few rules.
        let (rules, changes) = (pools.rules.capacity(), pools.changes.capacity());
        assert!(rules < 8 * most_rules && changes < 8 * 10 * most_rules, "{rules} rules, {changes} changes");
        assert_eq!((pools.rules.len(), pools.changes.len()), (0, 0));
    }

    #[test]
    fn first_mistake_of_the_input_is_told_and_no_box_is_lost() {
        // An unroller finds the first and the reader the second, most likely before.
        let good = GOOD.repeat(600);
        let text = format!("{good}R a 2000 o - F 30 0 0 -\nR a b o - Ja 1 0 0 -\n{good}");
        let pools = Pools::<SyncPoolBoxes>::default();
        let result = run(&text, 1, &pools, |_| Ok(()));
        assert!(matches!(result, Err(Failure::Line(BadLine { line: 601, .. }))), "{result:?}");
        assert_eq!((pools.rules.len(), pools.changes.len()), (0, 0));
    }

    #[test]
    fn sink_that_fails_stops_all_threads_and_no_box_is_lost() {
        let pools = Pools::<SyncPoolBoxes>::default();
        let mut left = 1_000;
        let result = run(GOOD, 10_000, &pools, |_| {
            left -= 1;
            if left == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        });
        assert!(matches!(&result, Err(Failure::Write(_))), "{result:?}");
        assert_eq!((left, pools.rules.len(), pools.changes.len()), (0, 0, 0));
    }
}
