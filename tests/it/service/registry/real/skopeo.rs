//! What we store opens a real registry to `skopeo`, and what `skopeo` stores is a login to us.

use std::process::Output;

use portolan::secret::{Secret, Stored};
use portolan::service::http::Options;
use portolan::service::registry::certificates;
use portolan::service::registry::login::{TlsPolicy, verify};
use portolan::uri::RegistryUri;

use super::super::{file_of, password, put, store};
use super::tokens::Offline;
use super::{DockerRegistry, are_installed, run, tokens};
use crate::support::authority;
use crate::support::endpoint::{PASSWORD, USER};

const NEEDED: [&str; 2] = ["docker-registry", "skopeo"];

impl DockerRegistry {
    fn skopeo(&self, words: &[&str]) -> Output {
        run(self.directory.path(), "skopeo", words, "")
    }

    /// Pushes an image to `repository` and lists its tags, with the login that tests keep; what went wrong, else.
    fn push_and_list(&self, repository: &str, trust: &str) -> Result<String, String> {
        let file = file_of(&self.store());
        let authfile = file.to_str().unwrap();
        let image = format!("docker://{}/{repository}", self.host());
        let from = format!("dir:{}", self.path("image").display());
        if !self.path("image").exists() {
            self.image();
        }
        let to = format!("{image}:v1");
        let dest_trust = trust.replace("--", "--dest-");
        let pushed = self.skopeo(&[
            "--insecure-policy",
            "copy",
            "--dest-authfile",
            authfile,
            &dest_trust,
            &from,
            &to,
        ]);
        if !pushed.status.success() {
            return Err(String::from_utf8_lossy(&pushed.stderr).into_owned());
        }
        let listed = self.skopeo(&["list-tags", "--authfile", authfile, trust, &image]);
        if !listed.status.success() {
            return Err(String::from_utf8_lossy(&listed.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&listed.stdout)
            .split_whitespace()
            .collect())
    }

    fn expect_tags(&self, repository: &str, trust: &str) {
        let listed = self.push_and_list(repository, trust);
        let wanted = format!(
            r#"{{"Repository":"{}/{repository}","Tags":["v1"]}}"#,
            self.host()
        );
        assert_eq!(listed, Ok(wanted));
    }

    fn trust(&self) -> String {
        format!("--cert-dir={}", self.certificates().display())
    }
}

#[test]
fn a_real_registry_proves_a_password_and_skopeo_uses_it() {
    if !are_installed(&NEEDED) {
        return;
    }
    for tls in [false, true] {
        let registry = DockerRegistry::with_password(tls);
        let uri = registry.log_in("");
        assert_eq!(
            registry.store().get(&uri.storage_key()).unwrap(),
            Some(password())
        );
        let trust = if tls {
            registry.trust()
        } else {
            "--tls-verify=false".to_owned()
        };
        registry.expect_tags("team/image", &trust);

        let scheme = if tls { "https" } else { "http" };
        let error = registry.verify(&uri, "wrong").unwrap_err().to_string();
        let wanted = format!(
            "login attempt to {scheme}://{}/v2/ failed with status: 401 Unauthorized",
            registry.host()
        );
        assert_eq!(error, wanted);
        put(&registry.store(), &uri.storage_key(), None);
        assert!(registry.push_and_list("team/image", &trust).is_err());
    }
}

#[test]
fn a_real_registry_behind_a_token_service_proves_a_password_and_skopeo_uses_it() {
    if !are_installed(&NEEDED) {
        return;
    }
    let service = tokens::service(Offline::Never);
    let registry = DockerRegistry::with_token(&service.url("/token"));
    let uri = registry.log_in("");
    assert_eq!(
        registry.store().get(&uri.storage_key()).unwrap(),
        Some(password())
    );
    let error = registry.verify(&uri, "wrong").unwrap_err().to_string();
    let host = registry.host();
    assert_eq!(
        error,
        format!("Get \"https://{host}/v2/\": unauthorized: incorrect username or password")
    );
    registry.expect_tags("team/image", &registry.trust());
}

#[test]
fn skopeo_uses_the_refresh_token_that_took_the_passwords_place() {
    if !are_installed(&NEEDED) {
        return;
    }
    let service = tokens::service(Offline::OnRequest);
    let registry = DockerRegistry::with_token(&service.url("/token"));
    let uri = registry.log_in("");
    let token = Stored::IdentityToken {
        user: USER.into(),
        token: Secret::new(tokens::REFRESH),
    };
    assert_eq!(
        registry.store().get(&uri.storage_key()).unwrap(),
        Some(token)
    );
    let file = std::fs::read_to_string(registry.path("docker-config.json")).unwrap();
    assert!(!file.contains("aWFuOnBhNTU6"), "the password is not kept");
    registry.expect_tags("team/image", &registry.trust());
    assert!(service.asked().iter().any(|asked| asked.method == "POST"));
}

#[test]
fn a_real_registrys_certificate_is_checked_by_its_own_directory() {
    if !are_installed(&NEEDED) {
        return;
    }
    let registry = DockerRegistry::with_password(true);
    let uri = RegistryUri::parse(&format!("docker://{}", registry.host())).unwrap();
    let nobody = Options::default();
    let log_in = |options: &Options, tls_policy| {
        verify(options, tls_policy, &uri, USER, &Secret::new(PASSWORD))
            .map(|accepted| accepted.stored)
    };
    let error = log_in(&nobody, TlsPolicy::Verify).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "Get \"https://{}/v2/\": certificate signed by unknown authority",
            registry.host()
        )
    );
    assert_eq!(log_in(&nobody, TlsPolicy::AllowInsecure), Ok(password()));

    let directory = registry.path("certs.d").join(registry.host());
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("ca.crt"), authority::shared().pem()).unwrap();
    let options = certificates::apply(nobody, &[registry.path("certs.d")], &uri).unwrap();
    assert_eq!(log_in(&options, TlsPolicy::Verify), Ok(password()));
}

