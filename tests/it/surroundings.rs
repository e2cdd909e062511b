//! Where commands have it hard: full disks, limits, directories that nobody may write, homes and users that do not exist. What
//! was there stays as it was, readers go on, and the error names the place.

use std::fmt::Write as _;
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

use snapbox::{assert_data_eq, str};

use crate::support::cloud;
use crate::support::endpoint::endpoint;
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::world::{Finished, World, is_root, skip};

const MINE: &str = "\
Active: mine
Remotes:
  mine:
    URI: mine.example.com
    System: false
    Exclusive: false
";
const ADD: [&str; 5] = ["remote", "add", "--no-login", "x", "x.example.com"];

/// A world with a remote of the user's, and why nothing can be mounted here.
fn mounting() -> Option<World> {
    if !Command::new("unshare")
        .args(["--mount", "true"])
        .status()
        .is_ok_and(|status| status.success())
    {
        skip("only root mounts, and not everywhere");
        return None;
    }
    let world = World::shipped();
    world.write_user(MINE);
    Some(world)
}

/// Runs `words` after a shell's `script`, which gets `directory` as `$0` and runs `"$@"`.
fn through(
    world: &World,
    runner: &[&str],
    script: &str,
    directory: &Path,
    words: &[&str],
) -> Finished {
    let mut command = world
        .command_through(&[runner, &["sh", "-c", script, directory.to_str().unwrap()]].concat());
    command.args(words);
    world.finish(command, "")
}

