//! What a desired state changes, and what it leaves.

use proptest::prelude::*;

use super::*;
use crate::config::layer::LayerKind;

fn document(text: &str) -> Document {
    yaml::document(text.as_bytes()).unwrap()
}

fn desired(text: &str) -> Result<Desired, DesiredError> {
    Desired::read(text.as_bytes(), false)
}

const SYSTEM: &str = "Active: d\nRemotes: {d: {URI: d.example, System: true}}";

/// What applying to the user's file above `below`, or to the system's, changes, a line a value, or why it can't be.
fn changed(before: &str, state: &str, below: Option<&str>, prune: bool) -> Vec<String> {
    let below = below.map(|text| Layer::of(LayerKind::System, text));
    let (below, scope) = match &below {
        Some(below) => (Some(below), Scope::User),
        None => (None, Scope::System),
    };
    let before = document(before);
    let mut after = before.clone();
    let desired = Desired::read(state.as_bytes(), true).unwrap();
    if let Err(error) = desired.apply(&mut after, scope, below, prune) {
        return vec![format!("refused: {error}")];
    }
    let mut again = after.clone();
    desired.apply(&mut again, scope, below, prune).unwrap();
    assert_eq!(again, after, "applied twice is applied once");
    let value = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let line = |found: ValueChange| {
        let remote = found
            .remote
            .map(|name| format!("{name}."))
            .unwrap_or_default();
        format!(
            "{remote}{}: {} > {}",
            found.field,
            value(found.before),
            value(found.after)
        )
    };
    differences(&before, &after).into_iter().map(line).collect()
}

fn for_user(before: &str, state: &str) -> Vec<String> {
    changed(before, state, Some(SYSTEM), false)
}

fn for_all(before: &str, state: &str) -> Vec<String> {
    changed(before, state, None, false)
}

#[test]
fn what_is_not_named_stays() {
    let before = "Active: a\nRemotes: {a: {URI: a.example, Token: t, Insecure: true, Keyservers: [{URI: 'https://k.example', External: true}]}}";
    let same =
        "Remotes: {a: {URI: A.example/, Insecure: true, Keyservers: [{URI: hkps://K.example/}]}}";
    for state in [
        "",
        "Remotes: {}",
        "Remotes: {a: {Exclusive: false}}",
        "Active: a",
        same,
    ] {
        assert_eq!(for_user(before, state), Vec::<String>::new(), "{state}");
    }
}

#[test]
fn a_users_remotes_become_what_is_desired() {
    let before = "Active: a\nRemotes: {a: {URI: a.example, Token: t}, d: {URI: d.example, System: true, Token: t}}";
    let cases: [(&str, &[&str]); 12] = [
        ("Remotes: {b: {URI: b.example}}", &["b.URI: - > b.example"]),
        (
            "Active: b\nRemotes: {b: {URI: b.example}}",
            &["b.URI: - > b.example", "Active: a > b"],
        ),
        ("Active: d", &["Active: a > d"]),
        ("Active: gone", &["refused: gone is not a remote"]),
        (
            "Remotes: {a: {URI: new.example}}",
            &["a.URI: a.example > new.example", "a.Token: a token > -"],
        ),
        (
            "Remotes: {a: {URI: a.example/path}}",
            &["a.URI: a.example > a.example/path"],
        ),
        (
            "Remotes: {a: {Insecure: true}}",
            &["a.Insecure: - > true", "a.Token: a token > -"],
        ),
        (
            "Remotes: {a: {Token: new}}",
            &["a.Token: a token > another token"],
        ),
        (
            "Remotes: {a: {Keyservers: [{URI: hkps://k.example}, {URI: l.example, Insecure: true}]}}",
            &["a.Keyservers: - > hkps://k.example, https://l.example (insecure)"],
        ),
        (
            "Remotes: {b: {Insecure: true}}",
            &["refused: b has no URI, and is not there yet"],
        ),
        (
            "Remotes: {d: {URI: mine.example}}",
            &["refused: d is already a remote"],
        ),
        (
            "Remotes: {a: {Exclusive: true}}",
            &["refused: a can be exclusive for all users only"],
        ),
    ];
    for (state, wanted) in cases {
        let found = for_user(before, state);
        assert_eq!(found, wanted, "{state}");
    }
}

