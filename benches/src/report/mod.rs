//! From figures to this folder's README: tables, goals, charts.

pub mod chart;
pub mod goals;
pub mod machine;
pub mod readme;
pub mod results;
pub mod table;
pub mod threads;

use std::{
    env,
    path::{Path, PathBuf},
};

/// Who the others are measured against.
pub const REFERENCE: &str = "core";

/// The workloads in the order of the tables. One that is not named here comes last; none is left out.
pub const WORKLOADS: [&str; 14] = [
    "pair",
    "fill_drain_fifo",
    "fill_drain_lifo",
    "fill_drain_random",
    "replace_1k",
    "random_free",
    "replace_300k",
    "half_refill",
    "random_free_read",
    "replace_300k_read",
    "half_refill_read",
    "walk_after_churn",
    "binary_trees",
    "reset",
];

/// This crate's folder.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where cargo, criterion and the threads' benches leave what they make.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| home().join("../target"), PathBuf::from)
}

/// A number with three digits that count.
pub(crate) fn digits(value: f64) -> String {
    if !value.is_finite() {
        return "?".into();
    }
    let magnitude = value.abs().max(1e-9).log10().floor() as i32;
    let decimals = usize::try_from(2 - magnitude).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// How many times as long: `×3.2`, and no decimals where they would be noise.
pub(crate) fn times(ratio: f64) -> String {
    if ratio >= 20.0 { format!("×{ratio:.0}") } else { format!("×{ratio:.1}") }
}

#[cfg(test)]
mod tests {
    use super::{digits, times};

    #[test]
    fn three_digits_count_at_every_size() {
        let shown = [0.009_312, 0.5, 1.0, 3.456, 34.56, 345.6, 34_560.0].map(digits);
        assert_eq!(shown, ["0.00931", "0.500", "1.00", "3.46", "34.6", "346", "34560"]);
        assert_eq!(digits(f64::NAN), "?");
    }

    #[test]
    fn large_ratios_have_no_decimals() {
        assert_eq!([1.04, 19.94, 20.4, 1334.4].map(times), ["×1.0", "×19.9", "×20", "×1334"]);
    }
}
