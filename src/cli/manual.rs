//! The man pages, from the same tree as the help: one for every command. Pure; `commands/man.rs` writes them.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

pub(crate) struct Page {
    pub(crate) file: String,
    pub(crate) text: Vec<u8>,
}

/// What is said once, on the program's own page: a term and what it is about.
type Terms = &'static [(&'static str, &'static str)];

const FILES: Terms = &[
    (
        "/etc/apptainer/remote.yaml",
        "The system's file: the remotes of all users, and the policy. It is looked for in /etc, /usr/local/etc and beside the installed command, unless --sysconfdir says where.",
    ),
    (
        "~/.apptainer/remote.yaml",
        "Your own file: your remotes, your choice, your tokens and logins. For you alone to read.",
    ),
    (
        "~/.apptainer/docker-config.json",
        "The passwords for registries, in Docker's format.",
    ),
    (
        "remote.yaml.lock",
        "The lock of the file beside it, held for the moment of a change. It stays, and is always empty or names its last holder.",
    ),
    (
        "$XDG_CACHE_HOME/portolan/",
        "What endpoints said of their services, for a day. It can be removed at any time.",
    ),
    (
        "$XDG_STATE_HOME/portolan/",
        "Which remote was in use before, for `portolan remote use -`.",
    ),
];

const ENVIRONMENT: Terms = &[
    (
        "PORTOLAN_REMOTE",
        "The active remote for one command, where no policy forbids it.",
    ),
    (
        "PORTOLAN_COMMAND",
        "The command whose files are managed, as --command. Its name in capitals is what COMMAND stands for below: APPTAINER_CONFIGDIR. What SINGULARITY_ says in its place counts too, with a warning.",
    ),
    (
        "PORTOLAN_RUNTIME",
        "The version of the runtime for which `remote resolve` answers, as --runtime: apptainer@1.3.",
    ),
    (
        "PORTOLAN_NO_INPUT",
        "As --no-input, unless it is empty or false.",
    ),
    (
        "PORTOLAN_SYSCONFDIR",
        "The directory of the system's configuration, as --sysconfdir.",
    ),
    (
        "COMMAND_CONFIGDIR",
        "The directory of your own files, in place of ~/.apptainer.",
    ),
    (
        "COMMAND_ADD_INSECURE",
        "As --insecure of `remote add` and `remote set-url`.",
    ),
    (
        "COMMAND_LOGIN_USERNAME, COMMAND_LOGIN_PASSWORD, COMMAND_LOGIN_INSECURE",
        "As the flags of `login` for keyservers and registries.",
    ),
    (
        "COMMAND_AUTH_FILE, SINGULARITY_AUTHFILE",
        "As --authfile of `registry` and of `remote resolve`.",
    ),
    (
        "COMMAND_LIBRARY, COMMAND_URL",
        "As --library and --url of `remote resolve`, and of the command's own commands.",
    ),
    (
        "COMMAND_DEBUG, COMMAND_VERBOSE, COMMAND_QUIET, COMMAND_SILENT, COMMAND_NOCOLOR",
        "As the flags of these names.",
    ),
    (
        "COMMAND_MESSAGELEVEL",
        "How much is said, as a number: -3 errors, -1 warnings too, 1 information too, 4 more, 5 everything.",
    ),
    (
        "NO_COLOR",
        "No colours, whatever its value, unless it is empty. Nor are there any where TERM is dumb or not set, or CLICOLOR is 0.",
    ),
    (
        "CLICOLOR_FORCE",
        "Colours in pipes and dumb terminals, too, unless it is empty or 0.",
    ),
    (
        "HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
        "The proxy for requests, and the hosts that need none; in lower case too.",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "The certificates of the authorities that are trusted, in place of the system's.",
    ),
];