#[test]
fn the_systems_remotes_become_what_is_desired() {
    let before = "Active: d\nRemotes: {d: {URI: d.example, System: true}, c: {URI: c.example, System: true}}";
    let cases: [(&str, &[&str]); 6] = [
        (
            "Remotes: {c: {Exclusive: true}}",
            &["c.Exclusive: - > true", "Active: d > c"],
        ),
        (
            "Active: d\nRemotes: {c: {Exclusive: true}}",
            &[
                "refused: could not use d: remote c has been set exclusive by the system administrator",
            ],
        ),
        (
            "Active: c\nRemotes: {n: {URI: n.example}}",
            &["n.URI: - > n.example", "Active: d > c"],
        ),
        (
            "Remotes: {c: {Token: t}}",
            &["refused: the token of c can't be stored for all users"],
        ),
        ("Active: gone", &["refused: gone is not a remote"]),
        ("Remotes: {c: {Exclusive: false}}", &[]),
    ];
    for (state, wanted) in cases {
        assert_eq!(for_all(before, state), wanted, "{state}");
    }
    let exclusive = "Active: c\nRemotes: {c: {URI: c.example, System: true, Exclusive: true}, d: {URI: d.example, System: true}}";
    assert_eq!(
        for_all(exclusive, "Remotes: {c: {Exclusive: false}}"),
        ["c.Exclusive: true > -"]
    );
    let refused =
        "refused: could not use d: remote c has been set exclusive by the system administrator";
    assert_eq!(for_all(exclusive, "Active: d"), [refused]);
    let lifted = ["c.Exclusive: true > -", "Active: c > d"];
    assert_eq!(
        for_all(exclusive, "Active: d\nRemotes: {c: {Exclusive: false}}"),
        lifted
    );
    let other = [
        "c.Exclusive: true > -",
        "d.Exclusive: - > true",
        "Active: c > d",
    ];
    assert_eq!(for_all(exclusive, "Remotes: {d: {Exclusive: true}}"), other);
    // A system's remote is one for all users, whether its entry says so or not.
    let by_hand = "Active: c\nRemotes: {c: {URI: c.example, Exclusive: true, Keyservers: [{URI: 'https://k.example'}]}}";
    for state in [
        "Remotes: {c: {URI: c.example}}",
        "Remotes: {c: {Insecure: false}}",
    ] {
        assert_eq!(for_all(by_hand, state), [""; 0], "{state}");
    }
    let broken = "Remotes: {c: {URI: ':', System: true}}";
    let refused = "refused: c has no URI that can be asked, and the state gives it none";
    assert_eq!(for_all(broken, "Remotes: {c: {Insecure: true}}"), [refused]);
    assert_eq!(
        for_all(broken, "Remotes: {c: {URI: c.example}}"),
        ["c.URI: : > c.example"]
    );
    let mut after = document(before);
    desired("Remotes: {n: {URI: n.example}}")
        .unwrap()
        .apply(&mut after, Scope::System, None, false)
        .unwrap();
    assert!(
        after.remotes()[&RemoteName::found("n")].system,
        "a remote of all users says so"
    );
}

#[test]
fn pruning_removes_what_is_not_named_and_no_token_of_what_stays() {
    let scope = Some(SYSTEM);
    let before = "Active: a\nRemotes: {a: {URI: a.example}, b: {URI: b.example, Token: t}, d: {URI: d.example, System: true, Token: t}}";
    let found = changed(before, "Remotes: {b: {URI: b.example}}", scope, true);
    assert_eq!(found, ["a.URI: a.example > -", "Active: a > -"]);
    let found = changed(
        before,
        "Active: b\nRemotes: {b: {URI: b.example}}",
        scope,
        true,
    );
    assert_eq!(found, ["a.URI: a.example > -", "Active: a > b"]);
    for state in ["", "{}", "Active: b"] {
        let found = changed(before, state, scope, true);
        assert_eq!(
            found,
            ["refused: without Remotes, --prune would remove every remote"],
            "{state}"
        );
    }
    let found = changed(before, "Remotes: {}", scope, true);
    assert_eq!(
        found,
        [
            "a.URI: a.example > -",
            "b.URI: b.example > -",
            "Active: a > -"
        ]
    );
}

#[test]
fn pruning_keeps_an_active_remote_that_stays() {
    let before = "Active: b\nRemotes: {a: {URI: a.example}, b: {URI: b.example}}";
    let state = "Remotes: {b: {URI: b.example}}";
    for below in [Some(SYSTEM), None] {
        let found = changed(before, state, below, true);
        assert_eq!(found, ["a.URI: a.example > -"], "{below:?}");
    }
    let of_the_system = before.replace("Active: b", "Active: d");
    assert_eq!(
        changed(&of_the_system, state, Some(SYSTEM), true),
        ["a.URI: a.example > -"]
    );
}

