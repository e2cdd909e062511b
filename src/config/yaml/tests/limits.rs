//! What a hostile file may cost: bounded time, memory and stack, and an error that names the limit.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::super::document;
use crate::name::RemoteName;

/// Generous for a busy machine and a debug build; what these files could cost without a limit is years.
const LONGEST: Duration = Duration::from_secs(20);

/// The reason that `text` is refused for, found in bounded time.
fn refusal(text: &str) -> String {
    let start = Instant::now();
    let reason = document(text.as_bytes()).unwrap_err().reason().to_owned();
    assert!(start.elapsed() < LONGEST, "{reason}");
    reason
}

#[test]
fn nesting_of_any_kind_and_depth_is_refused_by_name() {
    const LEVELS: usize = 10_000;
    let maps: String = (0..1_000)
        .map(|level| format!("{:level$}a:\n", ""))
        .collect();
    let mixed = format!("{}{}{}", "- ".repeat(100), "[".repeat(100), "]".repeat(100));
    for text in [
        format!("Active: {}", "[".repeat(LEVELS)),
        format!("Active: {}{}", "[".repeat(LEVELS), "]".repeat(LEVELS)),
        "{a: ".repeat(LEVELS),
        "- ".repeat(LEVELS),
        "? ".repeat(LEVELS),
        format!("<<: [{{{}", "<<: [{".repeat(LEVELS)),
        maps,
        mixed,
    ] {
        assert_eq!(refusal(&text), "nested deeper than 128 levels");
    }
}

#[test]
fn nesting_up_to_the_limit_is_refused_for_what_it_is() {
    let text = format!("Active: {}{}", "[".repeat(127), "]".repeat(127));
    assert_eq!(refusal(&text), "Active must be a text, not a list");
}

#[test]
fn aliases_that_stand_for_aliases_are_refused() {
    // each remote merges the one before nine times: 9^20 in all
    let mut laughs = String::from("Remotes:\n  r0: &a0 {URI: c}\n");
    for level in 1..20 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(laughs, "  r{level}: &a{level} {{<<: [{aliases}]}}").unwrap();
    }
    assert_eq!(
        refusal(&laughs),
        "aliases stand for too much of the document"
    );
}

#[test]
fn a_large_map_can_not_be_merged_over_and_over() {
    let keys: String = (0..5_000)
        .map(|number| format!("r{number}: {{}}, "))
        .collect();
    let aliases = vec!["*a"; 999].join(", ");
    let text = format!("Remotes:\n  <<:\n  - &a {{{keys}}}\n  - <<: [{aliases}]\n");
    assert_eq!(refusal(&text), "aliases stand for too much of the document");
}

#[test]
fn a_thousand_aliases_are_the_most() {
    let remotes = |count: usize| {
        let aliases: String = (0..count)
            .map(|number| format!("  r{number}: *a\n"))
            .collect();
        format!("Remotes:\n  a: &a {{URI: c.example.com, System: true}}\n{aliases}")
    };
    assert_eq!(
        document(remotes(1_000).as_bytes()).unwrap().remotes().len(),
        1_001
    );
    assert_eq!(refusal(&remotes(1_001)), "more than 1000 aliases");
}

#[test]
fn a_long_text_can_not_be_copied_over_and_over() {
    let remotes = |length: usize| {
        let aliases: String = (0..900)
            .map(|number| format!("  r{number}: *a\n"))
            .collect();
        format!(
            "Remotes:\n  a: &a {{URI: {}}}\n{aliases}",
            "c".repeat(length)
        )
    };
    assert_eq!(
        document(remotes(1_000).as_bytes()).unwrap().remotes().len(),
        901
    );
    assert_eq!(
        refusal(&remotes(100_000)),
        "aliases stand for too much of the document"
    );
}

#[test]
fn a_chain_of_merges_ends_and_overflows_no_stack() {
    let mut chain = String::from("Remotes:\n  r0: &a0 {URI: c}\n");
    for link in 1..=1_000 {
        writeln!(chain, "  r{link}: &a{link} {{<<: *a{}}}", link - 1).unwrap();
    }
    assert_eq!(
        refusal(&chain),
        "aliases stand for too much of the document"
    );
    let short: String = chain
        .lines()
        .take(42)
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(
        document(short.as_bytes()).unwrap().remotes()[&RemoteName::found("r40")].uri,
        "c"
    );
    let others: String = (0..50_000)
        .map(|number| format!("  x{number}: {{}}\n"))
        .collect();
    let long = chain.replacen("Remotes:\n", &format!("Remotes:\n{others}"), 1);
    assert_eq!(
        document(long.as_bytes()).unwrap().remotes()[&RemoteName::found("r1000")].uri,
        "c"
    );
}

#[test]
fn a_name_has_a_longest_length() {
    let text = |length: usize| format!("Remotes:\n  ? {}\n  : URI: c\n", "n".repeat(length));
    assert!(document(text(RemoteName::LONGEST).as_bytes()).is_ok());
    assert_eq!(
        refusal(&text(RemoteName::LONGEST + 1)),
        "a name of 65537 bytes: at most 65536 are possible"
    );
}

#[test]
fn a_long_value_is_read() {
    let token = "t".repeat(1_000_000);
    let text = format!("Remotes:\n  a:\n    URI: c\n    Token: {token}\n");
    assert_eq!(
        document(text.as_bytes()).unwrap().remotes()[&RemoteName::found("a")]
            .token
            .expose(),
        token
    );
}

#[test]
fn reading_takes_time_in_proportion() {
    let remotes = |begin: &str, count: usize| {
        let entries = (0..count)
            .map(|number| format!("  r{number}:\n    URI: c.example.com\n    System: false\n"));
        format!(
            "{begin}Active: r1\nRemotes:\n{}",
            entries.collect::<String>()
        )
    };
    let time = |begin: &str, count: usize| {
        let text = remotes(begin, count);
        // The thread's own time: what others do on the machine is none of it.
        let worked = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
        let once = || {
            let start = worked();
            assert_eq!(document(text.as_bytes()).unwrap().remotes().len(), count);
            worked() - start
        };
        (0..9).map(|_| once()).min().unwrap()
    };
    for begin in ["", "# by hand\n"] {
        let (few, many) = (time(begin, 500), time(begin, 4_000));
        // a quadratic reader would take 64 times as long
        assert!(many < few * 32, "{few:?}, {many:?}");
    }
}

#[test]
fn many_different_keys_take_no_longer() {
    let keys: String = (0..20_000)
        .map(|number| format!("k{number}: x\n"))
        .collect();
    assert_eq!(refusal(&keys), "unknown key \"k0\"");
    let repeated: String = (0..20_000)
        .map(|number| format!("  k{number}: {{}}\n"))
        .collect();
    assert_eq!(
        refusal(&format!("Remotes:\n{repeated}  k7: {{}}\n")),
        "the key \"k7\" is already on line 9"
    );
}
