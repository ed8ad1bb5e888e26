//! The table: what is expected of each build, and how the documentation shows it.

use std::fmt::Write as _;
use std::{env, fs};

use super::misuses;

/// When a misuse is caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caught {
    /// Before the program goes on.
    AtOnce,
    /// When the chunk is used next, or at the end.
    Later,
    /// Never, and here nothing came of it.
    Not,
    /// Never. Anything may come of it, so it is not tried.
    Wild,
}

use Caught::{AtOnce, Later, Not, Wild};

/// The builds, as columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Release,
    Debug,
    Hardened,
    GuardPages,
    Asan,
    Valgrind,
}

pub(crate) const MODES: [(Mode, &str); 6] = [
    (Mode::Release, "release"),
    (Mode::Debug, "debug"),
    (Mode::Hardened, "`hardened`"),
    (Mode::GuardPages, "`hardened`, guard pages"),
    (Mode::Asan, "AddressSanitizer (debug)"),
    (Mode::Valgrind, "Valgrind (release)"),
];

/// A misuse: what it is called here and in the documentation, how it is done to a pool of one thread and to one of many, and
/// when each build catches it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    text: &'static str,
    pub(crate) local: Option<fn()>,
    pub(crate) shared: Option<fn()>,
    caught: [Caught; 6],
}

macro_rules! row {
    ($name:ident both, $text:literal, $caught:expr) => {
        Row {
            name: stringify!($name),
            text: $text,
            local: Some(misuses::$name::<misuses::Local>),
            shared: Some(misuses::$name::<misuses::Shared>),
            caught: $caught,
        }
    };
    ($name:ident local, $text:literal, $caught:expr) => {
        Row {
            name: stringify!($name),
            text: $text,
            local: Some(misuses::$name::<misuses::Local>),
            shared: None,
            caught: $caught,
        }
    };
    ($name:ident shared, $text:literal, $caught:expr) => {
        Row {
            name: stringify!($name),
            text: $text,
            local: None,
            shared: Some(misuses::$name::<misuses::Shared>),
            caught: $caught,
        }
    };
}

