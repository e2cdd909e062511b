//! What stays of a text that a person edited, and where what is new goes.

use super::super::{document, write};
use crate::config::document::{Document, KeyserverEntry, LoginEntry, RemoteEntry};
use crate::name::RemoteName;
use crate::secret::Secret;

/// The text after a change, and what was lost.
#[track_caller]
fn changed_with_loss(text: &str, change: impl Fn(&mut Document)) -> (String, Option<String>) {
    let before = document(text.as_bytes()).unwrap();
    let mut after = before.clone();
    change(&mut after);
    let written = write(Some(text.as_bytes()), &before, &after);
    assert_eq!(document(&written.bytes).as_ref(), Ok(&after));
    (
        String::from_utf8(written.bytes.to_vec()).unwrap(),
        written.loss.map(|loss| loss.to_string()),
    )
}

/// The text after a change that loses nothing.
#[track_caller]
fn changed(text: &str, change: impl Fn(&mut Document)) -> String {
    let (text, loss) = changed_with_loss(text, change);
    assert_eq!(loss, None, "{text}");
    text
}

fn named(name: &str) -> RemoteName {
    RemoteName::found(name)
}

fn remote<'a>(document: &'a mut Document, name: &str) -> &'a mut RemoteEntry {
    document.remotes.get_mut(&named(name)).unwrap()
}

type Change = Box<dyn Fn(&mut Document)>;

fn add(name: &'static str) -> Change {
    Box::new(move |document| {
        let entry = RemoteEntry {
            uri: "new.example.com".to_owned(),
            ..RemoteEntry::default()
        };
        document.remotes.insert(named(name), entry);
    })
}

fn remove(name: &'static str) -> Change {
    Box::new(move |document| assert!(document.remotes.remove(&named(name)).is_some()))
}

fn rename(old: &'static str, new: &'static str) -> Change {
    Box::new(move |document| {
        let entry = document.remotes.remove(&named(old)).unwrap();
        document.remotes.insert(named(new), entry);
    })
}

/// Makes `a` the active remote.
fn activate() -> Change {
    Box::new(|document| document.active = "a".to_owned())
}

/// Makes `a` exclusive.
fn exclude() -> Change {
    Box::new(|document| remote(document, "a").exclusive = true)
}

/// Gives `a` a token.
fn log_in() -> Change {
    Box::new(|document| remote(document, "a").token = Secret::new("t"))
}

fn keyserver(uri: &str) -> KeyserverEntry {
    KeyserverEntry {
        uri: uri.to_owned(),
        external: true,
        ..KeyserverEntry::default()
    }
}

/// A file with comments everywhere, four blanks and two dashes, quotes, and names in nobody's order.
const EDITED: &str = "\
# Ask ops before you change this.

Active: 'zeta'   # since May

# the sites
Remotes:
   # the new one
   # (really)
   zeta:
      URI: \"zeta.example.com\"   # moved
      System: yes
      Exclusive: false

      # asked in this order
      Keyservers:
         # ours
         - URI: https://keys.example.com # fast
           Skip: false
           External: false
         # theirs
         -  Skip: false
            URI: https://other.example.com
            External: true
      # end of zeta

   \"alpha\": # old
      Token: 'eyJ'
      # Token: gone
      System: true
      URI: alpha.example.com
   # retired: beta

# logins
Credentials:
   - URI: https://keys.example.com
     # of ian
     Auth: Basic eA==
   # images
   - {URI: 'docker://x'} # short
# the end";

