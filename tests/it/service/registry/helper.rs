//! Credential helpers: what they are asked, what they say, and the many ways in which they fail.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use portolan::credentials::helper::{Helper, HelperEnvironment, HelperFault, HelperName};
use portolan::secret::{Secret, Stored};
use tempfile::TempDir;

/// A directory with one helper, named after what it does.
pub(super) struct Bench {
    pub(super) directory: TempDir,
    name: &'static str,
}

impl Bench {
    pub(super) fn new(name: &'static str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/docker-credential-script");
        symlink(
            script,
            directory.path().join(format!("docker-credential-{name}")),
        )
        .unwrap();
        Self { directory, name }
    }

    pub(super) fn environment(&self) -> HelperEnvironment {
        let directory = self.directory.path();
        HelperEnvironment {
            path: directory.into(),
            changes: vec![
                ("HELPER_DIRECTORY".into(), Some(directory.into())),
                ("CARGO_MANIFEST_DIR".into(), None),
            ],
            at_terminal: false,
        }
    }

    pub(super) fn helper(&self) -> Helper {
        Helper::new(HelperName::parse(self.name).unwrap(), self.environment())
    }

    pub(super) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap()
    }
}

pub(super) fn password(password: &str) -> Stored {
    Stored::Password {
        user: "ian".into(),
        password: Secret::new(password),
    }
}

fn token() -> Stored {
    Stored::IdentityToken {
        user: String::new(),
        token: Secret::new("refresh"),
    }
}

#[test]
fn what_cannot_be_executed_is_no_helper() {
    let bench = Bench::new("keeps");
    let helper = Helper::new(HelperName::parse("dull").unwrap(), bench.environment());
    let program = bench.directory.path().join("docker-credential-dull");
    let missing = Err(HelperFault::Missing("docker-credential-dull".to_owned()));
    fs::write(&program, "#!/bin/sh\n").unwrap();
    assert_eq!(
        helper.get("h").map_err(|error| error.fault),
        missing,
        "no one may execute it"
    );
    fs::remove_file(&program).unwrap();
    fs::create_dir(&program).unwrap();
    assert_eq!(
        helper.get("h").map_err(|error| error.fault),
        missing,
        "a directory"
    );
}

#[test]
fn a_helper_keeps_says_and_forgets_a_login() {
    let bench = Bench::new("keeps");
    let helper = bench.helper();
    assert_eq!(helper.get("h"), Ok(None));
    for stored in [password("pa55:\"word\"/é"), token()] {
        helper.store("h", &stored).unwrap();
        assert_eq!(
            (helper.get("h"), helper.get("other")),
            (Ok(Some(stored)), Ok(None))
        );
    }
    assert_eq!(
        helper.list().unwrap().into_iter().collect::<Vec<_>>(),
        [("h".to_owned(), "ian".to_owned())]
    );
    helper.erase("h").unwrap();
    assert_eq!(helper.get("h"), Ok(None));
    assert_eq!(
        helper.erase("h"),
        Ok(()),
        "what it does not have is forgotten already"
    );
}

#[test]
fn a_helper_gets_the_secret_on_standard_input_alone() {
    let bench = Bench::new("keeps");
    bench
        .helper()
        .store("h/team", &password("pa55word"))
        .unwrap();
    assert_eq!(
        bench.file("secret"),
        r#"{"ServerURL":"h/team","Username":"ian","Secret":"pa55word"}"#
    );
    assert_eq!(bench.file("arguments"), "store\n");
    let environment = bench.file("environment");
    assert!(!environment.contains("pa55word") && environment.contains("HELPER_DIRECTORY="));
    assert!(
        !environment.contains("CARGO_MANIFEST_DIR="),
        "a variable that it must not see"
    );
}

#[test]
fn a_helper_may_say_a_token_or_nothing() {
    assert_eq!(Bench::new("token").helper().get("h"), Ok(Some(token())));
    let empty = Bench::new("empty");
    assert_eq!(
        (empty.helper().get("h"), empty.helper().list()),
        (Ok(None), Ok(Default::default()))
    );
}

