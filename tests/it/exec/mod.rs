//! `exec`: a command with a private configuration in memory, and what is left of it.

mod child;
mod ends;

use std::fs;
use std::path::Path;

use snapbox::{IntoData, assert_data_eq, str};
use tempfile::TempDir;

use crate::support::world::World;

const TWO: &str = "Active: m
Remotes:
  m:
    URI: m.example
  s:
    URI: s.example
";

/// A world with two remotes of the user's, and a directory in memory that no other test uses.
fn setup() -> (World, TempDir) {
    let mut world = World::shipped();
    world.write_user(TWO);
    let memory = tempfile::Builder::new()
        .prefix("portolan-test-")
        .tempdir_in("/dev/shm")
        .unwrap();
    world.set("XDG_RUNTIME_DIR", memory.path());
    (world, memory)
}

/// What stands in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_command_sees_the_users_files_with_the_remote_that_was_chosen() {
    let (world, memory) = setup();
    fs::write(world.home().join(".apptainer/own"), "own").unwrap();
    let look = "cd $APPTAINER_CONFIGDIR; stat -c %a . remote.yaml; ls -A; cat remote.yaml own; echo; cat cache/seen";
    fs::create_dir(world.home().join(".apptainer/cache")).unwrap();
    fs::write(world.home().join(".apptainer/cache/seen"), "seen\n").unwrap();
    assert_data_eq!(
        world
            .run(&["exec", "--remote", "s", "--", "sh", "-c", look])
            .to_string(),
        str![[r#"
700
600
.portolan
cache
checkpoint
instances
keys
own
plugins
remote-cache
remote.yaml
Active: s
Remotes:
  m:
    URI: m.example
    System: false
    Exclusive: false
  s:
    URI: s.example
    System: false
    Exclusive: false
own
seen

"#]]
        .raw()
    );
    assert_eq!(names(memory.path()), Vec::<String>::new());
    assert!(world.file(&world.user_file()).contains("Active: m"));
    for name in ["checkpoint", "instances", "keys", "plugins", "remote-cache"] {
        assert_eq!(
            world.mode(&world.home().join(".apptainer").join(name)),
            "700"
        );
    }
}

#[test]
fn only_the_variable_of_this_command_changes() {
    let (mut world, _memory) = setup();
    world.set("SINGULARITY_CONFIGDIR", world.home().join(".apptainer"));
    let look = "echo $SINGULARITY_CONFIGDIR; case $APPTAINER_CONFIGDIR in */portolan-exec.*) echo private;; esac; pwd";
    let run = world.run(&["exec", "sh", "-c", look]);
    assert_eq!(run.stdout, "$HOME/.apptainer\nprivate\n$HOME\n");
    let run = world.run(&[
        "--command",
        "singularity",
        "exec",
        "sh",
        "-c",
        "echo $APPTAINER_CONFIGDIR",
    ]);
    assert_eq!(run.stdout, "\n");
}

#[test]
fn portolan_within_it_changes_the_users_own_files() {
    let (mut world, memory) = setup();
    world.set("PORTOLAN", env!("CARGO_BIN_EXE_portolan"));
    let inner =
        "$PORTOLAN remote use s; $PORTOLAN exec sh -c 'readlink $APPTAINER_CONFIGDIR/.portolan'";
    let run = world.run(&["exec", "sh", "-c", inner]);
    assert_eq!(run.stdout, "$HOME/.apptainer\n");
    assert_eq!(run.stderr, "INFO:    Remote \"s\" now in use.\n");
    assert!(world.file(&world.user_file()).contains("Active: s"));
    assert_eq!(names(memory.path()), Vec::<String>::new());
}

#[test]
fn a_remote_that_use_refuses_is_refused() {
    let (mut world, memory) = setup();
    world.write_system(
        "Active: c\nRemotes: {c: {URI: c.example, System: true, Exclusive: true}, d: {URI: d.example, System: true}}",
    );
    world.set("XDG_RUNTIME_DIR", memory.path());
    assert_data_eq!(
        world.session(&[
            "exec --remote m touch ran",
            "exec --remote d touch ran",
            "exec --remote x touch ran",
            "exec --remote c true",
            "exec true",
        ]),
        str![[r#"
$ portolan exec --remote m touch ran
------- stderr -------
FATAL:   could not use m: remote c has been set exclusive by the system administrator
[exit status: 255]
$ portolan exec --remote d touch ran
------- stderr -------
FATAL:   could not use d: remote c has been set exclusive by the system administrator
[exit status: 255]
$ portolan exec --remote x touch ran
------- stderr -------
FATAL:   x is not a remote
[exit status: 255]
$ portolan exec --remote c true
$ portolan exec true
[EOF]

"#]]
        .raw()
    );
    world.set("PORTOLAN_REMOTE", "m");
    assert_eq!(world.run(&["exec", "touch", "ran"]).code, Some(255));
    assert!(!world.home().join("ran").exists());
}

#[test]
fn a_version_that_would_read_the_users_own_files_is_refused() {
    let (world, _memory) = setup();
    for (command, runtime, first) in [
        ("apptainer", "apptainer@1.1", Some("Apptainer 1.2")),
        ("apptainer", "apptainer@1.2.0", None),
        (
            "singularity",
            "singularityce@3.11.3",
            Some("SingularityCE 3.11.4"),
        ),
        ("singularity", "singularityce@3.11.4", None),
    ] {
        let words = ["--command", command, "exec", "--runtime", runtime, "true"];
        let run = world.run(&words);
        match first {
            Some(first) => {
                assert_eq!(run.code, Some(255), "{run}");
                let advice = format!("exec needs {first} or later.");
                assert!(run.stderr.contains(&advice), "{run}");
            }
            None => assert_eq!(run.code, Some(0), "{run}"),
        }
    }
}

#[test]
fn what_the_command_adds_is_moved_and_what_it_changes_is_told() {
    let (world, memory) = setup();
    world.write_docker_config(r#"{"credHelpers":{"h":"pass"}}"#);
    let add = "cd $APPTAINER_CONFIGDIR; mkdir -p new/deep; echo a >new/deep/file; chmod 640 new/deep/file; \
               ln -s deep/file new/link; mkfifo new/pipe; rm keys; echo k >keys; echo x >>remote.yaml; echo cached >cache/c; \
               grep -o pass docker-config.json; echo {} >docker-config.json";
    let run = world.run(&["exec", "sh", "-c", add]);
    let state = world.home().join(".local/state/portolan/apptainer");
    let kept = names(&state);
    assert_data_eq!(
        run.to_string().replace(&kept[0], "exec-N"),
        str![[r#"
pass
------- stderr -------
WARNING: sh changed its copy of remote.yaml: the change is lost. Make it with portolan.
WARNING: sh changed its copy of docker-config.json: the change is lost. Make it with portolan.
WARNING: $HOME/.apptainer has a keys already: the one that the command left is $HOME/.local/state/portolan/apptainer/exec-N/keys

"#]]
        .raw()
    );
    let own = world.home().join(".apptainer");
    assert_eq!(world.file(&own.join("new/deep/file")), "640\na\n[EOF]\n");
    assert_eq!(
        fs::read_link(own.join("new/link")).unwrap(),
        Path::new("deep/file")
    );
    assert!(!own.join("new/pipe").exists() && own.join("cache/c").exists());
    assert_eq!(
        fs::read_to_string(state.join(&kept[0]).join("keys")).unwrap(),
        "k\n"
    );
    assert_eq!(names(memory.path()), Vec::<String>::new());
}

#[test]
fn a_directory_in_memory_is_needed_and_a_full_one_is_told() {
    let (mut world, _memory) = setup();
    let run_in = |world: &World, mount: &str| {
        let mut command = world.command_through(&["unshare", "--mount", "sh", "-c", mount]);
        command.args(["exec", "echo", "ran"]);
        world.finish(command, "")
    };
    world.set("XDG_RUNTIME_DIR", world.home());
    let probe = run_in(&world, "exit 7");
    if probe.code != Some(7) {
        return crate::support::world::skip("no mount namespaces here");
    }
    assert_data_eq!(
        run_in(
            &world,
            r#"mount --bind /mnt /dev/shm && mount -t tmpfs none /run && exec "$0" "$@""#
        )
        .to_string()
        .replace("/run/user/0", "/run/user/UID"),
        str![[r#"
------- stderr -------
FATAL:   no directory of yours is in memory (tmpfs): $HOME, /run/user/UID, /dev/shm
         XDG_RUNTIME_DIR can name one.
[exit status: 255]

"#]]
        .raw()
    );
    let full = r#"mount -t tmpfs -o size=8k none /dev/shm && { dd if=/dev/zero of=/dev/shm/fill 2>/dev/null; "$0" "$@"; code=$?; ls /dev/shm; exit $code; }"#;
    let finished = run_in(&world, full);
    assert_data_eq!(
        finished.to_string().replace(
            finished
                .stderr
                .split("/dev/shm/")
                .nth(1)
                .unwrap_or_default()
                .split('/')
                .next()
                .unwrap_or_default(),
            "portolan-exec.N"
        ),
        str![[r#"
fill
------- stderr -------
FATAL:   while making a directory in /dev/shm: write /dev/shm/portolan-exec.N/remote.yaml: no space left on device
[exit status: 255]

"#]]
        .raw()
    );
}

#[test]
fn dockers_own_file_is_filled_where_the_runtime_asks_it() {
    let (world, _memory) = setup();
    let docker = world.home().join(".docker");
    fs::create_dir(&docker).unwrap();
    let file = docker.join("config.json");
    let look = "cd $APPTAINER_CONFIGDIR; cat config.json; test -L config.json && echo a link";
    fs::write(&file, r#"{"credHelpers":{"h":"pass"}}"#).unwrap();
    assert_eq!(
        world.run(&["exec", "sh", "-c", look]).stdout,
        "{\"credHelpers\":{\"h\":\"pass\"}}a link\n"
    );
    let text = r#"{"credHelpers":{"h":"pass","i":"portolan"}}"#;
    fs::write(&file, text).unwrap();
    let state = world.home().join(".local/state/portolan");
    fs::create_dir_all(&state).unwrap();
    let own = world.home().join(".apptainer/docker-config.json");
    let record = format!(
        r#"{{"format":1,"secrets":[{{"product":"apptainer","file":{own:?},"kind":"registry","account":"i","store":"command:echo x","key":"","user":"ian"}}]}}"#
    );
    fs::write(state.join("stores.json"), record).unwrap();
    let run = world.run(&["exec", "sh", "-c", look]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    for part in [r#""h": "pass""#, r#""auth": "aWFuOng=""#] {
        assert!(run.stdout.contains(part), "{run}");
    }
    assert!(!run.stdout.contains("portolan"), "{run}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}
