//! The whole help as its readers see it: a change of it is a change of an interface.

use std::fmt::Write;
use std::thread;

use snapbox::{assert_data_eq, file};

use crate::documents;
use crate::support::program::is_installed;
use crate::support::world::{World, skip};

const COMMANDS: [&str; 33] = [
    "",
    "remote",
    "remote list",
    "remote add",
    "remote remove",
    "remote rename",
    "remote set-url",
    "remote use",
    "remote login",
    "remote logout",
    "remote show",
    "remote resolve",
    "remote export",
    "remote apply",
    "remote status",
    "remote add-keyserver",
    "remote remove-keyserver",
    "remote get-login-password",
    "remote doctor",
    "keyserver",
    "keyserver add",
    "keyserver remove",
    "keyserver list",
    "keyserver login",
    "keyserver logout",
    "registry",
    "registry login",
    "registry logout",
    "registry list",
    "exec",
    "paths",
    "completions",
    "man",
];

#[test]
fn the_help_is_the_one_that_was_reviewed() {
    let world = World::new();
    let mut help = String::new();
    for command in COMMANDS {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let shown = world.run(&words);
        assert_eq!(
            (shown.code, shown.stderr.as_str()),
            (Some(0), ""),
            "{command}"
        );
        writeln!(help, "$ portolan {}\n{}", words.join(" "), shown.stdout).unwrap();
    }
    assert_data_eq!(help, file!["../data/help.txt"].raw());
}

/// What the examples need: remotes, a keyserver, logins, and the files that they name.
const SETUP: &str = "
portolan remote add --no-login ExampleCloud cloud.example.com
sudo portolan remote add --global company cloud.company.example
sudo portolan remote use --global company
portolan remote use company
portolan remote use ExampleCloud
printenv TOKEN > token.txt
portolan remote login --tokenfile token.txt ExampleCloud
sudo portolan keyserver add company https://keys.example.com
sudo portolan keyserver add company https://keys.example.org
printenv PASSWORD | portolan registry login --username ian --password-stdin docker.io
printenv PASSWORD | portolan keyserver login --username ian --password-stdin https://keys.example.com
portolan remote export > remotes.yaml
cp $DOCUMENTS/fleet/company.yaml .
install -m 600 ~/.apptainer/remote.yaml other.yaml
mkdir -p ~/.local/share/bash-completion/completions ~/.config/fish/completions
mkdir ../saved && cp -a . ../saved/home && cp -a $SYSTEM ../saved/system
";

#[test]
fn every_example_can_be_pasted_and_succeeds() {
    if !is_installed("jq") {
        return skip("jq is not installed");
    }
    let world = World::new();
    thread::scope(|scope| {
        for commands in COMMANDS.chunks(9) {
            let examples: Vec<String> = commands
                .iter()
                .flat_map(|command| examples(&world, command))
                .collect();
            scope.spawn(move || {
                let script: String = examples.iter().map(|example| paste(example)).collect();
                let shown = documents::run(&format!("{{{SETUP}}} >/dev/null 2>&1\n{script}"));
                for example in examples {
                    assert!(shown.contains(&format!("=> 0 {example}\n")), "{shown}");
                }
            });
        }
    });
}

/// The lines below `Examples:` of a command's help; one that is too long for a line is broken there.
fn examples(world: &World, command: &str) -> Vec<String> {
    let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
    let help = world.run(&words).stdout;
    let (_, examples) = help.split_once("Examples:\n").unwrap();
    examples
        .lines()
        .map(|line| line.trim().to_owned())
        .collect()
}

/// Runs one example in a world where it works, and shows its exit code.
fn paste(example: &str) -> String {
    let before = match example {
        _ if example.contains("remote add ") => {
            "portolan remote remove ExampleCloud; sudo portolan remote remove --global company"
        }
        _ if example.contains("keyserver add ") || example.contains("add-keyserver ") => {
            "sudo portolan keyserver remove company https://keys.example.com
             sudo portolan keyserver remove company https://keys.example.org"
        }
        _ => "",
    };
    let setup = format!(
        "{{
        rm -rf .apptainer .local .cache \"$SYSTEM\"
        cp -a ../saved/home/. . && cp -a ../saved/system \"$SYSTEM\"
        {before}
        }} >/dev/null 2>&1"
    );
    format!("{setup}\n{example}\necho -n \"=> $? \"; cat <<'the end'\n{example}\nthe end\n")
}
