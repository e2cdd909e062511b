//! What can be wrong with the logins to keyservers and registries: two for one server, none of its secret left, none of its
//! keyservers there.

use std::collections::{BTreeMap, BTreeSet};

use super::Commands;
use super::finding::{Code, Finding};
use crate::command;
use crate::config::document::{Document, LoginEntry};
use crate::config::effective::{Effective, Remote};
use crate::config::layer::Layer;
use crate::config::yaml::Part;
use crate::uri::{KeyserverUri, RegistryUri};

/// What is wrong with the logins in the user's file. `is_dead` says whether a registry's password is gone; `effective` is
/// what the files amount to, where the system's can be read.
pub fn logins(
    user: &Layer,
    effective: Option<&Effective<'_>>,
    is_dead: impl Fn(&LoginEntry) -> bool,
    commands: &Commands,
) -> Vec<Finding> {
    let all = &user.document.logins;
    let mut found = Vec::new();
    let twins = exact_twins(&user.document);
    let used = effective.map(keyservers);
    let is_unused = |login: &LoginEntry| match (&used, keyserver(login)) {
        (Some(used), Some(server)) => !used.iter().any(|uri| uri.is_same_server(&server)),
        _ => false,
    };
    // A login takes the place of all others to its server; none is taken to a keyserver that no remote has.
    let login_again = |login: &LoginEntry| match is_unused(login) {
        true => commands.own("logout", &login.uri),
        false => commands.login_to(&login.uri),
    };
    for (index, first) in twins_of_servers(all) {
        if let Some((login, other)) = all.get(index).zip(all.get(first)) {
            let finding = duplicate(
                login,
                other,
                user.lines.first(Part::Login(first)),
                login_again(login),
            );
            let finding = finding.at(user.path.clone(), user.lines.first(Part::Login(index)));
            found.push(finding.fixable_if(twins.contains(&index)));
        }
    }
    for (index, login) in all.iter().enumerate() {
        let line = user.lines.first(Part::Login(index));
        if is_without_secret(login) || is_dead(login) {
            let message = format!(
                "the login to {} has no password or token any more",
                login.uri
            );
            let fix = login_again(login);
            let finding = Finding::new(Code::LoginWithoutSecret, login.uri.as_str(), message, fix);
            found.push(finding.at(user.path.clone(), line).fixable_if(true));
        } else if is_unused(login) {
            let message = format!("no remote has the keyserver {}", login.uri);
            let fix = commands.own("logout", &login.uri);
            found.push(
                Finding::new(Code::KeyserverLoginUnused, login.uri.as_str(), message, fix)
                    .at(user.path.clone(), line),
            );
        }
    }
    found
}

fn duplicate(login: &LoginEntry, other: &LoginEntry, line: Option<usize>, fix: String) -> Finding {
    let line = line.map_or_else(String::new, |line| format!(" (line {line})"));
    let written = if login.uri == other.uri {
        String::new()
    } else {
        format!(", written {}", other.uri)
    };
    let message = format!("there is another login to {}{written}{line}", login.uri);
    Finding::new(Code::LoginDuplicate, login.uri.as_str(), message, fix)
}

pub(super) fn is_without_secret(login: &LoginEntry) -> bool {
    login.auth.is_empty() && keyserver(login).is_some()
}

pub(super) fn exact_twins(document: &Document) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let all = document.logins.iter().enumerate();
    let repeated = all.filter(|(_, login)| {
        !seen.insert((login.uri.as_str(), login.auth.expose(), login.insecure))
    });
    repeated.map(|(index, _)| index).collect()
}

fn keyserver(login: &LoginEntry) -> Option<KeyserverUri> {
    if RegistryUri::found(&login.uri).is_ok() {
        None
    } else {
        KeyserverUri::found(&login.uri).ok()
    }
}

fn twins_of_servers(all: &[LoginEntry]) -> Vec<(usize, usize)> {
    let mut first_of = BTreeMap::new();
    let mut twins = Vec::new();
    for (index, login) in all.iter().enumerate() {
        let first = *first_of.entry(server(login)).or_insert(index);
        if first != index {
            twins.push((index, first));
        }
    }
    twins
}

fn server(login: &LoginEntry) -> String {
    if let Ok(registry) = RegistryUri::found(&login.uri) {
        let path = registry.path().trim_end_matches('/');
        return format!(
            "{:?} {}{path}",
            registry.scheme(),
            registry.api_host().to_lowercase()
        );
    }
    match KeyserverUri::found(&login.uri) {
        Ok(keyserver) => format!("{:?}", keyserver.server()),
        Err(_) => login.uri.clone(),
    }
}

