//! The chart: a panel for each workload, a bar for each subject.

use super::{digits, results::Results};

const COLUMNS: usize = 3;
const PANEL: f64 = 330.0;
const BAR: f64 = 15.0;
const NAME: f64 = 92.0;
const VALUE: f64 = 52.0;
const TITLE: f64 = 30.0;
const GAP: f64 = 22.0;
/// The longest bar is so many times the reference's; what is longer is cut off, or nothing else could be seen.
const LONGEST: f64 = 12.0;

/// The figures for one size as SVG.
pub fn chart(results: &Results, bytes: u32) -> String {
    let workloads = results.workloads(bytes);
    let subjects = results.subjects(bytes);
    let height_of_panel = TITLE + BAR * subjects.len() as f64 + GAP;
    let rows = workloads.len().div_ceil(COLUMNS);
    let (width, height) = (PANEL * COLUMNS as f64, height_of_panel * rows as f64 + 34.0);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#1b1f24\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"10\" y=\"20\" font-size=\"13\">Nanoseconds for one operation, {bytes}-byte objects; \
         shorter is better. A bar with a notch goes on.</text>\n"
    );
    for (i, workload) in workloads.iter().enumerate() {
        let x = PANEL * (i % COLUMNS) as f64 + 10.0;
        let y = height_of_panel * (i / COLUMNS) as f64 + 34.0;
        panel(&mut svg, results, workload, bytes, &subjects, x, y);
    }
    svg + "</svg>\n"
}

fn panel(svg: &mut String, results: &Results, workload: &str, bytes: u32, subjects: &[&str], x: f64, y: f64) {
    let values: Vec<(&str, f64)> =
        subjects.iter().filter_map(|subject| Some((*subject, results.nanos(workload, subject, bytes)?))).collect();
    let longest = values.iter().map(|(_, nanos)| *nanos).fold(0.0, f64::max);
    let reference = results.nanos(workload, results.reference(), bytes).unwrap_or(longest);
    let full = longest.min(reference * LONGEST);
    let room = PANEL - NAME - VALUE - 20.0;

    *svg += &format!("<text x=\"{x}\" y=\"{:.1}\" font-size=\"13\" font-weight=\"600\">{workload}</text>\n", y + 18.0);
    for (i, (subject, nanos)) in values.iter().enumerate() {
        let top = y + TITLE + BAR * i as f64;
        let base = top + BAR * 0.75;
        let length = (room * (nanos / full).min(1.0)).max(1.0);
        let color = match *subject {
            "harness" => "#adb5bd",
            "core" | "typed" | "Pool" | "SyncPool" | "SyncPool::local" | "SyncPoolHandle" => "#d9480f",
            _ => "#5c7fa3",
        };
        let start = x + NAME;
        *svg += &format!(
            "<text x=\"{:.1}\" y=\"{base:.1}\" text-anchor=\"end\">{subject}</text>\
             <rect x=\"{start:.1}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"{:.1}\" fill=\"{color}\"/>",
            start - 5.0,
            top + 2.0,
            BAR - 4.0,
        );
        if *nanos > full {
            *svg += &format!(
                "<path d=\"M{:.1} {:.1}l-4 {:.1}h4l4 -{:.1}z\" fill=\"#ffffff\"/>",
                start + length - 14.0,
                top + 2.0,
                BAR - 4.0,
                BAR - 4.0,
            );
        }
        *svg += &format!("<text x=\"{:.1}\" y=\"{base:.1}\">{}</text>\n", start + length + 5.0, digits(*nanos));
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::{LONGEST, chart};
    use crate::report::results::{Figure, Results};

    #[test]
    fn every_figure_has_a_bar_and_only_long_ones_a_notch() {
        let figure = |subject: &str, nanos: f64| Figure {
            workload: "pair".into(),
            subject: subject.into(),
            bytes: 64,
            nanos: vec![nanos],
            when: SystemTime::UNIX_EPOCH,
        };
        let figures = vec![figure("core", 2.0), figure("mimalloc", 2.0 * LONGEST - 0.1), figure("system", 200.0)];
        let svg = chart(&Results::from(figures), 64);
        // One rectangle more: the ground.
        assert_eq!(svg.matches("<rect").count(), 4);
        assert_eq!(svg.matches("<path").count(), 1);
        assert!(svg.contains(">200</text>"), "{svg}");
        assert!(svg.ends_with("</svg>\n"));
    }
}
