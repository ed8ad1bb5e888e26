//! The parts of the README that programs write.

use std::{error::Error, fmt};

/// Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`.
///
/// # Errors
///
/// If the text has no such pair of lines.
pub fn fill(readme: &str, name: &str, body: &str) -> Result<String, NoSection> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let missing = || NoSection { name: name.to_owned() };
    let from = readme.find(&start).ok_or_else(missing)? + start.len();
    let to = from + readme[from..].find(&end).ok_or_else(missing)?;
    Ok(format!("{}\n{}\n\n{}", &readme[..from], body.trim(), &readme[to..]))
}

/// The README has no section of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSection {
    name: String,
}

impl fmt::Display for NoSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        write!(f, "the README lacks the lines `<!-- {name} -->` and `<!-- /{name} -->`")
    }
}

impl Error for NoSection {}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn filling_twice_leaves_the_second_body_only() {
        let readme = "a\n<!-- t -->\n<!-- /t -->\nb\n";
        let once = fill(readme, "t", "one\n").unwrap();
        assert_eq!(once, "a\n<!-- t -->\n\none\n\n<!-- /t -->\nb\n");
        assert_eq!(fill(&once, "t", "two").unwrap(), once.replace("one", "two"));
    }

    #[test]
    fn a_section_without_an_end_is_an_error() {
        assert!(fill("<!-- t -->\n", "t", "x").is_err());
        let error = fill("<!-- /t -->\n<!-- t -->\n", "t", "x").unwrap_err();
        assert!(error.to_string().contains("<!-- /t -->"), "{error}");
    }
}
