//! What Go's encoding/json says of a text that is no JSON. Pure; asked only after our own reader refused the text.

use std::borrow::Cow;

/// The byte that can't stand where it stands, from 0, and Go's words for it; none where the text ends too early.
pub(super) fn fault(text: &str) -> Option<(usize, String)> {
    let bytes = text.as_bytes();
    let mut scanner = Scanner { bytes, at: 0 };
    let context = scanner.value().err()?;
    let byte = *bytes.get(scanner.at)?;
    let shown = match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        0..0x20 | 0x7f..0xa0 => format!("\\x{byte:02x}"),
        // A byte of several that are a character together counts for itself.
        _ => char::from(byte).to_string(),
    };
    Some((scanner.at, format!("invalid character '{shown}' {context}")))
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Context = Cow<'static, str>;

impl Scanner<'_> {
    fn value(&mut self) -> Result<(), Context> {
        let mut open = Vec::new();
        let mut wants_name = false;
        loop {
            match self.next() {
                Some(b'"') => self.string()?,
                _ if wants_name => return Err("looking for beginning of object key string".into()),
                Some(first @ (b'{' | b'[')) => {
                    self.at += 1;
                    // In ASCII the closing bracket is two behind the opening one.
                    if self.next() == Some(first + 2) {
                        self.at += 1;
                    } else {
                        open.push(first);
                        wants_name = first == b'{';
                        continue;
                    }
                }
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                Some(b'n') => self.word("null")?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                _ => return Err("looking for beginning of value".into()),
            }
            if wants_name {
                if self.next() != Some(b':') {
                    return Err("after object key".into());
                }
                self.at += 1;
                wants_name = false;
                continue;
            }
            loop {
                match (open.last(), self.next()) {
                    (None, None) => return Ok(()),
                    (None, _) => return Err("after top-level value".into()),
                    (Some(first), Some(b',')) => {
                        self.at += 1;
                        wants_name = *first == b'{';
                        break;
                    }
                    (Some(first), Some(last)) if last == first + 2 => {
                        self.at += 1;
                        open.pop();
                    }
                    (Some(b'{'), _) => return Err("after object key:value pair".into()),
                    _ => return Err("after array element".into()),
                }
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn word(&mut self, word: &'static str) -> Result<(), Context> {
        for wanted in word.chars() {
            if self.bytes.get(self.at).copied().map(char::from) != Some(wanted) {
                return Err(format!("in literal {word} (expecting '{wanted}')").into());
            }
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Context> {
        loop {
            self.at += 1;
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.bytes.get(self.at) {
                        Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => {}
                        Some(b'u') => {
                            for _ in 0..4 {
                                self.at += 1;
                                if !self.is(u8::is_ascii_hexdigit) {
                                    return Err("in \\u hexadecimal character escape".into());
                                }
                            }
                        }
                        _ => return Err("in string escape code".into()),
                    }
                }
                Some(0x20..) => {}
                _ => return Err("in string literal".into()),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Context> {
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if self.is(|byte| matches!(byte, b'e' | b'E')) {
            self.at += 1;
            if self.is(|byte| matches!(byte, b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self, context: &'static str) -> Result<(), Context> {
        if !self.is(u8::is_ascii_digit) {
            return Err(context.into());
        }
        while self.is(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }

    fn is(&self, wanted: fn(&u8) -> bool) -> bool {
        self.bytes.get(self.at).is_some_and(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_go() {
        let cases = [
            (
                r#"{"a": 1,}"#,
                "'}' looking for beginning of object key string",
            ),
            (
                r#"{a: 1}"#,
                "'a' looking for beginning of object key string",
            ),
            (r#"{"a" 1}"#, "'1' after object key"),
            (r#"{"a": 1 "b": 2}"#, "'\"' after object key:value pair"),
            ("[1 2]", "'2' after array element"),
            ("[1,]", "']' looking for beginning of value"),
            ("{} x", "'x' after top-level value"),
            ("\u{feff}{}", "'ï' looking for beginning of value"),
            ("'a'", "'\\'' looking for beginning of value"),
            ("trUe", "'U' in literal true (expecting 'u')"),
            ("\"a\nb\"", "'\\n' in string literal"),
            (r#""\x""#, "'x' in string escape code"),
            (r#""\u00g0""#, "'g' in \\u hexadecimal character escape"),
            ("-x", "'x' in numeric literal"),
            ("1.x", "'x' after decimal point in numeric literal"),
            ("1e+x", "'x' in exponent of numeric literal"),
            ("[01]", "'1' after array element"),
        ];
        for (text, words) in cases {
            let found = fault(text).map(|(_, words)| words);
            assert_eq!(found, Some(format!("invalid character {words}")), "{text}");
        }
        for text in ["", "{", "{\"a\"", "[1,", "\"a", "\"\\u00", "tru", "-", "{}"] {
            assert_eq!(fault(text), None, "{text}");
        }
    }
}