#[test]
fn a_full_file_system_keeps_what_was_there() {
    let Some(world) = mounting() else { return };
    let script = r#"
        cp "$0/remote.yaml" "$HOME/before" && mount -t tmpfs -o size=32k,mode=700 none "$0" &&
        cp "$HOME/before" "$0/remote.yaml" && chmod 600 "$0/remote.yaml" || exit 9
        cat /dev/zero >"$0/filler" 2>/dev/null
        "$@"; code=$?
        cp "$0/remote.yaml" "$HOME/after"; rm "$0/filler"; ls -A "$0" >"$HOME/left"; exit $code"#;
    let run = through(
        &world,
        &["unshare", "--mount"],
        script,
        &world.home().join(".apptainer"),
        &ADD,
    );
    assert_data_eq!(
        run.to_string(),
        str![[r#"
------- stderr -------
FATAL:   while writing remote config to file: write $HOME/.apptainer/remote.yaml: no space left on device
[exit status: 255]

"#]]
    );
    assert_eq!(
        fs::read_to_string(world.home().join("after")).unwrap(),
        MINE
    );
    assert_eq!(
        fs::read_to_string(world.home().join("left")).unwrap(),
        "remote.yaml\nremote.yaml.lock\n"
    );
}

#[test]
fn a_read_only_home_is_read_and_named() {
    let Some(world) = mounting() else { return };
    let script = r#"mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@""#;
    let run = |words: &[&str]| {
        through(
            &world,
            &["unshare", "--mount"],
            script,
            &world.home(),
            words,
        )
    };
    assert_eq!(
        run(&["remote", "list", "--names"]).to_string(),
        "DefaultRemote\nmine\n"
    );
    assert_data_eq!(
        run(&ADD).to_string(),
        str![[r#"
------- stderr -------
FATAL:   while opening remote config file: open $HOME/.apptainer/remote.yaml: read-only file system
[exit status: 255]

"#]]
    );
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), MINE);
    assert_eq!(
        world.home_listing(),
        [".apptainer", ".apptainer/remote.yaml"]
    );
}

#[test]
fn a_limit_on_files_keeps_what_was_there() {
    let (endpoint, registry) = (
        Server::https(endpoint),
        Server::http(|_| Reply::status(200)),
    );
    let world = cloud::world();
    let (mine, host) = (
        MINE.replace("mine.example.com", &endpoint.host()),
        registry.host(),
    );
    world.write_user(&mine);
    let kept = format!(r#"{{"auths":{{"{host}":{{"auth":"aWFuOng="}}}}}}"#);
    world.write_docker_config(&kept);
    let limited = |words: &[&str]| {
        let run = through(
            &world,
            &[],
            r#"ulimit -f 0 && exec "$@""#,
            &world.home(),
            words,
        );
        run.to_string().replace(&host, "localhost:PORT")
    };
    let refused = [
        limited(&ADD),
        limited(&["registry", "login", "-u", "ian", "-p", "other", &host]),
        limited(&["registry", "logout", &host]),
        limited(&["man", world.root().join("pages").to_str().unwrap()]),
    ];
    assert_data_eq!(
        refused.concat(),
        str![[r#"
------- stderr -------
FATAL:   while writing remote config to file: write $HOME/.apptainer/remote.yaml: file too large
[exit status: 255]
------- stderr -------
WARNING: A password on the command line can be seen by other users of this machine: use --password-stdin
WARNING: localhost:PORT lets everybody in: nothing was verified, and the password may be wrong
FATAL:   while login to docker://localhost:PORT: write $HOME/.apptainer/docker-config.json: file too large
[exit status: 255]
------- stderr -------
FATAL:   while verifying token: write $HOME/.apptainer/docker-config.json: file too large
[exit status: 255]
------- stderr -------
FATAL:   while writing the man pages: write $ROOT/pages/portolan.1: file too large
[exit status: 255]

"#]]
    );
    let status = limited(&["remote", "status", "mine"]);
    assert!(
        status.contains("Library    OK")
            && !status.contains("FATAL")
            && !status.contains("exit status"),
        "{status}"
    );
    assert_eq!(fs::read_to_string(world.user_file()).unwrap(), mine);
    assert_eq!(fs::read_to_string(world.docker_config()).unwrap(), kept);
    let files = world
        .home_listing()
        .into_iter()
        .filter(|path| world.home().join(path).is_file());
    let named = [
        "docker-config.json",
        "docker-config.json.lock",
        "remote.yaml",
        "remote.yaml.lock",
    ];
    assert_eq!(
        files.collect::<Vec<_>>(),
        named.map(|name| format!(".apptainer/{name}"))
    );
    assert_eq!(fs::read_dir(world.root().join("pages")).unwrap().count(), 0);
    assert_eq!(world.run(&ADD).code, Some(0));
}

#[test]
fn a_home_that_its_user_may_not_write_is_read_and_named() {
    let mut world = World::shipped();
    world.as_ordinary_user();
    world.set_mode(&world.home(), 0o500);
    let words = ADD.join(" ");
    let shown = world.session(&["remote list --names", &words]);
    world.set_mode(&world.home(), 0o700);
    assert_data_eq!(
        shown,
        str![[r#"
$ portolan remote list --names
DefaultRemote
$ portolan remote add --no-login x x.example.com
------- stderr -------
FATAL:   while opening remote config file: mkdir $HOME/.apptainer: permission denied
[exit status: 255]
[EOF]

"#]]
    );
    assert_eq!(world.home_listing(), [""; 0]);
}

#[test]
fn a_home_that_does_not_exist_is_not_made() {
    let mut world = World::shipped();
    let home = world.root().join("none");
    world.set("HOME", &home);
    let words = ADD.join(" ");
    assert_data_eq!(
        world.session(&["remote list --names", &words]),
        str![[r#"
$ portolan remote list --names
DefaultRemote
$ portolan remote add --no-login x x.example.com
------- stderr -------
FATAL:   while opening remote config file: mkdir $ROOT/none/.apptainer: no such file or directory
[exit status: 255]
[EOF]

"#]]
    );
    assert!(!home.exists());
}

#[test]
fn a_user_whom_the_system_does_not_know_can_name_a_directory() {
    if !is_root() {
        return skip("only root becomes somebody else");
    }
    let mut world = World::shipped();
    world.as_ordinary_user();
    let program = world.root().join("portolan");
    let directory = world.root().join("directory");
    fs::create_dir(&directory).unwrap();
    rustix::fs::chown(&directory, Some(rustix::fs::Uid::from_raw(64999)), None).unwrap();
    let run = |directory_is_named: bool| {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=64999", "--regid=64999", "--clear-groups"])
            .arg(&program)
            .args(ADD);
        command
            .env_clear()
            .env("PORTOLAN_SYSCONFDIR", world.root().join("etc"))
            .current_dir(&directory);
        if directory_is_named {
            command.env("APPTAINER_CONFIGDIR", &directory);
        }
        world.finish(command, "").to_string()
    };
    assert_data_eq!(
        run(false),
        str![[r#"
------- stderr -------
FATAL:   no home directory: neither HOME is set nor has user 64999 an account; set APPTAINER_CONFIGDIR
[exit status: 255]

"#]]
    );
    assert_data_eq!(
        run(true),
        str![[r#"
------- stderr -------
INFO:    Remote "x" added.

"#]]
    );
    assert!(
        fs::read_to_string(directory.join("remote.yaml"))
            .unwrap()
            .contains("x.example.com")
    );
}

#[test]
fn a_directory_or_a_file_that_is_named_and_does_not_exist_is_said() {
    let world = World::new();
    let missing = world.root().join("missing");
    let run = world.run(&["--sysconfdir", missing.to_str().unwrap(), "remote", "list"]);
    assert!(
        run.code == Some(0)
            && run.stderr.starts_with("WARNING: --sysconfdir names ")
            && run
                .stderr
                .ends_with("which does not exist: apptainer's defaults are used\n")
            && run.stderr.lines().count() == 1,
        "{run}"
    );
    let file = world.home().join("no.yaml");
    let run = world.run(&["remote", "-c", file.to_str().unwrap(), "list"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), "WARNING: $HOME/no.yaml does not exist\n")
    );
}

/// More than are asked at once, where each would wait for the name server as long as for a connection.
#[test]
fn names_that_no_server_looks_up_are_given_up_soon_however_many_they_are() {
    let Some(world) = mounting() else { return };
    let name_server = UdpSocket::bind("127.0.53.77:53");
    if name_server.is_err() {
        return skip("only root is a name server");
    }
    fs::write(world.root().join("resolv.conf"), "nameserver 127.0.53.77\n").unwrap();
    let mut text = String::from("Active: r0\nRemotes:\n");
    for number in 0..300 {
        writeln!(text, "  r{number}:\n    URI: h{number}.example.com").unwrap();
    }
    world.write_system("");
    world.write_user(text);
    let cases: [(&[&str], &str); 3] = [
        (
            &["remote", "status", "--timeout=15", "--all"],
            "no such host: ",
        ),
        (&["keyserver", "list", "--timeout=15"], "unable to fetch"),
        (&["remote", "doctor", "--timeout=15"], "no such host: "),
    ];
    for (words, said) in cases {
        let script = r#"mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$@""#;
        let run = through(&world, &["unshare", "--mount"], script, world.root(), words);
        assert_eq!(
            format!("{}{}", run.stdout, run.stderr)
                .matches(said)
                .count(),
            300,
            "{run}"
        );
        assert!(!run.stderr.contains("Not asked"), "{run}");
    }
}

#[test]
fn a_file_for_others_to_read_on_a_read_only_mount_is_read_with_one_warning() {
    let Some(world) = mounting() else { return };
    world.set_mode(&world.user_file(), 0o644);
    let script = r#"mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@""#;
    let run = |words: &[&str]| {
        let home = world.home();
        through(&world, &["unshare", "--mount"], script, &home, words)
    };
    let said = "WARNING: Others can read $HOME/.apptainer/remote.yaml, and its mode can't be changed (read-only file system). Apptainer itself refuses every command while that is so.\n";
    for words in [
        &["remote", "list", "--names"][..],
        &["remote", "export"],
        &["keyserver", "list", "--offline"],
    ] {
        let done = run(words);
        assert_eq!(
            (done.code, done.stderr.as_str()),
            (Some(0), said),
            "{words:?}"
        );
    }
    let doctor = run(&["remote", "doctor", "--offline"]);
    assert!(
        doctor.code == Some(255) && doctor.stdout.contains("[file-mode]"),
        "{doctor}"
    );
    let login = run(&["remote", "login", "mine"]);
    assert!(
        login.code == Some(255) && login.stderr.contains("Unable to correct the permission"),
        "{login}"
    );
}

#[test]
fn a_working_directory_that_was_removed_and_a_name_that_is_too_long_say_what_they_are() {
    let world = World::shipped();
    let script = r#"mkdir "$0/gone" && cd "$0/gone" && rmdir "$0/gone" && exec "$@""#;
    let add = [&["remote", "-c", "x.yaml"], &ADD[1..]].concat();
    let run = through(&world, &[], script, &world.home(), &add);
    let said =
        "FATAL:   while opening remote config file: open x.yaml: its directory was removed\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(255), said));
    let long = "a".repeat(300);
    for words in [
        ["remote", "-c", &long, "list"],
        ["remote", "-c", &long, "export"],
    ] {
        let run = world.run(&words);
        assert!(
            run.code == Some(255) && run.stderr.ends_with(": file name too long\n"),
            "{run}"
        );
    }
}