#[test]
fn another_list_of_keyservers_is_a_change_however_long() {
    let before = "Remotes: {a: {URI: a.example, Keyservers: [{URI: 'https://k.example', External: true}, {URI: 'https://l.example', External: true}]}}";
    let k = "https://k.example, https://l.example";
    for (state, after) in [
        (
            "{URI: k.example}, {URI: m.example}",
            "https://k.example, https://m.example",
        ),
        (
            "{URI: l.example}, {URI: k.example}",
            "https://l.example, https://k.example",
        ),
        (
            "{URI: k.example, Insecure: true}, {URI: l.example}",
            "https://k.example (insecure), https://l.example",
        ),
        (
            "{URI: k.example, Skip: true}, {URI: l.example}",
            "https://k.example (skipped), https://l.example",
        ),
    ] {
        let found = for_user(
            before,
            &format!("Remotes: {{a: {{URI: a.example, Keyservers: [{state}]}}}}"),
        );
        assert_eq!(found, [format!("a.Keyservers: {k} > {after}")], "{state}");
    }
}

#[test]
fn plain_http_is_applied_where_the_state_says_insecure() {
    for state in [
        "Remotes: {b: {URI: 'http://b.example', Insecure: true}}",
        "Remotes: {b: {URI: b.example, Insecure: true}}",
    ] {
        assert_eq!(
            for_user("Remotes: {}", state),
            ["b.URI: - > b.example", "b.Insecure: - > true"],
            "{state}"
        );
    }
    let refused = desired("Remotes: {b: {URI: 'http://b.example'}}").unwrap_err();
    assert_eq!(refused.to_string(), "1: http URI requires Insecure: true");
}

#[test]
fn the_policy_holds_for_a_state_too() {
    let scope = Some("Active: d\nRemotes: {d: {URI: d.example, System: true, Exclusive: true}}");
    let refused =
        "refused: could not use a: remote d has been set exclusive by the system administrator";
    assert_eq!(
        changed(
            "Remotes: {}",
            "Active: a\nRemotes: {a: {URI: a.example}}",
            scope,
            false
        ),
        [refused]
    );
    assert_eq!(
        changed("Remotes: {}", "Active: d", scope, false),
        ["Active: - > d"]
    );
}

#[test]
fn what_can_not_be_applied_is_told_with_its_line() {
    let cases = [
        ("Active: a\nRemotes:\n  a:\n    URI: 'ftp://x'\n", 4),
        (
            "Active: a\nRemotes:\n  a:\n    URI: a.example\n    Token: t\n",
            5,
        ),
        ("Remotes: {}\nCredentials:\n- URI: https://k.example\n", 3),
        ("Remotes:\n  a:\n    URI: http://a.example\n", 3),
        ("Active: a\n---\nActive: b\n", 1),
        ("Active: a\n---\nnever: [closed\n", 1),
        ("Remotes:\n  ' a ':\n    URI: a.example\n", 2),
        (
            "Remotes:\n  a:\n    URI: a\n    Keyservers:\n    - URI: 'ftp://k'\n",
            5,
        ),
        (
            "Remotes:\n  a: {URI: a.example, Exclusive: true}\n  b: {URI: b.example, Exclusive: true}\n",
            3,
        ),
    ];
    for (text, line) in cases {
        let told = desired(text).unwrap_err().to_string();
        assert!(told.starts_with(&format!("{line}: ")), "{text}: {told}");
    }
}

fn entries() -> impl Strategy<Value = Document> {
    let entry = ("[a-c]\\.example", any::<bool>(), any::<bool>());
    let remotes = prop::collection::btree_map("[a-e]", entry, 0..4);
    (remotes, "[a-e]?").prop_map(|(remotes, active)| {
        let remotes = remotes.into_iter().map(|(name, (uri, insecure, token))| {
            let token = if token {
                Secret::new("t")
            } else {
                Secret::default()
            };
            (
                RemoteName::found(name),
                RemoteEntry {
                    uri,
                    insecure,
                    token,
                    system: true,
                    ..RemoteEntry::default()
                },
            )
        });
        Document {
            active,
            remotes: remotes.collect(),
            logins: Vec::new(),
        }
    })
}

proptest! {
    #[test]
    fn a_pruned_state_is_the_state_and_nothing_else(before in entries(), wanted in entries()) {
        let mut wanted = wanted;
        if !wanted.remotes.contains_key(&RemoteName::found(&wanted.active)) {
            wanted.active.clear();
        }
        wanted.remotes.values_mut().for_each(|entry| entry.token = Secret::default());
        let text = export(&wanted, true);
        let desired = Desired::read(text.as_bytes(), false).unwrap();
        let mut after = before.clone();
        desired.apply(&mut after, Scope::System, None, true).unwrap();
        for (name, entry) in &wanted.remotes {
            let found = &after.remotes[name];
            prop_assert_eq!((&found.uri, found.insecure), (&entry.uri, entry.insecure));
            let kept = before.remotes.get(name).is_some_and(|old| old.uri == entry.uri && (old.insecure || !entry.insecure));
            if !kept {
                prop_assert!(found.token.is_empty());
            }
        }
        prop_assert_eq!(after.remotes.len(), wanted.remotes.len());
    }
}
