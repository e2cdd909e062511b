//! Views as JSON, for scripts. The names and shapes are an interface: docs/json.md describes them.

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use crate::cli::ui::Ui;
use crate::text::is_hidden;

/// The option of every command that shows something.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct JsonOption {
    /// Print JSON for scripts
    #[arg(long)]
    pub(crate) json: bool,
}

/// A view under the name and number of its schema. Fields are added within a number, never changed or dropped.
#[derive(Serialize)]
struct Labelled<'a, View> {
    schema: &'static str,
    #[serde(flatten)]
    view: &'a View,
}

/// Prints a view as one JSON object. `schema` is its name and number: `portolan.remote-list/1`.
///
/// # Errors
/// When standard output can't be written.
pub(crate) fn print(
    schema: &'static str,
    view: &impl Serialize,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let text =
        serde_json::to_string_pretty(&Labelled { schema, view }).context("while writing JSON")?;
    Ok(ui.print(&format!("{}\n", escaped(&text)))?)
}

/// JSON that says the same, with every character as an escape that could steer a terminal or hide there.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        // Only texts have such characters; the line breaks between them are ours.
        if is_hidden(character) && character != '\n' {
            text.extend(
                character
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}")),
            );
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_escaped_and_means_the_same() {
        let text = "a\u{9b}b\u{202e}\u{200b}\n\u{e0001}é日";
        let json = escaped(&serde_json::to_string_pretty(&[text]).unwrap());
        assert_eq!(
            json,
            "[\n  \"a\\u009bb\\u202e\\u200b\\n\\udb40\\udc01é日\"\n]"
        );
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [text]);
    }
}