/// Release, debug, hardened, guard pages, AddressSanitizer, Valgrind.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    row!(double_free both, "a chunk freed twice in a row", [Not, AtOnce, AtOnce, AtOnce, AtOnce, AtOnce]),
    row!(double_free_later both, "a chunk freed twice, with other allocations and frees between", [Not, AtOnce, AtOnce, AtOnce, AtOnce, AtOnce]),
    row!(double_free_after_reuse both, "a chunk freed twice, when somebody else has it already", [Not, Later, Later, Later, Later, Later]),
    row!(double_free_elsewhere shared, "a chunk freed twice on another thread than its owner's", [Not, AtOnce, AtOnce, AtOnce, AtOnce, AtOnce]),
    row!(double_free_of_what_the_owner_holds shared, "a chunk freed twice, the second time elsewhere, when its owner has taken it into its hand", [Not, Not, AtOnce, AtOnce, Not, AtOnce]),
    row!(double_free_closed both, "a chunk freed twice after the pool was closed", [Wild, AtOnce, AtOnce, AtOnce, AtOnce, Wild]),
    row!(foreign_pointer local, "an address of other memory, given to a pool of one thread", [Not, AtOnce, AtOnce, AtOnce, AtOnce, AtOnce]),
    row!(foreign_pointer_shared shared, "an address of other memory, given to a pool of many threads", [Wild, AtOnce, AtOnce, AtOnce, AtOnce, Wild]),
    row!(foreign_handle both, "an address of other memory, freed without a pool at hand", [Wild, AtOnce, AtOnce, AtOnce, AtOnce, Wild]),
    row!(other_pool both, "a chunk of another pool", [Not, AtOnce, AtOnce, AtOnce, AtOnce, Not]),
    row!(interior_pointer both, "an address within a chunk", [Not, AtOnce, AtOnce, AtOnce, AtOnce, AtOnce]),
    row!(wrong_layout both, "a chunk freed with another layout, without a pool at hand", [Wild, AtOnce, AtOnce, AtOnce, AtOnce, Wild]),
    row!(wrong_thread local, "a chunk of a pool of one thread, freed on another", [Not, AtOnce, AtOnce, AtOnce, AtOnce, Not]),
    row!(free_after_reset local, "a chunk freed after a reset", [Not, AtOnce, AtOnce, AtOnce, AtOnce, AtOnce]),
    row!(write_after_free both, "a write to a freed chunk", [Not, Later, Later, Later, AtOnce, AtOnce]),
    row!(write_after_reset local, "a write to a chunk after a reset", [Not, Later, Later, Later, AtOnce, AtOnce]),
    row!(write_inside_large_after_free both, "a write to a freed chunk of more than 2 KiB, a KiB or more from its ends", [Not, Not, Not, Not, AtOnce, AtOnce]),
    row!(read_after_free both, "a read of a freed chunk", [Not, Not, Not, Not, AtOnce, AtOnce]),
    row!(read_before_write both, "a decision made on a chunk that nobody wrote", [Not, Not, Not, Not, Not, AtOnce]),
    row!(overrun_into_live both, "a write one byte too far, the next chunk being live", [Not, Not, Not, Not, Not, Not]),
    row!(overrun_into_free both, "a write one byte too far, the next chunk being free", [Not, Later, Later, Later, AtOnce, AtOnce]),
    row!(overrun_into_slack both, "a write one byte too far, the layout's size not being a multiple of its alignment", [Not, Later, Later, Later, AtOnce, AtOnce]),
    row!(overrun_past_segment both, "a write one byte behind a segment", [Not, Not, Not, Not, AtOnce, AtOnce]),
    row!(overrun_past_segment_by_a_page both, "a write of a page behind a segment", [Not, Not, Not, AtOnce, AtOnce, AtOnce]),
    row!(leak_of_a_closed_pool both, "a chunk that is never freed, its pool being closed", [Not, Not, Not, Not, Later, Later]),
    row!(leak_in_a_live_pool both, "a chunk that is never freed, its pool living to the end of the program", [Not, Not, Not, Not, Not, Later]),
];

impl Row {
    pub(crate) fn expected(&self, mode: Mode) -> Caught {
        let of = |mode| self.caught[mode as usize];
        // AddressSanitizer together with `hardened`, as CI has it.
        if mode == Mode::Asan && cfg!(feature = "hardened") { of(mode).min(of(Mode::Hardened)) } else { of(mode) }
    }
}

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/HARDENING.md");
const BEGIN: &str = "<!-- table -->\n\n";
const END: &str = "\n<!-- /table -->";

fn rendered() -> String {
    let mut text = String::from("| misuse | pools |");
    MODES.iter().for_each(|(_, name)| write!(text, " {name} |").unwrap());
    text.push_str("\n|---|---|---|---|---|---|---|---|\n");
    for row in TABLE {
        let pools = match (row.local, row.shared) {
            (Some(_), Some(_)) => "both",
            (Some(_), None) => "one thread",
            _ => "many threads",
        };
        write!(text, "| {} | {pools} |", row.text).unwrap();
        for caught in row.caught {
            let cell = match caught {
                AtOnce => "**at once**",
                Later => "later",
                Not => "no",
                Wild => "no (wild)",
            };
            write!(text, " {cell} |").unwrap();
        }
        text.push('\n');
    }
    text
}

/// Fails if the documentation shows another table.
pub(crate) fn assert_documented() {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("HARDENING.md has a place for the table");
    let (shown, after) = rest.split_once(END).expect("HARDENING.md has an end of the table");
    if env::var_os("WRITE_TABLE").is_some() {
        fs::write(DOCUMENT, format!("{before}{BEGIN}{}{END}{after}", rendered())).unwrap();
    } else {
        assert_eq!(shown, rendered(), "HARDENING.md shows another table: run this test once with WRITE_TABLE=1");
    }
}
