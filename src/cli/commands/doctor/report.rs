//! Findings as a person reads them, and as a script does.

use std::fmt::Write as _;

use serde::Serialize;

use super::survey::Survey;
use crate::cli::login_in_store::StoredLogin;
use crate::cli::ui::Ui;
use crate::config::checks::{Finding, Severity};
use crate::text::in_one_line;

pub(super) struct Report<'a> {
    findings: Vec<Finding>,
    fix: String,
    files: Vec<String>,
    stores: &'a [StoredLogin],
    servers: Vec<String>,
    offline: bool,
}

#[derive(Serialize)]
pub(super) struct DoctorView<'a> {
    findings: &'a [Finding],
    errors: usize,
    warnings: usize,
    notes: usize,
    checked: CheckedPlaces<'a>,
}

#[derive(Serialize)]
struct CheckedPlaces<'a> {
    files: &'a [String],
    stores: &'a [StoredLogin],
    servers: &'a [String],
    offline: bool,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        mut findings: Vec<Finding>,
        survey: &'a Survey,
        servers: Vec<String>,
        offline: bool,
    ) -> Self {
        findings.sort_by_key(|finding| finding.severity);
        let files = survey
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let fix = survey.commands.fix();
        Self {
            findings,
            fix,
            files,
            stores: &survey.stored,
            servers,
            offline,
        }
    }

    pub(super) fn number(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    pub(super) fn view(&self) -> DoctorView<'_> {
        DoctorView {
            findings: &self.findings,
            errors: self.number(Severity::Error),
            warnings: self.number(Severity::Warning),
            notes: self.number(Severity::Note),
            checked: CheckedPlaces {
                files: &self.files,
                stores: self.stores,
                servers: &self.servers,
                offline: self.offline,
            },
        }
    }

    pub(super) fn text(&self, ui: &Ui) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            // Writing to a String can't fail.
            let _ = write!(text, "{}", ui.cell(&headline(finding)));
            let _ = write!(text, "\n      {} [{}]\n", finding.effect, finding.code);
            let _ = writeln!(
                text,
                "      To fix it: {}\n",
                ui.cell(&in_one_line(&finding.fix))
            );
        }
        for login in self.stores.iter().filter(|login| !login.gone) {
            let _ = writeln!(text, "{}\n", ui.cell(&login.described()));
        }
        text.push_str(&ui.lines(&self.summary()));
        text.push('\n');
        text
    }

    fn summary(&self) -> String {
        let checked = self.checked();
        if self.findings.is_empty() {
            return format!("No problems found. {checked}");
        }
        let counts: Vec<String> = Severity::ALL
            .into_iter()
            .map(|severity| (self.number(severity), severity.name()))
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}{}", if number == 1 { "" } else { "s" }))
            .collect();
        let fixable = self.findings.iter().filter(|finding| finding.fixable);
        let fixable = match fixable.count() {
            0 => String::new(),
            number => format!("\nTo fix {number} of them:\n  {}", self.fix),
        };
        format!("Found {}. {checked}{fixable}", counts.join(", "))
    }

    fn checked(&self) -> String {
        let files = if self.files.is_empty() {
            "no file".to_owned()
        } else {
            self.files.join(", ")
        };
        let servers = match (self.offline, self.servers.len()) {
            (true, _) => "no server was asked".to_owned(),
            (false, 1) => "1 server was asked".to_owned(),
            (false, number) => format!("{number} servers were asked"),
        };
        format!("Looked at {files}; {servers}.")
    }
}

fn headline(finding: &Finding) -> String {
    let label = finding.severity.name().to_uppercase();
    let place = match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!(" {}:{line}:", file.display()),
        (Some(file), None) => format!(" {}:", file.display()),
        (None, _) => String::new(),
    };
    format!("{label}{place} {}", in_one_line(&finding.message))
}
