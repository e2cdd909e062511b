//! Untrusted text on its way to a terminal: names, addresses, what servers say (D17 of docs/compatibility.md).
//!
//! A terminal obeys control characters, so that they are shown as escapes there. Pipes and files get the bytes as they are.

use std::borrow::Cow;

use crate::text::is_hidden;

/// The text with everything escaped that could steer a terminal, reorder a line or hide in it.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escape(text, false)
}

/// As [`printable`], for our own messages of several lines.
pub(crate) fn printable_lines(text: &str) -> Cow<'_, str> {
    escape(text, true)
}

fn escape(text: &str, keep_lines: bool) -> Cow<'_, str> {
    let steers = |character: char| is_hidden(character) && !(keep_lines && character == '\n');
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' if !keep_lines => escaped.push_str("\\n"),
            '\t' => escaped.push_str("\\t"),
            '\r' => escaped.push_str("\\r"),
            other if !steers(other) => escaped.push(other),
            other if u32::from(other) < 0x100 => {
                escaped.push_str(&format!("\\x{:02x}", u32::from(other)));
            }
            other => escaped.push_str(&format!("\\u{:04x}", u32::from(other))),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        let cases = [
            ("plain, 日本 é ✓", "plain, 日本 é ✓"),
            ("\u{1b}[31mred", r"\x1b[31mred"),
            ("a\tb\nc\r", r"a\tb\nc\r"),
            ("\u{9b}31m", r"\x9b31m"),
            ("\u{202e}abc\u{200b}", r"\u202eabc\u200b"),
            ("\u{7f}", r"\x7f"),
        ];
        for (text, shown) in cases {
            assert_eq!(printable(text), shown);
        }
        assert_eq!(printable_lines("a\nb\u{7}"), "a\nb\\x07");
    }
}
