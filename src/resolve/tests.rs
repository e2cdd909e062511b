use std::path::Path;

use super::*;
use crate::config::effective::{Layer, Layers};
use crate::config::yaml;

const LIBRARY: &str = "https://library.example";
const KEYS: &str = "https://keys.example";

/// One remote; `NAME` stands for its further keys.
const PLAIN: &str =
    "Active: c\nRemotes: {c: {URI: c.example, System: true}, d: {URI: d.example, System: true}}";
const EXCLUSIVE: &str =
    "Active: d\nRemotes: {c: {URI: c.example, System: true, Exclusive: true}, d: {URI: d.example}}";
const LISTED: &str = "Active: c\nRemotes: {c: {URI: c.example, System: true, Exclusive: true, Keyservers: [{URI: 'https://own.example'}, {URI: 'https://gone.example', Skip: true}, {URI: 'hkp://other.example', External: true, Insecure: true}]}}";
const TOKEN: &str = "Remotes: {c: {URI: c.example, System: true, Token: t}}\nCredentials: [{URI: 'http://other.example:11371', Auth: 'Basic x'}]";
const MOVED: &str = "Remotes: {c: {URI: old.example, System: true, Token: t}}";

fn layers(system: &str, user: &str) -> Layers {
    let layer = |kind, text: &str| {
        Layer::new(
            kind,
            Path::new("/file"),
            yaml::read(text.as_bytes()).unwrap(),
        )
    };
    let system = match system {
        "built-in" => Layer::built_in(&Command::apptainer()),
        text => layer(LayerKind::System, text),
    };
    let user = (!user.is_empty()).then(|| layer(LayerKind::User, user));
    Layers {
        system,
        user,
        chosen: None,
        elsewhere: Ok(Vec::new()),
        keyservers_elsewhere: Vec::new(),
    }
}

fn both() -> Services {
    Services {
        library: KnownService::At(LIBRARY.to_owned()),
        keyserver: KnownService::At(KEYS.to_owned()),
    }
}

/// The words of a runtime's command as a question: `push library://HOST --library URI --url URI`.
fn question(words: &str) -> Question<'_> {
    let (command, flags) = words.split_at(
        words
            .find(" -")
            .or(words.find(" library:"))
            .unwrap_or(words.len()),
    );
    let after = |flag: &str| {
        flags
            .split_once(flag)
            .map(|(_, rest)| rest.split(' ').next().unwrap())
    };
    let task = Task::ALL
        .into_iter()
        .find(|task| task.words() == command)
        .unwrap();
    Question {
        task,
        host: after("library://"),
        library: after("--library "),
        url: after("--url "),
    }
}

/// The servers with their credentials, or what the runtime says.
fn told(layers: &Layers, services: &Services, words: &str) -> String {
    let effective = layers.merge();
    let Answer { servers, verdict } = resolve(
        &effective,
        services,
        &Command::apptainer(),
        &question(words),
    );
    let server = |server: &Server<'_>| {
        let credential = match server.credential {
            Credential::Token(Token::Stored(_)) => " token",
            Credential::Login(..) => " login",
            Credential::None | Credential::Token(_) => "",
        };
        let unchecked = if server.insecure { " unchecked" } else { "" };
        format!(
            "{}{credential}{unchecked}",
            server.uri.as_deref().unwrap_or("?")
        )
    };
    match verdict {
        Verdict::Allowed => servers.iter().map(server).collect::<Vec<_>>().join(", "),
        Verdict::Refused(refusal) => format!("FATAL {refusal}"),
        Verdict::Unknown(reason) => {
            format!(
                "{} UNKNOWN {reason}",
                servers.iter().map(server).collect::<Vec<_>>().join(", ")
            )
        }
    }
}

