//! What the system says of this process.

use std::fs::read_to_string;

/// A number of `/proc/self/status`, in bytes.
pub(crate) fn status(name: &str) -> usize {
    kilobytes(&read_to_string("/proc/self/status").unwrap(), name)
}

/// Bytes of memory that are there, by a look at every page: what `status` says of it lags behind.
pub(crate) fn resident() -> usize {
    kilobytes(&read_to_string("/proc/self/smaps_rollup").unwrap(), "Anonymous")
}

/// A number of `/proc/self/smaps` for the mapping that has this address, in bytes.
pub(crate) fn smaps(address: usize, name: &str) -> usize {
    let text = read_to_string("/proc/self/smaps").unwrap();
    let mut mappings =
        text.lines().skip_while(|line| !range(line).is_some_and(|(from, to)| from <= address && address < to));
    mappings.next().expect("the address is mapped");
    let rest: Vec<&str> = mappings.take_while(|line| range(line).is_none()).collect();
    kilobytes(&rest.join("\n"), name)
}

/// What `/proc/self/numa_maps` says of the mapping that begins here: its policy.
pub(crate) fn policy(start: usize) -> String {
    let text = read_to_string("/proc/self/numa_maps").unwrap();
    let line = text.lines().find(|line| usize::from_str_radix(line.split(' ').next().unwrap(), 16) == Ok(start));
    line.expect("a mapping begins there").split(' ').nth(1).unwrap().to_owned()
}

fn range(line: &str) -> Option<(usize, usize)> {
    let (from, to) = line.split(' ').next()?.split_once('-')?;
    Some((usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?))
}

fn kilobytes(text: &str, name: &str) -> usize {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect(name);
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
