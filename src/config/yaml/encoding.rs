//! Bytes as the characters that YAML may have: UTF-8, or UTF-16 with a byte order mark. Knows no YAML beyond that.

use std::borrow::Cow;

use super::error::YamlError;
use super::problem::{Mark, Problem};

/// The text of a file: without its byte order mark, checked to have no control character, and with the line break of
/// YAML 1.1 that the parser doesn't know (U+0085) made a plain one.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, YamlError> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => Cow::Borrowed(utf8(rest)?),
    };
    let text = if text.contains('\u{85}') {
        Cow::Owned(text.replace('\u{85}', "\n"))
    } else {
        text
    };
    match forbidden_character(&text) {
        Some((offset, character)) => {
            Err(error(Problem::ControlCharacter(character), offset, &text))
        }
        None => Ok(text),
    }
}

/// The bytes of a text, with the byte order mark of `like`; `None` where that isn't UTF-8.
pub(super) fn encode(text: &str, like: &[u8]) -> Option<Vec<u8>> {
    match like {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => None,
        [0xef, 0xbb, 0xbf, ..] => Some(format!("\u{feff}{text}").into_bytes()),
        _ => Some(text.as_bytes().to_vec()),
    }
}

fn forbidden_character(text: &str) -> Option<(usize, char)> {
    // nearly every file is ASCII, and bytes are five times as fast as characters
    if text.is_ascii() && !text.bytes().any(|byte| is_forbidden(byte.into())) {
        return None;
    }
    text.char_indices()
        .find(|(_, character)| is_forbidden(*character))
}

fn is_forbidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\u{fffe}' | '\u{ffff}' => true,
        character => character.is_control(),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, YamlError> {
    std::str::from_utf8(bytes).map_err(|invalid| {
        error(
            Problem::Encoding("UTF-8"),
            invalid.valid_up_to(),
            &String::from_utf8_lossy(bytes),
        )
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, YamlError> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    let mut first_invalid = None;
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        if character.is_err() {
            first_invalid.get_or_insert(text.len());
        }
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if !odd.is_empty() {
        first_invalid.get_or_insert(text.len());
    }
    match first_invalid {
        Some(offset) => Err(error(Problem::Encoding("UTF-16"), offset, &text)),
        None => Ok(text),
    }
}

fn error(problem: Problem, offset: usize, text: &str) -> YamlError {
    YamlError::new(problem.at(Mark::of(offset, text)), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_bytes(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(bytes)
            .collect()
    }

    #[test]
    fn a_byte_order_mark_says_the_encoding_and_is_no_text() {
        let text = "Active: é😀\n";
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            utf16_bytes(text, u16::to_le_bytes),
            utf16_bytes(text, u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text));
            let again = encode(text, &bytes);
            assert!(again.is_none_or(|again| again == bytes));
        }
    }

    #[test]
    fn what_is_no_text_is_found_at_its_place() {
        let mut cut_off = utf16_bytes("a: b\n", u16::to_le_bytes);
        cut_off.pop();
        let lone_surrogate = b"\xff\xfe\xd8\x00\n\x00\x00\xd8";
        let table = [
            (b"a: \xe9\n".as_slice(), (1, 4, "the text isn't UTF-8")),
            (b"# \xc3\xa9\r\nb: \xff", (2, 4, "the text isn't UTF-8")),
            (&cut_off, (1, 5, "the text isn't UTF-16")),
            (lone_surrogate, (2, 1, "the text isn't UTF-16")),
            (b"a: b\rc: \0", (2, 4, r"a control character, \u{0}")),
            (
                "a: \u{ffff}".as_bytes(),
                (1, 4, r"a control character, \u{ffff}"),
            ),
        ];
        for (bytes, expected) in table {
            let error = decode(bytes).unwrap_err();
            assert_eq!((error.line(), error.column(), error.reason()), expected);
        }
    }

    #[test]
    fn the_other_line_breaks_of_yaml_1_1_are_text_or_a_break() {
        assert_eq!(decode("a\u{85}b".as_bytes()).as_deref(), Ok("a\nb"));
        assert_eq!(decode("a\u{2028}b".as_bytes()).as_deref(), Ok("a\u{2028}b"));
    }
}