fn keyservers(effective: &Effective<'_>) -> Vec<KeyserverUri> {
    let own =
        |remote: &Remote<'_>| command::known_by_uri(remote.uri()).map(|known| known.keyserver);
    let of_remote = |remote: &Remote<'_>| {
        let listed = remote
            .keyservers()
            .iter()
            .map(|keyserver| keyserver.uri.as_str());
        listed
            .chain(own(remote))
            .filter_map(|uri| KeyserverUri::parse(uri).ok())
            .collect::<Vec<_>>()
    };
    effective.remotes().flat_map(of_remote).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{commands, layer, told};
    use super::*;
    use crate::config::layer::LayerKind;

    fn found(rows: &str, dead: &str) -> Vec<String> {
        let keyservers =
            "Keyservers: [{URI: 'https://keys.example'}, {URI: 'hkp://old.example', Skip: true}]";
        let remotes = format!(
            "Remotes: {{d: {{URI: cloud.sylabs.io}}, e: {{URI: e.example, {keyservers}}}}}"
        );
        let system = layer(LayerKind::System, &remotes);
        let user = layer(LayerKind::User, &format!("Credentials:\n{rows}"));
        let effective = Effective::merge(&system, Some(&user), None);
        told(&logins(
            &user,
            Some(&effective),
            |login| login.uri.contains(dead),
            &commands(),
        ))
    }

    #[test]
    fn logins_to_different_servers_with_their_secrets_are_no_finding() {
        let rows = "- {URI: 'docker://r.example'}\n- {URI: 'oras://r.example'}\n- {URI: 'docker://r.example/team'}\n\
                    - {URI: 'https://keys.example', Auth: a}\n- {URI: 'http://old.example:11371/x', Auth: a}\n\
                    - {URI: 'https://keys.sylabs.io', Auth: a}\n- {URI: 'ftp://odd'}\n";
        assert_eq!(found(rows, "dead"), [""; 0]);
    }

    #[test]
    fn two_logins_to_one_server_are_found_however_they_are_written() {
        let same = [
            ("docker://r.example", "docker://R.example/"),
            ("docker://docker.io", "docker://index.docker.io"),
            ("https://keys.example", "HKPS://keys.example:443/path"),
            ("nonsense", "nonsense"),
        ];
        for (one, two) in same {
            let rows = format!("- {{URI: '{one}', Auth: a}}\n- {{URI: '{two}', Auth: b}}\n");
            let codes: Vec<_> = found(&rows, "dead")
                .into_iter()
                .filter(|line| line.contains("duplicate"))
                .collect();
            assert!(
                matches!(&codes[..], [line] if line.starts_with("warning login-duplicate /user:3")),
                "{codes:?}"
            );
            assert!(!codes[0].ends_with("(fixable)"), "{codes:?}");
        }
        let twice = "- {URI: 'docker://r.example'}\n- {URI: 'docker://r.example'}\n";
        assert_eq!(
            found(twice, "dead"),
            [
                "warning login-duplicate /user:3: there is another login to docker://r.example (line 2) [portolan remote \
              login --username USER docker://r.example] (fixable)"
            ]
        );
    }

    #[test]
    fn a_login_without_its_secret_is_found() {
        let rows = "- {URI: 'docker://dead.example'}\n- {URI: 'https://keys.example'}\n";
        assert_eq!(
            found(rows, "dead"),
            [
                "warning login-without-secret /user:2: the login to docker://dead.example has no password or token any \
                 more [portolan remote login --username USER docker://dead.example] (fixable)",
                "warning login-without-secret /user:3: the login to https://keys.example has no password or token any \
                 more [portolan remote login https://keys.example] (fixable)",
            ]
        );
    }

    #[test]
    fn nobody_is_told_to_log_in_to_a_keyserver_that_no_remote_has() {
        let rows = "- {URI: 'https://other.example', Auth: a}\n- {URI: 'https://other.example/'}\n";
        let found = found(rows, "dead");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found
                .iter()
                .all(|line| line.contains("[portolan remote logout https://other.example")),
            "{found:?}"
        );
    }

    #[test]
    fn a_login_to_nobodys_keyserver_is_found() {
        assert_eq!(
            found("- {URI: 'https://other.example', Auth: a}\n", "dead"),
            [
                "note keyserver-login-unused /user:2: no remote has the keyserver https://other.example [portolan remote \
              logout https://other.example]"
            ]
        );
    }
}
