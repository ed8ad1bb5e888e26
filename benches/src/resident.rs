//! This process's memory, as the system sees it.

use std::{error::Error, fs};

/// Bytes of this process's anonymous pages: heap and stack, but not the program's text, which becomes
/// resident as it is run. The kernel counts them page by page for this file; `statm` may lag behind.
///
/// # Errors
///
/// Where there is no `/proc/self/smaps_rollup`, or it has not that line.
pub fn resident() -> Result<usize, Box<dyn Error>> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:"))
        .ok_or("/proc/self/smaps_rollup has no line `Anonymous:`")?;
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}