#[test]
fn a_task_asks_the_servers_that_the_runtime_asks() {
    let cases = [
        // The remote's own.
        (
            PLAIN,
            "",
            "pull",
            "https://library.example, https://keys.example",
        ),
        (
            PLAIN,
            TOKEN,
            "pull",
            "https://library.example token, https://keys.example token",
        ),
        (
            PLAIN,
            TOKEN,
            "push",
            "https://library.example token, https://keys.example token",
        ),
        (PLAIN, TOKEN, "search", "https://library.example token"),
        (PLAIN, TOKEN, "delete", "https://library.example token"),
        (
            PLAIN,
            TOKEN,
            "build",
            "https://library.example token, https://keys.example token",
        ),
        (PLAIN, TOKEN, "key search", "https://keys.example token"),
        (
            PLAIN,
            MOVED,
            "pull",
            "https://library.example, https://keys.example",
        ),
        // One that is named gets no token.
        (
            PLAIN,
            TOKEN,
            "pull library://l.example",
            "https://l.example, https://keys.example token",
        ),
        (
            PLAIN,
            TOKEN,
            "search --library http://l.example",
            "http://l.example",
        ),
        (
            PLAIN,
            TOKEN,
            "key push --url https://k.example",
            "https://k.example",
        ),
        (
            PLAIN,
            TOKEN,
            "verify --url https://k.example",
            "https://k.example",
        ),
        // Keyservers in their order.
        (
            LISTED,
            TOKEN,
            "verify",
            "https://own.example token, hkp://other.example login unchecked",
        ),
        (LISTED, TOKEN, "key pull", "https://own.example token"),
        (LISTED, "", "key newpair", "https://own.example"),
        // What the policy lets.
        (EXCLUSIVE, "", "search", "https://library.example"),
        (
            EXCLUSIVE,
            "",
            "search --library HTTPS://library.example/v1",
            "HTTPS://library.example/v1",
        ),
        (
            EXCLUSIVE,
            "",
            "verify --url hkps://keys.example",
            "hkps://keys.example",
        ),
        (
            LISTED,
            TOKEN,
            "key search --url http://other.example:11371",
            "http://other.example:11371",
        ),
        // No remotes at all.
        ("Remotes: {}", "", "verify", "https://keys.openpgp.org"),
    ];
    for (system, user, words, wanted) in cases {
        let layers = layers(system, user);
        let services = if system == "Remotes: {}" {
            Services::fallback(&Command::apptainer())
        } else {
            both()
        };
        assert_eq!(told(&layers, &services, words), wanted, "{system}: {words}");
    }
}

#[test]
fn a_refusal_is_in_the_runtimes_words() {
    let library_words = "FATAL Unable to get library client configuration: ";
    let only = |uri: &str| {
        format!(
            "endpoint is set as exclusive by the system administrator: only \"{uri}\" can be used"
        )
    };
    let none = Services {
        library: KnownService::Lacking,
        keyserver: KnownService::At(KEYS.to_owned()),
    };
    let missing = Services {
        library: KnownService::Missing("library is not a service at endpoint".to_owned()),
        keyserver: KnownService::Missing("keyserver is not a service at endpoint".to_owned()),
    };
    let all_skipped = "Active: c\nRemotes: {c: {URI: c, System: true, Keyservers: [{URI: 'https://k', Skip: true}]}}";
    let cases = [
        (
            PLAIN,
            &both(),
            "push",
            "FATAL Cannot push image to library: no authentication token, log in with `apptainer remote login`"
                .to_owned(),
        ),
        (
            PLAIN,
            &both(),
            "push --library https://library.example",
            "FATAL Cannot push image to library: no authentication token, log in with `apptainer remote login`"
                .to_owned(),
        ),
        (
            PLAIN,
            &both(),
            "pull --library https://l library://h",
            "FATAL Conflicting arguments; do not use --library with a library URI containing host name".to_owned(),
        ),
        (PLAIN, &none, "pull", format!("{library_words}remote has no library client")),
        (
            PLAIN,
            &none,
            "search",
            "FATAL Error while getting library client config: remote has no library client".to_owned(),
        ),
        (
            PLAIN,
            &missing,
            "pull",
            format!("{library_words}unable to get library service URI: library is not a service at endpoint"),
        ),
        (
            PLAIN,
            &missing,
            "pull library://l.example",
            "FATAL Unable to get keyserver client configuration: keyserver is not a service at endpoint".to_owned(),
        ),
        (
            PLAIN,
            &missing,
            "verify",
            "FATAL Error while getting keyserver client config: keyserver is not a service at endpoint".to_owned(),
        ),
        (
            PLAIN,
            &missing,
            "key search",
            "FATAL Keyserver client failed: keyserver is not a service at endpoint".to_owned(),
        ),
        ("built-in", &none, "pull", format!("{library_words}no default remote with library client in use")),
        (
            "built-in",
            &none,
            "pull --library https://l.example",
            format!("{library_words}no default remote with library client in use"),
        ),
        (EXCLUSIVE, &both(), "pull --library https://l.example", format!("{library_words}{}", only(LIBRARY))),
        (EXCLUSIVE, &both(), "pull --library https://library.example:443", format!("{library_words}{}", only(LIBRARY))),
        (EXCLUSIVE, &both(), "pull library://l.example", format!("{library_words}{}", only(LIBRARY))),
        (
            EXCLUSIVE,
            &both(),
            "key search --url https://k.example",
            format!("FATAL Keyserver client failed: {}", only(KEYS)),
        ),
        (
            LISTED,
            &both(),
            "verify --url https://gone.example",
            format!(
                "FATAL Error while getting keyserver client config: {}",
                only("https://own.example, hkp://other.example")
            ),
        ),
        (
            all_skipped,
            &both(),
            "key search",
            "FATAL Keyserver client failed: no primary keyserver configured".to_owned(),
        ),
        (
            "Active: gone\nRemotes: {c: {URI: c}}",
            &both(),
            "pull",
            format!("{library_words}unable to load remote configuration: gone is not a remote"),
        ),
        (
            "Remotes: {b: {URI: b}, a: {URI: a}}",
            &both(),
            "pull",
            format!(
                "{library_words}unable to load remote configuration: no default endpoint set: use 'apptainer remote use <endpoint>', available endpoints are: a, b"
            ),
        ),
    ];
    for (system, services, words, wanted) in cases {
        assert_eq!(
            told(&layers(system, ""), services, words),
            wanted,
            "{system}: {words}"
        );
    }
}

