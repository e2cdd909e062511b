//! The man pages: one for every command, which formatters take without a warning.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::process::Command;

use crate::support::program::is_installed;
use crate::support::world::{World, skip};

/// The pages by their names, as `man` writes them.
fn pages(world: &World) -> BTreeMap<String, String> {
    let directory = world.root().join("share/man1");
    let written = world.run(&["man", directory.to_str().unwrap()]);
    let files = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages: BTreeMap<String, String> = files
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    assert_eq!(
        written.stderr,
        format!(
            "INFO:    {} man pages written to $ROOT/share/man1\n",
            pages.len()
        )
    );
    assert_eq!((written.code, written.stdout.as_str()), (Some(0), ""));
    pages
}

/// Every command's words, from the lists of commands in the help texts.
fn commands(world: &World) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let help = help(world, &words);
        let list = help
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .take_while(|line| !line.is_empty());
        let names = list
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help");
        open.extend(names.map(|name| [words.clone(), vec![name.to_owned()]].concat()));
        found.push(words);
    }
    found
}

fn help(world: &World, words: &[String]) -> String {
    world
        .run(
            &words
                .iter()
                .map(String::as_str)
                .chain(["--help"])
                .collect::<Vec<_>>(),
        )
        .stdout
}

/// A page's text without roff's escapes.
fn plain(page: &str) -> String {
    page.replace("\\-", "-")
        .replace("\\*(Aq", "'")
        .replace("\\fB", "")
        .replace("\\fI", "")
        .replace("\\fR", "")
}

#[test]
fn every_command_has_a_page_with_its_usage_and_its_examples() {
    let world = World::new();
    let pages = pages(&world);
    let commands = commands(&world);
    let wanted: BTreeSet<String> = commands.iter().map(|words| file(words)).collect();
    assert_eq!(pages.keys().cloned().collect::<BTreeSet<_>>(), wanted);
    for words in commands {
        let (page, help) = (plain(&pages[&file(&words)]), help(&world, &words));
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXAMPLES",
            "\"SEE ALSO\"",
        ] {
            assert_eq!(
                page.matches(&format!("\n.SH {section}\n")).count(),
                1,
                "{words:?} {section}\n{page}"
            );
        }
        let usage = help
            .lines()
            .find_map(|line| line.strip_prefix("Usage: "))
            .unwrap();
        assert!(page.contains(usage), "{usage}\n{page}");
        for example in help.lines().skip_while(|line| *line != "Examples:").skip(1) {
            assert!(page.contains(example.trim()), "{example}\n{page}");
        }
        let flags = help
            .lines()
            .filter(|line| line.trim_start().starts_with('-'));
        for flag in
            flags.filter_map(|line| line.split_whitespace().find(|word| word.starts_with("--")))
        {
            assert!(page.contains(flag), "{flag}\n{page}");
        }
        let once = ["FILES", "ENVIRONMENT", "\"EXIT STATUS\""];
        assert!(
            once.iter()
                .all(|section| page.contains(&format!("\n.SH {section}\n")) == words.is_empty()),
            "{page}"
        );
    }
}

fn file(words: &[String]) -> String {
    format!("{}.1", [&["portolan".to_owned()], words].concat().join("-"))
}

#[test]
fn the_first_page_knows_every_variable_that_a_help_names() {
    let world = World::new();
    let page = plain(&pages(&world)["portolan.1"]);
    for words in commands(&world) {
        for word in help(&world, &words).split(|character: char| {
            !(character.is_ascii_alphanumeric() || "_<>".contains(character))
        }) {
            let name = word
                .trim_matches(|character| "<>".contains(character))
                .replace("COMMAND>", "APPTAINER");
            if name.starts_with("PORTOLAN_") || name.starts_with("APPTAINER_") {
                assert!(page.contains(&name), "{words:?} names {name}");
            }
        }
    }
    for name in [
        "APPTAINER_CONFIGDIR",
        "APPTAINER_MESSAGELEVEL",
        "NO_COLOR",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
    ] {
        assert!(page.contains(name), "{name}");
    }
}

