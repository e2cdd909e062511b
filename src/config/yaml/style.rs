//! How a text is written so that every YAML reader gets it back, and as go-yaml v2 writes it where that is so.
//! Knows no keys.

use std::fmt::Write as _;

/// Appends `text` as a scalar of a block map or list, on one line.
///
/// Plain only where YAML 1.1 and 1.2 and their readers agree that it is a text, else in quotes.
pub(super) fn push_scalar(text: &str, to: &mut String) {
    if text.chars().any(needs_escape) || is_ambiguous(text) {
        push_double_quoted(text, to);
    } else if can_be_plain(text) {
        to.push_str(text);
    } else {
        push_single_quoted(text, to);
    }
}

pub(super) fn is_explicit_key(text: &str) -> bool {
    const LONGEST_SIMPLE: usize = 128;
    text.len() > LONGEST_SIMPLE || text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
        || character > '\u{ffff}'
}

fn is_ambiguous(text: &str) -> bool {
    is_word(text) || is_number(text) || is_sexagesimal(text) || is_date(text)
}

/// Null, a flag, a float that isn't finite, a merge key or a value key: in three cases, as the schemas have them.
fn is_word(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_one_case = || {
        let mut rest = text.chars().skip(1);
        text == lower
            || text == text.to_ascii_uppercase()
            || !rest.any(|character| character.is_ascii_uppercase())
    };
    match lower.as_str() {
        "" | "~" | "<<" | "=" | ".nan" | ".inf" | "+.inf" | "-.inf" => true,
        "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" => is_one_case(),
        _ => false,
    }
}

/// An integer or a float of any YAML: `1_000`, `0x1F`, `0o17`, `0b11`, `1.`, `.5`, `1e3`.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned.as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => are_digits(digits, 16),
        [b'0', b'o' | b'O', digits @ ..] => are_digits(digits, 8),
        [b'0', b'b' | b'B', digits @ ..] => are_digits(digits, 2),
        _ => is_decimal(unsigned) && !text.starts_with('_'),
    }
}

fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            exponent.strip_prefix(['+', '-']).unwrap_or(exponent),
        ),
        None => (unsigned, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    are_digits(exponent.as_bytes(), 10)
        && (whole.is_empty() || are_digits(whole.as_bytes(), 10))
        && (fraction.is_empty() || are_digits(fraction.as_bytes(), 10))
        && !(whole.is_empty() && fraction.is_empty())
}

/// Whether there are only digits and `_`, which some libraries take for a digit even alone: `-_`, `._`.
fn are_digits(text: &[u8], radix: u32) -> bool {
    !text.is_empty()
        && text
            .iter()
            .all(|digit| char::from(*digit).is_digit(radix) || *digit == b'_')
}

/// A number to the base of 60, which YAML 1.1 has: `1:30`, `190:20:30.15`.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let Some((first, places)) = whole.split_once(':') else {
        return false;
    };
    let is_place =
        |place: &str| matches!(place.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    are_digits(first.as_bytes(), 10)
        && places.split(':').all(is_place)
        && (fraction.is_empty() || are_digits(fraction.as_bytes(), 10))
}

/// A date, alone or with a time after it; whether there is such a day doesn't matter.
fn is_date(text: &str) -> bool {
    let leading = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let Some((year, rest)) = text.split_once('-') else {
        return false;
    };
    let Some((month, rest)) = rest.split_once('-') else {
        return false;
    };
    let day = leading(rest);
    let after = rest[day..].trim_start_matches(['T', 't', ' ', '\t']);
    let is_time = after.len() < rest.len() - day && after[leading(after)..].starts_with(':');
    let is_short = |length: usize| matches!(length, 1 | 2);
    year.len() == 4
        && leading(year) == 4
        && is_short(month.len())
        && leading(month) == month.len()
        && is_short(day)
        && (rest.len() == day || is_time)
}

fn can_be_plain(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next().unwrap_or(' ');
    let is_mark = match first {
        ' ' | '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
        | '%' | '@' | '`' => true,
        '-' | '?' | ':' => characters.next().is_none_or(|second| second == ' '),
        _ => text.starts_with("..."),
    };
    !is_mark
        && !text.starts_with("---")
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
}

fn push_single_quoted(text: &str, to: &mut String) {
    to.push('\'');
    for character in text.chars() {
        if character == '\'' {
            to.push('\'');
        }
        to.push(character);
    }
    to.push('\'');
}

fn push_double_quoted(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => to.extend(['\\', character]),
            character if needs_escape(character) => push_escape(character, to),
            character => to.push(character),
        }
    }
    to.push('"');
}

