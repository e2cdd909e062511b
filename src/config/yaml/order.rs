//! The order in which go-yaml v2 writes the keys of a map. Nothing depends on it but equal bytes.

use std::cmp::Ordering;

/// Sorts by name: other characters before letters, runs of digits as numbers, else by code point.
///
/// Go's comparison is no order: `19` < `1b` < `2` < `19`. The standard library may panic on such, this doesn't.
pub(super) fn sorted<T>(mut entries: Vec<(&str, T)>) -> Vec<(&str, T)> {
    if entries.len() < 2 {
        return entries;
    }
    let right = entries.split_off(entries.len() / 2);
    let mut left = sorted(entries).into_iter().peekable();
    let mut right = sorted(right).into_iter().peekable();
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let first = if compare(b.0, a.0).is_lt() {
            &mut right
        } else {
            &mut left
        };
        merged.extend(first.next());
    }
    merged.extend(left.chain(right));
    merged
}

fn compare(a: &str, b: &str) -> Ordering {
    let same = a
        .chars()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    let (before, a) = a.split_at(same);
    let b = &b[same..];
    let (Some(first_a), Some(first_b)) = (a.chars().next(), b.chars().next()) else {
        return a.len().cmp(&b.len());
    };
    if first_a.is_alphabetic() || first_b.is_alphabetic() {
        return (first_a.is_alphabetic(), first_a).cmp(&(first_b.is_alphabetic(), first_b));
    }
    let in_a_number = before
        .trim_end_matches('0')
        .ends_with(|character: char| character.is_ascii_digit());
    compare_numbers(
        digits(a),
        digits(b),
        in_a_number && (first_a == '0' || first_b == '0'),
    )
    .then(first_a.cmp(&first_b))
}

fn digits(text: &str) -> &str {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    &text[..end]
}

/// Compares runs of digits by value, then by length; leading zeros count in the middle of a number.
fn compare_numbers(a: &str, b: &str, in_a_number: bool) -> Ordering {
    let value = |run: &str| {
        if in_a_number {
            run.len()
        } else {
            run.trim_start_matches('0').len()
        }
    };
    let significant = |run: &'_ str| run.len() - value(run);
    value(a)
        .cmp(&value(b))
        .then_with(|| a[significant(a)..].cmp(&b[significant(b)..]))
        .then_with(|| a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted_names(names: Vec<&str>) -> Vec<&str> {
        let entries = sorted(names.into_iter().map(|name| (name, ())).collect());
        entries.into_iter().map(|(name, ())| name).collect()
    }

    #[test]
    fn names_stand_in_the_order_of_go() {
        // each was sorted by go-yaml v2
        let table: [&[&str]; 6] = [
            &[
                "", "-", "_", "~", "1", "2", "10", "A", "Z", "a", "b", "é", "日本",
            ],
            &[
                "node-1", "node1", "node01", "node2", "node10", "node10a", "node10b", "nodes",
            ],
            &["a", "a b", "a-b", "a.b", "a1", "a2", "aB", "ab"],
            &["0", "0-", "00", "1", "01", "001", "2"],
            &["v1", "v1.2", "v1.10", "v11", "v100", "v101", "v109", "v110"],
            &["x y", "x-y", "x.y", "x_y", "xy"],
        ];
        for names in table {
            let mut reversed = names.to_vec();
            reversed.reverse();
            assert_eq!(sorted_names(reversed), names);
        }
    }

    #[test]
    fn a_comparison_that_is_no_order_ends_all_the_same() {
        assert_eq!(compare("19", "1b"), Ordering::Less);
        assert_eq!(compare("1b", "2"), Ordering::Less);
        assert_eq!(compare("2", "19"), Ordering::Less);
        let names: Vec<String> = (0..1_000)
            .map(|number| format!("{:x}", number * 7919 % 4096))
            .collect();
        let mut found = sorted_names(names.iter().map(String::as_str).collect());
        found.sort_unstable();
        let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
        all.sort_unstable();
        assert_eq!(found, all);
    }
}