#[test]
fn a_helpers_own_words_are_shown() {
    let told = |name, stored: &Stored| {
        Bench::new(name)
            .helper()
            .store("h", stored)
            .unwrap_err()
            .to_string()
    };
    let stored = password("pa55\"word");
    assert_eq!(
        told("refuses", &stored),
        "error storing credentials - err: exit status 1, out: `keyring is locked`"
    );
    assert_eq!(
        told("complains", &stored),
        "error storing credentials - err: exit status 3, out: `no keyring at all`"
    );
    assert_eq!(
        told("echoes", &stored),
        "error storing credentials - err: exit status 1, out: `(not shown: it repeats the secret)`"
    );
    assert_eq!(
        told("dies", &stored),
        "error storing credentials - err: ended by signal 9, out: ``"
    );
    let bench = Bench::new("refuses");
    let refuses = bench.helper();
    assert_eq!(
        refuses.get("h").unwrap_err().to_string(),
        "error getting credentials - err: exit status 1, out: `keyring is locked`"
    );
    assert_eq!(
        refuses.erase("h").unwrap_err().to_string(),
        "error erasing credentials - err: exit status 1, out: `keyring is locked`"
    );
    assert_eq!(
        refuses.list().unwrap_err().to_string(),
        "error listing credentials - err: exit status 1, out: `keyring is locked`"
    );
}

#[test]
fn what_is_no_answer_of_the_protocol_is_not_repeated() {
    let bench = Bench::new("babbles");
    let helper = bench.helper();
    let words = "err: not an answer of the protocol of credential helpers, out: ``";
    assert_eq!(
        helper.get("h").unwrap_err().to_string(),
        format!("error getting credentials - {words}")
    );
    assert_eq!(
        helper.list().unwrap_err().to_string(),
        format!("error listing credentials - {words}")
    );
}

#[test]
fn a_helper_that_does_not_end_is_ended() {
    let began = Instant::now();
    let limit = Duration::from_millis(200);
    let bench = Bench::new("hangs");
    let error = Helper {
        limit,
        ..bench.helper()
    }
    .get("h")
    .unwrap_err();
    assert_eq!(error.fault, HelperFault::TimedOut(limit));
    assert_eq!(
        error.to_string(),
        "error getting credentials - err: not done after 0.2 s, out: ``"
    );
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_helper_that_is_ended_takes_its_children_along() {
    let bench = Bench::new("waits");
    let helper = Helper {
        limit: Duration::from_millis(500),
        ..bench.helper()
    };
    assert!(matches!(
        helper.get("h").unwrap_err().fault,
        HelperFault::TimedOut(_)
    ));
    let child = format!("/proc/{}/stat", bench.file("child").trim());
    let is_over = || {
        let state = fs::read_to_string(&child).unwrap_or_default();
        // Nobody may have taken note of its end yet.
        state.is_empty() || state.contains(") Z ")
    };
    let end = Instant::now() + Duration::from_secs(10);
    while !is_over() {
        assert!(Instant::now() < end, "its child lives");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_helper_is_looked_for_in_absolute_directories_alone() {
    let bench = Bench::new("keeps");
    let here = std::env::current_dir().unwrap();
    let up = "../".repeat(here.components().count());
    let relative = format!("{up}{}", bench.directory.path().display());
    assert!(fs::exists(Path::new(&relative).join("docker-credential-keeps")).unwrap());
    let find = |path: String| {
        let environment = HelperEnvironment {
            path: path.into(),
            ..HelperEnvironment::default()
        };
        let name = HelperName::parse("keeps").unwrap();
        name.find(&environment)
    };
    for path in ["", ".", ":", &relative] {
        assert_eq!(find(path.to_owned()), None, "{path}");
    }
    let directory = bench.directory.path();
    let found = directory.join("docker-credential-keeps");
    for path in [
        format!("{relative}:{}", directory.display()),
        format!("/nowhere::{}", directory.display()),
    ] {
        assert_eq!(find(path), Some(found.clone()));
    }
}

#[test]
fn a_helper_that_leaves_something_behind_is_not_waited_for() {
    let began = Instant::now();
    let bench = Bench::new("leaves");
    assert_eq!(bench.helper().get("h"), Ok(Some(password("pa55word"))));
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_helper_that_says_more_than_any_secret_is_stopped() {
    let bench = Bench::new("endless");
    let error = bench.helper().get("h").unwrap_err();
    assert!(
        matches!(error.fault, HelperFault::Signal(_) | HelperFault::Exit(_)),
        "{:?}",
        error.fault
    );
    assert!(error.said.len() <= 2000);
}

#[test]
fn a_helper_that_does_not_listen_does_no_harm() {
    let bench = Bench::new("deaf");
    assert_eq!(
        bench
            .helper()
            .store("h", &password(&"x".repeat(1024 * 1024))),
        Ok(())
    );
}
