//! Which known word a mistyped one was meant to be. Knows no schema.

use strsim::osa_distance;

/// The known word that `word` is a misspelling of: another case, or at most two letters wrong, and fewer than right ones.
pub(crate) fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    const MOST_WRONG: usize = 2;
    let word = word.to_lowercase();
    let longest = known.iter().map(|candidate| candidate.len()).max()? + MOST_WRONG;
    if word.chars().count() > longest {
        return None;
    }
    known
        .iter()
        .map(|candidate| (osa_distance(&word, &candidate.to_lowercase()), *candidate))
        .filter(|(wrong, candidate)| *wrong <= MOST_WRONG && wrong * 2 < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_finds_the_meant_one() {
        let known = [
            "URI",
            "Token",
            "System",
            "Exclusive",
            "Insecure",
            "Keyservers",
        ];
        let table = [
            ("uri", Some("URI")),
            ("Uri", Some("URI")),
            ("URL", Some("URI")),
            ("Exclusve", Some("Exclusive")),
            ("Keyserver", Some("Keyservers")),
            ("Tokne", Some("Token")),
            ("insecured", Some("Insecure")),
            ("Extra", None),
            ("U", None),
            ("", None),
        ];
        for (word, meant) in table {
            assert_eq!(closest(word, &known), meant, "{word:?}");
        }
        assert_eq!(closest(&"x".repeat(100_000), &known), None);
        assert_eq!(closest("x", &[]), None);
    }
}
