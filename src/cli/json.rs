//! Views as JSON, for scripts. The names and shapes are an interface: docs/reference.md describes them.

use anyhow::Context as _;
use serde::Serialize;

use crate::cli::ui::Ui;
use crate::text::is_hidden;

/// A view under the name and number of its schema. Fields are added within a number, never changed or dropped.
#[derive(Serialize)]
struct Labelled<'a, View> {
    schema: &'static str,
    #[serde(flatten)]
    view: &'a View,
}

/// Takes a view as the one JSON object that the command prints at its end. `schema` is its name and number:
/// `portolan.remote-list/1`.
pub(crate) fn print(
    schema: &'static str,
    view: &impl Serialize,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let view = Labelled { schema, view };
    ui.said.view = Some(serde_json::to_string_pretty(&view).context("while writing JSON")?);
    Ok(())
}

#[derive(Serialize)]
struct Change<'a> {
    command: &'a str,
    changed: bool,
    files: &'a [String],
    messages: &'a [String],
}

#[derive(Serialize)]
pub(crate) struct Failure {
    /// One of the fixed words of docs/reference.md.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) next: Vec<String>,
}

/// Prints the one object of a command: its view, else what it changed; with the failure where there is one.
pub(crate) fn conclude(failure: Option<Failure>, ui: &mut Ui) -> anyhow::Result<()> {
    let said = std::mem::take(&mut ui.said);
    let view = match (said.view, &failure) {
        (Some(view), _) => view,
        (None, None) => serde_json::to_string_pretty(&Labelled {
            schema: "portolan.change/1",
            view: &Change {
                command: ui.command,
                changed: said.changed_elsewhere || !said.files.is_empty(),
                files: &said.files,
                messages: &said.messages,
            },
        })?,
        (None, Some(_)) => "{\n  \"schema\": \"portolan.error/1\"\n}".to_owned(),
    };
    let text = match failure {
        None => view,
        Some(failure) => {
            let failure = serde_json::to_string_pretty(&failure)?.replace('\n', "\n  ");
            format!(
                "{},\n  \"error\": {failure}\n}}",
                view.trim_end_matches("\n}")
            )
        }
    };
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
