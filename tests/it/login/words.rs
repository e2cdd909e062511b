//! Words that mean no remote (D18), and flags where they don't belong.

use snapbox::{IntoData as _, assert_data_eq, str};

use crate::support::{
    cloud::{self, file},
    endpoint::good,
    world::World,
};

#[test]
fn a_word_that_means_nothing_is_told_with_what_could_be_meant() {
    let world = cloud::world();
    let no_default = World::new();
    no_default.write_system("Active: \"\"\nRemotes:\n  one:\n    URI: one.example.com\n    System: true\n");
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
         Known remotes: DefaultRemote. To add it: portolan remote add nosuch <URI>.
         A registry is written docker://HOST or oras://HOST, a keyserver https://HOST.
[exit status: 255]
$ portolan remote login localhost:5000
------- stderr -------
FATAL:   localhost:5000 is not a remote
         Known remotes: DefaultRemote. To add it: portolan remote add localhost:5000 <URI>.
         A registry is written docker://HOST or oras://HOST, a keyserver https://HOST.
[exit status: 255]
$ portolan remote login --tokenfile $HOME/missing nosuch
------- stderr -------
FATAL:   nosuch is not a remote
         Known remotes: DefaultRemote. To add it: portolan remote add nosuch <URI>.
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
         To choose one: portolan remote use <NAME>. To name one: portolan remote login <NAME>.
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(world.home_listing(), Vec::<String>::new());
    assert_eq!(no_default.home_listing(), Vec::<String>::new());
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
