//! What the user's tokens say of their own end. Asks nobody.

use std::time::SystemTime;

use super::survey::Survey;
use crate::cli::login_in_store::StoredLogin;
use crate::cli::time;
use crate::config::checks::{Code, Finding};
use crate::config::effective::{Effective, Remote, Token};
use crate::config::yaml::Part;
use crate::service::token::{self, Lifetime};

pub(super) fn look(survey: &Survey, effective: &Effective<'_>, now: SystemTime) -> Vec<Finding> {
    let active = survey.active(effective).map(|remote| remote.name);
    effective
        .remotes()
        .filter_map(|remote| check(survey, remote, active == Some(remote.name), now))
        .collect()
}

pub(super) fn gone(survey: &Survey, effective: Option<&Effective<'_>>) -> Vec<Finding> {
    let active = effective.and_then(|effective| survey.active(effective));
    let gone = survey.stored.iter().filter(|login| login.gone);
    let finding = |login: &StoredLogin| {
        let message = format!("{} was in {}, gone here", login.login, login.place);
        let fix = format!("portolan {}", login.command);
        let finding = Finding::new(Code::LoginGone, login.login.as_str(), message, fix);
        let remote = login.remote();
        if remote.is_some() && remote.as_ref() == active.map(|remote| remote.name) {
            finding
        } else {
            finding.otherwise()
        }
    };
    gone.map(finding).collect()
}

fn check(
    survey: &Survey,
    remote: &Remote<'_>,
    is_active: bool,
    now: SystemTime,
) -> Option<Finding> {
    let name = remote.name;
    let fix = survey.commands.own("login", name.as_str());
    let Token::Stored(token) = remote.token else {
        return None;
    };
    let end = token::expiry(token)?;
    let (code, message) = match Lifetime::until(end, now) {
        Lifetime::Expired => (
            Code::TokenExpired,
            format!("your token for {name} expired {} ago", time::span(end, now)),
        ),
        Lifetime::Ending => (
            Code::TokenExpires,
            format!(
                "your token for {name} is valid for {} more",
                time::span(now, end)
            ),
        ),
        Lifetime::Long => return None,
    };
    let is_broken = code == Code::TokenExpires || is_active;
    // The token stands in the user's file, whoever defines the remote.
    let user = survey.user.as_ref()?;
    let line = user.lines.key(Part::Remote(name.as_str()), "Token");
    let finding = Finding::new(code, name.as_str(), message, fix).at(user.path.clone(), line);
    Some(if is_broken {
        finding
    } else {
        finding.otherwise()
    })
}
