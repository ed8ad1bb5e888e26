//! The rules of the tz database, and the changes of clocks that follow from them.
//!
//! ```text
//! R EU 1981 ma - Mar lastSu 1u 1 S
//!   │  │    │    │   │      │  │ └ what the name of the zone's time gets: CE%sT becomes CEST
//!   │  │    │    │   │      │  └ how far clocks are ahead from then on, in hours
//!   │  │    │    │   │      └ at which hour: u is universal time
//!   │  │    │    │   └ on which day: 25, Su>=8, Sa<=30
//!   │  │    │    └ in which month
//!   │  from to: a year, only, or maximum
//!   name
//! ```
//!
//! Words may be cut short. The manual page `zic(8)` has all of it.

use std::fmt;

/// Where `maximum` ends here.
const LAST_YEAR: i32 = 2100;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// A weekday is an index into this. The 1st of January 1970 was the first of them.
const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// A line. Its words are slices of the text: a value in a pool may borrow.
pub(crate) struct Rule<'t> {
    line: u32,
    from: i32,
    to: i32,
    month: i32,
    on: Day,
    words: Words<'t>,
}

/// What a rule says for one year.
pub(crate) struct Change<'t> {
    day: i32,
    words: Words<'t>,
}

/// What is not looked into, as written in the file.
#[derive(Clone, Copy)]
struct Words<'t> {
    name: &'t str,
    at: &'t str,
    save: &'t str,
    letters: &'t str,
}

#[derive(Clone, Copy)]
enum Day {
    Nth(i32),
    Last { weekday: i32 },
    OnOrAfter { weekday: i32, day: i32 },
    OnOrBefore { weekday: i32, day: i32 },
}

#[derive(Debug)]
pub(crate) struct BadLine {
    pub(crate) line: u32,
    pub(crate) mistake: &'static str,
}

/// All rules of a text. Comments and lines of other kinds are passed over.
pub(crate) fn rules(text: &str) -> impl Iterator<Item = Result<Rule<'_>, BadLine>> {
    (1..).zip(text.lines()).filter_map(|(line, text)| {
        let mut words = text.split_ascii_whitespace().take_while(|word| !word.starts_with('#'));
        let is_rule = is_short_for(words.next()?, "Rule");
        is_rule.then(|| Rule::parse(line, words).map_err(|mistake| BadLine { line, mistake }))
    })
}

impl<'t> Rule<'t> {
    fn parse(line: u32, mut words: impl Iterator<Item = &'t str>) -> Result<Self, &'static str> {
        let mut word = || words.next().ok_or("a rule has ten words");
        let name = word()?;
        let from = number(word()?).ok_or("FROM is not a year")?;
        let to = match word()? {
            only if is_short_for(only, "only") => from,
            maximum if is_short_for(maximum, "maximum") => LAST_YEAR,
            to => number(to).ok_or("TO is not a year")?,
        };
        word()?; // A dash, in all files of this century.
        let month = 1 + index_in(&MONTHS, word()?).ok_or("IN is not a month")?;
        let on = Day::parse(word()?).ok_or("ON is not a day")?;
        let rule = Words { name, at: word()?, save: word()?, letters: word()? };
        match words.next() {
            None => Ok(Rule { line, from, to, month, on, words: rule }),
            Some(_) => Err("a rule has ten words"),
        }
    }

    /// One for each year.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Result<Change<'t>, BadLine>> {
        (self.from..=self.to).map(|year| match self.on.in_month(year, self.month) {
            Some(day) => Ok(Change { day, words: self.words }),
            None => Err(BadLine { line: self.line, mistake: "no such day in this month" }),
        })
    }
}

impl Change<'_> {
    /// Counted from the 1st of January 1970.
    pub(crate) fn day(&self) -> i32 {
        self.day
    }
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Words { name, at, save, letters } = self.words;
        write!(f, "{name:8}{at:8}{save:8}{letters}")
    }
}

impl Day {
    fn parse(word: &str) -> Option<Self> {
        let weekday = |name| index_in(&WEEKDAYS, name);
        Some(if let Some(name) = word.strip_prefix("last") {
            Day::Last { weekday: weekday(name)? }
        } else if let Some((name, day)) = word.split_once(">=") {
            Day::OnOrAfter { weekday: weekday(name)?, day: number(day)? }
        } else if let Some((name, day)) = word.split_once("<=") {
            Day::OnOrBefore { weekday: weekday(name)?, day: number(day)? }
        } else {
            Day::Nth(number(word)?)
        })
    }