#[test]
fn the_pages_are_the_same_each_time_and_replace_those_before() {
    let world = World::new();
    let before = pages(&world);
    fs::write(world.root().join("share/man1/portolan.1"), "old").unwrap();
    assert_eq!(pages(&world), before);
    assert_eq!(world.home_listing(), Vec::<String>::new());
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let world = World::new();
    fs::write(world.root().join("file"), "").unwrap();
    let refused = world.run(&["man", world.root().join("file/below").to_str().unwrap()]);
    assert_eq!(
        refused.stderr,
        "FATAL:   while writing the man pages: mkdir $ROOT/file/below: not a directory\n"
    );
    assert_eq!(refused.code, Some(255));
}

#[test]
fn what_stands_in_a_pages_place_is_replaced_and_never_written_through() {
    let world = World::new();
    let directory = world.root().join("share/man1");
    fs::create_dir_all(&directory).unwrap();
    let victim = world.root().join("victim");
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, directory.join("portolan.1")).unwrap();
    symlink(world.root().join("gone"), directory.join("portolan-man.1")).unwrap();
    fs::hard_link(&victim, directory.join("portolan-remote.1")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(directory.join("portolan-remote-add.1"))
            .status()
            .unwrap()
            .success()
    );
    fs::write(directory.join("portolan-remote-use.1"), "").unwrap();
    world.set_mode(&directory.join("portolan-remote-use.1"), 0o400);
    // As root this is the directory of somebody else.
    world.give_away(&directory);
    for page in pages(&world).keys() {
        let page = directory.join(page);
        assert!(
            page.symlink_metadata().unwrap().is_file(),
            "{}",
            page.display()
        );
        assert_eq!(
            (world.mode(&page).as_str(), page.metadata().unwrap().nlink()),
            ("644", 1),
            "{}",
            page.display()
        );
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert!(!world.root().join("gone").exists());
}

#[test]
fn a_directory_in_a_pages_place_is_named() {
    let world = World::new();
    let page = world.root().join("share/man1/portolan.1");
    fs::create_dir_all(&page).unwrap();
    let refused = world.run(&["man", page.parent().unwrap().to_str().unwrap()]);
    let expected = "FATAL:   while writing the man pages: rename $ROOT/share/man1/portolan.1: is a directory\n";
    assert_eq!(
        (refused.stderr.as_str(), refused.code),
        (expected, Some(255))
    );
    let left = fs::read_dir(page.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert!(
        !left
            .into_iter()
            .any(|name| name.as_encoded_bytes().starts_with(b".")),
        "no temporary file is left"
    );
}

#[test]
fn groff_and_mandoc_warn_of_nothing() {
    let world = World::new();
    let pages = pages(&world);
    let complaints = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(words)
            .args(pages.keys())
            .current_dir(world.root().join("share/man1"));
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8(said)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    if is_installed("groff") {
        assert_eq!(
            complaints("groff", &["-man", "-Tutf8", "-ww", "-z"]),
            Vec::<String>::new()
        );
    } else {
        skip("groff is not installed");
    }
    if is_installed("mandoc") {
        // A page of no date is the same each time.
        let mut found = complaints("mandoc", &["-T", "lint", "-W", "warning"]);
        found.retain(|line| !line.contains("WARNING: missing date"));
        assert_eq!(found, Vec::<String>::new());
    } else {
        skip("mandoc is not installed");
    }
}

#[test]
fn the_first_page_has_the_tables_of_the_documents() {
    let text = plain(&pages(&World::new())["portolan.1"]);
    for (document, heading, section) in [
        ("reference.md", "\n## Files\n", "FILES"),
        ("reference.md", "\n## Variables\n", "ENVIRONMENT"),
        ("ci.md", "\n## Exit codes\n", "\"EXIT STATUS\""),
    ] {
        let path = format!("{}/docs/{document}", env!("CARGO_MANIFEST_DIR"));
        let page = fs::read_to_string(path).unwrap();
        let (_, after) = page.split_once(heading).unwrap();
        let (_, table) = after.split_once("|---|---|\n").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        let documented: String = table
            .lines()
            .map(|row| row.trim_matches(['|', ' ']).replace('`', ""))
            .map(|row| row.replace(" | ", "\n") + "\n")
            .collect();
        let (_, shown) = text.split_once(&format!(".SH {section}\n")).unwrap();
        let (shown, _) = shown.split_once(".SH").unwrap();
        assert_eq!(shown.replace(".TP\n", ""), documented);
    }
}
