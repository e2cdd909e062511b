//! Words that mean no remote (D18), and flags where they don't belong.

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::cloud;
use crate::support::cloud::file;
use crate::support::endpoint::good;
use crate::support::world::World;

#[test]
fn a_word_that_means_nothing_is_told_with_what_could_be_meant() {
    let world = cloud::world();
    let no_default = World::new();
    no_default.write_system(
        "Active: \"\"\nRemotes:\n  one:\n    URI: one.example.com\n    System: true\n",
    );
    assert_data_eq!(
        world.session(&[
            "remote login nosuch",
            "remote login localhost:5000",
            "remote login --tokenfile $HOME/missing nosuch",
            "remote login ftp://files.example.com",
            "remote login https://keys.example.com",
        ]),
        str![[r#"
$ portolan remote login nosuch
------- stderr -------
FATAL:   nosuch is not a remote
         Known remotes: DefaultRemote. To add it:
           portolan remote add nosuch <URI>
         A registry is written docker://HOST or oras://HOST, a keyserver https://HOST.
[exit status: 255]
$ portolan remote login localhost:5000
------- stderr -------
FATAL:   localhost:5000 is not a remote
         Known remotes: DefaultRemote. If it is a registry:
           portolan registry login localhost:5000
[exit status: 255]
$ portolan remote login --tokenfile $HOME/missing nosuch
------- stderr -------
FATAL:   nosuch is not a remote
         Known remotes: DefaultRemote. To add it:
           portolan remote add nosuch <URI>
         A registry is written docker://HOST or oras://HOST, a keyserver https://HOST.
[exit status: 255]
$ portolan remote login ftp://files.example.com
------- stderr -------
FATAL:   while login to ftp://files.example.com: ftp transport is not supported
[exit status: 255]
$ portolan remote login https://keys.example.com
------- stderr -------
FATAL:   while login to https://keys.example.com: no external keyserver configuration found for https://keys.example.com
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        no_default.session(&["remote login"]),
        str![[r#"
$ portolan remote login
------- stderr -------
FATAL:   no default remote
         Known remotes: one.
         To choose one, or name one:
           portolan remote use <NAME>
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
    assert_eq!(no_default.home_listing(), Vec::<String>::new());
}

#[test]
fn the_variables_of_flags_are_read_whatever_is_logged_in_to() {
    let mut world = cloud::world();
    world.set("SINGULARITY_LOGIN_USERNAME", "x");
    let said = "WARNING: DEPRECATED USAGE: Environment variable SINGULARITY_LOGIN_USERNAME will not be supported in the future, use APPTAINER_LOGIN_USERNAME instead\n";
    for words in [&["remote", "login"][..], &["remote", "login", "gone"]] {
        let run = world.run(words);
        assert!(run.stderr.starts_with(said), "{words:?}: {run}");
    }
    world.set("APPTAINER_LOGIN_INSECURE", "x");
    let run = world.run(&["remote", "login"]);
    let said = "Error for command \"login\": APPTAINER_LOGIN_INSECURE is \"x\", and must be true or false\n";
    assert_eq!((run.stderr.as_str(), run.code), (said, Some(1)));
}

#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    let world = cloud::world();
    for word in [
        "https://ian:hidden@keys.example.com",
        "docker://ian:hidden@r.example.com/x",
        "hkp://ian:hidden@h",
    ] {
        let run = world.run_with_input(&["remote", "login", "--password-stdin", word], "p");
        assert!(
            run.stderr
                .contains("a user name can't stand in its address; give it with --username"),
            "{run}"
        );
        assert!(!run.to_string().contains("hidden"), "{run}");
    }
}

#[test]
fn a_tokenfile_is_for_endpoints_alone() {
    let world = cloud::world();
    world.write_user(
        "Remotes: {e: {URI: e.example.com, Keyservers: [{URI: https://keys.example.com, External: true}]}}",
    );
    file(&world, "good", good());
    let said = world.session(&["remote login --tokenfile $HOME/good https://keys.example.com"]);
    assert_data_eq!(
        said,
        str![[r#"
$ portolan remote login --tokenfile $HOME/good https://keys.example.com
------- stderr -------
FATAL:   --tokenfile is only supported for login to a remote endpoint, not OCI (docker/oras) or keyservers
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn an_option_is_used_or_refused() {
    let world = cloud::world();
    world.write_user(
        "Active: e\nRemotes: {e: {URI: e.example.com, Keyservers: [{URI: https://keys.example.com, External: true}]}}",
    );
    let file = file(&world, "token", good());
    let file = file.to_str().unwrap();
    for (words, code, said) in [
        (
            &["-u", "ian", "e"][..],
            255,
            "FATAL:   --username is for keyservers and registries: the login to e is an access token\n         To log in:\n           portolan remote login e\n",
        ),
        (
            &["-p", "x"],
            255,
            "FATAL:   --password is for keyservers and registries",
        ),
        (
            &["-i", "e"],
            255,
            "FATAL:   --insecure is for keyservers and registries",
        ),
        (
            &["--tokenfile", file, "--password-stdin", "e"],
            1,
            "the argument '--tokenfile <FILE>' cannot be used with '--password-stdin'",
        ),
        (
            &[
                "-u",
                "ian",
                "-p",
                "x",
                "--password-stdin",
                "docker://r.example.com",
            ],
            1,
            "the argument '--password <SECRET>' cannot be used with '--password-stdin'",
        ),
        (
            &["--timeout", "8h", "--tokenfile", file, "e"],
            255,
            "FATAL:   --timeout is for --store keyring\n",
        ),
        (
            &["--store", "command:echo x", "--tokenfile", file, "e"],
            255,
            "FATAL:   --store command: prints the secret, and another one is given\n",
        ),
        (
            &[
                "--store",
                "command:echo x",
                "-p",
                "x",
                "https://keys.example.com",
            ],
            255,
            "FATAL:   --store command: prints the secret, and another one is given\n",
        ),
        (
            &["--store", "keyring", "-u", "ian", "docker://r.example.com"],
            255,
            "docker-credential-portolan is not on PATH: nothing would find the login\n",
        ),
        (
            &["--tokenfile", "/nowhere/token", "e"],
            255,
            "FATAL:   while reading tokenfile: authentication token file not found\n",
        ),
    ] {
        let run = world.run(&[&["remote", "login"], words].concat());
        assert_eq!(run.code, Some(code), "{words:?}: {run}");
        assert!(run.stderr.contains(said), "{words:?}: {run}");
    }
    for words in [
        &["--no-login", "--tokenfile", file][..],
        &["--no-login", "--password-stdin"],
        &["--global", "--tokenfile", file],
    ] {
        let run = world.run(&[&["remote", "add", "x", "x.example.com"], words].concat());
        assert!(
            run.code == Some(1) && run.stderr.contains("cannot be used with"),
            "{run}"
        );
    }
    let text = world.file(&world.user_file());
    assert!(
        !text.contains("Token") && !text.contains("x.example.com"),
        "{text}"
    );
}
