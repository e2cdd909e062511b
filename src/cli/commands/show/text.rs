//! A remote on one screen. Decides nothing.

use std::iter;

use super::view::{KeyserverRow, ShowView, TokenState, TokenView};
use crate::cli::login_list::ListedLogin;
use crate::cli::sources::Place;
use crate::cli::ui::Ui;

pub(super) fn render(view: &ShowView<'_>, library_advice: &str, ui: &Ui) -> String {
    let scheme = if view.insecure { "http" } else { "https" };
    let uri = if view.uri.is_empty() {
        "none".to_owned()
    } else {
        format!("{scheme}://{}", view.uri)
    };
    let mut rows = vec![
        ["Remote".to_owned(), view.name.to_owned(), String::new()],
        ["URI".to_owned(), uri, shown(Some(&view.defined))],
        [
            "Active".to_owned(),
            active(view),
            shown(view.active_by.as_ref()),
        ],
        [
            "Exclusive".to_owned(),
            exclusive(view),
            shown(view.exclusive_by.as_ref()),
        ],
        [
            "Token".to_owned(),
            token(&view.token),
            shown(view.token.stored_in.as_ref()),
        ],
    ];
    if let Some(user) = view.logged_in_as {
        let user = user.to_string();
        rows.push(["Logged in as".to_owned(), user, String::new()]);
    }
    let mut text = ui.table(rows);
    text.push('\n');
    text.push_str(&services(view, library_advice, ui));
    text.push_str(&keyservers(view, ui));
    if !view.logins.is_empty() {
        let head = ["REGISTRY", "ACCOUNT", "STORED IN"].map(str::to_owned);
        let row = |login: &ListedLogin| [login.uri.clone(), login.who(), login.place()];
        let rows = view.logins.iter().map(row);
        text.push_str(&format!("\n{}", ui.table(iter::once(head).chain(rows))));
    }
    text
}

fn active(view: &ShowView<'_>) -> String {
    match (view.active, view.exclusive_remote, &view.active_remote) {
        (true, _, _) => "yes".to_owned(),
        (false, Some(exclusive), _) => format!("no: {exclusive} is the only one that may be"),
        (false, None, Some(active)) => format!("no: {active} is"),
        (false, None, None) => "no: no remote is".to_owned(),
    }
}

fn exclusive(view: &ShowView<'_>) -> String {
    match view.exclusive_remote {
        Some(_) if view.exclusive => "yes: users may use no other".to_owned(),
        Some(exclusive) => format!("no: {exclusive} is, and users may use no other"),
        None => "no".to_owned(),
    }
}

fn token(token: &TokenView) -> String {
    match (token.state, &token.expires, &token.stored_for) {
        (TokenState::Stored, Some(end), _) => format!("stored, valid until {end}"),
        (TokenState::Stored, None, _) => "stored, does not say until when it is valid".to_owned(),
        (TokenState::Expired, end, _) => format!("expired {}", end.as_deref().unwrap_or_default()),
        (TokenState::Moved, _, stored_for) => {
            format!(
                "stored for {}, not sent here",
                stored_for.as_deref().unwrap_or_default()
            )
        }
        (TokenState::Gone, _, _) => "gone: log in again".to_owned(),
        (TokenState::None, _, _) => "none".to_owned(),
    }
}

fn services(view: &ShowView<'_>, library_advice: &str, ui: &Ui) -> String {
    let Some(services) = &view.services else {
        let problem = view.services_problem.as_deref().unwrap_or_default();
        return format!("Its services are not known: {}\n", ui.cell(problem));
    };
    let rows = services
        .iter()
        .map(|row| [row.name.as_str(), row.uri.as_str()]);
    let mut text = ui.table(iter::once(["SERVICE", "URI"]).chain(rows));
    if let Some(seen) = &view.services_seen {
        text.push_str(&format!("(as the endpoint said on {seen})\n"));
    }
    if !services
        .iter()
        .any(|row| row.name == "library" && !row.uri.is_empty())
    {
        text.push_str("It has no library: library:// images come from another remote.\n");
        text.push_str(&format!("{library_advice}\n"));
    }
    text
}

fn keyservers(view: &ShowView<'_>, ui: &Ui) -> String {
    let Some(keyservers) = &view.keyservers else {
        return "\nIts keyservers are not known.\n".to_owned();
    };
    let head = ["ORDER", "KEYSERVER", "LOGIN", "INSECURE", "FROM"].map(str::to_owned);
    let row = |(order, row): (usize, &KeyserverRow)| {
        let from = row
            .listed
            .as_ref()
            .map_or_else(|| "the endpoint".to_owned(), |place| shown(Some(place)));
        [
            order.to_string(),
            row.uri.clone(),
            yes_or_no(row.login).to_owned(),
            yes_or_no(row.insecure).to_owned(),
            from,
        ]
    };
    let rows = (1..).zip(keyservers).map(row);
    format!("\n{}", ui.table(iter::once(head).chain(rows)))
}

fn shown(place: Option<&Place>) -> String {
    place.map(Place::told).unwrap_or_default()
}

fn yes_or_no(value: bool) -> &'static str {
    if value { "YES" } else { "NO" }
}
