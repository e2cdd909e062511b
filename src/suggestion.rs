//! Which known word a mistyped one was meant to be. Knows no schema.

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
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), *candidate))
        .filter(|(wrong, candidate)| *wrong <= MOST_WRONG && wrong * 2 < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out, exchanged or swapped with their neighbour to make `a` of `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let exchanged = rows[i][j] + usize::from(a[i] != b[j]);
            let mut least = exchanged.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
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
