//! What files may hold and how it may be written, through the program itself. D7 of docs/compatibility.md.

use std::fs;

use crate::support::world::World;

#[test]
fn every_way_to_write_the_same_is_read() {
    let block = "Active: \"\"\nRemotes:\n  mine:\n    URI: mine.example.com\n    System: false\n";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| {
        format!("\u{feff}{block}")
            .encode_utf16()
            .flat_map(bytes)
            .collect()
    };
    let cases: [(&str, Vec<u8>); 12] = [
        ("plain", block.into()),
        ("byte order mark", format!("\u{feff}{block}").into()),
        ("CRLF", block.replace('\n', "\r\n").into()),
        ("CR", block.replace('\n', "\r").into()),
        ("UTF-16, little end first", utf16(u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(u16::to_be_bytes)),
        ("flow", "{Active: '', Remotes: {mine: {URI: mine.example.com, System: false}}}".into()),
        ("JSON", r#"{"Active": "", "Remotes": {"mine": {"URI": "mine.example.com", "System": false}}}"#.into()),
        ("document marks", format!("%YAML 1.1\n---\n{block}...\n").into()),
        ("comments", block.replace('\n', " # why\n").into()),
        ("anchors", "Active: ''\nRemotes:\n  mine: {URI: &u mine.example.com, Token: &t '', System: false}\n".into()),
        ("no end of line", block.trim_end().into()),
    ];
    for (what, bytes) in cases {
        let world = World::shipped();
        world.write_user(&bytes);
        let listed = world.run(&["remote", "list"]);
        assert_eq!(
            (listed.stderr.as_str(), listed.code),
            ("", Some(0)),
            "{what}"
        );
        let row = listed
            .stdout
            .lines()
            .find(|line| line.starts_with("mine "))
            .map(|row| row.split_whitespace().collect());
        assert_eq!(
            row,
            Some(vec!["mine", "mine.example.com", "NO", "NO", "NO"]),
            "{what}: {listed}"
        );
        let added = world.run(&["remote", "add", "--no-login", "x", "x.example.com"]);
        assert_eq!(added.code, Some(0), "{what}: {added}");
        let listed = world.run(&["remote", "list"]).stdout;
        assert!(
            listed.contains("mine.example.com") && listed.contains("x.example.com"),
            "{what}: {listed}"
        );
    }
}

#[test]
fn anchors_aliases_and_merges_are_read() {
    let world = World::shipped();
    world.write_user(
        "Remotes:\n  a: &a\n    URI: a.example.com\n    System: false\n  b: *a\n  c:\n    <<: *a\n    URI: c.example.com\n",
    );
    let listed = world.run(&["remote", "list"]).stdout;
    let uris: Vec<_> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    assert!(
        uris.iter().filter(|uri| **uri == "a.example.com").count() == 2,
        "{listed}"
    );
    assert!(uris.contains(&"c.example.com"), "{listed}");
}

#[test]
fn nothing_in_a_file_is_no_error() {
    for text in [
        "",
        "\n",
        "# nothing yet\n",
        "{}\n",
        "Remotes: {}\n",
        "Active: \"\"\n",
        "\u{feff}",
    ] {
        let world = World::shipped();
        world.write_user(text);
        world.age(&world.user_file());
        let listed = world.run(&["remote", "list"]);
        assert_eq!(
            (listed.stderr.as_str(), listed.code),
            ("", Some(0)),
            "{text:?}"
        );
        assert!(
            listed.stdout.contains("DefaultRemote"),
            "{text:?}: {listed}"
        );
        let added = world.run(&["remote", "add", "--no-login", "x", "x.example.com"]);
        assert_eq!(added.code, Some(0), "{text:?}: {added}");
        assert!(
            fs::read_to_string(world.user_file())
                .unwrap()
                .contains("x.example.com"),
            "{text:?}"
        );
    }
}
