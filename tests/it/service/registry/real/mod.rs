//! Logins against real programs: Debian's `docker-registry`, `skopeo`, and `docker-credential-pass`.
//!
//! A test whose programs are not installed is skipped with a line that says so; `PORTOLAN_TEST_REAL=1` makes that a failure.

mod pass;
mod skopeo;
mod tokens;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::{fs, thread};

use portolan::credentials::CredentialStore;
use portolan::secret::{Secret, Stored};
use portolan::service::registry::login::{LoginError, TlsPolicy, verify};
use portolan::uri::RegistryUri;
use tempfile::TempDir;

use super::super::options;
use super::{put, store};
use crate::support::authority;
use crate::support::authority::Leaf;
use crate::support::endpoint::{PASSWORD, USER};
use crate::support::world::skip;

/// `htpasswd -Bbn` for the tests' user and password.
const HTPASSWD: &str = "ian:$2y$05$pFHydklFxQBwwLmQ0R9N7u/eruGIBVPdGP6TBWuhnX35Hx4QXNnLG\n";

/// The smallest image that there is, as `skopeo` copies it from a directory: its configuration, and that one's digest.
const IMAGE: &str =
    r#"{"architecture":"amd64","config":{},"os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
const IMAGE_DIGEST: &str = "7de68661d104d29da61b8707b27f3ea0f6b0ec900fe1a1cb452f850011637945";

/// Whether these programs are on PATH; says so when one isn't.
fn are_installed(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &&&str| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    };
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| !is_there(program))
        .copied()
        .collect();
    if !missing.is_empty() {
        skip(&format!("{} is not installed", missing.join(", ")));
    }
    missing.is_empty()
}

/// A running `docker-registry`; it stops when it is dropped.
struct DockerRegistry {
    process: Child,
    port: u16,
    /// Its directory, in which tests keep their own files too.
    directory: TempDir,
}

impl DockerRegistry {
    /// One that asks for the password itself.
    fn with_password(tls: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let passwords = directory.path().join("htpasswd");
        fs::write(&passwords, HTPASSWD).unwrap();
        let auth = format!("htpasswd: {{realm: test, path: {}}}", passwords.display());
        Self::start(directory, &auth, tls)
    }

    /// One that wants a token of the service at `realm`, signed with a certificate of the shared authority.
    fn with_token(realm: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let bundle = directory.path().join("issuer.pem");
        fs::write(&bundle, authority::shared().pem()).unwrap();
        let auth = format!(
            "token: {{realm: \"{realm}\", service: {}, issuer: {}, rootcertbundle: {}}}",
            tokens::SERVICE,
            tokens::ISSUER,
            bundle.display()
        );
        Self::start(directory, &auth, true)
    }

    fn start(directory: TempDir, auth: &str, tls: bool) -> Self {
        let file = |name: &str| directory.path().join(name);
        let mut http = "addr: \"127.0.0.1:0\", secret: x".to_owned();
        if tls {
            let own = authority::shared().issue(Leaf::Good);
            fs::write(file("server.pem"), own.certificate).unwrap();
            fs::write(file("server.key"), own.key).unwrap();
            http.push_str(&format!(
                ", tls: {{certificate: {}, key: {}}}",
                file("server.pem").display(),
                file("server.key").display()
            ));
        }
        let data = file("data");
        let text = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{{http}}}\nauth: {{{auth}}}\n",
            data.display()
        );
        fs::write(file("config.yml"), text).unwrap();
        let mut command = Command::new("docker-registry");
        command
            .arg("serve")
            .arg(file("config.yml"))
            .env("OTEL_TRACES_EXPORTER", "none");
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let mut said = Vec::new();
        let port = lines.by_ref().find_map(|line| {
            let port = line
                .split_once("listening on 127.0.0.1:")
                .map(|(_, rest)| rest.to_owned());
            said.push(line);
            port?
                .split(|character: char| !character.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        });
        // It goes on talking, and stops when nobody listens.
        thread::spawn(move || lines.for_each(drop));
        let port =
            port.unwrap_or_else(|| panic!("docker-registry does not start: {}", said.join("\n")));
        Self {
            process,
            port,
            directory,
        }
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The login that tests keep in its directory.
    fn store(&self) -> CredentialStore {
        store(&self.path("docker-config.json"))
    }

    fn verify(&self, uri: &RegistryUri, password: &str) -> Result<Stored, LoginError> {
        verify(
            &options(),
            TlsPolicy::Verify,
            uri,
            USER,
            &Secret::new(password),
        )
        .map(|accepted| accepted.stored)
    }

    /// Logs in as a command does: proven, then kept.
    fn log_in(&self, path: &str) -> RegistryUri {
        let uri = RegistryUri::parse(&format!("docker://{}{path}", self.host())).unwrap();
        let stored = self.verify(&uri, PASSWORD).unwrap();
        put(&self.store(), &uri.storage_key(), Some(&stored));
        uri
    }

    /// A directory that `skopeo` copies an image from.
    fn image(&self) -> PathBuf {
        let directory = self.path("image");
        fs::create_dir(&directory).unwrap();
        fs::write(
            directory.join("version"),
            "Directory Transport Version: 1.1\n",
        )
        .unwrap();
        fs::write(directory.join(IMAGE_DIGEST), IMAGE).unwrap();
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":{},"digest":"sha256:{IMAGE_DIGEST}"}},"layers":[]}}"#,
            IMAGE.len()
        );
        fs::write(directory.join("manifest.json"), manifest).unwrap();
        directory
    }

    /// The directory by which `skopeo` trusts the tests' authority.
    fn certificates(&self) -> PathBuf {
        let directory = self.path("certificates");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("ca.crt"), authority::shared().pem()).unwrap();
        directory
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a program in a home of its own, and says what it wrote.
fn run(home: &Path, program: &str, words: &[&str], input: &str) -> Output {
    let mut command = Command::new(program);
    command
        .args(words)
        .env("HOME", home)
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("REGISTRY_AUTH_FILE");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    child.wait_with_output().unwrap()
}
