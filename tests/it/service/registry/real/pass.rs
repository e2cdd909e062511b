//! A real credential helper: `docker-credential-pass`, which keeps secrets in `pass`, encrypted by GnuPG.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portolan::credentials::helper::{Helper, HelperEnvironment, HelperName};
use portolan::secret::{Secret, Stored};
use tempfile::TempDir;

use super::super::password;
use super::are_installed;

/// A password store with a key of its own; GnuPG's daemons end when it is dropped.
struct PasswordStore {
    directory: TempDir,
}

impl PasswordStore {
    fn new() -> Self {
        // Short: the name of a socket below it may have 107 bytes.
        let directory = tempfile::Builder::new()
            .prefix("pass-")
            .tempdir_in("/tmp")
            .unwrap();
        let store = Self { directory };
        fs::create_dir(store.gnupg()).unwrap();
        fs::set_permissions(store.gnupg(), fs::Permissions::from_mode(0o700)).unwrap();
        let key = "portolan tests <tests@example.com>";
        store.run(
            "gpg",
            &[
                "--batch",
                "--passphrase",
                "",
                "--quick-generate-key",
                key,
                "future-default",
                "default",
                "never",
            ],
        );
        store.run("pass", &["init", "tests@example.com"]);
        store
    }

    fn gnupg(&self) -> PathBuf {
        self.directory.path().join("gnupg")
    }

    /// The variables by which all of them find it.
    fn environment(&self) -> HelperEnvironment {
        with_variables(&[
            ("HOME", self.directory.path()),
            ("GNUPGHOME", &self.gnupg()),
            ("PASSWORD_STORE_DIR", &self.directory.path().join("store")),
        ])
    }

    fn run(&self, program: &str, words: &[&str]) {
        let mut command = Command::new(program);
        command.args(words).envs(
            self.environment()
                .changes
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let done = command.stdin(Stdio::null()).output().unwrap();
        assert!(
            done.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

/// The programs of this machine, with these variables.
fn with_variables(variables: &[(&str, &Path)]) -> HelperEnvironment {
    let changes = variables
        .iter()
        .map(|(name, value)| (name.into(), Some(value.into())));
    HelperEnvironment {
        path: std::env::var_os("PATH").unwrap(),
        changes: changes.collect(),
        at_terminal: false,
    }
}

impl Drop for PasswordStore {
    fn drop(&mut self) {
        let ended = Command::new("gpgconf")
            .args(["--kill", "all"])
            .env("GNUPGHOME", self.gnupg())
            .status();
        let _ = ended;
    }
}

#[test]
fn a_real_helper_keeps_says_and_forgets_a_login() {
    if !are_installed(&["docker-credential-pass", "pass", "gpg"]) {
        return;
    }
    let store = PasswordStore::new();
    let helper = Helper::new(HelperName::parse("pass").unwrap(), store.environment());
    assert_eq!(helper.get("localhost:5000/team"), Ok(None));
    let token = Stored::IdentityToken {
        user: String::new(),
        token: Secret::new("refresh"),
    };
    helper.store("localhost:5000/team", &password()).unwrap();
    helper.store("https://index.docker.io/v1/", &token).unwrap();
    assert_eq!(helper.get("localhost:5000/team"), Ok(Some(password())));
    assert_eq!(helper.get("https://index.docker.io/v1/"), Ok(Some(token)));
    let listed: Vec<_> = helper.list().unwrap().into_iter().collect();
    let wanted = [
        ("https://index.docker.io/v1/", "<token>"),
        ("localhost:5000/team", "ian"),
    ];
    assert_eq!(
        listed,
        wanted.map(|(server, user)| (server.to_owned(), user.to_owned()))
    );
    helper.erase("localhost:5000/team").unwrap();
    assert_eq!(helper.get("localhost:5000/team"), Ok(None));
    assert_eq!(
        helper.erase("localhost:5000/team"),
        Ok(()),
        "it is forgotten already"
    );
}

#[test]
fn a_real_helper_that_was_never_set_up_is_told_and_nothing_is_stored() {
    if !are_installed(&["docker-credential-pass", "pass"]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let environment = with_variables(
        &["HOME", "GNUPGHOME", "PASSWORD_STORE_DIR"].map(|name| (name, directory.path())),
    );
    let helper = Helper::new(HelperName::parse("pass").unwrap(), environment);
    let error = helper.store("h", &password()).unwrap_err().to_string();
    assert!(
        error.starts_with("error storing credentials - err: exit status 1, out: `"),
        "{error}"
    );
}
