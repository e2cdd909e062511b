//! Whether services are up, and in which version. Knows no remote, and sends no credential.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::at_once;
use super::discovery::is_absolute_url;
use super::http::{Cause, Client};

/// How long to wait before a service that stumbled is asked again, each time.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(300)];

/// How many services are asked at once: more than anyone has, and less than a machine's threads.
const AT_ONCE: usize = 128;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers: `OK`, with its version, which can be empty.
    Up(String),
    /// It does not, or not as a service does: `N/A`.
    Down,
}

/// Asks all services at once, each at its URI, and gives back what each of them says. It takes as long as the slowest one,
/// and with all of them no longer than the client's limit: what was not reached by then is down. One that is named twice
/// is asked once.
pub fn check<Id>(client: &Client, services: Vec<(Id, String)>) -> Vec<(Id, Health)> {
    let begun = Instant::now();
    let mut uris: Vec<&str> = services.iter().map(|(_, uri)| uri.as_str()).collect();
    uris.sort_unstable();
    uris.dedup();
    let until = Some(begun + client.options().limit);
    let healths = at_once(&uris, AT_ONCE, until, |uri| ask(client, uri, begun));
    let said: BTreeMap<&str, Option<Health>> = uris.into_iter().zip(healths).collect();
    let health = |uri: &str| said.get(uri).cloned().flatten().unwrap_or(Health::Down);
    let found: Vec<Health> = services.iter().map(|(_, uri)| health(uri)).collect();
    services.into_iter().map(|(id, _)| id).zip(found).collect()
}

fn ask(client: &Client, uri: &str, begun: Instant) -> Health {
    if !is_absolute_url(uri) {
        return Health::Down;
    }
    let limit = client.options().limit;
    let url = format!("{uri}/version");
    let mut pauses = PAUSES.iter();
    loop {
        let left = limit.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Health::Down;
        }
        let stumbled = match client.get(&url).within(left).send() {
            Ok(answer) if answer.status == 200 => return health(&answer.body),
            Ok(answer) => matches!(answer.status, 502..=504),
            Err(error) => matches!(error.cause, Cause::Reset | Cause::Closed),
        };
        match pauses.next() {
            Some(pause) if stumbled && begun.elapsed() + *pause < limit => thread::sleep(*pause),
            _ => return Health::Down,
        }
    }
}

/// What a body means: `{"data": {"version": "v1"}}`.
fn health(body: &[u8]) -> Health {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Health::Down;
    };
    if body.get("error").is_some_and(|error| !error.is_null()) {
        return Health::Down;
    }
    match body.get("data") {
        Some(Value::Null) => Health::Up(String::new()),
        Some(Value::Object(data)) => match data.get("version") {
            None | Some(Value::Null) => Health::Up(String::new()),
            Some(Value::String(version)) => Health::Up(version.clone()),
            Some(_) => Health::Down,
        },
        _ => Health::Down,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_up_when_it_answers_as_services_do() {
        let up = |version: &str| Health::Up(version.to_owned());
        let cases = [
            (
                r#"{"data":{"apiVersion":"2.0","version":"v1.2.3"}}"#,
                up("v1.2.3"),
            ),
            (r#"{"data":{"version":""}}"#, up("")),
            (r#"{"data":{}}"#, up("")),
            (r#"{"data":{"version":null}}"#, up("")),
            (r#"{"data":null}"#, up("")),
            (r#"{"data":{"version":"v1"},"error":null}"#, up("v1")),
            (
                r#"{"data":{"version":"v1"},"error":{"code":1}}"#,
                Health::Down,
            ),
            (r#"{"data":{"version":1}}"#, Health::Down),
            (r#"{"data":[]}"#, Health::Down),
            (r#"{"data":"v1"}"#, Health::Down),
            (r#"{"version":"v1"}"#, Health::Down),
            ("{}", Health::Down),
            ("[]", Health::Down),
            ("null", Health::Down),
            ("", Health::Down),
            ("<html>", Health::Down),
        ];
        for (body, wanted) in cases {
            assert_eq!(health(body.as_bytes()), wanted, "{body}");
        }
        assert_eq!(health(b"\xff"), Health::Down);
    }
}
