//! A text as another place has it: quoted as in Apptainer's messages (Go's `%q`), as a word of a shell, in one line. Knows
//! no message.

use std::fmt;

/// Shows a text between `"`, with everything escaped that is not printable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(formatter, "\\{character}")?,
                '\u{7}' => formatter.write_str("\\a")?,
                '\u{8}' => formatter.write_str("\\b")?,
                '\t' => formatter.write_str("\\t")?,
                '\n' => formatter.write_str("\\n")?,
                '\u{b}' => formatter.write_str("\\v")?,
                '\u{c}' => formatter.write_str("\\f")?,
                '\r' => formatter.write_str("\\r")?,
                printable if !is_hidden(printable) => write!(formatter, "{printable}")?,
                ascii if ascii.is_ascii() => write!(formatter, "\\x{:02x}", u32::from(ascii))?,
                short if u32::from(short) < 0x1_0000 => {
                    write!(formatter, "\\u{:04x}", u32::from(short))?;
                }
                long => write!(formatter, "\\U{:08x}", u32::from(long))?,
            }
        }
        formatter.write_str("\"")
    }
}

pub(crate) fn in_one_line(text: &str) -> String {
    let lines = text.split([
        '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
    ]);
    lines
        .filter(|line| !line.trim().is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The first ten of these names, and how many more there are.
pub(crate) fn first_names(names: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let mut names = names.into_iter();
    let first = names.by_ref().take(10).map(|name| name.to_string());
    let first = first.collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => first,
        more => format!("{first} and {} more", with_commas(more)),
    }
}

/// A number as people write it: `9,990`.
pub(crate) fn with_commas(number: usize) -> String {
    match number {
        0..=999 => number.to_string(),
        _ => format!("{},{:03}", with_commas(number / 1000), number % 1000),
    }
}

pub(crate) fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// Shows a text as one word of a shell's command line, in quotation marks where it needs them.
#[derive(Clone, Copy, Debug)]
pub struct ShellWord<'a>(pub &'a str);

impl fmt::Display for ShellWord<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+,".contains(&byte);
        if !self.0.is_empty() && self.0.bytes().all(is_plain) {
            return formatter.write_str(self.0);
        }
        if self.0.chars().any(is_hidden) {
            // Only this form has escapes, so that the command shows what it does.
            formatter.write_str("$'")?;
            for character in self.0.chars() {
                match character {
                    '\'' | '\\' => write!(formatter, "\\{character}")?,
                    hidden if is_hidden(hidden) => {
                        let mut bytes = [0; 4];
                        for byte in hidden.encode_utf8(&mut bytes).bytes() {
                            write!(formatter, "\\x{byte:02x}")?;
                        }
                    }
                    plain => write!(formatter, "{plain}")?,
                }
            }
            return formatter.write_str("'");
        }
        write!(formatter, "'{}'", self.0.replace('\'', "'\\''"))
    }
}

/// Whether a character steers a terminal, hides in a line or reorders it: controls, the marks of direction, those of no
/// width, and every blank but the plain one.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || character.is_whitespace() && character != ' '
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What is wrong with a text that is no JSON, in the reader's words, and with its limit named.
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    error
        .to_string()
        .replace("recursion limit exceeded", "nested deeper than 127 levels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_one() {
        assert_eq!(in_one_line("a\r\nb\n\n c \u{2028}d\n"), "a b  c  d");
        assert_eq!(in_one_line("as it is"), "as it is");
    }

    #[test]
    fn a_shell_takes_the_text_for_one_word() {
        let cases = [
            ("plain-1.example/x:8443", "plain-1.example/x:8443"),
            ("", "''"),
            ("my remote", "'my remote'"),
            ("$(reboot); `x` \"y\"", "'$(reboot); `x` \"y\"'"),
            ("it's", r"'it'\''s'"),
            ("~", "'~'"),
            ("=x", "'=x'"),
            ("é", "'é'"),
            ("\u{1b}[31m'\n\\", r"$'\x1b[31m\'\x0a\\'"),
            ("\u{200b}", r"$'\xe2\x80\x8b'"),
        ];
        for (text, word) in cases {
            assert_eq!(ShellWord(text).to_string(), word);
        }
    }

    #[test]
    fn a_text_is_quoted_as_go_quotes_it() {
        let cases = [
            ("my remote", r#""my remote""#),
            (r#"say "x" \"#, r#""say \"x\" \\""#),
            ("\u{1b}[31mred", r#""\x1b[31mred""#),
            ("a\nb\t\u{7}\u{7f}", r#""a\nb\t\a\x7f""#),
            ("日本 é 🦀", r#""日本 é 🦀""#),
            ("\u{a0}\u{200b}\u{e0001}", r#""\u00a0\u200b\U000e0001""#),
        ];
        for (text, quoted) in cases {
            assert_eq!(Quoted(text).to_string(), quoted);
        }
    }
}
