//! The files that Apptainer and portolan write themselves, read line by line: a fraction of a YAML parser's work.
//!
//! Whatever is not plainly of that form, down to a comment, a quote or another order of keys, is left to the reader of
//! YAML, which alone knows errors. What is read here that one reads the same: the tests hold the two together.

use std::collections::BTreeMap;

use crate::config::document::{Document, KeyserverEntry, LoginEntry, RemoteEntry};
use crate::name::RemoteName;
use crate::secret::Secret;

#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    key: &'static str,
    /// Before the dash of a keyserver; its further keys stand two blanks deeper.
    keyserver: &'static str,
    /// Before the dash of a login; its further keys stand two blanks deeper.
    login: &'static str,
}

/// What go-yaml v2 writes, in Apptainer up to 1.2, and portolan.
const TWO: Form = Form {
    name: "  ",
    key: "    ",
    keyserver: "    ",
    login: "",
};
/// What go-yaml v3 and v4 write, in Apptainer since 1.3.
const FOUR: Form = Form {
    name: "    ",
    key: "        ",
    keyserver: "            ",
    login: "    ",
};

const LONGEST_NAME: usize = 128;

/// Words that one version of YAML or another takes for something other than a text.
const WORDS_OF_YAML: [&str; 9] = ["false", "n", "no", "null", "off", "on", "true", "y", "yes"];

/// The document, where the file is of this form from its first line to its last.
pub(super) fn read(bytes: &[u8]) -> Option<Document> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = Cursor {
        rest: text,
        form: TWO,
    };
    let document = lines.document()?;
    lines.rest.is_empty().then_some(document)
}

struct Cursor<'text> {
    rest: &'text str,
    form: Form,
}

impl<'text> Cursor<'text> {
    fn document(&mut self) -> Option<Document> {
        let active = text(self.take("", "Active: ")?)?.to_owned();
        let mut remotes = Vec::new();
        match self.take("", "Remotes:")? {
            "" => {
                if self.rest.starts_with(FOUR.name) {
                    self.form = FOUR;
                }
                while let Some(line) = self.take(self.form.name, "") {
                    let name = text(line.strip_suffix(':')?)?;
                    if name.is_empty() || name.len() > LONGEST_NAME {
                        return None;
                    }
                    remotes.push((RemoteName::found(name), self.remote()?));
                }
                if remotes.is_empty() {
                    return None;
                }
            }
            " {}" => {}
            _ => return None,
        }
        let mut logins = Vec::new();
        if let Some(rest) = self.take("", "Credentials:") {
            while let Some(uri) = self.take(self.form.login, "- URI: ") {
                logins.push(self.login(uri)?);
            }
            if logins.is_empty() || !rest.is_empty() {
                return None;
            }
        }
        let number = remotes.len();
        let remotes: BTreeMap<_, _> = remotes.into_iter().collect();
        (remotes.len() == number).then_some(Document {
            active,
            remotes,
            logins,
        })
    }

    fn remote(&mut self) -> Option<RemoteEntry> {
        let Form { key, keyserver, .. } = self.form;
        let begin = self.rest.len();
        let mut entry = RemoteEntry::default();
        if let Some(uri) = self.take(key, "URI: ") {
            entry.uri = text(uri)?.to_owned();
        }
        if let Some(token) = self.take(key, "Token: ") {
            entry.token = Secret::new(text(token)?);
        }
        entry.system = self.flag(key, "System: ")?;
        entry.exclusive = self.flag(key, "Exclusive: ")?;
        entry.insecure = self.flag(key, "Insecure: ")?;
        if let Some(rest) = self.take(key, "Keyservers:") {
            while let Some(uri) = self.take(keyserver, "- URI: ") {
                entry.keyservers.push(self.keyserver(uri)?);
            }
            if entry.keyservers.is_empty() || !rest.is_empty() {
                return None;
            }
        }
        (self.rest.len() < begin).then_some(entry)
    }

    fn keyserver(&mut self, uri: &str) -> Option<KeyserverEntry> {
        let indentation = self.form.keyserver;
        Some(KeyserverEntry {
            uri: text(uri)?.to_owned(),
            skip: self.flag(indentation, "  Skip: ")?,
            external: self.flag(indentation, "  External: ")?,
            insecure: self.flag(indentation, "  Insecure: ")?,
        })
    }

    fn login(&mut self, uri: &str) -> Option<LoginEntry> {
        let indentation = self.form.login;
        let auth = match self.take(indentation, "  Auth: ") {
            Some(auth) => Secret::new(text(auth)?),
            None => Secret::default(),
        };
        Some(LoginEntry {
            uri: text(uri)?.to_owned(),
            auth,
            insecure: self.flag(indentation, "  Insecure: ")?,
        })
    }

    /// What follows `indentation` and `key` on the next line, which is read then; `None` when the line begins otherwise.
    fn take(&mut self, indentation: &str, key: &str) -> Option<&'text str> {
        let (value, rest) = self
            .rest
            .strip_prefix(indentation)?
            .strip_prefix(key)?
            .split_once('\n')?;
        self.rest = rest;
        Some(value)
    }

    fn flag(&mut self, indentation: &str, key: &str) -> Option<bool> {
        match self.take(indentation, key) {
            None | Some("false") => Some(false),
            Some("true") => Some(true),
            Some(_) => None,
        }
    }
}

