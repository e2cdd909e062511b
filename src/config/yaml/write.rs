//! A document as text, in the form of Apptainer 1.0. Knows no layer: what is in the document is written.

use super::{
    order::sorted,
    style::{is_explicit_key, push_scalar},
};
use crate::config::document::{Document, KeyserverEntry, LoginEntry, RemoteEntry};

/// Writes `after` as go-yaml v2 does: its order of keys and names, its indentation, its quotes where these are safe in
/// every reader. Texts aren't folded.
///
/// `old` is the text that is replaced and `before` the document that it stood for: this function alone will keep what
/// no document holds, such as comments. For now both are ignored.
pub fn write(_old: Option<&[u8]>, _before: &Document, after: &Document) -> String {
    let mut text = String::new();
    push_text(&mut text, "Active: ", &after.active);
    push_remotes(&mut text, after);
    if !after.logins.is_empty() {
        text.push_str("Credentials:\n");
    }
    for login in &after.logins {
        push_login(&mut text, login);
    }
    text
}

fn push_remotes(text: &mut String, document: &Document) {
    if document.remotes.is_empty() {
        text.push_str("Remotes: {}\n");
        return;
    }
    text.push_str("Remotes:\n");
    let remotes = document.remotes.iter().map(|(name, remote)| (name.as_str(), remote)).collect();
    for (name, remote) in sorted(remotes) {
        push_remote(text, name, remote);
    }
}

fn push_remote(text: &mut String, name: &str, remote: &RemoteEntry) {
    let first = if is_explicit_key(name) {
        push_text(text, "  ? ", name);
        "  : "
    } else {
        text.push_str("  ");
        push_scalar(name, text);
        text.push_str(":\n");
        "    "
    };
    let mut indentation = std::iter::once(first).chain(std::iter::repeat("    "));
    let mut begin = |text: &mut String, key| {
        text.extend(indentation.next());
        text.push_str(key);
    };
    if !remote.uri.is_empty() {
        begin(text, "URI");
        push_text(text, ": ", &remote.uri);
    }
    if !remote.token.is_empty() {
        begin(text, "Token");
        push_text(text, ": ", remote.token.expose());
    }
    begin(text, "System");
    push_flag(text, ": ", remote.system);
    push_flag(text, "    Exclusive: ", remote.exclusive);
    if remote.insecure {
        push_flag(text, "    Insecure: ", true);
    }
    if !remote.keyservers.is_empty() {
        text.push_str("    Keyservers:\n");
    }
    for keyserver in &remote.keyservers {
        push_keyserver(text, keyserver);
    }
}

fn push_keyserver(text: &mut String, keyserver: &KeyserverEntry) {
    push_text(text, "    - URI: ", &keyserver.uri);
    push_flag(text, "      Skip: ", keyserver.skip);
    push_flag(text, "      External: ", keyserver.external);
    push_flag(text, "      Insecure: ", keyserver.insecure);
}

fn push_login(text: &mut String, login: &LoginEntry) {
    push_text(text, "- URI: ", &login.uri);
    if !login.auth.is_empty() {
        push_text(text, "  Auth: ", login.auth.expose());
    }
    push_flag(text, "  Insecure: ", login.insecure);
}

fn push_text(text: &mut String, before: &str, value: &str) {
    text.push_str(before);
    push_scalar(value, text);
    text.push('\n');
}

fn push_flag(text: &mut String, before: &str, value: bool) {
    text.push_str(before);
    text.push_str(if value { "true\n" } else { "false\n" });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{name::RemoteName, secret::Secret};

    fn written(document: &Document) -> String {
        write(None, &Document::default(), document)
    }

    fn named(name: &str) -> Document {
        let remote = RemoteEntry { uri: "x.example.com".to_owned(), ..RemoteEntry::default() };
        Document { remotes: [(RemoteName::found(name), remote)].into(), ..Document::default() }
    }

    #[test]
    fn an_empty_document_has_its_two_keys() {
        assert_eq!(written(&Document::default()), "Active: \"\"\nRemotes: {}\n");
    }

    #[test]
    fn every_key_stands_where_go_writes_it() {
        let keyserver = |uri: &str, external| KeyserverEntry { uri: uri.to_owned(), external, ..Default::default() };
        let full = RemoteEntry {
            uri: "cloud.example.com".to_owned(),
            token: Secret::new("eyJ.a-b_c"),
            system: true,
            exclusive: false,
            insecure: true,
            keyservers: vec![
                KeyserverEntry { skip: true, ..keyserver("https://keys.example.com", false) },
                KeyserverEntry { insecure: true, ..keyserver("http://localhost:11371", true) },
            ],
        };
        let document = Document {
            active: "b".to_owned(),
            remotes: [("b", full), ("A", RemoteEntry::default())]
                .map(|(name, remote)| (RemoteName::found(name), remote))
                .into(),
            logins: vec![
                LoginEntry { uri: "docker://x".to_owned(), ..LoginEntry::default() },
                LoginEntry { uri: "https://k".to_owned(), auth: Secret::new("Basic dTpw"), insecure: true },
            ],
        };
        let expected = "\
Active: b
Remotes:
  A:
    System: false
    Exclusive: false
  b:
    URI: cloud.example.com
    Token: eyJ.a-b_c
    System: true
    Exclusive: false
    Insecure: true
    Keyservers:
    - URI: https://keys.example.com
      Skip: true
      External: false
      Insecure: false
    - URI: http://localhost:11371
      Skip: false
      External: true
      Insecure: true
Credentials:
- URI: docker://x
  Insecure: false
- URI: https://k
  Auth: Basic dTpw
  Insecure: true
";
        assert_eq!(written(&document), expected);
    }

    #[test]
    fn a_long_name_is_an_explicit_key() {
        let name = "n".repeat(129);
        let expected = format!(
            "Active: \"\"\nRemotes:\n  ? {name}\n  : URI: x.example.com\n    System: false\n    Exclusive: false\n"
        );
        assert_eq!(written(&named(&name)), expected);
        let without_uri =
            Document { remotes: [(RemoteName::found(name), RemoteEntry::default())].into(), ..Default::default() };
        assert!(written(&without_uri).ends_with("n\n  : System: false\n    Exclusive: false\n"));
    }

    #[test]
    fn a_name_is_quoted_where_it_has_to_be() {
        let line = |name| written(&named(name)).lines().nth(2).unwrap().to_owned();
        assert_eq!(line("my remote"), "  my remote:");
        assert_eq!(line("yes"), "  \"yes\":");
        assert_eq!(line("a: b"), "  'a: b':");
        assert_eq!(line("a\nb"), "  ? \"a\\nb\"");
    }
}
