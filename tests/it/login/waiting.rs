//! Logins during which something else happens to their remote.

use std::sync::Arc;

use snapbox::{IntoData as _, assert_data_eq, str};

use super::login;
use super::terminal::{PROMPT, start};
use crate::support::cloud;
use crate::support::cloud::{meanwhile, plain, remotes, system_remotes};
use crate::support::endpoint::{endpoint, good};
use crate::support::server::Server;

#[test]
fn what_other_commands_write_while_a_login_waits_is_kept() {
    let world = Arc::new(cloud::world());
    let server = meanwhile(&world, |world, _| {
        let other = world.session(&[
            "remote add --no-login new new.example.com",
            "remote use new",
        ]);
        assert!(!other.contains("FATAL"), "{other}");
    });
    world.write_user(remotes(&[("e", &server.host(), "")]));
    assert_data_eq!(
        plain(&login(&world, "e"), &[&server]),
        str![[r#"
$ portolan remote login --tokenfile $HOME/good e
------- stderr -------
INFO:    Authenticating with remote: e
INFO:    Access Token Verified!
INFO:    Token stored in $HOME/.apptainer/remote.yaml
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        plain(&world.file(&world.user_file()), &[&server]),
        str![[r#"
600
Active: new
Remotes:
  e:
    URI: localhost:PORT1
    Token: <good>
    System: false
    Exclusive: false
  new:
    URI: new.example.com
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_remote_that_was_removed_while_the_login_waited_gets_no_token() {
    let world = Arc::new(cloud::world());
    let server = meanwhile(&world, |world, _| {
        assert_eq!(world.run(&["remote", "remove", "e"]).code, Some(0));
    });
    world.write_user(remotes(&[
        ("e", &server.host(), ""),
        ("other", "other.example.com", ""),
    ]));
    assert_data_eq!(
        plain(&login(&world, "e"), &[&server]),
        str![[r#"
$ portolan remote login --tokenfile $HOME/good e
------- stderr -------
INFO:    Authenticating with remote: e
INFO:    Access Token Verified!
FATAL:   e was removed by another command: its token was not stored
         To add it again, and log in:
           portolan remote add e <URI>
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_data_eq!(
        world.file(&world.user_file()),
        str![[r#"
600
Active: ""
Remotes:
  other:
    URI: other.example.com
    System: false
    Exclusive: false
[EOF]

"#]]
        .raw()
    );
}

#[test]
fn a_remote_that_moved_while_the_login_waited_gets_no_token() {
    let world = Arc::new(cloud::world());
    let moved = remotes(&[("e", "elsewhere.example.com", "")]);
    let server = meanwhile(&world, |world, _| {
        world.write_user(remotes(&[("e", "elsewhere.example.com", "")]));
    });
    world.write_user(remotes(&[("e", &server.host(), "")]));
    assert_data_eq!(
        plain(&login(&world, "e"), &[&server]),
        str![[r#"
$ portolan remote login --tokenfile $HOME/good e
------- stderr -------
INFO:    Authenticating with remote: e
INFO:    Access Token Verified!
FATAL:   e is now at "https://elsewhere.example.com": the token was verified for "https://localhost:PORT1" and not stored
         To log in there:
           portolan remote login e
[exit status: 255]
[EOF]

"#]]
        .raw()
    );
    assert_eq!(
        world.file(&world.user_file()),
        format!("600\n{moved}[EOF]\n")
    );
}

#[test]
fn a_system_remote_that_moved_or_went_while_the_login_waited_gets_no_token() {
    let cases = [
        ("company", "elsewhere.example.com"),
        ("other", "company.example.com"),
    ];
    for (name, uri) in cases {
        let world = Arc::new(cloud::world());
        let server = meanwhile(&world, move |world, _| {
            world.write_system(system_remotes(&[(name, uri, "")]));
        });
        world.write_system(system_remotes(&[("company", &server.host(), "")]));
        let said = login(&world, "company");
        assert!(said.contains("stored\n[exit status: 255]"), "{said}");
        assert!(
            said.contains("company is now at \"https://elsewhere")
                || said.contains("company was removed"),
            "{said}"
        );
        assert_eq!(world.file(&world.user_file()), "absent\n");
    }
}

#[test]
fn a_prompt_that_waits_holds_up_nobody() {
    let server = Server::https(endpoint);
    let world = cloud::world();
    world.write_user(remotes(&[("e", &server.host(), "")]));
    let mut terminal = start(&world, &["remote", "login"]);
    terminal.expect(PROMPT);
    let other = world.session(&[
        "remote add --no-login new new.example.com",
        "remote use new",
    ]);
    assert!(!other.contains("FATAL"), "{other}");
    terminal.send(format!("{}\n", good()));
    assert!(terminal.wait().success());
    let file = world.file(&world.user_file());
    assert!(
        file.contains("Active: new\n")
            && file.contains("new.example.com")
            && file.contains(&good()),
        "{file}"
    );
}
