//! What a person at a terminal is told beside an error, and a script is not: its lines are Apptainer's alone.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::support::cloud;
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::terminal::Terminal;
use crate::support::world::World;

/// What a person sees of a command.
pub(crate) fn seen(world: &World, words: &[&str]) -> String {
    let mut terminal = Terminal::new();
    terminal.resize(100);
    let mut command = terminal.command(env!("CARGO_BIN_EXE_portolan"));
    world.surround(&mut command);
    command.args(words);
    terminal.start(command);
    terminal.wait();
    terminal.shown()
}

#[test]
fn who_errs_at_a_terminal_is_told_what_to_do_next() {
    let table: [(&[&str], &str); 8] = [
        (
            &["use", "gone"],
            "To see the remotes:\n           portolan remote list",
        ),
        (
            &["remove", "gone"],
            "To see the remotes:\n           portolan remote list",
        ),
        (
            &["rename", "gone", "new"],
            "To see the remotes:\n           portolan remote list",
        ),
        (
            &["set-url", "gone", "h.example.com"],
            "To add it:\n           portolan remote add gone h.example.com",
        ),
        (
            &["use", "--global", "mine"],
            "remote add --global mine <URI>",
        ),
        (
            &["use", "--exclusive", "mine"],
            "remote add --global mine <URI>",
        ),
        (
            &["set-url", "a; b", "h.example.com"],
            "To add it:\n           portolan remote add 'a; b' h.example.com",
        ),
        (
            &["remove", "--global", "mine"],
            "remote add --global mine <URI>",
        ),
    ];
    let world = World::shipped();
    world.write_user("Remotes:\n  mine:\n    URI: mine.example.com\n");
    for (words, advice) in table {
        let words = [&["remote"], words].concat();
        let shown = seen(&world, &words);
        assert!(
            shown.contains(" is not a remote") && shown.contains(advice),
            "{words:?}: {shown}"
        );
        let run = world.run(&words);
        assert!(
            run.stderr.ends_with(" is not a remote\n") && run.stderr.lines().count() == 1,
            "{words:?}: {run}"
        );
    }
}

#[test]
fn who_removes_a_remote_of_the_systems_is_told_who_can() {
    let world = World::shipped();
    let words = ["remote", "remove", "DefaultRemote"];
    let shown = seen(&world, &words);
    assert!(
        shown.contains("remote remove --global DefaultRemote\n"),
        "{shown}"
    );
    assert_eq!(
        world.run(&words).stderr,
        "FATAL:   DefaultRemote is global and can't be removed\n"
    );
}

#[test]
fn a_systems_directory_that_is_missing_is_created_for_all_to_read_and_said() {
    for (words, done) in [
        (
            &["add", "--global", "--no-login", "x", "x.example.com"][..],
            "Remote \"x\" added.",
        ),
        (
            &["use", "--exclusive", "DefaultRemote"],
            "Remote \"DefaultRemote\" now in use.",
        ),
    ] {
        let world = World::new();
        let file = world.system_file();
        let directory = file.parent().unwrap();
        fs::remove_dir(directory).unwrap();
        let run = world.run(&[&["remote"], words].concat());
        let said = format!("INFO:    Created $ETC/apptainer (mode 755).\nINFO:    {done}\n");
        assert_eq!((run.code, run.stderr), (Some(0), said), "{words:?}");
        assert_eq!(fs::metadata(directory).unwrap().mode() & 0o7777, 0o755);
        assert_eq!(fs::metadata(file).unwrap().mode() & 0o7777, 0o644);
    }
    let world = World::new();
    fs::remove_dir_all(world.system_file().parent().unwrap().parent().unwrap()).unwrap();
    let run = world.run(&[
        "remote",
        "add",
        "--global",
        "--no-login",
        "x",
        "x.example.com",
    ]);
    let refused = "WARNING: PORTOLAN_SYSCONFDIR names $ETC, which does not exist: apptainer's defaults are used\nFATAL:   while opening remote config file: mkdir $ETC/apptainer: no such file or directory\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(255), refused));
}

#[test]
fn who_logs_in_where_no_password_is_wanted_is_told_what_is() {
    let server = Server::https(|_| Reply::status(401).with("WWW-Authenticate", "Negotiate"));
    let world = cloud::world();
    let words = ["registry", "login", "-u", "ian", "-p", "x", &server.host()];
    let refusal = format!(
        "login attempt to {} failed with status: 401 Unauthorized",
        server.url("/v2/")
    );
    let shown = seen(&world, &words);
    assert!(
        shown.contains(&refusal) && shown.contains("The registry asks for negotiate"),
        "{shown}"
    );
    let run = world.run(&words);
    assert!(run.stderr.ends_with(&format!("{refusal}\n")), "{run}");
}

