//! What the words of `resolve` mean: an image, a keyserver, or a command of the runtime, perhaps with its image.

use crate::cli::failure::{Advise, UsageError};
use crate::resolve::Task;
use crate::uri::{Image, KeyserverUri};

#[derive(Debug)]
pub(super) struct What {
    pub(super) task: Task,
    pub(super) image: Option<Image>,
    pub(super) keyserver: Option<String>,
}

impl What {
    pub(super) fn parse(words: &[String]) -> anyhow::Result<Self> {
        let shown = words.join(" ");
        let (task, rest) = task(words);
        let what = match (task, rest) {
            (Some(task), []) => Self {
                task,
                image: None,
                keyserver: None,
            },
            (None, [word]) if is_keyserver(word) => {
                KeyserverUri::parse(word)?;
                Self {
                    task: Task::KeySearch,
                    image: None,
                    keyserver: Some(word.clone()),
                }
            }
            (task, [word]) if Image::is_meant(word) && task.is_none_or(Task::asks_library) => {
                let image = Image::parse(word).map_err(|error| {
                    let text = format!("{word:?} is no image: {error}");
                    anyhow::anyhow!(text)
                })?;
                Self {
                    task: task.unwrap_or(Task::Pull),
                    image: Some(image),
                    keyserver: None,
                }
            }
            _ => {
                let tasks: Vec<&str> = Task::ALL.iter().map(|task| task.words()).collect();
                let advice = format!(
                    "An image is written library://PATH, docker://IMAGE or oras://HOST/PATH, a keyserver https://HOST.\n\
                     A command is one of: {}; the first five also with an image.",
                    tasks.join(", ")
                );
                return Err(anyhow::anyhow!(
                    "{shown:?} is nothing that a runtime could be asked for"
                )
                .advise(advice));
            }
        };
        Ok(what)
    }

    pub(super) fn check_flags(&self, library: bool, url: bool) -> Result<(), UsageError> {
        let is_registry = matches!(self.image, Some(Image::Registry(_)));
        let refuse = |flag: &str| {
            let what = if is_registry {
                "an image in a registry"
            } else {
                self.task.words()
            };
            Err(UsageError(format!(
                "Error for command \"resolve\": {flag} is not for {what}"
            )))
        };
        if library && !self.takes_library() {
            return refuse("--library");
        }
        if url && !self.takes_url() {
            return refuse("--url");
        }
        Ok(())
    }

    pub(super) fn takes_library(&self) -> bool {
        self.task.asks_library() && !matches!(self.image, Some(Image::Registry(_)))
    }

    pub(super) fn takes_url(&self) -> bool {
        !self.task.asks_library() && self.keyserver.is_none()
    }
}

const AS_PULL: [&str; 6] = ["exec", "run", "shell", "instance", "inspect", "tag"];

fn task(words: &[String]) -> (Option<Task>, &[String]) {
    if let [first, rest @ ..] = words
        && AS_PULL.contains(&first.as_str())
    {
        let is_start =
            first == "instance" && matches!(rest, [word, ..] if word == "start" || word == "run");
        return (Some(Task::Pull), &rest[usize::from(is_start)..]);
    }
    for task in Task::ALL {
        let own: Vec<&str> = task.words().split(' ').collect();
        let begins =
            words.len() >= own.len() && own.iter().zip(words).all(|(own, word)| own == word);
        // Also as one word in quotation marks.
        let (is_one, number) = (
            words.first().is_some_and(|word| word == task.words()),
            own.len(),
        );
        if begins || is_one {
            return (Some(task), &words[if begins { number } else { 1 }..]);
        }
    }
    (None, words)
}

fn is_keyserver(word: &str) -> bool {
    let scheme = word
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https" | "hkp" | "hkps"))
}