#[test]
fn what_is_not_known_is_not_guessed() {
    let reason = || KnownService::Unknown("nobody answers".to_owned());
    let unknown = Services {
        library: reason(),
        keyserver: reason(),
    };
    let cases = [
        (PLAIN, "pull", "?, ? UNKNOWN nobody answers"),
        (
            PLAIN,
            "search --library https://l.example",
            "https://l.example",
        ),
        (
            PLAIN,
            "key search --url https://k.example",
            "https://k.example",
        ),
        (LISTED, "key search", "https://own.example"),
        (
            EXCLUSIVE,
            "search --library https://l.example",
            "https://l.example UNKNOWN nobody answers",
        ),
        (
            EXCLUSIVE,
            "key search --url https://k.example",
            "https://k.example UNKNOWN nobody answers",
        ),
        (
            LISTED,
            "key search --url https://k.example",
            "FATAL Keyserver client failed: endpoint is set as exclusive by the system administrator: only \"https://own.example, hkp://other.example\" can be used",
        ),
    ];
    for (system, words, wanted) in cases {
        assert_eq!(
            told(&layers(system, ""), &unknown, words),
            wanted,
            "{system}: {words}"
        );
    }
}

#[test]
fn a_build_goes_on_without_a_keyserver() {
    let services = Services {
        keyserver: KnownService::Missing("none".to_owned()),
        ..both()
    };
    assert_eq!(told(&layers(PLAIN, ""), &services, "build"), LIBRARY);
}

