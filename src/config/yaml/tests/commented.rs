//! Files that a person wrote in any form, and any changes of them: what is written reads as it should, and no comment of
//! what stays gets lost.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{document, write};
use crate::config::document::{Document, KeyserverEntry, LoginEntry, RemoteEntry};
use crate::name::RemoteName;
use crate::secret::Secret;

/// How a person writes.
#[derive(Clone, Debug)]
struct Hand {
    step: usize,
    dash: usize,
    line_break: &'static str,
    /// What stands before each of the lines, in turn.
    above: Vec<Above>,
    quotes: Vec<bool>,
    /// Which items of lists stand in braces, in turn.
    braces: Vec<bool>,
    ends_with_a_break: bool,
}

#[derive(Clone, Copy, Debug)]
enum Above {
    Nothing,
    Blank,
    Comment,
    CommentAtTheMargin,
    BlankAndComment,
}

/// The lines as they are written, each with the comments that belong to it.
struct Writer<'a> {
    hand: &'a Hand,
    text: String,
    lines: usize,
}

impl Writer<'_> {
    /// Writes a line with a comment at its end that says `whose` it is, and perhaps comments above.
    fn line(&mut self, column: usize, line: &str, whose: &str) {
        let Hand {
            line_break, above, ..
        } = self.hand;
        let comment = |column: usize| format!("{:column$}# {whose} above{line_break}", "");
        match above[self.lines % above.len()] {
            Above::Nothing => {}
            Above::Blank => self.text.push_str(line_break),
            Above::Comment => self.text.push_str(&comment(column)),
            Above::CommentAtTheMargin => self.text.push_str(&comment(0)),
            Above::BlankAndComment => {
                self.text.push_str(line_break);
                self.text.push_str(&comment(column));
            }
        }
        self.lines += 1;
        write!(self.text, "{:column$}{line}  # {whose}{line_break}", "").unwrap();
    }

    fn item(&mut self, column: usize, parts: &[String], whose: &str) {
        if self.hand.braces[self.lines % self.hand.braces.len()] {
            return self.line(column, &format!("- {{{}}}", parts.join(", ")), whose);
        }
        for (number, part) in parts.iter().enumerate() {
            let (column, mark) = if number == 0 {
                (column, "- ")
            } else {
                (column + 2, "")
            };
            self.line(column, &format!("{mark}{part}"), whose);
        }
    }

    fn quoted(&self, text: &str) -> String {
        let is_quoted = self.hand.quotes[self.lines % self.hand.quotes.len()];
        if is_quoted || text.is_empty() {
            format!("\"{text}\"")
        } else {
            text.to_owned()
        }
    }

    fn document(&mut self, document: &Document) {
        let Hand { step, dash, .. } = *self.hand;
        if !document.remotes.is_empty() {
            self.line(0, "Remotes:", "file");
        }
        for (name, remote) in &document.remotes {
            let whose = format!("remote {}", name.as_str());
            self.line(step, &format!("{}:", self.quoted(name.as_str())), &whose);
            self.line(2 * step, &format!("System: {}", remote.system), &whose);
            self.line(
                2 * step,
                &format!("URI: {}", self.quoted(&remote.uri)),
                &whose,
            );
            if !remote.token.is_empty() {
                self.line(
                    2 * step,
                    &format!("Token: {}", self.quoted(remote.token.expose())),
                    &whose,
                );
            }
            if !remote.keyservers.is_empty() {
                self.line(2 * step, "Keyservers:", &whose);
            }
            for keyserver in &remote.keyservers {
                let whose = format!("{whose} {}", keyserver.uri);
                let uri = self.quoted(&keyserver.uri);
                let flags = [
                    format!("External: {}", keyserver.external),
                    format!("Skip: {}", keyserver.skip),
                ];
                self.item(
                    2 * step + dash,
                    &[&[format!("URI: {uri}")], &flags[..]].concat(),
                    &whose,
                );
            }
        }
        if !document.logins.is_empty() {
            self.line(0, "Credentials:", "file");
        }
        for login in &document.logins {
            let whose = format!("login {}", login.uri);
            let (uri, auth) = (self.quoted(&login.uri), self.quoted(login.auth.expose()));
            self.item(
                dash,
                &[format!("URI: {uri}"), format!("Auth: {auth}")],
                &whose,
            );
        }
        self.line(
            0,
            &format!("Active: {}", self.quoted(&document.active)),
            "file",
        );
        if !self.hand.ends_with_a_break {
            self.text.truncate(self.text.trim_end().len());
        }
    }
}

fn written_by_hand(document: &Document, hand: &Hand) -> String {
    let mut writer = Writer {
        hand,
        text: String::new(),
        lines: 0,
    };
    writer.document(document);
    writer.text
}

/// The comments that belong to what both documents have, each as often as it is there.
fn kept<'a>(text: &'a str, after: &Document) -> Vec<&'a str> {
    let is_kept = |comment: &&str| {
        let mut words = comment.split(' ').filter(|word| *word != "above");
        match (words.next(), words.next(), words.next()) {
            (Some("remote"), Some(name), None) => {
                after.remotes.contains_key(&RemoteName::found(name))
            }
            (Some("remote"), Some(name), Some(uri)) => {
                let keyservers = after
                    .remotes
                    .get(&RemoteName::found(name))
                    .map(|remote| &remote.keyservers);
                keyservers.is_some_and(|keyservers| {
                    keyservers.iter().any(|keyserver| keyserver.uri == uri)
                })
            }
            (Some("login"), Some(uri), _) => after.logins.iter().any(|login| login.uri == uri),
            _ => true,
        }
    };
    let mut comments: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once("# "))
        .map(|(_, comment)| comment.trim_end())
        .filter(is_kept)
        .collect();
    comments.sort_unstable();
    comments
}

