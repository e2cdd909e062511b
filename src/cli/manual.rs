//! The man pages, from the same tree as the help: one for every command. Pure; `commands/man.rs` writes them.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

pub(crate) struct Page {
    pub(crate) file: String,
    pub(crate) text: Vec<u8>,
}

const REFERENCE: &str = include_str!("../../docs/reference.md");
const SCRIPTS: &str = include_str!("../../docs/ci.md");

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
    let (mut sections, examples) = after_help(command);
    if command.get_subcommands().any(|below| is_shown(&below)) {
        sections.extend([commands(command)]);
    }
    sections.extend([examples]);
    if above.is_empty() {
        sections.extend([
            terms("FILES", REFERENCE, "\n## Files\n"),
            terms("ENVIRONMENT", REFERENCE, "\n## Variables\n"),
            terms("EXIT STATUS", SCRIPTS, "\n## Exit codes\n"),
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

fn after_help(command: &Command) -> (Roff, Roff) {
    let help = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let (global, lines) = help.split_once("Examples:\n").unwrap_or_default();
    let (mut options, mut examples) = (Roff::new(), Roff::new());
    if !global.is_empty() {
        options.control("PP", []);
        options.text([roman(global.trim())]);
    }
    examples.control("SH", ["EXAMPLES"]);
    examples.control("nf", []);
    for line in lines.lines() {
        examples.text([roman(line.trim_start())]);
    }
    examples.control("fi", []);
    (options, examples)
}

fn terms(title: &str, page: &str, heading: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    let (_, section) = page.split_once(heading).unwrap_or_default();
    let table = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    for row in table.skip(2) {
        let row = row.replace('`', "");
        let (term, text) = row
            .trim_matches(['|', ' '])
            .split_once(" | ")
            .unwrap_or_default();
        roff.control("TP", []);
        roff.text([italic(term)]);
        roff.text([roman(text)]);
    }
    roff
}

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
