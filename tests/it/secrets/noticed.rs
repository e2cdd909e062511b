//! The watch itself: a script that lets a secret out, in each way that there is, is noticed.

use super::marks::{Kind, Known, Secret};
use super::trace::can_trace;
use super::watch::{Watch, in_requests};
use crate::support::reply::Asked;
use crate::support::world::World;

#[test]
fn every_way_out_is_noticed() {
    if !can_trace() {
        return;
    }
    let secret = Secret::new(Kind::Token, "T0kenOfTheScript");
    let closed = "umask 077; mkdir .apptainer; set -C; echo $S >.apptainer/remote.yaml";
    let scripts = [
        ("on standard output", "echo $S"),
        ("on standard error", "echo $S >&2"),
        ("in execve", "/bin/true $S"),
        ("in execve", "X=$S /bin/true"),
        ("in openat", ": >/tmp/$S/x"),
        ("in \"/", "umask 077; set -C; echo $S >elsewhere"),
        (
            "in write on \"/",
            "umask 077; set -C; echo $S >elsewhere; rm elsewhere",
        ),
        (
            "remote.yaml\", 644",
            "umask 022; mkdir .apptainer; set -C; echo $S >.apptainer/remote.yaml",
        ),
        (
            "in write on",
            "umask 022; mkdir .apptainer; set -C; echo $S >.apptainer/remote.yaml; chmod 600 .apptainer/*",
        ),
        (
            "remote.yaml\", 640",
            &format!("{closed}; chmod 640 .apptainer/remote.yaml"),
        ),
        (
            "in write on",
            "umask 077; mkdir .apptainer; set -C; echo $S >.apptainer/docker-config.json",
        ),
        (
            "in write on",
            "mkdir .apptainer; : >.apptainer/remote.yaml; echo $S >.apptainer/remote.yaml",
        ),
        ("", closed),
    ];
    for (noticed, script) in scripts {
        let world = World::new();
        let known = Known::new(&[secret]);
        let watch = Watch {
            world: &world,
            secrets: &known,
            servers: &[],
            authfile: None,
            has_helper: false,
        };
        let script = format!("S={}; {script}; true", secret.text());
        let (run, leaks) = watch.run(&["sh", "-c", &script], &[], "");
        match noticed {
            "" => assert_eq!(leaks, Vec::<String>::new(), "{script}\n{run}"),
            _ => assert!(
                leaks.iter().any(|leak| leak.contains(noticed)),
                "{script}: {leaks:#?}\n{run}"
            ),
        }
    }
}

#[test]
fn a_secret_that_a_wrong_server_hears_is_noticed() {
    let (token, keys) = (
        Secret::new(Kind::Token, "T0kenForOneServer"),
        Secret::new(Kind::Keyserver, "K3ysForAnother"),
    );
    let asked = |target: String, header: (&str, String), body: String| Asked {
        method: "GET".to_owned(),
        target,
        headers: vec![(header.0.to_owned(), header.1)],
        body: body.into_bytes(),
        base: String::new(),
    };
    let authorization = |secret: Secret| ("authorization", format!("Bearer {}", secret.text()));
    let nothing = || ("Accept", "*/*".to_owned());
    for (count, asked) in [
        (
            0,
            asked("/".to_owned(), authorization(token), String::new()),
        ),
        (0, asked("/".to_owned(), nothing(), token.text())),
        (1, asked("/".to_owned(), authorization(keys), String::new())),
        (1, asked("/".to_owned(), nothing(), keys.text())),
        (
            1,
            asked("/".to_owned(), ("Cookie", token.text()), String::new()),
        ),
        (
            1,
            asked(
                format!("/?token={}", token.text()),
                nothing(),
                String::new(),
            ),
        ),
    ] {
        let leaks = in_requests(
            &Known::new(&[token, keys]),
            &[Kind::Token],
            std::slice::from_ref(&asked),
        );
        assert_eq!(leaks.len(), count, "{asked:?}: {leaks:?}");
    }
}