#[test]
fn accounts_of_one_host_are_told_apart_by_path() {
    if !are_installed(&NEEDED) {
        return;
    }
    let registry = DockerRegistry::with_password(false);
    let uri = registry.log_in("/team");
    assert_eq!(uri.storage_key(), format!("{}/team", registry.host()));
    registry.expect_tags("team/image", "--tls-verify=false");
    assert!(
        registry
            .push_and_list("other/image", "--tls-verify=false")
            .is_err()
    );
}

#[test]
fn what_skopeo_stored_is_a_login() {
    if !are_installed(&NEEDED) {
        return;
    }
    let registry = DockerRegistry::with_password(false);
    let (host, store) = (registry.host(), registry.store());
    let file = file_of(&store);
    let authfile = file.to_str().unwrap();
    let words = [
        "login",
        "--authfile",
        authfile,
        "--tls-verify=false",
        "-u",
        USER,
        "--password-stdin",
        &host,
    ];
    let done = run(registry.directory.path(), "skopeo", &words, PASSWORD);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );

    let key = RegistryUri::parse(&format!("docker://{host}"))
        .unwrap()
        .storage_key();
    assert!(store.read().unwrap().file.holds(&key));
    assert_eq!(store.get(&key).unwrap(), Some(password()));
    registry.log_in("");
    put(&store, &key, None);
    assert!(
        !registry
            .skopeo(&["login", "--get-login", "--authfile", authfile, &host])
            .status
            .success()
    );
}

/// The user as whom `skopeo` knows a registry by the file that `kept` wrote.
fn known_to_skopeo(logins: &[&str], asked: &str) -> Option<String> {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("docker-config.json");
    for typed in logins {
        let key = RegistryUri::parse(typed).unwrap().storage_key();
        put(&store(&file), &key, Some(&password()));
    }
    let words = [
        "login",
        "--get-login",
        "--authfile",
        file.to_str().unwrap(),
        asked,
    ];
    let done = run(home.path(), "skopeo", &words, "");
    done.status
        .success()
        .then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

#[test]
fn skopeo_knows_docker_hub_by_its_key_whatever_of_its_names_was_typed() {
    if !are_installed(&["skopeo"]) {
        return;
    }
    for typed in [
        "docker://docker.io",
        "oras://index.docker.io",
        "docker://registry-1.docker.io",
    ] {
        assert_eq!(
            known_to_skopeo(&[typed], "docker.io").as_deref(),
            Some(USER),
            "{typed}"
        );
    }
    assert_eq!(
        known_to_skopeo(&["docker://docker.io/team"], "docker.io/team").as_deref(),
        Some(USER)
    );
    assert_eq!(
        known_to_skopeo(&["docker://docker.io/team"], "docker.io/other"),
        None
    );
    assert_eq!(
        known_to_skopeo(&["oras://quay.example.com:5000"], "quay.example.com:5000").as_deref(),
        Some(USER)
    );
}