/// The lines that the change takes away and adds, as a diff has them.
#[track_caller]
fn assert_lines(change: impl Fn(&mut Document), expected: &[&str]) {
    let new = changed(EDITED, change);
    let (old, new): (Vec<_>, Vec<_>) = (EDITED.lines().collect(), new.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(same).count();
    let tail = old[head..]
        .iter()
        .rev()
        .zip(new[head..].iter().rev())
        .take_while(same)
        .count();
    let gone = old[head..old.len() - tail]
        .iter()
        .map(|line| format!("-{line}"));
    let came = new[head..new.len() - tail]
        .iter()
        .map(|line| format!("+{line}"));
    assert_eq!(gone.chain(came).collect::<Vec<_>>(), expected);
}

#[test]
fn a_value_is_changed_where_it_stands() {
    assert_lines(
        |document| document.active = "alpha".to_owned(),
        &[
            "-Active: 'zeta'   # since May",
            "+Active: 'alpha'   # since May",
        ],
    );
    assert_lines(
        |document| document.active.clear(),
        &[
            "-Active: 'zeta'   # since May",
            "+Active: \"\"   # since May",
        ],
    );
    assert_lines(
        |document| remote(document, "zeta").uri = "x: y".to_owned(),
        &[
            "-      URI: \"zeta.example.com\"   # moved",
            "+      URI: 'x: y'   # moved",
        ],
    );
    assert_lines(
        |document| remote(document, "zeta").system = false,
        &["-      System: yes", "+      System: false"],
    );
    assert_lines(
        |document| document.logins[0].auth = Secret::new("Bearer y"),
        &["-     Auth: Basic eA==", "+     Auth: Bearer y"],
    );
    assert_lines(
        |document| document.logins[1].uri = "docker://x".to_owned(),
        &[],
    );
}

#[test]
fn a_key_that_was_not_there_comes_last() {
    assert_lines(
        |document| remote(document, "alpha").exclusive = true,
        &["+      Exclusive: true"],
    );
    assert_lines(
        |document| remote(document, "zeta").token = Secret::new("123"),
        &["+      Token: \"123\""],
    );
    assert_lines(
        |document| {
            remote(document, "alpha")
                .keyservers
                .push(keyserver("https://k"));
        },
        &[
            "+      Keyservers:",
            "+         - URI: https://k",
            "+           Skip: false",
            "+           External: true",
            "+           Insecure: false",
        ],
    );
    assert_lines(
        |document| document.logins[1].insecure = true,
        &[
            "-   - {URI: 'docker://x'} # short",
            "+   - # short",
            "+     URI: docker://x",
            "+     Insecure: true",
        ],
    );
}

#[test]
fn a_key_goes_with_its_comments() {
    assert_lines(
        |document| remote(document, "alpha").token = Secret::default(),
        &["-      Token: 'eyJ'"],
    );
    assert_lines(
        |document| document.logins[0].auth = Secret::default(),
        &["-     # of ian", "-     Auth: Basic eA=="],
    );
}

#[test]
fn a_remote_comes_last_and_goes_with_its_comments() {
    let added = [
        "+   new:",
        "+      URI: new.example.com",
        "+      System: false",
        "+      Exclusive: false",
    ];
    assert_lines(add("new"), &added);
    assert_eq!(changed(&changed(EDITED, add("new")), remove("new")), EDITED);
    assert_lines(
        remove("alpha"),
        &[
            "-   \"alpha\": # old",
            "-      Token: 'eyJ'",
            "-      # Token: gone",
            "-      System: true",
            "-      URI: alpha.example.com",
        ],
    );
    let without_zeta = changed(EDITED, remove("zeta"));
    assert!(
        without_zeta.contains("# the sites\nRemotes:\n\n   \"alpha\""),
        "{without_zeta}"
    );
    let rename = |document: &mut Document| {
        let entry = document.remotes.remove(&named("alpha")).unwrap();
        document.remotes.insert(named("yes"), entry);
    };
    assert_lines(rename, &["-   \"alpha\": # old", "+   \"yes\": # old"]);
}

#[test]
fn the_last_remote_leaves_an_empty_map() {
    let empty = changed(EDITED, |document| document.remotes.clear());
    let start = "# the sites\nRemotes: {}\n\n   # retired: beta\n\n# logins\n";
    assert!(empty.contains(start), "{empty}");
    let again = changed(&empty, add("new"));
    assert!(
        again.contains("# the sites\nRemotes:\n   new:\n      URI: new.example.com\n"),
        "{again}"
    );
}

#[test]
fn a_keyserver_takes_its_comments_along() {
    let list = |change: fn(&mut Vec<KeyserverEntry>)| {
        move |document: &mut Document| change(&mut remote(document, "zeta").keyservers)
    };
    assert_lines(
        list(|keyservers| keyservers[0].skip = true),
        &["-           Skip: false", "+           Skip: true"],
    );
    assert_lines(
        list(|keyservers| drop(keyservers.remove(1))),
        &[
            "-         # theirs",
            "-         -  Skip: false",
            "-            URI: https://other.example.com",
            "-            External: true",
        ],
    );
    let swapped = changed(
        EDITED,
        list(|keyservers| {
            keyservers.swap(0, 1);
            keyservers[1].skip = true;
        }),
    );
    let expected = "      Keyservers:
         # theirs
         -  Skip: false
            URI: https://other.example.com
            External: true
         # ours
         - URI: https://keys.example.com # fast
           Skip: true
           External: false
      # end of zeta
";
    assert!(swapped.contains(expected), "{swapped}");
    let new = [
        "+         - URI: https://k",
        "+           Skip: false",
        "+           External: true",
        "+           Insecure: false",
    ];
    for at in 0..=2 {
        let insert = move |document: &mut Document| {
            remote(document, "zeta")
                .keyservers
                .insert(at, keyserver("https://k"));
        };
        assert_lines(insert, &new);
    }
}

#[test]
fn a_login_takes_its_comments_along() {
    let login = |uri: &str| LoginEntry {
        uri: uri.to_owned(),
        ..LoginEntry::default()
    };
    assert_lines(
        |document| document.logins.push(login("docker://y")),
        &["+   - URI: docker://y", "+     Insecure: false"],
    );
    assert_lines(
        |document| drop(document.logins.pop()),
        &["-   # images", "-   - {URI: 'docker://x'} # short"],
    );
    let again = changed(EDITED, |document| {
        let first = document.logins.remove(0);
        document.logins.push(LoginEntry {
            auth: Secret::new("Basic eQ=="),
            ..first
        });
    });
    let expected = "Credentials:
   # images
   - {URI: 'docker://x'} # short
   - URI: https://keys.example.com
     # of ian
     Auth: Basic eQ==
# the end";
    assert!(again.ends_with(expected), "{again}");
    let none = changed(EDITED, |document| document.logins.clear());
    assert!(
        none.ends_with("# logins\nCredentials: []\n# the end"),
        "{none}"
    );
    let one = changed(&none, |document| document.logins.push(login("docker://y")));
    assert!(
        one.ends_with("Credentials:\n   - URI: docker://y\n     Insecure: false\n# the end"),
        "{one}"
    );
}

#[test]
fn small_files_keep_their_form() {
    let new = "  new:\n    URI: new.example.com\n    System: false\n    Exclusive: false\n";
    let table: Vec<(&str, Change, String)> = vec![
        ("# c", activate(), "# c\nActive: a\nRemotes: {}\n".to_owned()),
        ("# c\n\n", activate(), "# c\n\nActive: a\nRemotes: {}\n".to_owned()),
        ("Remotes: {}  # none\n# c\n", activate(), "Remotes: {}  # none\nActive: a\n# c\n".to_owned()),
        ("Remotes: {}  # none", add("new"), format!("Remotes:  # none\n{new}")),
        ("Remotes: { # none\n}\nActive: ~ # c", activate(), "Remotes: { # none\n}\nActive: a # c".to_owned()),
        (
            "Remotes: {a: {}} # c\n",
            Box::new(|document| {
                *remote(document, "a") = RemoteEntry { uri: "x".to_owned(), system: true, ..RemoteEntry::default() }
            }),
            "Remotes: # c\n  a:\n    URI: x\n    System: true\n    Exclusive: false\n".to_owned(),
        ),
        ("Active: # c\n", activate(), "Active: a # c\n".to_owned()),
        ("Active:", activate(), "Active: a".to_owned()),
        ("Active: x # c", add("new"), format!("Active: x # c\nRemotes:\n{new}")),
        ("Active: !!str x # c\n", activate(), "Active: a # c\n".to_owned()),
        ("Active: |  \n  x\n\n# c\n", activate(), "Active: a\n\n# c\n".to_owned()),
        ("Active:\n  # c\n  x y\n   z\n", activate(), "Active:\n  # c\n  a\n".to_owned()),
        ("Active: \"x\\\n  y\" # c\n", activate(), "Active: \"a\" # c\n".to_owned()),
        ("\"Active\" : x\n", activate(), "\"Active\" : a\n".to_owned()),
        (
            "%YAML 1.1\n--- # c\nActive: x\n... # d\n--- # e\nfoo\n",
            activate(),
            "%YAML 1.1\n--- # c\nActive: a\n... # d\n--- # e\nfoo\n".to_owned(),
        ),
        ("# c\r\nRemotes: {}\r\n", add("new"), format!("# c\nRemotes:\n{new}").replace('\n', "\r\n")),
        ("# c\rRemotes: {}\r", add("new"), format!("# c\nRemotes:\n{new}").replace('\n', "\r")),
        ("\u{feff}Active: x # c\n", activate(), "\u{feff}Active: a # c\n".to_owned()),
        (
            "Remotes: {a: {URI: x}, b: {System: on}} # c",
            exclude(),
            "Remotes: # c\n  a:\n    URI: x\n    System: false\n    Exclusive: true\n  b:\n    System: true\n    Exclusive: false\n"
                .to_owned(),
        ),
        ("Remotes: {a: {URI: x}} # c\n", remove("a"), "Remotes: {} # c\n".to_owned()),
        (
            "Remotes: {a: {URI: x}, b: {URI: h}} # c\n",
            remove("a"),
            "Remotes: # c\n  b:\n    URI: h\n    System: false\n    Exclusive: false\n".to_owned(),
        ),
        (
            "Remotes:\n  a: {URI: x} # c\n  b: {URI: y} # d\n",
            log_in(),
            "Remotes:\n  a: # c\n    URI: x\n    Token: t\n    System: false\n    Exclusive: false\n  b: {URI: y} # d\n"
                .to_owned(),
        ),
        (
            "Remotes:\n  ? a # c\n  : URI: x # d\n",
            exclude(),
            "Remotes:\n  ? a # c\n  : URI: x # d\n    Exclusive: true\n".to_owned(),
        ),
        ("Remotes:\n  ? a # c\n  : URI: x # d\n# e\n", remove("a"), "Remotes: {}\n# e\n".to_owned()),
        (
            "Remotes:\n  a: &a\n    URI: x # d\n  b: *a\n",
            add("new"),
            format!("Remotes:\n  a: &a\n    URI: x # d\n  b: *a\n{new}"),
        ),
        (
            "Remotes:\n  a:\n    <<: {Exclusive: false} # c\n",
            exclude(),
            "Remotes:\n  a:\n    <<: {Exclusive: false} # c\n    Exclusive: true\n".to_owned(),
        ),
        (
            "Remotes:\n  b: &b {URI: x} # c\n  a: *b # d\n",
            exclude(),
            "Remotes:\n  b: &b {URI: x} # c\n  a: # d\n    URI: x\n    System: false\n    Exclusive: true\n".to_owned(),
        ),
        // Dashes that are not indented, and an item in braces.
        (
            "# c\nCredentials:\n- {URI: x, Auth: a} # d\n- URI: y # e\n",
            Box::new(|document| drop(document.logins.pop())),
            "# c\nCredentials:\n- {URI: x, Auth: a} # d\n".to_owned(),
        ),
        (
            "Remotes:\n  a:\n    Keyservers:\n    - {URI: x} # d\n# e\n",
            Box::new(|document| remote(document, "a").keyservers.insert(0, keyserver("k"))),
            "Remotes:\n  a:\n    Keyservers:\n    - URI: k\n      Skip: false\n      External: true\n      \
             Insecure: false\n    - {URI: x} # d\n# e\n"
                .to_owned(),
        ),
        ("Remotes:\n  'a': # c\n    URI: x\n", rename("a", "d"), "Remotes:\n  'd': # c\n    URI: x\n".to_owned()),
    ];
    for (text, change, expected) in &table {
        assert_eq!(changed(text, change), *expected, "{text:?}");
    }
}

#[test]
fn what_cannot_be_kept_is_named() {
    let canonical =
        "Active: \"\"\nRemotes:\n  a:\n    URI: x\n    System: false\n    Exclusive: true\n";
    let copy = "  b:\n    URI: x\n    System: false\n    Exclusive: false\n";
    let table: Vec<(&str, Change, String, &str)> = vec![
        (
            "Remotes:\n  a: &a # c\n    URI: x\n  b: *a\n",
            exclude(),
            canonical.to_owned() + copy,
            "its comments and its anchors can't be kept",
        ),
        (
            "{\"Active\": \"x\", \"Remotes\": {\"a\": {}}}\n",
            log_in(),
            "Active: x\nRemotes:\n  a:\n    Token: t\n    System: false\n    Exclusive: false\n"
                .to_owned(),
            "its layout can't be kept",
        ),
        (
            "? Active\n: &x x\n? Remotes\n: a: {URI: x, Exclusive: true}\n  b: {URI: *x}\n---\n# c\nd\n",
            Box::new(|document| document.active.clear()),
            canonical.to_owned() + copy,
            "its comments, its anchors and its second document can't be kept",
        ),
        (
            "? Active\n: x\n",
            activate(),
            "Active: a\nRemotes: {}\n".to_owned(),
            "its layout can't be kept",
        ),
        (
            "Remotes: {a: {URI: x}, # c\n b: {}}\n",
            remove("b"),
            "Remotes:\n  a:\n    URI: x\n    System: false\n    Exclusive: false\n".to_owned(),
            "its comments can't be kept",
        ),
        (
            "Active: | # c\n  x\n",
            activate(),
            "Active: a\n".to_owned(),
            "its comments can't be kept",
        ),
    ];
    for (text, change, expected, loss) in table {
        assert_eq!(
            changed_with_loss(text, change),
            (expected, Some(loss.to_owned())),
            "{text:?}"
        );
    }
}

#[test]
fn what_a_tool_wrote_becomes_what_it_would_write() {
    let written =
        "Active: a\nRemotes:\n  a:\n    URI: x\n    System: false\n    Exclusive: false\n";
    let new = "  Z:\n    URI: new.example.com\n    System: false\n    Exclusive: false\n";
    assert_eq!(
        changed(written, add("Z")),
        written.replace("  a:", &format!("{new}  a:"))
    );
    assert_eq!(changed(written, remove("a")), "Active: a\nRemotes: {}\n");
    let insecure = written.to_owned() + "    Insecure: true\n";
    assert_eq!(
        changed(&insecure, |document| remote(document, "a").insecure = false),
        written
    );
    for blank in ["", "\n", "  \n\n"] {
        assert!(changed(blank, add("Z")).starts_with("Active: \"\"\nRemotes:\n  Z:"));
    }
    let with_four = "Active: a\nRemotes:\n    a:\n        URI: x\n        System: false\n        Exclusive: false\n";
    let new =
        "    Z:\n        URI: new.example.com\n        System: false\n        Exclusive: false\n";
    assert_eq!(changed(with_four, add("Z")), with_four.to_owned() + new);
    let push = |document: &mut Document| {
        remote(document, "a")
            .keyservers
            .push(keyserver("https://k"));
    };
    let list = "        Keyservers:\n            - URI: https://k\n              Skip: false\n";
    assert!(changed(with_four, push).contains(list));
}

#[test]
fn quotes_and_values_that_are_left_out_alone_are_no_persons_form() {
    let written = "Active: \"yes\"\nRemotes:\n  a:\n    URI: \"1.50\"\n    System: true\n    Exclusive: false\n";
    for old in [
        "Active: yes\nRemotes:\n  a:\n    URI: 1.50\n    System: yes\n",
        "Active: 'yes'\nRemotes:\n  'a':\n    URI: '1.50'\n    System: true\n    Exclusive: off\n",
    ] {
        let before = document(old.as_bytes()).unwrap();
        let mut after = before.clone();
        after.active = "a".to_owned();
        let new = written.replacen("\"yes\"", "a", 1);
        assert_eq!(
            String::from_utf8(write(Some(old.as_bytes()), &before, &after).bytes.to_vec()).unwrap(),
            new,
            "{old}"
        );
        let noted = format!("# ours\n{old}");
        let kept = String::from_utf8(
            write(Some(noted.as_bytes()), &before, &after)
                .bytes
                .to_vec(),
        )
        .unwrap();
        assert_eq!(kept, noted.replacen("yes", "a", 1), "{noted}");
    }
}

#[test]
fn a_text_without_its_last_note_becomes_the_tools_form_at_the_next_write() {
    let old =
        b"Active: 'a'\nRemotes:\n  a:\n    URI: h\n    System: false\n  # ours\n  b:\n    URI: h\n    System: false\n";
    let before = document(old).unwrap();
    let mut after = before.clone();
    after.remotes.pop_last();
    let first = write(Some(old), &before, &after).bytes;
    assert!(String::from_utf8_lossy(&first).starts_with("Active: 'a'\n"));
    let second = write(Some(&first), &after, &after).bytes;
    assert_eq!(second, write(None, &Document::default(), &after).bytes);
    assert_eq!(write(Some(&second), &after, &after).bytes, second);
}
