//! What `resolve` shows, as values and as text.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::credential::CredentialView;
use crate::cli::sources::Place;
use crate::cli::ui::Ui;
use crate::text::{capitalised, in_one_line};

#[derive(Default, Serialize)]
pub(super) struct View<'a> {
    pub(super) what: String,
    pub(super) runtime: String,
    pub(super) task: &'static str,
    pub(super) remote: Option<&'a str>,
    pub(super) exclusive: bool,
    pub(super) remote_by: Option<Place>,
    pub(super) verdict: &'static str,
    /// What the runtime says, or why nobody can tell.
    pub(super) problem: Option<String>,
    pub(super) servers: Vec<ServerRow>,
    pub(super) why: Vec<String>,
    pub(super) differences: Vec<DifferenceRow>,
}

#[derive(Serialize)]
pub(super) struct ServerRow {
    pub(super) service: &'static str,
    pub(super) uri: Option<String>,
    pub(super) insecure: bool,
    pub(super) credential: CredentialView,
    pub(super) listed: Option<Place>,
}

#[derive(Serialize)]
pub(super) struct DifferenceRow {
    pub(super) versions: String,
    pub(super) text: String,
}

impl View<'_> {
    pub(super) fn render(&self, ui: &Ui) -> String {
        let safe = |text: &str| in_one_line(&ui.cell(text));
        let mut text = String::new();
        // Writing to a String can't fail.
        for server in &self.servers {
            let uri = server
                .uri
                .as_deref()
                .map_or(Cow::Borrowed("not known"), |uri| Cow::Owned(safe(uri)));
            let unchecked = match (server.insecure, server.service) {
                (false, _) => "",
                (true, "registry") => ", else plain http",
                (true, _) => ", certificates unchecked",
            };
            let listed = server
                .listed
                .as_ref()
                .map_or_else(String::new, |place| format!(" ({})", safe(&place.told())));
            let _ = writeln!(
                text,
                "{}: {uri}{unchecked}{listed}",
                capitalised(server.service)
            );
            let _ = writeln!(text, "    Credential: {}", safe(&server.credential.told()));
        }
        if self.verdict == "refused" {
            let is_for_all = |row: &DifferenceRow| !row.versions.contains(' ');
            text.push_str(match self.differences.iter().any(is_for_all) {
                true => "Refused, as portolan reads the files. The runtime does otherwise.\n",
                false => "The runtime refuses.\n",
            });
        }
        text.push_str("\nWhy:\n");
        for reason in &self.why {
            let _ = writeln!(text, "- {}", safe(reason));
        }
        if !self.differences.is_empty() {
            text.push_str("\nThe runtimes differ:\n");
            for DifferenceRow {
                versions,
                text: difference,
            } in &self.differences
            {
                let _ = writeln!(text, "- {versions} {}.", safe(difference));
            }
        }
        text
    }
}