    /// Which day that is; `Su>=31` may be in the next month.
    fn in_month(self, year: i32, month: i32) -> Option<i32> {
        let month = day_number(year, month, 1)..day_number(year, month + 1, 1);
        let nth = |day| Some(month.start + day - 1).filter(|day| month.contains(day));
        let on_or_before = |day: i32, weekday: i32| day - (day - weekday).rem_euclid(7);
        Some(match self {
            Day::Nth(day) => nth(day)?,
            Day::Last { weekday } => on_or_before(month.end - 1, weekday),
            Day::OnOrAfter { weekday, day } => on_or_before(nth(day)? + 6, weekday),
            Day::OnOrBefore { weekday, day } => on_or_before(nth(day)?, weekday),
        })
    }
}

/// The day of a date such as 2025-10-26.
pub(crate) fn day(date: &str) -> Option<i32> {
    let mut numbers = date.splitn(3, '-').map(number);
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    (1..=12).contains(&month).then(|| Day::Nth(day).in_month(year, month))?
}

/// Days since the 1st of January 1970; month 13 is the next January.
fn day_number(year: i32, month: i32, day: i32) -> i32 {
    // Counted from March on, a leap day is the last of its year.
    let (year, month) = (year + (month + 9) / 12 - 1, (month + 9) % 12);
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
        - 719_469
}

fn number(digits: &str) -> Option<i32> {
    digits.parse::<u16>().ok().map(i32::from)
}

/// The one name that `word` is short for.
fn index_in(names: &[&str], word: &str) -> Option<i32> {
    let mut found = (0..).zip(names).filter(|(_, name)| is_short_for(word, name));
    found.next().filter(|_| found.next().is_none()).map(|(index, _)| index)
}

fn is_short_for(word: &str, name: &str) -> bool {
    !word.is_empty() && name.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(rule: &str) -> Result<Vec<i32>, &'static str> {
        let rule = rules(rule).next().expect("a rule").map_err(|bad| bad.mistake)?;
        rule.changes().map(|change| change.map(|change| change.day).map_err(|bad| bad.mistake)).collect()
    }

    fn days<const N: usize>(dates: [&str; N]) -> Result<Vec<i32>, &'static str> {
        Ok(dates.iter().map(|date| day(date).expect("a date")).collect())
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days(["1970-01-01", "1969-12-31", "2000-02-29"]), Ok(vec![0, -1, 11_016]));
        assert_eq!(day("2025-10-26"), Some(20_387));
        for wrong in ["", "2025", "2025-10", "2025-02-29", "2025-13-01", "2025-00-01", "2025-01-00", "2025-1-1-1"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn rule_has_a_change_in_each_of_its_years() {
        assert_eq!(changes("R a 2024 2025 - F lastTu 0 0 -"), days(["2024-02-27", "2025-02-25"]));
        assert_eq!(changes("Rule a 2024 only - jan 31 0 0 - # no more"), days(["2024-01-31"]));
        assert_eq!(changes("R a 2025 o - O Su>=26 0 0 -"), days(["2025-10-26"]));
        assert_eq!(changes("R a 2025 o - D Su>=29 0 0 -"), days(["2026-01-04"]));
        assert_eq!(changes("R a 2025 o - S M<=1 0 0 -"), days(["2025-09-01"]));
        assert_eq!(changes("R a 2025 o - S Su<=1 0 0 -"), days(["2025-08-31"]));
        assert_eq!(changes("R a 2025 ma - Mar lastSu 0 0 -").map(|days| days.len()), Ok(76));
    }

    #[test]
    fn mistakes_are_told() {
        for (rule, mistake) in [
            ("R", "a rule has ten words"),
            ("R a 2025 o - Ja 1 0 0 # -", "a rule has ten words"),
            ("R a 2025 o - Ja 1 0 0 - -", "a rule has ten words"),
            ("R a last o - Ja 1 0 0 -", "FROM is not a year"),
            ("R a 2025 -1 - Ja 1 0 0 -", "TO is not a year"),
            ("R a 2025 o - Ju 1 0 0 -", "IN is not a month"),
            ("R a 2025 o - Ja S>=1 0 0 -", "ON is not a day"),
            ("R a 2025 o - Ja lastJa 0 0 -", "ON is not a day"),
            ("R a 2024 2025 - F 29 0 0 -", "no such day in this month"),
        ] {
            assert_eq!(changes(rule), Err(mistake), "{rule}");
        }
    }
}
