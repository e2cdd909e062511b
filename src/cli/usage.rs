//! What a wrong command line meant: where a word belongs that stands in the wrong place. Pure.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{Command, Error};

use crate::suggestion::closest;

/// Adds to the error what was meant, and removes clap's advice to pass an option as a value, which no command wants.
///
/// `meant` is the command that the words name; `tree` has the whole of them.
pub(crate) fn explain(error: &mut Error, meant: &mut Command, tree: &Command) {
    let text = |error: &Error, kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
        tips.retain(|tip| !tip.to_string().contains("as a value, use"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    let tip = if let Some(word) = text(error, ContextKind::InvalidSubcommand) {
        let is_like_group = error.get(ContextKind::SuggestedSubcommand).is_some();
        in_group(tree, &word, is_like_group).filter(|_| meant.get_name() == tree.get_name())
    } else if let Some(option) = text(error, ContextKind::InvalidArg) {
        match (option.as_str(), meant.get_name()) {
            ("-c" | "--config", _) => {
                Some("it stands after the group: portolan remote -c FILE list".to_owned())
            }
            (_, "exec") if option.starts_with('-') => Some(
                "options of the command stand after it: portolan exec -- COMMAND --option"
                    .to_owned(),
            ),
            _ => None,
        }
    } else if meant.get_name() == "exec" {
        Some("the command and its arguments come last: portolan exec -- COMMAND".to_owned())
    } else {
        None
    };
    let Some(tip) = tip else { return };
    error.remove(ContextKind::SuggestedSubcommand);
    error.remove(ContextKind::SuggestedArg);
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
    );
    error.insert(
        ContextKind::Usage,
        ContextValue::StyledStr(meant.render_usage()),
    );
}

/// Where a command stands that was typed without its group: exactly so, or much like it where no group is.
fn in_group(tree: &Command, word: &str, is_like_group: bool) -> Option<String> {
    tree.get_subcommands().find_map(|group| {
        let commands: Vec<&str> = group.get_subcommands().map(Command::get_name).collect();
        let command =
            closest(word, &commands).filter(|command| *command == word || !is_like_group)?;
        let group = group.get_name();
        Some(format!("it belongs to a group: portolan {group} {command}"))
    })
}