/// What `--json` says to do next after a command that fails.
fn next(world: &World, words: &[&str]) -> String {
    let run = world.run(&[&["--json"], words].concat());
    let answer: serde_json::Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    let lines = answer["error"]["next"]
        .as_array()
        .unwrap_or_else(|| panic!("{words:?}: {run}"));
    let lines: Vec<&str> = lines.iter().filter_map(|line| line.as_str()).collect();
    lines
        .join("\n")
        .replace(&world.root().display().to_string(), "$ROOT")
}

#[test]
fn who_is_not_root_gets_the_command_for_sudo_with_the_options_of_the_run() {
    let mut world = World::shipped();
    world.as_ordinary_user();
    let sudo = "sudo portolan --sysconfdir $ETC";
    for (words, again) in [
        (
            &["remote", "add", "-g", "x", "x.example.com"][..],
            "remote add -g x x.example.com",
        ),
        (
            &["remote", "use", "--exclusive", "a b"],
            "remote use --exclusive 'a b'",
        ),
        (
            &["remote", "add-keyserver", "-o", "1", "k.example.com"],
            "remote add-keyserver -o 1 k.example.com",
        ),
        (
            &["keyserver", "remove", "k.example.com"],
            "keyserver remove k.example.com",
        ),
    ] {
        let said = next(&world, words);
        assert!(
            said.starts_with("Only root, or who owns $ETC/apptainer/remote.yaml, can do that:\n")
                && said.ends_with(&format!("\n  {sudo} {again}")),
            "{words:?}: {said}"
        );
    }
    for (words, command) in [
        (
            &["remote", "remove", "DefaultRemote"][..],
            "remote remove --global DefaultRemote",
        ),
        (
            &["remote", "rename", "DefaultRemote", "x"],
            "remote rename --global DefaultRemote x",
        ),
        (
            &[
                "remote",
                "set-url",
                "-i",
                "DefaultRemote",
                "http://x.example.com",
            ],
            "remote set-url --global -i DefaultRemote http://x.example.com",
        ),
    ] {
        let said = next(&world, words);
        assert!(
            said.contains(&format!(" for all users:\n  {sudo} {command}")),
            "{said}"
        );
    }
}

#[test]
fn an_advice_repeats_the_options_of_the_run() {
    let mut world = World::shipped();
    let own = world.home().join("own.yaml");
    let (etc, file) = (world.root().join("etc"), own.to_str().unwrap());
    world.write_user("");
    std::fs::write(&own, "Remotes: {x: {URI: x.example.com}}").unwrap();
    let said = next(
        &world,
        &[
            "--sysconfdir",
            etc.to_str().unwrap(),
            "remote",
            "-c",
            file,
            "add",
            "x",
            "y",
        ],
    );
    assert!(
        said.contains("\n  portolan --sysconfdir $ETC remote -c $HOME/own.yaml show x\n"),
        "{said}"
    );
    world.set("PORTOLAN_COMMAND", "singularity");
    let said = next(&world, &["remote", "use", "SylabsCluod"]);
    assert!(
        said.ends_with("\n  portolan --command singularity remote use SylabsCloud"),
        "{said}"
    );
}

#[test]
fn what_was_meant_is_made_from_what_the_files_say() {
    let world = World::shipped();
    world.write_user(
        "Remotes: {mine: {URI: 'mine.example.com:8443'}, own-remote: {URI: o.example.com}}",
    );
    for (words, said) in [
        (
            &["login", "SylabsCloud"][..],
            "To add it:\n  portolan remote add SylabsCloud",
        ),
        (
            &["use", "SylabsCloud"],
            "To add it:\n  portolan remote add SylabsCloud",
        ),
        (&["use", "own-remtoe"], "Did you mean own-remote?"),
        (&["use", "own-remtoe"], "\n  portolan remote use own-remote"),
        (&["login", "MINE"], "Did you mean mine?"),
        (&["remove", "mien"], "Did you mean mine?"),
        (&["show", "mien"], "\n  portolan remote show mine"),
        (
            &["login", "mine.example.com:8443"],
            "It is the address of mine, which is named instead.\n  portolan remote login mine",
        ),
        (
            &["login", "https://mine.example.com:8443"],
            "It is the address of mine:\n  portolan remote login mine",
        ),
        (
            &["use", "mine.example.com:8443"],
            "\n  portolan remote use mine",
        ),
        (
            &["login", "https://r.example.com"],
            "If it is a registry:\n  portolan registry login r.example.com\n",
        ),
        (
            &["login", "https://r.example.com"],
            "\n  sudo portolan --sysconfdir $ETC keyserver add https://r.example.com",
        ),
        (
            &["login", "docker://https://r.example.com/team"],
            "If it is a registry:\n  portolan registry login r.example.com/team\n",
        ),
        (
            &["login", "oci://r.example.com"],
            "If it is a registry:\n  portolan registry login r.example.com\n",
        ),
        (
            &["add", "x", "docker://r.example.com"],
            "A registry needs no remote. To log in to it:\n  portolan registry login docker://r.example.com",
        ),
        (
            &["add", "x", "oci://r.example.com"],
            "A registry needs no remote. To log in to it:\n  portolan registry login r.example.com",
        ),
        (
            &["logout", "docker://r.example.com"],
            "To see the logins:\n  portolan registry list",
        ),
        (
            &["add-keyserver", "gone", "k.example.com"],
            "sudo portolan --sysconfdir $ETC remote add --global gone <URI>",
        ),
        (
            &["remove-keyserver", "k.example.com"],
            "To see the keyservers:\n  portolan keyserver list",
        ),
        (
            &["login", "docker://r.example.com"],
            "\n  portolan registry login --username <NAME> r.example.com",
        ),
        (
            &["get-login-password"],
            "For one that has:\n  portolan remote add --no-login --use SylabsCloud",
        ),
    ] {
        let next = next(&world, &[&["remote"], words].concat());
        assert!(next.contains(said), "{words:?}: {next}");
    }
}

