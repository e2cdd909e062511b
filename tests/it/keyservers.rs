//! Keyservers as an administrator orders them and a user logs in to them.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::authority;
use crate::support::endpoint::{PASSWORD, USER, good, keyserver};
use crate::support::server::Server;
use crate::support::world::{World, is_root, skip};

const STORED: &str = "INFO:    Token stored in $HOME/.apptainer/remote.yaml\n";

/// A system with this keyserver for all users, insecure or not.
pub(crate) fn configured(uri: &str, insecure: bool) -> World {
    let mut world = World::new();
    world.trust(authority::shared());
    world.write_system(format!(
        "Active: DefaultRemote\nRemotes:\n  DefaultRemote:\n    URI: cloud.apptainer.org\n    System: true\n    \
         Exclusive: false\n    Keyservers:\n    - URI: https://keys.openpgp.org\n      Skip: false\n      External: false\n      \
         Insecure: false\n    - URI: {uri}\n      Skip: false\n      External: true\n      Insecure: {insecure}\n"
    ));
    world
}

#[test]
fn keyservers_are_added_ordered_skipped_and_put_back() {
    let world = World::new();
    assert_data_eq!(
        world.session(&[
            "remote add-keyserver https://a.example.com",
            "remote add-keyserver --order 1 B.example.com:443/",
            "remote remove-keyserver https://keys.openpgp.org/",
            "remote add-keyserver --insecure -o 2 hkp://c.example.com:11371",
            "remote list",
            "remote add-keyserver --order 1 hkps://keys.openpgp.org",
            "keyserver list",
            "keyserver remove https://a.example.com:443",
            "keyserver add -i http://d.example.com",
        ]),
        str![[r#"
$ portolan remote add-keyserver https://a.example.com
------- stderr -------
INFO:    Keyserver "https://a.example.com" added at order 2.
$ portolan remote add-keyserver --order 1 B.example.com:443/
------- stderr -------
INFO:    Keyserver "https://b.example.com" added at order 1.
$ portolan remote remove-keyserver https://keys.openpgp.org/
------- stderr -------
INFO:    Keyserver "https://keys.openpgp.org" removed.
$ portolan remote add-keyserver --insecure -o 2 hkp://c.example.com:11371
------- stderr -------
INFO:    Keyserver "hkp://c.example.com" added at order 2.
$ portolan remote list
Cloud Services Endpoints
========================

NAME           URI                  ACTIVE  GLOBAL  EXCLUSIVE
DefaultRemote  cloud.apptainer.org  YES     YES     NO

Keyservers
==========

URI                    GLOBAL  INSECURE  ORDER
https://b.example.com  YES     NO        1
hkp://c.example.com    YES     YES       2
https://a.example.com  YES     NO        3

* Active cloud services keyserver
$ portolan remote add-keyserver --order 1 hkps://keys.openpgp.org
------- stderr -------
INFO:    Keyserver "hkps://keys.openpgp.org" added at order 1.
$ portolan keyserver list

DefaultRemote *^
   #1  https://keys.openpgp.org  🔒
   #2  https://b.example.com     🔒
   #3  hkp://c.example.com       
   #4  https://a.example.com     🔒

(* = system endpoint, ^ = default endpoint)
$ portolan keyserver remove https://a.example.com:443
------- stderr -------
INFO:    Keyserver "https://a.example.com" removed.
$ portolan keyserver add -i http://d.example.com
------- stderr -------
INFO:    Keyserver "http://d.example.com" added at order 4.
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.system_file()),
        str![[r#"
644
Active: DefaultRemote
Remotes:
  DefaultRemote:
    URI: cloud.apptainer.org
    System: true
    Exclusive: false
    Keyservers:
    - URI: https://keys.openpgp.org
      Skip: false
      External: false
      Insecure: false
    - URI: https://b.example.com
      Skip: false
      External: true
      Insecure: false
    - URI: hkp://c.example.com
      Skip: false
      External: true
      Insecure: true
    - URI: http://d.example.com
      Skip: false
      External: true
      Insecure: true
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn what_cannot_be_ordered_is_refused_and_changes_nothing() {
    let world = World::shipped();
    let before = world.file(&world.system_file());
    assert_data_eq!(
        world.session(&[
            "remote add-keyserver --order 0 https://a.example.com",
            "remote add-keyserver --order 3 https://a.example.com",
            "remote add-keyserver --order 4294967296 https://a.example.com",
            "remote add-keyserver --order x https://a.example.com",
            "remote add-keyserver gone https://a.example.com",
            "remote add-keyserver https://keys.openpgp.org:443",
            "remote add-keyserver http://a.example.com",
            "remote add-keyserver ftp://a.example.com",
            "remote add-keyserver https://ian:secret@a.example.com",
            "remote add-keyserver ",
            "remote remove-keyserver https://keys.openpgp.org",
            "remote remove-keyserver https://a.example.com",
            "remote add-keyserver",
            "remote remove-keyserver a b c",
        ]),
        str![[r#"
$ portolan remote add-keyserver --order 0 https://a.example.com
------- stderr -------
FATAL:   order must be > 0
[exit status: 255]
$ portolan remote add-keyserver --order 3 https://a.example.com
------- stderr -------
FATAL:   order is out of range: maximum is 2
[exit status: 255]
$ portolan remote add-keyserver --order 4294967296 https://a.example.com
------- stderr -------
Error for command "add-keyserver": invalid value '4294967296' for '--order <N>': it is a number from 1

Usage: portolan remote add-keyserver [OPTIONS] [REMOTE] <URI>

For more information, try '--help'.
[exit status: 1]
$ portolan remote add-keyserver --order x https://a.example.com
------- stderr -------
Error for command "add-keyserver": invalid value 'x' for '--order <N>': it is a number from 1

Usage: portolan remote add-keyserver [OPTIONS] [REMOTE] <URI>

For more information, try '--help'.
[exit status: 1]
$ portolan remote add-keyserver gone https://a.example.com
------- stderr -------
FATAL:   no endpoint found: gone is not a remote
[exit status: 255]
$ portolan remote add-keyserver https://keys.openpgp.org:443
------- stderr -------
FATAL:   https://keys.openpgp.org is already configured
[exit status: 255]
$ portolan remote add-keyserver http://a.example.com
------- stderr -------
FATAL:   http URI requires --insecure
         What is looked up there can be read and changed on the way. hkps:// or https:// are safe.
[exit status: 255]
$ portolan remote add-keyserver ftp://a.example.com
------- stderr -------
FATAL:   invalid URI: a keyserver is reached by https, http, hkps or hkp, not ftp
[exit status: 255]
$ portolan remote add-keyserver https://ian:secret@a.example.com
------- stderr -------
FATAL:   invalid URI: a user name can't stand in a keyserver's address; log in to it instead
[exit status: 255]
$ portolan remote add-keyserver 
------- stderr -------
FATAL:   invalid URI: cannot have empty URI
[exit status: 255]
$ portolan remote remove-keyserver https://keys.openpgp.org
------- stderr -------
FATAL:   the primary keyserver https://keys.openpgp.org can't be removed
[exit status: 255]
$ portolan remote remove-keyserver https://a.example.com
------- stderr -------
FATAL:   keyserver https://a.example.com is not configured
[exit status: 255]
$ portolan remote add-keyserver
------- stderr -------
Error for command "add-keyserver": the following required arguments were not provided:
  <URI>

Usage: portolan remote add-keyserver [REMOTE] <URI>

For more information, try '--help'.
[exit status: 1]
$ portolan remote remove-keyserver a b c
------- stderr -------
Error for command "remove-keyserver": unexpected argument 'c' found

Usage: portolan remote remove-keyserver [OPTIONS] [REMOTE] <URI>

For more information, try '--help'.
[exit status: 1]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.file(&world.system_file()), before);
}

#[test]
fn an_endpoint_that_does_not_tell_its_own_keyserver_is_left_alone() {
    let world = World::shipped();
    assert_eq!(
        world
            .run(&["remote", "add", "--global", "company", "localhost:1"])
            .code,
        Some(0)
    );
    let before = world.file(&world.system_file());
    let added = world.run(&[
        "remote",
        "add-keyserver",
        "company",
        "https://a.example.com",
    ]);
    assert_eq!(added.code, Some(255));
    assert!(
        added
            .stderr
            .starts_with("FATAL:   error making request to server: Get \"https://localhost:1/"),
        "{added}"
    );
    assert_eq!(world.file(&world.system_file()), before);
}

#[test]
fn users_cannot_change_what_everybody_asks() {
    if !is_root() {
        return skip("only root can be somebody else");
    }
    let mut world = World::shipped();
    world.as_ordinary_user();
    assert_data_eq!(
        world.session(&[
            "remote add-keyserver https://a.example.com",
            "remote remove-keyserver https://a.example.com"
        ]),
        str![[r#"
$ portolan remote add-keyserver https://a.example.com
------- stderr -------
FATAL:   Unable to modify keyserver configuration: not root user
[exit status: 255]
$ portolan remote remove-keyserver https://a.example.com
------- stderr -------
FATAL:   Unable to modify keyserver configuration: not root user
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_login_is_proven_and_stored_as_apptainer_looks_it_up() {
    let server = Server::https(keyserver);
    let uri = server.url("");
    let world = configured(&uri, false);
    let login = |words: &[&str], secret: &str| {
        world.run_with_input(&[&["remote", "login"], words].concat(), secret)
    };
    let wrong = login(&["--username", USER, "--password-stdin", &uri], "wrong");
    let refusal =
        format!("FATAL:   while login to {uri}: error response from server: 401 Unauthorized\n");
    assert_eq!((wrong.stderr, wrong.code), (refusal, Some(255)));
    assert_eq!(world.file(&world.user_file()), "absent\n");

    // However it is written, what is stored is the address of the list.
    let (bare, other) = (
        server.host(),
        format!("HTTPS://LOCALHOST:{}/", server.port()),
    );
    for word in [&uri, &bare, &other] {
        assert_eq!(
            login(&["--username", USER, "--password-stdin", word], PASSWORD).stderr,
            STORED,
            "{word}"
        );
        let stored = format!(
            "600\nActive: \"\"\nRemotes: {{}}\nCredentials:\n- URI: {uri}\n  Auth: Basic aWFuOnBhNTU6d29yZC/DqQ==\n  Insecure: false\n[EOF]\n"
        );
        assert_eq!(world.file(&world.user_file()), stored, "{word}");
    }
    // Without a user the secret is a token.
    assert_eq!(login(&[&uri], &good()).stderr, STORED);
    assert!(
        world
            .file(&world.user_file())
            .contains(&format!("  Auth: Bearer {}\n", good()))
    );
    assert_eq!(
        world.run(&["keyserver", "logout", &uri]).stderr,
        "INFO:    Logout succeeded\n"
    );
    assert!(!world.file(&world.user_file()).contains("Credentials"));
}

#[test]
fn a_user_and_a_password_may_come_from_variables_old_ones_too() {
    let server = Server::https(keyserver);
    let uri = server.url("");
    let mut world = configured(&uri, false);
    world.set("APPTAINER_LOGIN_USERNAME", USER);
    world.set("APPTAINER_LOGIN_PASSWORD", PASSWORD);
    assert_eq!(world.run(&["keyserver", "login", &uri]).stderr, STORED);
    let mut world = configured(&uri, false);
    world.set("SINGULARITY_LOGIN_USERNAME", USER);
    world.set("SINGULARITY_LOGIN_PASSWORD", PASSWORD);
    assert_data_eq!(world.run(&["remote", "login", &uri]).stderr, str![[r#"
WARNING: DEPRECATED USAGE: Environment variable SINGULARITY_LOGIN_PASSWORD will not be supported in the future, use APPTAINER_LOGIN_PASSWORD instead
WARNING: DEPRECATED USAGE: Environment variable SINGULARITY_LOGIN_USERNAME will not be supported in the future, use APPTAINER_LOGIN_USERNAME instead
INFO:    Token stored in $HOME/.apptainer/remote.yaml

"#]].raw());
}

#[test]
fn a_password_on_the_command_line_works_with_a_warning_and_is_shown_nowhere() {
    let server = Server::https(keyserver);
    let uri = server.url("");
    let world = configured(&uri, false);
    let login = world.run(&["-d", "remote", "login", "-u", USER, "-p", PASSWORD, &uri]);
    assert_eq!(login.code, Some(0), "{login}");
    assert!(
        login
            .stderr
            .contains("can be seen by other users of this machine"),
        "{login}"
    );
    assert!(
        !login.stderr.contains(PASSWORD) && !login.stderr.contains("aWFuOnBhNTU6"),
        "{login}"
    );
}

#[test]
fn a_keyserver_without_tls_is_known_by_both_of_its_schemes() {
    let server = Server::http(keyserver);
    let world = configured(&server.url(""), true);
    let hkp = format!("hkp://{}", server.host());
    let login = world.run_with_input(&["remote", "login", "-u", USER, &hkp], PASSWORD);
    let warning =
        format!("WARNING: {hkp} is configured as insecure, forcing insecure flag for login\n");
    assert_eq!(login.stderr, format!("{warning}{STORED}"));
    assert!(
        world
            .file(&world.user_file())
            .contains(&format!("- URI: {}\n", server.url("")))
    );
}

#[test]
fn a_keyserver_that_answers_look_ups_alone_is_asked_for_one() {
    let server = Server::https(keyserver);
    let uri = server.url("/lookup-only");
    let world = configured(&uri, false);
    assert_eq!(
        world
            .run_with_input(&["remote", "login", "-u", USER, &uri], PASSWORD)
            .stderr,
        STORED
    );
    let paths: Vec<String> = server
        .asked()
        .iter()
        .map(|asked| asked.path().to_owned())
        .collect();
    let look_up = "/lookup-only/pks/lookup";
    assert_eq!(paths, ["/lookup-only", look_up, look_up]);
}

#[test]
fn only_keyservers_that_somebody_configured_get_a_password() {
    let server = Server::https(keyserver);
    let world = configured("https://other.example.com", false);
    let uri = server.url("");
    let refused = world.run_with_input(&["remote", "login", "-u", USER, &uri], PASSWORD);
    let refusal = format!(
        "FATAL:   while login to {uri}: no external keyserver configuration found for {uri}\n"
    );
    assert_eq!((refused.stderr, refused.code), (refusal, Some(255)));
    // The endpoint's own keyserver is not the user's to log in to, though the file names it.
    let file = world.run(&["remote", "export", "--global"]).stdout;
    let own = file.replace("https://keys.openpgp.org", &uri);
    assert_ne!(own, file);
    world.write_system(own);
    for words in [
        ["remote", "login", "-u", USER],
        ["keyserver", "login", "-u", USER],
    ] {
        let refused = world.run_with_input(&[&words[..], &[&uri]].concat(), PASSWORD);
        assert_eq!(refused.code, Some(255), "{refused}");
        assert!(
            refused
                .stderr
                .contains("no external keyserver configuration found"),
            "{refused}"
        );
    }
    assert!(server.asked().is_empty());
}

#[test]
fn a_password_that_goes_through_the_net_without_tls_is_told() {
    let on_the_net = "hkp://keys.invalid";
    let mut world = configured(on_the_net, false);
    world.set("http_proxy", "http://127.0.0.1:1");
    let login = world.run_with_input(&["remote", "login", "-u", USER, on_the_net], PASSWORD);
    let warning = "WARNING: hkp://keys.invalid is asked without TLS: others on the way there can read the password\n";
    assert!(login.stderr.starts_with(warning), "{login}");
    let server = Server::http(keyserver);
    let on_this_machine = server.url("");
    let world = configured(&on_this_machine, false);
    assert_eq!(
        world
            .run_with_input(&["remote", "login", "-u", USER, &on_this_machine], PASSWORD)
            .stderr,
        STORED
    );
}

#[test]
fn an_open_keyserver_verifies_nothing_and_a_warning_says_so() {
    let server = Server::https(keyserver);
    let uri = server.url("/open");
    let world = configured(&uri, false);
    let login = world.run_with_input(&["remote", "login", "-u", USER, &uri], "any password");
    let warning = format!(
        "WARNING: {uri} lets everybody in: nothing was verified, and the password may be wrong\n"
    );
    assert_eq!(
        (login.stderr, login.code),
        (format!("{warning}{STORED}"), Some(0))
    );
    assert_eq!(server.log()[1], "GET /open [-]");
}

#[test]
fn hkp_and_http_are_the_same_plain_text() {
    let world = World::shipped();
    for scheme in ["http", "hkp"] {
        let uri = format!("{scheme}://keys.example.com");
        let refused = world.run(&["remote", "add-keyserver", &uri]);
        assert!(
            refused
                .stderr
                .starts_with(&format!("FATAL:   {scheme} URI requires --insecure\n")),
            "{refused}"
        );
        let added = world.run(&["remote", "add-keyserver", "--insecure", &uri]);
        assert_eq!(added.code, Some(0), "{added}");
    }
}
