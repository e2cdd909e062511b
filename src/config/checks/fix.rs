//! What `remote doctor --fix` takes out of a user's file: only what says nothing that a person may want.

use super::logins::{exact_twins, is_without_secret};
use crate::config::document::{Document, LoginEntry, RemoteEntry};
use crate::name::RemoteName;

/// Takes out logins without their secret (`is_dead` says so of a registry's), repeated ones, and idle ghosts (`is_ghost` says
/// whether the system lacks a name). Tells what went, a sentence each.
pub fn fix(
    document: &mut Document,
    is_dead: impl Fn(&LoginEntry) -> bool,
    is_ghost: impl Fn(&RemoteName) -> bool,
) -> Vec<String> {
    let mut told = Vec::new();
    let twins = exact_twins(document);
    let mut index = 0;
    document.logins.retain(|login| {
        let is_twin = twins.contains(&index);
        index += 1;
        if is_without_secret(login) || is_dead(login) {
            told.push(format!(
                "Dropped the login to {}, which had no secret",
                login.uri
            ));
            false
        } else if is_twin {
            told.push(format!(
                "Dropped the second entry of the login to {}",
                login.uri
            ));
            false
        } else {
            true
        }
    });
    let ghosts: Vec<RemoteName> = document
        .remotes
        .keys()
        .filter(|name| is_ghost(name) && is_idle_ghost(document, name))
        .cloned()
        .collect();
    for name in ghosts {
        if let Some(entry) = document.remotes.remove(&name) {
            told.push(format!(
                "Removed {name} ({}), which the system does not have any more",
                entry.uri
            ));
        }
    }
    told
}

/// Whether a system's remote that the system does not have says nothing of a user: no token, no choice of it, no list of
/// keyservers.
pub(super) fn is_idle_ghost(document: &Document, name: &RemoteName) -> bool {
    let is_idle =
        |entry: &RemoteEntry| entry.system && entry.token.is_empty() && entry.keyservers.is_empty();
    document.active != name.as_str() && document.remotes.get(name).is_some_and(is_idle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    fn fixed(text: &str) -> (Document, Vec<String>) {
        let mut document = yaml::document(text.as_bytes()).unwrap();
        let told = fix(
            &mut document,
            |login| login.uri.contains("dead"),
            |name| name.as_str().starts_with('g'),
        );
        (document, told)
    }

    #[test]
    fn what_says_nothing_goes() {
        let (document, told) = fixed(
            "Active: m\nRemotes: {m: {URI: m}, g: {URI: g.example, System: true}}\nCredentials:\n\
             - {URI: 'docker://a'}\n- {URI: 'docker://dead'}\n- {URI: 'docker://a'}\n- {URI: 'https://k'}\n",
        );
        let left = yaml::document(
            b"Active: m\nRemotes: {m: {URI: m}}\nCredentials: [{URI: 'docker://a'}]",
        )
        .unwrap();
        assert_eq!(document, left);
        assert_eq!(
            told,
            [
                "Dropped the login to docker://dead, which had no secret",
                "Dropped the second entry of the login to docker://a",
                "Dropped the login to https://k, which had no secret",
                "Removed g (g.example), which the system does not have any more",
            ]
        );
    }

    #[test]
    fn what_somebody_may_want_stays() {
        let texts = [
            "Remotes: {g: {URI: g, System: true, Token: t}}",
            "Remotes: {g: {URI: g, System: true, Keyservers: [{URI: k}]}}",
            "Active: g\nRemotes: {g: {URI: g, System: true}}",
            "Remotes: {g: {URI: g}, s: {URI: s, System: true}}",
            "Credentials: [{URI: 'https://k', Auth: a}, {URI: 'https://k', Auth: b}]",
            "Credentials: [{URI: 'docker://a'}, {URI: 'docker://a', Insecure: true}, {URI: 'docker://A'}]",
            "Active: nobody",
        ];
        for text in texts {
            assert_eq!(
                fixed(text),
                (yaml::document(text.as_bytes()).unwrap(), Vec::new()),
                "{text}"
            );
        }
    }
}
