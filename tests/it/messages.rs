//! Every error and warning stands in docs/messages.md, with its next step or the reason why it has none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a message begins: the variant of an error, or a call with its text.
const BEGINNINGS: [&str; 7] = [
    "#[error(",
    "anyhow!(",
    "UsageError(",
    ".warning(",
    "ui.error(",
    ".context(",
    ".with_context(",
];

/// The sources of the program, without their tests.
fn sources(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            sources.extend(self::sources(&path));
        } else if name.ends_with(".rs") && !["tests.rs", "fuzzing.rs"].contains(&name) {
            let text = fs::read_to_string(&path).unwrap();
            sources.push((path, without_tests_and_comments(&text)));
        }
    }
    sources
}

fn without_tests_and_comments(text: &str) -> String {
    let lines = text.lines().collect::<Vec<_>>();
    let tests = (0..lines.len()).find(|number| {
        let rest = &lines[*number..];
        let module = rest.iter().find(|line| line.starts_with("mod "));
        rest[0] == "#[cfg(test)]" && module.is_some_and(|line| line.ends_with('{'))
    });
    let lines = &lines[..tests.unwrap_or(lines.len())];
    let code = lines
        .iter()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.copied().collect::<Vec<_>>().join("\n")
}

/// The messages of a source: a text as it stands there, and in parentheses what the program computes.
fn messages(path: &Path, text: &str) -> BTreeSet<String> {
    let notes = path.ends_with("disk/error.rs").then_some("write!(");
    let beginnings = BEGINNINGS.into_iter().chain(notes);
    let found = beginnings.flat_map(|beginning| text.split(beginning).skip(1));
    found
        .map(message)
        .filter(|message| message != "(transparent)")
        .collect()
}

/// The message at the beginning of a call's arguments.
fn message(arguments: &str) -> String {
    let mut rest = arguments.trim_start();
    for word in ["||", "|_|", "{", "formatter,", "format!(", "&"] {
        rest = rest.strip_prefix(word).unwrap_or(rest).trim_start();
    }
    match rest.strip_prefix('"') {
        Some(text) => literal(text),
        None => {
            let end = arguments.trim_start().find([',', ';', ')']).unwrap();
            format!("({})", arguments.trim_start()[..end].trim())
        }
    }
}

/// A string's text up to its end, without the line breaks that are none.
fn literal(text: &str) -> String {
    let mut literal = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next().filter(|character| *character != '"') {
        match (character, characters.peek()) {
            ('\\', Some('\n')) => while characters.next_if(char::is_ascii_whitespace).is_some() {},
            ('\\', Some('"' | '\'' | '\\')) => literal.extend(characters.next()),
            _ => literal.push(character),
        }
    }
    literal
}

/// The messages of the page.
fn page() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/messages.md");
    let page = fs::read_to_string(path).unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix("- `"));
    let message = |line: &str| match line.strip_prefix("` ") {
        Some(rest) => rest.split_once(" ``").unwrap().0.to_owned(),
        None => line.split_once('`').unwrap().0.to_owned(),
    };
    lines.map(message).collect()
}

#[test]
fn every_error_and_warning_stands_on_the_page_with_its_next_step_or_the_reason_for_none() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let messages: BTreeSet<String> = sources(&source)
        .iter()
        .flat_map(|(path, text)| messages(path, text))
        .collect();
    assert!(messages.len() > 300, "{}", messages.len());
    let page = page();
    let missing: Vec<_> = messages.difference(&page).collect();
    let gone: Vec<_> = page.difference(&messages).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "docs/messages.md lacks {missing:#?}\nand has what nobody says: {gone:#?}"
    );
}

#[test]
fn a_message_is_found_however_it_is_made() {
    let code = r#"
        #[error("a {b}: \"c\" {}", d)]
        anyhow!(GLOBAL)
        // anyhow!("no")
        ui.warning(format!("two \
            lines"));
        .with_context(|| format!("e {}", f))?
        #[error(transparent)]
#[cfg(test)]
mod tests {
    anyhow!("never")
"#;
    let found = messages(Path::new("x.rs"), &without_tests_and_comments(code));
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, ["(GLOBAL)", "a {b}: \"c\" {}", "e {}", "two lines"]);
}
