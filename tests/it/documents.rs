//! The pages for people: every console block shows what happens, and every link leads somewhere.
//!
//! The console blocks of a page are one session at a terminal. A comment `<!-- new home: COMMANDS -->` before a block begins
//! a new one, `<!-- first: COMMANDS -->` runs commands that the page does not show. `SNAPSHOTS=overwrite` writes what happens
//! into the pages.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use snapbox::{IntoData, assert_data_eq};

use crate::stores::has_keyring;
use crate::support::authority::Authority;
use crate::support::endpoint::{PASSWORD, good};
use crate::support::internet;
use crate::support::program::is_installed;
use crate::support::terminal::Terminal;
use crate::support::world::{World, skip};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Begins the output of a block.
const MARK: &str = "=== block ===\n";
const OPENING: &str = "```console\n";

/// All pages, by their paths.
fn pages() -> Vec<(PathBuf, String)> {
    let directories = ["", "docs", "packaging/ansible"].map(|name| Path::new(ROOT).join(name));
    let files = directories
        .iter()
        .flat_map(|directory| fs::read_dir(directory).unwrap())
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .map(|path| (path.clone(), fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn every_console_block_shows_what_happens() {
    if !has_keyring() {
        return;
    }
    if !is_installed("jq") {
        return skip("jq is not installed");
    }
    let pages = pages();
    assert!(pages.len() > 10);
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    thread::scope(|scope| {
        for (path, text) in &pages {
            scope.spawn(move || {
                let played = played(text);
                if overwrite {
                    fs::write(path, played).unwrap();
                } else {
                    assert_data_eq!(played, text.raw());
                }
            });
        }
    });
}

/// The page with what its console blocks show here.
fn played(page: &str) -> String {
    let mut result = String::new();
    for (at, session) in page.split("<!-- new home:").enumerate() {
        if at > 0 {
            result.push_str("<!-- new home:");
        }
        let setup = session.split_once("-->").filter(|_| at > 0);
        let mut script = hidden(setup.map_or("", |(setup, _)| setup));
        let mut blocks = session.split(OPENING);
        let mut before = blocks.next().unwrap();
        let blocks: Vec<_> = blocks
            .map(|block| block.split_once("```").unwrap())
            .collect();
        for (block, after) in &blocks {
            for comment in before.split("<!-- first:").skip(1) {
                script.push_str(&hidden(comment.split_once("-->").unwrap().0));
            }
            writeln!(
                script,
                "printf '{}'\n{}",
                MARK.escape_default(),
                commands(block)
            )
            .unwrap();
            before = after;
        }
        let shown = if blocks.is_empty() {
            String::new()
        } else {
            run(&script)
        };
        let outputs: Vec<&str> = shown.split(MARK).skip(1).collect();
        assert_eq!(outputs.len(), blocks.len(), "{shown}");
        result.push_str(session.split(OPENING).next().unwrap());
        for (output, (block, after)) in outputs.iter().zip(blocks) {
            // A block whose columns only are narrower than here stays as it is.
            let text = if loose(output) == loose(block) {
                block
            } else {
                output
            };
            write!(result, "{OPENING}{text}```{after}").unwrap();
        }
    }
    result
}

/// Commands whose output is not shown.
fn hidden(commands: &str) -> String {
    if commands.trim().is_empty() {
        return String::new();
    }
    format!("{{\n{commands}\n}} >/dev/null 2>&1\n")
}

/// The commands of a block, each after the line that shows it. A line that begins with `> ` goes on with the one before.
fn commands(block: &str) -> String {
    let mut script = String::new();
    let mut lines = block.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else {
            continue;
        };
        let (mut shown, mut command) = (line.to_owned(), first.to_owned());
        while let Some(line) = lines.next_if(|line| line.starts_with("> ")) {
            write!(shown, "\n{line}").unwrap();
            write!(command, "\n{}", &line[2..]).unwrap();
        }
        // The command still finds the exit code of the one before.
        let show = format!("last=$?; cat <<'the end'\n{shown}\nthe end\n(exit $last)");
        writeln!(script, "{show}\n{command}").unwrap();
    }
    script
}

/// What a terminal shows of a script in a new home, as on a machine whose user is ian.
pub(super) fn run(script: &str) -> String {
    let mut world = World::shipped();
    let (_server, proxy) = internet::connect(&mut world);
    let strange = world.root().join("strange.pem");
    fs::write(&strange, Authority::new("strange").pem()).unwrap();
    world.set("STRANGE_AUTHORITY", strange);
    for (name, value) in [
        ("NO_COLOR", "1"),
        ("TERM", "xterm"),
        ("TOKEN", &good()),
        ("PASSWORD", PASSWORD),
    ] {
        world.set(name, value);
    }
    for name in ["portolan", "docker-credential-portolan"] {
        world.link_program(name, env!("CARGO_BIN_EXE_portolan"));
    }
    world.link_program("sudo", "tests/it/programs/sudo");
    for name in ["apptainer", "sbatch", "skopeo", "tee"] {
        world.link_program(name, "/bin/true");
    }
    world.set("SYSTEM", world.root().join("etc/apptainer"));
    world.set("DOCUMENTS", Path::new(ROOT).join("docs"));
    let mut terminal = Terminal::new();
    let mut command = terminal.command("bash");
    world.surround(&mut command);
    command.args(["--norc", "--noprofile", "-c", script]);
    terminal.start(command);
    let shown = terminal.converse(&[
        ("Access Token: ", &good()),
        ("Password (or token when username is empty): ", PASSWORD),
        ("Username: ", "ian"),
        ("Replace it? [N/y] ", "y"),
    ]);
    let machine = rustix::system::uname();
    let etc = world.root().join("etc");
    let shown = shown
        .replace(world.home().to_str().unwrap(), "/home/ian")
        .replace(&format!("through the proxy {proxy}: "), "")
        .replace(&format!(" --sysconfdir {}", etc.display()), "")
        .replace(etc.to_str().unwrap(), "/etc")
        .replace("PORTOLAN_SYSCONFDIR\n", "found\n")
        .replace(machine.nodename().to_str().unwrap(), "login1");
    plain(&shown)
}

/// A terminal's text without colours, and without the sign of life that was shown for a while.
fn plain(shown: &str) -> String {
    let line = |line: &str| {
        let line = line
            .rsplit_once("\r\u{1b}[K")
            .map_or(line, |(_, rest)| rest);
        let mut parts = line.split("\u{1b}[");
        let first = parts.next().unwrap_or_default().to_owned();
        let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest));
        rest.fold(first, |line, part| line + part) + "\n"
    };
    shown.lines().map(line).collect()
}

