//! The challenges of an answer 401, as RFC 9110 (section 11) writes them. Pure and total; knows no request.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme in lower case: `basic`, `bearer`.
    pub scheme: String,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Challenge {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// All challenges of the `WWW-Authenticate` headers of an answer, in order. What can't be understood is left out.
pub fn challenges(headers: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Challenge> {
    let mut found = Vec::new();
    for header in headers {
        read(
            &mut ChallengeReader {
                rest: header.as_ref(),
            },
            &mut found,
        );
    }
    found
}

fn read(reader: &mut ChallengeReader<'_>, found: &mut Vec<Challenge>) {
    loop {
        if reader.rest.is_empty() {
            return;
        }
        let word = reader.token();
        if word.is_empty() {
            // A separator, or a stray character: whatever follows it may still make sense.
            let mut characters = reader.rest.chars();
            characters.next();
            reader.rest = characters.as_str();
            continue;
        }
        match (reader.value(), found.last_mut()) {
            (Some(value), Some(challenge)) => challenge.parameters.push((word.to_owned(), value)),
            (Some(_), None) => {}
            (None, _) => {
                let scheme = word.to_ascii_lowercase();
                reader.skip_token68();
                found.push(Challenge {
                    scheme,
                    parameters: Vec::new(),
                });
            }
        }
    }
}

struct ChallengeReader<'a> {
    rest: &'a str,
}

impl<'a> ChallengeReader<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn token(&mut self) -> &'a str {
        let is_token = |character: char| {
            character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
        };
        let end = self
            .rest
            .find(|character| !is_token(character))
            .unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        token
    }

    fn value(&mut self) -> Option<String> {
        let before = self.rest;
        self.skip_blanks();
        let Some(rest) = self.rest.strip_prefix('=') else {
            self.rest = before;
            return None;
        };
        self.rest = rest;
        self.skip_blanks();
        if let Some(rest) = self.rest.strip_prefix('"') {
            self.rest = rest;
            return Some(self.quoted());
        }
        // No rule allows these marks, and some registries write them.
        if let Some((value, rest)) = self
            .rest
            .strip_prefix('\'')
            .and_then(|rest| rest.split_once('\''))
        {
            self.rest = rest;
            return Some(value.to_owned());
        }
        Some(self.unquoted().to_owned())
    }

    fn unquoted(&mut self) -> &'a str {
        let end = self.rest.find([',', ' ', '\t']).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at(end);
        self.rest = rest;
        value
    }

    fn quoted(&mut self) -> String {
        let mut text = String::new();
        let mut characters = self.rest.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => text.extend(characters.next()),
                other => text.push(other),
            }
        }
        self.rest = characters.as_str();
        text
    }

    /// What `Negotiate` and the like have behind the scheme in place of parameters.
    fn skip_token68(&mut self) {
        let before = self.rest;
        self.skip_blanks();
        let is_token68 =
            |character: char| character.is_ascii_alphanumeric() || "-._~+/".contains(character);
        let end = self
            .rest
            .find(|character| !is_token68(character))
            .unwrap_or(self.rest.len());
        let rest = self.rest[end..].trim_start_matches('=');
        let ends = rest.trim_start_matches([' ', '\t']);
        self.rest = if end > 0 && (ends.is_empty() || ends.starts_with(',')) {
            rest
        } else {
            before
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `scheme name=value name=value`, a challenge each.
    fn shown(headers: &[&str]) -> Vec<String> {
        challenges(headers)
            .iter()
            .map(|challenge| {
                let parameters = challenge
                    .parameters
                    .iter()
                    .map(|(name, value)| format!(" {name}={value}"));
                format!("{}{}", challenge.scheme, parameters.collect::<String>())
            })
            .collect()
    }

    #[test]
    fn challenges_are_read_however_they_are_written() {
        let cases: [(&[&str], &[&str]); 17] = [
            (
                &[r#"Basic realm="test registry""#],
                &["basic realm=test registry"],
            ),
            (
                &[r#"Bearer realm="https://a/t",service="s""#],
                &["bearer realm=https://a/t service=s"],
            ),
            (
                &[r#"BEARER realm = "https://a/t" , service=s"#],
                &["bearer realm=https://a/t service=s"],
            ),
            (
                &["Bearer realm=https://a/t?x=1,service=s"],
                &["bearer realm=https://a/t?x=1 service=s"],
            ),
            (
                &[r#"Basic realm="a, b", Bearer realm="c""#],
                &["basic realm=a, b", "bearer realm=c"],
            ),
            (
                &[r#"Basic realm="a""#, r#"Bearer realm="c""#],
                &["basic realm=a", "bearer realm=c"],
            ),
            (
                &[r#"Basic realm="a" Bearer realm="c""#],
                &["basic realm=a", "bearer realm=c"],
            ),
            (
                &[r#"Negotiate, Basic realm="a \"b\" \\""#],
                &["negotiate", r#"basic realm=a "b" \"#],
            ),
            (
                &[r#"Bearer realm="https://a/t",error_description="not you",service="s""#],
                &["bearer realm=https://a/t error_description=not you service=s"],
            ),
            (
                &["NTLM TlRMTVNT==, Basic realm=x"],
                &["ntlm", "basic realm=x"],
            ),
            (&["Negotiate a/b+c"], &["negotiate"]),
            (&["Bearer realm=, service=s"], &["bearer service=s"]),
            (
                &["Bearer realm='https://a/t?x=1, 2',service='s', Basic realm='it'"],
                &[
                    "bearer realm=https://a/t?x=1, 2 service=s",
                    "basic realm=it",
                ],
            ),
            (&["Bearer realm='open"], &["bearer realm='open"]),
            (&[r#"Basic realm="open"#], &["basic realm=open"]),
            (&[r#"Basic realm="ends in \"#], &["basic realm=ends in "]),
            (&["", ",,", "=", "realm=lost", "Basic"], &["basic"]),
        ];
        for (headers, wanted) in cases {
            assert_eq!(shown(headers), wanted, "{headers:?}");
        }
    }

    #[test]
    fn names_of_parameters_compare_without_case_and_the_first_of_two_counts() {
        let bearer = &challenges([r#"Bearer Realm="x", realm="y""#])[0];
        assert_eq!(
            (bearer.parameter("realm"), bearer.parameter("scope")),
            (Some("x"), None)
        );
    }

    /// Any text as a quoted string.
    fn quoted(text: &str) -> String {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }

    proptest! {
        #[test]
        fn no_header_is_too_odd(header in "\\PC{0,200}|[ ,=\"\\\\a-c]{0,40}") {
            let _ = challenges([header.as_str()]);
        }

        #[test]
        fn what_is_written_by_the_rules_is_read_back(
            written in proptest::collection::vec(("[a-z]{1,8}", proptest::collection::vec(("[a-z]{1,8}", ".{0,20}"), 0..3)), 0..4)
        ) {
            let one = |(scheme, parameters): &(String, Vec<(String, String)>)| {
                let parameters: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
                format!("{scheme} {}", parameters.join(", "))
            };
            let read = |headers: &[&str]| -> Vec<_> {
                challenges(headers).into_iter().map(|found| (found.scheme, found.parameters)).collect()
            };
            let lines: Vec<String> = written.iter().map(one).collect();
            prop_assert_eq!(&read(&[&lines.join(", ")]), &written, "in one header");
            prop_assert_eq!(&read(&lines.iter().map(String::as_str).collect::<Vec<_>>()), &written, "in one header each");
        }
    }
}