fn push_escape(character: char, to: &mut String) {
    let letter = match character {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        character => {
            let written = match u32::from(character) {
                code @ ..=0xff => write!(to, "\\x{code:02X}"),
                code @ ..=0xffff => write!(to, "\\u{code:04X}"),
                code => write!(to, "\\U{code:08X}"),
            };
            return written.expect("a String takes all text");
        }
    };
    to.extend(['\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &str) -> String {
        let mut written = String::new();
        push_scalar(text, &mut written);
        written
    }

    #[test]
    fn what_every_reader_takes_for_a_text_is_plain() {
        let texts = [
            "x",
            "a b",
            "a  b",
            "it's",
            "say \"x\"",
            "x#",
            "a:b",
            "-x",
            "--x",
            "?a",
            "yEs",
            "1e",
            "10.0.0.1",
            "日本",
            "../../etc",
            "https://h:80/p?q=1#f",
            "10.0.0.1:8443",
            "1:8443",
            "a,b",
            "x{y}",
            ":a",
            "..",
            "2024-cluster",
            "2024-01-01 backup",
            "NaN",
            "inf",
            "0x",
            "0xg",
            "_1",
            "1_a",
            "1.2.3",
            "-",
            "+",
            ".",
            "e3",
            "1e3e3",
            "Basic dXNlcjpwYXNz==",
            "nul",
            "a\u{a0}b",
            "\u{202e}a",
            "\u{fffd}",
        ];
        for text in texts.iter().filter(|text| **text != "-") {
            assert_eq!(scalar(text), *text);
        }
    }

    #[test]
    fn what_could_be_something_else_is_double_quoted() {
        let texts = [
            "",
            "123",
            "1.50",
            "0x1F",
            "0b11",
            "0o17",
            "017",
            "1e3",
            ".5",
            "1.",
            "+1",
            "1_000",
            ".inf",
            "-.INF",
            ".nan",
            "12:30",
            "190:20:30.15",
            "2001-01-01",
            "2001-1-1",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-14 21:59:43.10 -5",
            "2001-13-45",
            "y",
            "N",
            "Yes",
            "NO",
            "on",
            "Off",
            "TRUE",
            "False",
            "null",
            "Null",
            "~",
            "<<",
            "=",
            "1e400",
            "09",
            "0X1f",
            "-0x1f",
            "+.5",
            "12e03",
            "6.8523015e+5",
            "685_230.15",
            "1__0",
            "._1",
            "99999999999999999999",
        ];
        for text in texts {
            assert_eq!(scalar(text), format!("\"{text}\""));
        }
    }

    #[test]
    fn what_yaml_would_take_for_a_mark_is_single_quoted() {
        let texts = [
            "#x",
            "x #y",
            "- x",
            "-",
            "? a",
            "?",
            ":",
            ": a",
            "a: b",
            "a:",
            "[::1]:8443",
            "---",
            "--- a",
            "...",
            "...x",
            "]x",
            "{x",
            "}",
            ",x",
            "\"x",
            "*x",
            "&x",
            "!x",
            "%x",
            "@x",
            "`x",
            "|x",
            ">x",
            " x",
            "x ",
            "  ",
        ];
        for text in texts {
            assert_eq!(scalar(text), format!("'{text}'"));
        }
        assert_eq!(scalar("'x'"), "'''x'''");
        assert_eq!(scalar("it's #1"), "'it''s #1'");
    }

    #[test]
    fn what_could_steer_a_terminal_or_break_a_line_is_escaped() {
        let table = [
            ("\u{1b}[31mred", r#""\e[31mred""#),
            ("a\tb", r#""a\tb""#),
            ("a\r\nb", r#""a\r\nb""#),
            ("\u{7}", r#""\a""#),
            ("\u{1}", r#""\x01""#),
            ("\u{7f}", r#""\x7F""#),
            ("\0", r#""\0""#),
            ("\u{85}\u{2028}\u{2029}", r#""\N\L\P""#),
            ("\u{9f}", r#""\x9F""#),
            ("\u{feff}x", r#""\uFEFFx""#),
            ("\u{ffff}", r#""\uFFFF""#),
            ("😀", r#""\U0001F600""#),
            ("\"\\\n", r#""\"\\\n""#),
        ];
        for (text, written) in table {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn a_long_name_or_one_of_several_lines_is_an_explicit_key() {
        assert!(!is_explicit_key(&"n".repeat(128)));
        assert!(is_explicit_key(&"n".repeat(129)));
        assert!(is_explicit_key(&"é".repeat(65)));
        assert!(
            is_explicit_key("a\nb") && is_explicit_key("a\rb") && is_explicit_key("a\u{2028}b")
        );
    }
}