fn text(written: &str) -> Option<&str> {
    if written == "\"\"" {
        return Some("");
    }
    let bytes = written.as_bytes();
    let is_whole = |(index, byte): (usize, &u8)| match byte {
        b'A'..=b'Z'
        | b'a'..=b'z'
        | b'0'..=b'9'
        | b'.'
        | b'_'
        | b'/'
        | b'+'
        | b'='
        | b'@'
        | b'-'
        | b'~' => true,
        // Before a blank or at the end either would begin something else.
        b':' | b' ' => bytes.get(index + 1).is_some_and(|next| *next != b' '),
        _ => false,
    };
    let begins_a_text = match bytes.first()? {
        b'A'..=b'Z' | b'a'..=b'z' => !is_word_of_yaml(written),
        // An address. With fewer dots it could be a number or a date.
        b'0'..=b'9' => bytes.iter().filter(|byte| **byte == b'.').count() > 1,
        _ => false,
    };
    (begins_a_text && bytes.iter().enumerate().all(is_whole)).then_some(written)
}

fn is_word_of_yaml(written: &str) -> bool {
    written.len() <= "false".len()
        && WORDS_OF_YAML
            .iter()
            .any(|word| word.eq_ignore_ascii_case(written))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::schema;
    use super::*;

    const WRITTEN: &str = "\
Active: company
Remotes:
  10.0.0.1:
    URI: 10.0.0.1:8443/path
    System: true
    Exclusive: false
  company:
    URI: company.example.com
    Token: eyJ.a-b_c
    System: false
    Exclusive: false
    Insecure: true
    Keyservers:
    - URI: https://keys.example.com
      Skip: false
      External: true
      Insecure: false
Credentials:
- URI: https://keys.example.com
  Auth: Basic aWFuOnBhc3M=
  Insecure: false
- URI: docker://registry.example.com
  Insecure: true
";

    /// The same as Apptainer writes it since 1.3.
    const WRITTEN_WITH_FOUR: &str = "\
Active: company
Remotes:
    company:
        URI: company.example.com
        System: false
        Exclusive: false
        Keyservers:
            - URI: https://keys.example.com
              Skip: false
              External: true
              Insecure: false
Credentials:
    - URI: docker://registry.example.com
      Insecure: true
";

    #[test]
    fn what_the_tools_write_is_read_as_the_yaml_that_it_is() {
        for text in [WRITTEN, WRITTEN_WITH_FOUR, "Active: \"\"\nRemotes: {}\n"] {
            assert_eq!(
                read(text.as_bytes()),
                Some(schema::read(text).unwrap().document),
                "{text}"
            );
        }
    }

    #[test]
    fn everything_else_is_left_to_the_reader_of_yaml() {
        let changed = [
            ("Active: company", "Active: company # the default"),
            ("Active: company", "Active: 'company'"),
            ("Active: company", "Active: company: x"),
            ("Active: company", "Active: yes"),
            ("Active: company", "Active: 1.0"),
            ("Active: company", "Active:"),
            ("  company:\n", "  10.0.0.1:\n"),
            ("  company:\n", "  company: {}\n  x:\n"),
            ("    Insecure: true\n", "    Insecure: on\n"),
            ("    Insecure: true\n", "    Unsafe: true\n"),
            ("    URI: company", "    # ours\n    URI: company"),
            ("Basic aWF", "Basic  aWF"),
            ("Credentials:\n", "---\nCredentials:\n"),
        ];
        for (old, new) in changed {
            let text = WRITTEN.replacen(old, new, 1);
            assert_ne!(text, WRITTEN, "{old}");
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read(b""), None);
    }

    #[test]
    fn the_samples_are_read_alike_or_left() {
        let directory = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/yaml/files"
        ));
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            assert_reads_alike(&fs::read(&path).unwrap());
        }
    }

    fn assert_reads_alike(bytes: &[u8]) {
        if let Some(document) = read(bytes) {
            let text = std::str::from_utf8(bytes).unwrap();
            assert_eq!(
                schema::read(text).ok().map(|read| read.document),
                Some(document),
                "{text}"
            );
        }
    }

    /// Pieces of which nearly canonical files are made.
    const PIECES: [&str; 24] = [
        "a",
        "Z",
        "0",
        ".",
        ":",
        " ",
        "\n",
        "-",
        "#",
        "\"\"",
        "{}",
        "true",
        "no",
        "~",
        "=",
        "  ",
        "    ",
        "- ",
        "? ",
        "URI: x\n",
        "    System: true\n",
        "  b:\n",
        "Keyservers:\n",
        "Credentials:\n",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn a_changed_file_is_read_alike_or_left(
            four in any::<bool>(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, 0..PIECES.len()), 0..4),
        ) {
            let mut text = if four { WRITTEN_WITH_FOUR } else { WRITTEN }.to_owned();
            for (place, cut, piece) in edits {
                let begin = place.index(text.len());
                let end = (begin + cut).min(text.len());
                text.replace_range(begin..end, PIECES[piece]);
            }
            assert_reads_alike(text.as_bytes());
        }
    }
}