const EXIT_STATUS: Terms = &[
    ("0", "All is done, or help was asked for."),
    (
        "1",
        "The command line or a variable is wrong; nothing was done.",
    ),
    ("2", "Something would change: `remote apply --check`."),
    (
        "3",
        "Something is not known, or there are warnings, where that was asked for: `remote resolve` where the answer is not known, `remote doctor --strict`, `registry list --check`.",
    ),
    (
        "255",
        "The command failed or was refused; standard error says why. Files are as they were, unless it says otherwise.",
    ),
    (
        "128+n",
        "Signal n ended the command, as a shell shows it: 130 for Ctrl-C.",
    ),
];

pub(crate) fn pages(tree: &Command) -> io::Result<Vec<Page>> {
    let version = format!("portolan {}", tree.get_version().unwrap_or_default());
    let mut pages = Vec::new();
    let mut open = vec![(tree, Vec::new())];
    while let Some((command, above)) = open.pop() {
        let name = name(command);
        pages.push(Page {
            file: format!("{name}.1"),
            text: page(command, &above, &version)?,
        });
        let above = [above, vec![name]].concat();
        open.extend(
            command
                .get_subcommands()
                .filter(is_shown)
                .map(|below| (below, above.clone())),
        );
    }
    Ok(pages)
}

fn page(command: &Command, above: &[String], version: &str) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone());
    // No date: the same source makes the same pages.
    let mut text = format!(
        ".TH {} 1 \"\" \"{version}\" \"portolan\"\n",
        name(command).to_uppercase()
    )
    .into_bytes();
    man.render_name_section(&mut text)?;
    let mut sections = synopsis(command);
    sections.extend([description(command)]);
    sections.to_writer(&mut text)?;
    man.render_options_section(&mut text)?;
    let mut sections = Roff::new();
    if command.get_subcommands().any(|below| is_shown(&below)) {
        sections.extend([commands(command)]);
    }
    sections.extend([examples(command)]);
    if above.is_empty() {
        sections.extend([
            terms("FILES", FILES),
            terms("ENVIRONMENT", ENVIRONMENT),
            terms("EXIT STATUS", EXIT_STATUS),
        ]);
    }
    sections.extend([see_also(above)]);
    sections.to_writer(&mut text)?;
    Ok(text)
}

fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold(usage.trim_start_matches("Usage: ").trim())]);
    roff
}

/// What the help says below its first line, which stands behind the name.
fn description(command: &Command) -> Roff {
    let about = command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let long = command
        .get_long_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let text = long.strip_prefix(&about).unwrap_or(&long).trim();
    let mut roff = Roff::new();
    roff.control("SH", ["DESCRIPTION"]);
    if text.is_empty() {
        roff.text([roman(format!("{about}."))]);
    }
    for (at, paragraph) in text
        .split("\n\n")
        .filter(|paragraph| !paragraph.is_empty())
        .enumerate()
    {
        if at > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(paragraph)]);
    }
    roff
}

fn is_shown(command: &&Command) -> bool {
    !command.is_hide_set() && command.get_name() != "help"
}

fn name(command: &Command) -> String {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned()
}

fn commands(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for below in command.get_subcommands().filter(is_shown) {
        roff.control("TP", []);
        roff.text([bold(name(below)), roman("(1)")]);
        roff.text([roman(
            below
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default(),
        )]);
    }
    roff
}

/// The lines of the help behind `Examples:`, as they are typed.
fn examples(command: &Command) -> Roff {
    let help = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in help.lines().filter(|line| *line != "Examples:") {
        roff.text([roman(line.trim_start())]);
    }
    roff.control("fi", []);
    roff
}

fn terms(title: &str, terms: Terms) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (term, text) in terms {
        roff.control("TP", []);
        roff.text([italic(*term)]);
        roff.text([roman(*text)]);
    }
    roff
}

/// The pages above; from the first one to the commands that read the same files.
fn see_also(above: &[String]) -> Roff {
    let pages = if above.is_empty() {
        vec!["apptainer".to_owned(), "singularity".to_owned()]
    } else {
        above.to_vec()
    };
    let mut inlines = Vec::new();
    for (at, page) in pages.iter().enumerate() {
        inlines.push(roman(if at == 0 { "" } else { ", " }));
        inlines.extend([bold(page.as_str()), roman("(1)")]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    roff.text(inlines);
    roff
}
