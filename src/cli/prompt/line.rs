//! What typed bytes become: the text of a secret, and the few keys that edit a line nobody sees. Pure; knows neither the
//! terminal that the bytes come from nor what the text is for.
//!
//! A terminal that edits lines itself passes on at most 4,095 bytes of one and drops the rest without a word, which is
//! less than a long token. So a hidden line is read byte by byte, and edited here.

use std::mem;

use zeroize::Zeroizing;

use super::PromptError;
use crate::secret::Secret;

/// Bytes of a secret on their way into a [`Secret`]: wiped when dropped, and when they move to make room for more.
pub(super) struct SecretBuffer {
    bytes: Zeroizing<Vec<u8>>,
    limit: usize,
    overflowed: bool,
}

impl SecretBuffer {
    /// An empty buffer that takes at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: Zeroizing::default(),
            limit,
            overflowed: false,
        }
    }

    pub(super) fn push(&mut self, byte: u8) {
        if self.bytes.len() == self.limit {
            self.overflowed = true;
            return;
        }
        if self.bytes.len() == self.bytes.capacity() {
            // A vector that grows by itself leaves its old memory as it is.
            let mut larger = Zeroizing::new(Vec::with_capacity((self.bytes.len() * 2).max(1024)));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.push(byte);
    }

    /// Whether more came than the limit allows.
    pub(super) fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Drops one `byte` at the end, if it is there.
    pub(super) fn trim_one(&mut self, byte: u8) {
        if self.bytes.last() == Some(&byte) {
            self.bytes.pop();
        }
    }

    /// The text as a secret, `None` when there is none.
    pub(super) fn into_secret(mut self) -> Result<Option<Secret>, PromptError> {
        match String::from_utf8(mem::take(&mut *self.bytes)) {
            Ok(text) if text.is_empty() => Ok(None),
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(refused) => {
                drop(Zeroizing::new(refused.into_bytes()));
                Err(PromptError::NotText)
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.overflowed
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.overflowed = false;
    }

    fn erase_character(&mut self) {
        while self.bytes.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }

    fn erase_word(&mut self) {
        while self.bytes.last().is_some_and(u8::is_ascii_whitespace) {
            self.bytes.pop();
        }
        while self
            .bytes
            .last()
            .is_some_and(|byte| !byte.is_ascii_whitespace())
        {
            self.bytes.pop();
        }
    }
}

/// The characters that the terminal is set to edit lines with; 0 stands for "none", as in its settings.
#[derive(Clone, Copy, Default)]
pub(super) struct Keys {
    pub(super) erase: u8,
    pub(super) erase_word: u8,
    pub(super) erase_line: u8,
    pub(super) take_literally: u8,
    pub(super) end_of_input: u8,
}

/// How long a person types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// To the end of the line.
    Line,
    /// To the end of input, usually Ctrl-D at the start of a line.
    Everything,
}

/// A line while it is typed.
pub(super) struct TypedLine {
    text: SecretBuffer,
    keys: Keys,
    extent: Extent,
    state: State,
    end_pressed: bool,
}

/// What the bytes before said about the next one.
#[derive(Default)]
enum State {
    #[default]
    Plain,
    Literal,
    Escape,
    Sequence,
}

impl TypedLine {
    pub(super) fn new(keys: Keys, extent: Extent, limit: usize) -> Self {
        Self {
            text: SecretBuffer::new(limit),
            keys,
            extent,
            state: State::Plain,
            end_pressed: false,
        }
    }

    /// Takes one byte; `true` when it ended the text.
    ///
    /// Keys that send a control sequence (arrows, the marks around a paste) and control characters that mean nothing
    /// type nothing: nobody would see them, and no secret holds one. After the key that takes the next one literally
    /// (Ctrl-V) they count.
    pub(super) fn press(&mut self, byte: u8) -> bool {
        match (mem::take(&mut self.state), byte) {
            (State::Literal, _) => {
                self.text.push(byte);
                return false;
            }
            (State::Escape, b'[') | (State::Sequence, 0x20..=0x3f) => {
                self.state = State::Sequence;
                return false;
            }
            (State::Sequence, 0x40..=0x7e) => return false,
            _ => {}
        }
        let end_pressed_before = mem::take(&mut self.end_pressed);
        let pressed = |key: u8| key != 0 && byte == key;
        if byte == b'\n' || byte == b'\r' {
            if self.extent == Extent::Line {
                return true;
            }
            self.text.push(b'\n');
        } else if byte == 0 || pressed(self.keys.end_of_input) {
            // What was typed as an end of input before the line was hidden arrives as a 0.
            if end_pressed_before || self.at_start_of_line() {
                return true;
            }
            self.end_pressed = true;
        } else if pressed(self.keys.erase) || byte == 0x08 || byte == 0x7f {
            self.text.erase_character();
        } else if pressed(self.keys.erase_word) {
            self.text.erase_word();
        } else if pressed(self.keys.erase_line) {
            self.text.clear();
        } else if pressed(self.keys.take_literally) {
            self.state = State::Literal;
        } else if byte == 0x1b {
            self.state = State::Escape;
        } else if byte == b'\t' || !byte.is_ascii_control() {
            self.text.push(byte);
        }
        false
    }

    /// The text that was typed.
    pub(super) fn into_text(self) -> SecretBuffer {
        self.text
    }

    fn at_start_of_line(&self) -> bool {
        self.text.is_empty()
            || self.extent == Extent::Everything && self.text.bytes.last() == Some(&b'\n')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys = Keys {
        erase: 0x7f,
        erase_word: 0x17,
        erase_line: 0x15,
        take_literally: 0x16,
        end_of_input: 0x04,
    };

    fn typed(bytes: &[u8], extent: Extent) -> (String, usize) {
        let mut line = TypedLine::new(KEYS, extent, 100);
        let taken = bytes
            .iter()
            .position(|byte| line.press(*byte))
            .map_or(usize::MAX, |at| at + 1);
        let text = line.into_text().into_secret().unwrap();
        (
            text.map_or_else(String::new, |secret| secret.expose().to_owned()),
            taken,
        )
    }

    #[test]
    fn a_hidden_line_is_edited_as_the_terminal_would() {
        for (bytes, text) in [
            (&b"token\n"[..], "token"),
            (b"token\r", "token"),
            (b"tokem\x7fn\n", "token"),
            (b"tokem\x08n\n", "token"),
            ("é\x7fe\u{10348}\x7f\n".as_bytes(), "e"),
            (b"\x7f\x7fa\n", "a"),
            (b"one two  \x17three\n", "one three"),
            (b"wrong\x15right\n", "right"),
            (b"tab\tbed\n", "tab\tbed"),
            (b"", ""),
            (b"\n", ""),
        ] {
            assert_eq!(typed(bytes, Extent::Line).0, text, "{bytes:?}");
        }
    }

    #[test]
    fn keys_that_type_nothing_type_nothing() {
        for (bytes, text) in [
            (&b"a\x1b[Db\n"[..], "ab"),
            (b"\x1b[200~pasted\x1b[201~\n", "pasted"),
            (b"\x1b[200~pasted\n", "pasted"),
            (b"\x1bOpen\n", "Open"),
            (b"a\x1b[1;5\nb", "a"),
            (b"\x01\x05\x0ca\n", "a"),
            (b"\x16a\n", "a"),
            (b"\x16\x15a\n", "\x15a"),
        ] {
            assert_eq!(typed(bytes, Extent::Line).0, text, "{bytes:?}");
        }
    }

    #[test]
    fn the_end_of_input_ends_an_empty_line_at_once_and_another_at_the_second_time() {
        assert_eq!(typed(b"\x04rest\n", Extent::Line), (String::new(), 1));
        assert_eq!(typed(b"\0rest\n", Extent::Line), (String::new(), 1));
        assert_eq!(typed(b"a\x04b\n", Extent::Line), ("ab".to_owned(), 4));
        assert_eq!(typed(b"a\x04\x04rest\n", Extent::Line), ("a".to_owned(), 3));
        assert_eq!(
            typed(b"a\nb\n\x04rest", Extent::Everything),
            ("a\nb\n".to_owned(), 5)
        );
        assert_eq!(
            typed(b"a\x04\x04rest", Extent::Everything),
            ("a".to_owned(), 3)
        );
    }

    #[test]
    fn what_is_too_long_is_told_and_not_cut() {
        let mut line = TypedLine::new(KEYS, Extent::Line, 3);
        assert!(!b"abc".iter().any(|byte| line.press(*byte)));
        assert!(!line.text.overflowed());
        assert!(!line.press(b'd'));
        assert!(line.text.overflowed());
        assert!(!line.press(0x15), "the line starts anew");
        assert!(!line.text.overflowed());
    }

    #[test]
    fn a_long_secret_is_whole() {
        let mut buffer = SecretBuffer::new(1 << 20);
        (0..5_000).for_each(|_| buffer.push(b'x'));
        assert_eq!(
            buffer.into_secret().unwrap(),
            Some(Secret::new("x".repeat(5_000)))
        );
    }

    #[test]
    fn a_secret_that_is_no_text_is_refused() {
        let mut buffer = SecretBuffer::new(10);
        b"pa\xff".iter().for_each(|byte| buffer.push(*byte));
        assert!(matches!(buffer.into_secret(), Err(PromptError::NotText)));
    }
}
