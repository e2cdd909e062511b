//! A command line as bash has it: its words without their quotes, and what of the last one a completion replaces. Pure.
//!
//! bash cuts words at the colons of addresses (COMP_WORDBREAKS) and hands them over with their quotes. Here the line is read
//! anew, as the shell will read it when it runs.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) words: Vec<String>,
    pub(super) current: String,
    pub(super) is_redirected: bool,
    /// How much of `current` stands before what is replaced.
    kept: usize,
    quote: Option<char>,
}

impl Line {
    /// Reads a line up to the cursor. `breaks` is COMP_WORDBREAKS: behind the last of these begins what is replaced.
    pub(super) fn parse(line: &str, breaks: &str) -> Self {
        let mut parsed = Self::default();
        // Whether a word was begun: a quote begins one, too.
        let mut begun = false;
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            match (parsed.quote, character) {
                (None, ' ' | '\t' | '\n') => {
                    if begun {
                        parsed.end_word();
                        begun = false;
                    }
                    continue;
                }
                (None, '<' | '>') => {
                    // Digits before it are the number of a stream.
                    if begun && !parsed.current.bytes().all(|byte| byte.is_ascii_digit()) {
                        parsed.end_word();
                    }
                    parsed.current.clear();
                    parsed.is_redirected = true;
                    begun = false;
                    while characters
                        .next_if(|next| matches!(next, '<' | '>' | '&' | '|' | ' ' | '\t'))
                        .is_some()
                    {}
                    continue;
                }
                (None, '"' | '\'') => {
                    parsed.quote = Some(character);
                    parsed.kept = parsed.current.len();
                }
                (Some(quote), _) if quote == character => {
                    parsed.quote = None;
                    parsed.kept = 0;
                }
                (None, '\\') => parsed.current.extend(characters.next()),
                (Some('"'), '\\') => {
                    let escaped = characters.next_if(|next| matches!(next, '"' | '\\' | '$' | '`'));
                    parsed.current.push(escaped.unwrap_or('\\'));
                }
                (None, _) if breaks.contains(character) => {
                    parsed.current.push(character);
                    parsed.kept = parsed.current.len();
                }
                _ => parsed.current.push(character),
            }
            begun = true;
        }
        parsed
    }

    /// What takes the place of the word's end so that the word becomes `value`, which begins as the word does.
    pub(super) fn reply(&self, value: &str) -> String {
        let rest = value.get(self.kept..).unwrap_or(value);
        match self.quote {
            Some('\'') => rest.replace('\'', r"'\''"),
            Some(_) => escaped(rest, |character| {
                matches!(character, '"' | '\\' | '$' | '`')
            }),
            None => escaped(rest, |character| {
                character.is_whitespace() || "!\"#$&'()*;<>?[\\]^`{|}~".contains(character)
            }),
        }
    }

    fn end_word(&mut self) {
        self.words.push(std::mem::take(&mut self.current));
        self.kept = 0;
        if self.is_redirected {
            // The file of a redirection is no word of the command.
            self.words.pop();
            self.is_redirected = false;
        }
    }
}

fn escaped(text: &str, is_special: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_special(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of bash.
    const BREAKS: &str = " \t\n\"'@><=;|&(:";

    #[test]
    fn words_are_read_as_the_shell_reads_them() {
        let cases: [(&str, &[&str], &str); 16] = [
            ("", &[], ""),
            ("portolan", &[], "portolan"),
            ("portolan ", &["portolan"], ""),
            ("portolan  remote\tus", &["portolan", "remote"], "us"),
            (r"p use my\ re", &["p", "use"], "my re"),
            (r#"p use "my re"#, &["p", "use"], "my re"),
            (r"p use 'my re", &["p", "use"], "my re"),
            (r#"p use 'a "b' "#, &["p", "use", "a \"b"], ""),
            (r#"p use "a \" \x $" "#, &["p", "use", "a \" \\x $"], ""),
            (r#"p use a"b c"d'e'\"#, &["p", "use"], "ab cde"),
            ("p '' ", &["p", ""], ""),
            ("p https://keys.ex", &["p"], "https://keys.ex"),
            ("p --command=ap", &["p"], "--command=ap"),
            ("p list >out remote", &["p", "list"], "remote"),
            ("p list>out remote", &["p", "list"], "remote"),
            ("p list 2>/dev/null ", &["p", "list"], ""),
        ];
        for (line, words, current) in cases {
            let parsed = Line::parse(line, BREAKS);
            assert_eq!(
                (parsed.words.as_slice(), parsed.current.as_str()),
                (&owned(words)[..], current),
                "{line}"
            );
            assert!(!parsed.is_redirected, "{line}");
        }
        for line in ["p list >", "p list > o", "p list 2>>ou", "p list <i"] {
            assert!(Line::parse(line, BREAKS).is_redirected, "{line}");
        }
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_reply_replaces_what_readline_takes_for_the_word() {
        let cases = [
            ("p ", "my remote", r"my\ remote"),
            (r"p my\ r", "my remote", r"my\ remote"),
            ("p \"my r", "my remote", "my remote"),
            ("p 'i", "it's", r"it'\''s"),
            ("p \"i", "it's \"$x\"", r#"it's \"\$x\""#),
            ("p i", "it's", r"it\'s"),
            (
                "p x",
                "x'\"`$\\;&|<>(){}[]*?!#~",
                r#"x\'\"\`\$\\\;\&\|\<\>\(\)\{\}\[\]\*\?\!\#\~"#,
            ),
            // Readline replaces what stands behind the last colon or equals sign.
            (
                "p https://k",
                "https://keys.example.com:11371",
                "//keys.example.com:11371",
            ),
            (
                "p https://keys.example.com:1",
                "https://keys.example.com:11371",
                "11371",
            ),
            (
                "p http",
                "https://keys.example.com",
                "https://keys.example.com",
            ),
            ("p --command=ap", "--command=apptainer", "apptainer"),
            // Unless it is quoted.
            (
                r"p https\://k",
                "https://keys.example.com",
                "https://keys.example.com",
            ),
            (
                "p \"https://k",
                "https://keys.example.com",
                "https://keys.example.com",
            ),
            (
                "p https:\"//k",
                "https://keys.example.com",
                "//keys.example.com",
            ),
            ("p 日", "日本 語", r"日本\ 語"),
        ];
        for (line, value, reply) in cases {
            assert_eq!(Line::parse(line, BREAKS).reply(value), reply, "{line}");
        }
        assert_eq!(
            Line::parse("p https://k", " \t\n").reply("https://keys"),
            "https://keys"
        );
    }
}