#[test]
fn a_list_of_names_ends_after_ten_and_collisions_are_one_warning() {
    let world = World::shipped();
    let remotes = |count: usize| {
        let lines =
            (0..count).map(|number| format!("  r{number:05}: {{URI: r{number}.example.com}}\n"));
        format!("Remotes:\n{}", lines.collect::<String>())
    };
    world.write_user(remotes(9_999));
    let run = world.run(&["remote", "login", "gone"]);
    assert!(
        run.stderr
            .contains("Known remotes: DefaultRemote, r00000, ")
            && run.stderr.contains(", r00008 and 9,990 more."),
        "{run}"
    );
    world.write_system(format!("Active: r00001\n{}", remotes(5_001)));
    let run = world.run(&["remote", "list", "--names"]);
    assert_eq!(run.stderr.matches("WARNING: ").count(), 1, "{run}");
    assert!(
        run.stderr
            .starts_with("WARNING: r00000 (and 5,000 more) is defined in ")
            && run
                .stderr
                .ends_with(":\n           portolan remote remove r00000\n"),
        "{run}"
    );
}

#[test]
fn under_another_command_no_word_says_apptainer() {
    let mut world = World::new();
    world.set("PORTOLAN_COMMAND", "singularity");
    let own = world.home().join(".singularity");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(
        own.join("remote.yaml"),
        "Active: old\nRemotes:\n  old: {URI: old.example.com, System: true, Token: x}\n  x: {URI: x.example.com, Exclusive: true, Insecure: true}\nCredentials:\n- {URI: docker://r.example.com, Auth: ''}\n",
    )
    .unwrap();
    for words in [
        &["remote", "list"][..],
        &["remote", "login"],
        &["remote", "login", "gone"],
        &["remote", "use", "gone"],
        &["remote", "add", "x", "x.example.com"],
        &["remote", "status", "x"],
        &["remote", "doctor", "--offline"],
        &["remote", "resolve", "library://a/b"],
        &["remote", "resolve", "docker://r.example.com/a"],
        &["registry", "login", "--no-input", "r.example.com"],
        &["registry", "logout", "r.example.com"],
        &["registry", "list"],
        &["keyserver", "list"],
        &["exec"],
    ] {
        let run = world.run(words);
        assert!(
            !run.to_string().to_lowercase().contains("apptainer"),
            "{words:?}: {run}"
        );
        let shown = seen(&world, words);
        let shown = shown.replace("portolan --command singularity", "");
        assert!(
            !shown.to_lowercase().contains("apptainer"),
            "{words:?}: {shown}"
        );
    }
}

#[test]
fn who_removes_the_active_or_the_exclusive_remote_is_told_what_that_leaves() {
    let world = World::shipped();
    world.write_user("Active: mine\nRemotes:\n  mine: {URI: mine.example.com}\n");
    let shown = seen(&world, &["remote", "remove", "mine"]);
    assert!(
        shown.contains("The active remote is DefaultRemote now. To choose one:\n           portolan remote use <NAME>\n"),
        "{shown}"
    );
    world.write_system("Active: c\nRemotes:\n  c: {URI: c.example.com, System: true, Exclusive: true}\n  d: {URI: d.example.com, System: true}\n");
    let shown = seen(&world, &["remote", "remove", "--global", "c"]);
    assert!(
        shown.contains("Users may use any remote from now on.\n")
            && shown.contains(
                "No remote is active now. To choose one:\n           sudo portolan --sysconfdir "
            )
            && shown.contains("remote use --global <NAME>\n"),
        "{shown}"
    );
    let found = world.run(&["remote", "doctor", "--offline"]);
    assert!(
        found.code == Some(255)
            && found.stdout.contains("no remote is active\n")
            && found.stdout.contains("To fix it: portolan remote use d\n"),
        "{found}"
    );
    assert_eq!(world.run(&["remote", "use", "d"]).code, Some(0));
}