#[test]
fn what_a_version_does_otherwise_is_told() {
    let port = "Active: c\nRemotes: {c: {URI: 'c.example:8443', System: true, Insecure: true}}";
    let two = "Active: a\nRemotes: {a: {URI: a, Exclusive: true}, b: {URI: b, Exclusive: true}}";
    let cases: [(&str, &str, &str, &[&str]); 14] = [
        (PLAIN, TOKEN, "pull", &[]),
        (
            PLAIN,
            MOVED,
            "pull",
            &["Apptainer: sends your token for old.example to c.example, where c is now"],
        ),
        (
            PLAIN,
            "Remotes: {c: {URI: mine.example}}",
            "pull",
            &[
                "Apptainer before 1.1.6: fails: name collision while syncing: c",
                "Apptainer 1.1.6 and later: uses your own c at mine.example in place of the system's",
            ],
        ),
        (
            EXCLUSIVE,
            "Remotes: {c: {URI: mine.example}}",
            "pull",
            &[
                "Apptainer before 1.1.6: fails: name collision while syncing: c",
                "Apptainer 1.1.6 and later: uses your own c at mine.example in place of the system's, and does not obey its policy",
            ],
        ),
        (
            PLAIN,
            "Active: g\nRemotes: {g: {URI: g.example, System: true}}",
            "pull",
            &["Apptainer: uses the copy of g at g.example that your file still has"],
        ),
        (
            PLAIN,
            "Remotes: {g: {URI: g.example, System: true}}",
            "pull",
            &[],
        ),
        (
            PLAIN,
            "Active: m\nRemotes: {m: {URI: m.example, Exclusive: true}}",
            "pull",
            &["Apptainer: obeys the Exclusive of your own m as if it were policy"],
        ),
        (
            two,
            "",
            "pull",
            &["Apptainer: obeys any of the exclusive remotes, another one at each run"],
        ),
        (
            port,
            "",
            "pull",
            &[
                "Apptainer 1.0: refuses the whole file in which c has the key Insecure",
                "Apptainer 1.1 and later: overlooks the Insecure of c in the system's file, and asks it by https",
                "Apptainer 1.1 and later: can't find the services of c.example:8443: its address has a port",
            ],
        ),
        (
            "built-in",
            "Remotes: {m: {URI: m.example}}",
            "pull",
            &[
                "Apptainer: adds no remote of its own to those of your file, and fails: no default endpoint set",
            ],
        ),
        ("built-in", "", "pull", &[]),
        (
            LISTED,
            "",
            "key search --url https://own.example",
            &[
                "Apptainer: fails also for the keyservers that the policy allows: no keyserver configured",
            ],
        ),
        (
            "Active: c\nRemotes: {c: {URI: c, System: true, Keyservers: [{URI: 'https://a'}, {URI: 'https://b', Skip: true}]}}",
            "",
            "verify",
            &["Apptainer: fails when no keyserver has the key: no keyserver configured"],
        ),
        (
            "Active: c\nRemotes: {c: {URI: c, System: true, Keyservers: [{URI: 'https://A.example', External: true}]}}",
            "Credentials: [{URI: 'https://a.example', Auth: Basic x}]",
            "verify",
            &[
                "Apptainer: compares addresses by their text: your login for https://a.example is not used for https://A.example",
            ],
        ),
    ];
    for (system, user, words, wanted) in cases {
        let layers = layers(system, user);
        let found = differences(
            &layers,
            &layers.merge(),
            &Command::apptainer(),
            &question(words),
        );
        let found: Vec<String> = found
            .iter()
            .map(|found| format!("{}: {}", found.versions, found.text))
            .collect();
        assert_eq!(found, wanted, "{system} {user}: {words}");
    }
}

#[test]
fn the_choice_of_the_environment_is_portolans_alone() {
    let chosen = Layers {
        chosen: Some(RemoteName::found("d")),
        ..layers(PLAIN, "")
    };
    let found = differences(
        &chosen,
        &chosen.merge(),
        &Command::parse("singularity").unwrap(),
        &question("pull"),
    );
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].versions.as_str(), found[0].text.as_str()),
        ("Singularity", "does not know PORTOLAN_REMOTE: it uses c")
    );
}

#[test]
fn singularity_has_versions_of_its_own() {
    let system = "Active: c\nRemotes: {c: {URI: c.example, System: true, Insecure: true}}";
    let layers = layers(system, "Remotes: {c: {URI: mine.example}}");
    let found = differences(
        &layers,
        &layers.merge(),
        &Command::parse("singularity").unwrap(),
        &question("pull"),
    );
    let found: Vec<String> = found
        .iter()
        .map(|found| format!("{}: {}", found.versions, found.text))
        .collect();
    assert_eq!(
        found,
        [
            "Singularity: fails: name collision while syncing: c",
            "Singularity before 3.9: refuses the whole file in which c has the key Insecure",
        ]
    );
}
