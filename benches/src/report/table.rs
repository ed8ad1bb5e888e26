//! The table: a workload a row, a subject a column.

use super::{digits, results::Results, times};

/// Nanoseconds for one operation, and how many times the reference's that is.
pub fn table(results: &Results, bytes: u32) -> String {
    let subjects = results.subjects(bytes);
    let mut text = format!("| {bytes} bytes |");
    for subject in &subjects {
        text += &format!(" {subject} |");
    }
    text += "\n|---|";
    text += &"--:|".repeat(subjects.len());
    text += "\n";
    for workload in results.workloads(bytes) {
        text += &format!("| `{workload}` |");
        for subject in &subjects {
            text += &format!(" {} |", cell(results, workload, subject, bytes));
        }
        text += "\n";
    }
    text
}

fn cell(results: &Results, workload: &str, subject: &str, bytes: u32) -> String {
    let Some(nanos) = results.nanos(workload, subject, bytes) else {
        return String::new();
    };
    let reference = results.reference();
    match results.ratio((workload, subject), (workload, reference), bytes) {
        Some(_) if subject == reference => format!("**{}**", digits(nanos)),
        // What the harness costs is no contestant's time: a ratio would say nothing.
        Some(ratio) if subject != "harness" => format!("{} {}", digits(nanos), times(ratio)),
        _ => digits(nanos),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::table;
    use crate::report::results::{Figure, Results};

    #[test]
    fn a_row_has_figures_and_ratios_and_leaves_gaps_where_there_are_none() {
        let figure = |workload: &str, subject: &str, nanos: f64| Figure {
            workload: workload.into(),
            subject: subject.into(),
            bytes: 64,
            nanos: vec![nanos],
            when: SystemTime::UNIX_EPOCH,
        };
        let results = Results::from(vec![
            figure("random_free", "system", 25.0),
            figure("pair", "system", 9.0),
            figure("pair", "harness", 1.0),
            figure("pair", "core", 3.0),
        ]);
        assert_eq!(
            table(&results, 64),
            "| 64 bytes | harness | core | system |\n\
             |---|--:|--:|--:|\n\
             | `pair` | 1.00 | **3.00** | 9.00 ×3.0 |\n\
             | `random_free` |  |  | 25.0 |\n"
        );
    }
}