prop_compose! {
    fn hand()(
        step in 1..6_usize,
        dash in 0..5_usize,
        line_break in prop::sample::select(vec!["\n", "\r\n"]),
        above in vec(
            prop::sample::select(vec![
                Above::Nothing, Above::Blank, Above::Comment, Above::CommentAtTheMargin, Above::BlankAndComment,
            ]),
            1..12,
        ),
        quotes in vec(any::<bool>(), 1..7),
        braces in vec(any::<bool>(), 1..5),
        ends_with_a_break in any::<bool>(),
    ) -> Hand {
        Hand { step, dash, line_break, above, quotes, braces, ends_with_a_break }
    }
}

fn keyserver() -> impl Strategy<Value = KeyserverEntry> {
    ("k[0-4]", any::<[bool; 3]>()).prop_map(|(uri, [skip, external, _])| KeyserverEntry {
        uri,
        skip,
        external,
        insecure: false,
    })
}

fn unique<T>(items: Vec<T>, uri: impl Fn(&T) -> &str) -> Vec<T> {
    let mut seen = Vec::new();
    items
        .into_iter()
        .filter(|item| {
            !seen.contains(&uri(item).to_owned()) && {
                seen.push(uri(item).to_owned());
                true
            }
        })
        .collect()
}

fn remote() -> impl Strategy<Value = RemoteEntry> {
    (
        "u[0-2]",
        prop_oneof![Just(""), Just("t1"), Just("t2")],
        any::<bool>(),
        vec(keyserver(), 0..4),
    )
        .prop_map(|(uri, token, system, keyservers)| RemoteEntry {
            uri,
            token: Secret::new(token),
            system,
            keyservers: unique(keyservers, |keyserver| &keyserver.uri),
            ..RemoteEntry::default()
        })
}

fn any_document() -> impl Strategy<Value = Document> {
    let login = ("l[0-4]", "a[0-1]").prop_map(|(uri, auth)| LoginEntry {
        uri,
        auth: Secret::new(auth),
        insecure: false,
    });
    let remotes = prop::collection::btree_map("r[0-5]".prop_map(RemoteName::found), remote(), 0..5);
    ("(r[0-5])?", remotes, vec(login, 0..4)).prop_map(|(active, remotes, logins)| Document {
        active,
        remotes,
        logins: unique(logins, |login| &login.uri),
    })
}

proptest! {
    #[test]
    fn any_change_of_any_hand_written_file_keeps_its_comments(
        before in any_document(), after in any_document(), exclusive in any::<bool>(), insecure in any::<bool>(), hand in hand(),
    ) {
        let text = written_by_hand(&before, &hand);
        prop_assert_eq!(document(text.as_bytes()), Ok(before.clone()), "{}", text);
        let mut after = after;
        if let Some(remote) = after.remotes.values_mut().next() {
            remote.exclusive = exclusive;
            remote.insecure = insecure;
        }
        let written = write(Some(text.as_bytes()), &before, &after);
        let new = std::str::from_utf8(&written.bytes).unwrap();
        prop_assert_eq!(written.loss, None, "{}\n{:?}", text, after);
        prop_assert_eq!(document(&written.bytes), Ok(after.clone()), "{}\n{}", text, new);
        let again = write(Some(&written.bytes), &after, &after);
        prop_assert_eq!(again.bytes, written.bytes.clone());
        // A token that goes takes its own comments along.
        let logs_out = |(name, remote): &(&RemoteName, &RemoteEntry)| {
            !remote.token.is_empty() && after.remotes.get(*name).is_some_and(|remote| remote.token.is_empty())
        };
        let logged_out: Vec<_> = before.remotes.iter().filter(logs_out).map(|(name, _)| format!("remote {name}")).collect();
        let comments = |text| {
            let mut comments = kept(text, &after);
            comments.retain(|comment| !logged_out.iter().any(|remote| comment.contains(remote)));
            comments.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        prop_assert_eq!(comments(new), comments(&text), "{}\n{}", text, new);
        let has_other_breaks = new.replace(hand.line_break, "").contains(['\r', '\n']);
        prop_assert!(!has_other_breaks || !text.contains('\n'), "{:?}", new);
    }
}

#[test]
fn every_sample_file_can_be_changed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/yaml/files");
    let mut changed = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let Ok(before) = document(&bytes) else {
            continue;
        };
        let mut cases = vec![
            before.clone(),
            before.clone(),
            before.clone(),
            before.clone(),
        ];
        let new = RemoteEntry {
            uri: "new.example.com".to_owned(),
            ..RemoteEntry::default()
        };
        cases[0].remotes.insert(RemoteName::found("a new one"), new);
        "another".clone_into(&mut cases[1].active);
        cases[2].remotes.clear();
        for remote in cases[3].remotes.values_mut() {
            remote.exclusive = !remote.exclusive;
            remote.token = Secret::new("another");
        }
        for after in cases.into_iter().filter(|after| *after != before) {
            let written = write(Some(&bytes), &before, &after);
            let shown = String::from_utf8_lossy(&written.bytes);
            assert_eq!(
                document(&written.bytes).as_ref(),
                Ok(&after),
                "{}: {shown}",
                path.display()
            );
            let comments = |bytes: &[u8]| String::from_utf8_lossy(bytes).matches(" #").count();
            if written.loss.is_none() && !after.remotes.is_empty() {
                assert!(
                    comments(&written.bytes) >= comments(&bytes),
                    "{}: {shown}",
                    path.display()
                );
            }
            changed += 1;
        }
    }
    assert!(changed > 300, "{changed}");
}