/// A block with columns two blanks apart: paths are shorter in the pages than here.
fn loose(block: &str) -> String {
    block
        .lines()
        .map(|line| {
            let indent = line.len() - line.trim_start().len();
            let words: Vec<&str> = line
                .trim()
                .split("  ")
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .collect();
            format!("{}{}\n", &line[..indent], words.join("  "))
        })
        .collect()
}

/// The anchors of a page, as its headings get them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            text.chars()
                .filter(|character| character.is_alphanumeric() || " -_".contains(*character))
                .map(|character| if character == ' ' { '-' } else { character })
                .collect()
        })
        .collect()
}

#[test]
fn every_link_leads_to_a_file_or_a_heading() {
    let mut count = 0;
    for (path, text) in pages() {
        for target in text.split("](").skip(1) {
            let target = target.split_once(')').unwrap().0;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            assert!(file.exists(), "{} links to {target}", path.display());
            let is_heading =
                anchor.is_empty() || anchors(&fs::read_to_string(file).unwrap()).contains(anchor);
            assert!(is_heading, "{} links to {target}", path.display());
            count += 1;
        }
    }
    assert!(count > 30);
}

#[test]
fn the_snippets_of_the_services_run() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/ci.md")).unwrap();
    let snippets: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect();
    assert_eq!(snippets.len(), 2);
    for snippet in snippets {
        let lines: Vec<&str> = snippet.lines().filter_map(command).collect();
        assert!(lines.len() > 2, "{lines:?}");
        let variables = "CI_REGISTRY=registry.gitlab.com CI_REGISTRY_USER=ian GITHUB_ACTOR=ian \
            CI_REGISTRY_PASSWORD=$PASSWORD REGISTRY_TOKEN=$PASSWORD LIBRARY_TOKEN=$TOKEN \
            APPTAINER_CONFIGDIR=$HOME/job";
        let script = format!(
            "set -eo pipefail\nexport {variables}\n{}\necho 'all done'",
            lines.join("\n")
        );
        let shown = run(&script);
        assert!(shown.ends_with("\nall done\n"), "{shown}");
    }
}

/// The command of a line of a snippet, if it has one.
fn command(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("- ");
    let line = line.trim_start_matches("run: ");
    ["portolan ", "printenv ", "apptainer ", "rm "]
        .iter()
        .any(|word| line.starts_with(word))
        .then_some(line)
}
