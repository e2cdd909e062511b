//! Commands that are killed, or refused by the kernel, at every single system call on their files. D7 of
//! docs/compatibility.md.

mod commands;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use portolan::config::document::RemoteEntry;
use portolan::config::yaml;
use portolan::name::RemoteName;

use crate::support::world::{Finished, ORDINARY, SHIPPED, World, is_root, skip};

/// The calls that change something, or lock it.
const CHANGING: &str = "?open,openat,?creat,write,pwrite64,fsync,fdatasync,ftruncate,flock,?rename,?renameat,renameat2,\
                        ?chmod,fchmod,?fchmodat,fchown,?fchownat,?unlink,unlinkat,?mkdir,mkdirat,?link,linkat,\
                        fsetxattr,fremovexattr";
/// The calls that only look.
const LOOKING: &str = "read,pread64,?stat,?lstat,fstat,?newfstatat,statx,?readlink,readlinkat,?access,?faccessat,?faccessat2,fgetxattr";

/// The calls that a signal may interrupt, by their manual pages.
const INTERRUPTIBLE: &str = "?open,openat,read,write,pwrite64,flock,fsync,ftruncate";

/// The kernel's errors, and their words.
const WORDS: [(&str, &str); 6] = [
    ("ENOSPC", "no space left on device"),
    ("EDQUOT", "disk quota exceeded"),
    ("EIO", "input/output error"),
    ("EROFS", "read-only file system"),
    ("EACCES", "permission denied"),
    ("EINTR", "interrupted system call"),
];

/// What the user's file holds before.
const MINE: &str = "\
Active: mine
Remotes:
  mine:
    URI: mine.example.com
    System: false
    Exclusive: false
";

/// A command, its file, and another command that comes after it.
struct Case {
    words: &'static [&'static str],
    prepare: fn(&mut World),
    file: fn(&World) -> PathBuf,
    next: &'static [&'static str],
}

const NEXT: &[&str] = &["remote", "add", "--no-login", "next", "next.example.com"];
const FIRST_ADD: Case = Case {
    words: &["remote", "add", "--no-login", "x", "x.example.com"],
    prepare: |_| {},
    file: World::user_file,
    next: NEXT,
};
const ADD: Case = Case {
    prepare: |world| world.write_user(MINE),
    ..FIRST_ADD
};
const REMOVE: Case = Case {
    words: &["remote", "remove", "mine"],
    ..ADD
};
const USE: Case = Case {
    words: &["remote", "use", "DefaultRemote"],
    ..ADD
};
const GLOBAL_ADD: Case = Case {
    words: &["remote", "add", "--global", "x", "x.example.com"],
    prepare: |_| {},
    file: World::system_file,
    next: &["remote", "add", "--global", "next", "next.example.com"],
};

/// One system call of a command's life: its name, and which one of that name it is, from 1.
type Point = (String, usize);

/// A case, its contents before and after, and its system calls.
struct Trial {
    case: Case,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
}

impl Trial {
    /// Runs the case undisturbed once; `None` where nothing can be traced.
    fn new(case: Case) -> Option<Self> {
        if !Command::new("strace")
            .args(["-o", "/dev/null", "true"])
            .status()
            .is_ok_and(|status| status.success())
        {
            skip("strace is not installed, or may not trace");
            return None;
        }
        let mut world = World::shipped();
        (case.prepare)(&mut world);
        let old = contents(&(case.file)(&world));
        let run = world.run(case.words);
        assert_eq!(run.code, Some(0), "{run}");
        let new = contents(&(case.file)(&world));
        assert!(old != new);
        Some(Self { case, old, new })
    }

    /// The first thread's calls that are about files of the case's world, among those that are named.
    fn points(&self, calls: &str) -> Vec<Point> {
        let mut first = None;
        self.traced(calls, |world, thread, words| {
            let here = format!("AT_FDCWD<{}>", world.home().display());
            let about_files = words
                .replace(&here, "")
                .contains(world.root().to_str().unwrap());
            *first.get_or_insert_with(|| thread.to_owned()) == thread && about_files
        })
    }

    /// The calls of the case that are wanted, among those that are named. Each thread counts its own calls.
    fn traced(
        &self,
        calls: &str,
        mut wanted: impl FnMut(&World, &str, &str) -> bool,
    ) -> Vec<Point> {
        let world = self.world();
        let log = world.root().join("log");
        let run = self.run(
            &world,
            &[
                "-f",
                "-y",
                "-o",
                log.to_str().unwrap(),
                "-e",
                &format!("trace={calls}"),
            ],
        );
        assert_eq!(run.code, Some(0), "{run}");
        let mut counts = BTreeMap::<(String, String), usize>::new();
        let mut points = BTreeSet::new();
        for line in fs::read_to_string(log).unwrap().lines() {
            let Some((thread, name, rest)) = called(line) else {
                continue;
            };
            let count = counts
                .entry((thread.to_owned(), name.to_owned()))
                .or_default();
            *count += 1;
            if wanted(&world, thread, rest) {
                points.insert((name.to_owned(), *count));
            }
        }
        assert!(!points.is_empty(), "nothing to disturb: {calls}");
        points.into_iter().collect()
    }

    fn world(&self) -> World {
        let mut world = World::shipped();
        (self.case.prepare)(&mut world);
        world
    }

    fn run(&self, world: &World, options: &[&str]) -> Finished {
        let mut command = world.command_through(&[&["strace"], options].concat());
        command.args(self.case.words);
        world.finish(command, "")
    }

    /// Runs the case in a new world, with this done at one of its calls.
    fn disturbed(&self, point: &Point, disturbance: &str) -> (World, Finished) {
        let (world, run) = self.attempt(point, disturbance);
        let log = fs::read_to_string(world.root().join("log")).unwrap();
        assert!(happened(&log), "{disturbance} did not happen: {log}");
        (world, run)
    }

    fn attempt(&self, (call, count): &Point, disturbance: &str) -> (World, Finished) {
        let world = self.world();
        let (trace, inject) = (
            format!("trace={call}"),
            format!("inject={call}:{disturbance}:when={count}"),
        );
        let log = world.root().join("log");
        let words = ["-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
        // A refusal is meant for the first thread: others, such as a resolver's, would get it at their call of that number.
        let options = if disturbance.starts_with("error=") {
            words.to_vec()
        } else {
            [&["-f"], &words[..]].concat()
        };
        let run = self.run(&world, &options);
        (world, run)
    }

    /// Kills the case at each of its calls: the file is the old one or the new one, and the next command works.
    fn survives_kills(&self) {
        let points = self.points(CHANGING);
        assert_eq!(self.survives_kills_at(&points), points.len());
    }

    /// As [`survives_kills`](Self::survives_kills); how often it was killed. A thread may make a call less than the last time.
    fn survives_kills_at(&self, points: &[Point]) -> usize {
        let mut kills = 0;
        for point in points {
            let (world, run) = self.attempt(point, "signal=KILL");
            let killed = happened(&fs::read_to_string(world.root().join("log")).unwrap());
            assert_eq!(
                run.code,
                if killed { None } else { Some(0) },
                "{point:?}: {run}"
            );
            kills += usize::from(killed);
            let found = contents(&(self.case.file)(&world));
            assert!(
                found == self.old || found == self.new,
                "{point:?} left {}",
                shown(found.as_deref())
            );
            self.goes_on(&world, &format!("{point:?}"));
        }
        kills
    }

    /// Refuses each of the case's calls, one a run: what it says is true, and the next command works.
    fn tells_the_truth(&self, calls: &str, errors: &[&str]) {
        for point in self.points(calls) {
            for error in errors {
                let what = format!("{error} at {point:?}");
                let run = self.is_true(&point, error);
                if run.code != Some(0) {
                    let words = WORDS.iter().find(|(name, _)| name == error).unwrap().1;
                    let fatal = run
                        .stderr
                        .lines()
                        .find(|line| line.starts_with("FATAL:   "))
                        .unwrap();
                    assert!(fatal.ends_with(words), "{what}: {run}");
                }
            }
        }
    }

    /// Refuses one call: the file is the new one if the case says so and the old one if not, and the next command works.
    fn is_true(&self, point: &Point, error: &str) -> Finished {
        let (world, run) = self.disturbed(point, &format!("error={error}"));
        let what = format!("{error} at {point:?}");
        let found = contents(&(self.case.file)(&world));
        let changed = run
            .stderr
            .contains(" was changed, but the change may not survive a power failure: ");
        let expected = if run.code == Some(0) || changed {
            &self.new
        } else {
            &self.old
        };
        assert!(
            found == *expected,
            "{what} left {}\n{run}",
            shown(found.as_deref())
        );
        if run.code != Some(0) {
            let fatal = run
                .stderr
                .lines()
                .filter(|line| line.starts_with("FATAL:   "))
                .count();
            assert_eq!((fatal, run.code), (1, Some(255)), "{what}: {run}");
        }
        assert!(
            !["EINTR", "ENOLCK", "EOPNOTSUPP", "ENOSYS"].contains(&error) || run.code == Some(0),
            "{what} is no reason to give up: {run}"
        );
        // The first is the file's own; what is only for convenience is written without a word.
        if *point == ("flock".to_owned(), 1) && error != "EINTR" && run.code == Some(0) {
            let warned = run.stderr.contains(" can't be locked (")
                && run
                    .stderr
                    .contains("); don't change it from two places at once\n");
            assert!(warned, "{what} changes a file without a lock: {run}");
        }
        self.goes_on(&world, &what);
        run
    }

    /// The next command works, keeps what the file holds, and leaves no litter.
    fn goes_on(&self, world: &World, what: &str) {
        let file = (self.case.file)(world);
        let before = remotes(&contents(&file).unwrap_or_default());
        let next = world.run(self.case.next);
        assert_eq!(next.code, Some(0), "after {what}: {next}");
        assert!(!next.stderr.contains("WARNING"), "after {what}: {next}");
        let mut after = remotes(&contents(&file).unwrap());
        assert!(
            after.remove(&RemoteName::found("next")).is_some(),
            "after {what}: {after:?}"
        );
        assert_eq!(after, before, "after {what}");
        assert_eq!(
            listing(file.parent().unwrap()),
            ["remote.yaml", "remote.yaml.lock"],
            "after {what}"
        );
    }
}

/// Whether strace disturbed anything.
fn happened(log: &str) -> bool {
    log.contains("(INJECTED)") || log.contains("killed by SIGKILL")
}

/// The thread, the call and its arguments in a line of strace's.
fn called(line: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = line.split_once('(')?;
    let (thread, name) = before.split_once(' ')?;
    let name = name.trim();
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        .then_some((thread, name, rest))
}

fn contents(path: &Path) -> Option<Vec<u8>> {
    path.exists().then(|| fs::read(path).unwrap())
}

fn remotes(bytes: &[u8]) -> BTreeMap<RemoteName, RemoteEntry> {
    yaml::document(bytes).unwrap().remotes().clone()
}

fn shown(contents: Option<&[u8]>) -> String {
    contents.map_or_else(
        || "no file".to_owned(),
        |bytes| format!("{:?}", String::from_utf8_lossy(bytes)),
    )
}

fn listing(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

#[test]
fn a_first_add_may_be_killed_at_any_call() {
    Trial::new(FIRST_ADD).inspect(Trial::survives_kills);
}

#[test]
fn an_add_may_be_killed_at_any_call() {
    Trial::new(ADD).inspect(Trial::survives_kills);
}

#[test]
fn a_remove_may_be_killed_at_any_call() {
    Trial::new(REMOVE).inspect(Trial::survives_kills);
}

#[test]
fn a_use_may_be_killed_at_any_call() {
    Trial::new(USE).inspect(Trial::survives_kills);
}

#[test]
fn a_global_add_may_be_killed_at_any_call() {
    let trial = Trial::new(GLOBAL_ADD);
    assert!(
        trial
            .as_ref()
            .is_none_or(|trial| trial.old.as_deref() == Some(SHIPPED.as_bytes()))
    );
    trial.inspect(Trial::survives_kills);
}

#[test]
fn an_add_tells_the_truth_when_the_disk_is_full() {
    Trial::new(ADD).inspect(|trial| trial.tells_the_truth(CHANGING, &["ENOSPC", "EDQUOT"]));
}

#[test]
fn an_add_tells_the_truth_when_the_disk_fails() {
    Trial::new(ADD).inspect(|trial| trial.tells_the_truth(CHANGING, &["EIO", "EROFS"]));
}

#[test]
fn an_add_tells_the_truth_when_it_cannot_look() {
    Trial::new(ADD).inspect(|trial| trial.tells_the_truth(LOOKING, &["EIO", "EACCES"]));
}

#[test]
fn an_add_goes_on_after_signals() {
    Trial::new(ADD).inspect(|trial| trial.tells_the_truth(INTERRUPTIBLE, &["EINTR"]));
}

#[test]
fn an_add_goes_on_where_nothing_can_be_locked() {
    Trial::new(ADD)
        .inspect(|trial| trial.tells_the_truth("flock", &["ENOLCK", "EOPNOTSUPP", "ENOSYS"]));
}

#[test]
fn root_makes_a_lock_for_others_where_nothing_can_be_renamed_without_replacing() {
    if !is_root() {
        return skip("only root can make files for others");
    }
    let case = Case {
        prepare: |world| world.give_away(world.system_file().parent().unwrap()),
        ..GLOBAL_ADD
    };
    Trial::new(case).inspect(|trial| {
        for point in trial.points("renameat2") {
            for error in ["EINVAL", "ENOSYS", "EOPNOTSUPP"] {
                let (world, run) = trial.disturbed(&point, &format!("error={error}"));
                assert_eq!(run.code, Some(0), "{error}: {run}");
                let lock = fs::metadata(world.system_file().with_extension("yaml.lock")).unwrap();
                assert_eq!(
                    (lock.uid(), lock.mode() & 0o777),
                    (ORDINARY, 0o600),
                    "{error}"
                );
                trial.goes_on(&world, error);
            }
            trial.tells_the_truth("renameat2", &["EIO"]);
        }
    });
}

#[test]
fn a_first_add_tells_the_truth() {
    Trial::new(FIRST_ADD).inspect(|trial| trial.tells_the_truth(CHANGING, &["ENOSPC", "EACCES"]));
}

#[test]
fn a_remove_tells_the_truth() {
    Trial::new(REMOVE).inspect(|trial| trial.tells_the_truth(CHANGING, &["EDQUOT"]));
    Trial::new(REMOVE).inspect(|trial| trial.tells_the_truth(LOOKING, &["EIO"]));
}

#[test]
fn a_use_tells_the_truth() {
    Trial::new(USE).inspect(|trial| trial.tells_the_truth(CHANGING, &["EIO"]));
}

#[test]
fn a_global_add_tells_the_truth() {
    // To whom the directory can't be opened, `--global` is refused before, in other words.
    let calls = "pwrite64,fsync,flock,?rename,?renameat,renameat2,fchmod,fremovexattr";
    Trial::new(GLOBAL_ADD).inspect(|trial| trial.tells_the_truth(calls, &["EROFS"]));
    Trial::new(GLOBAL_ADD).inspect(|trial| trial.tells_the_truth(INTERRUPTIBLE, &["EINTR"]));
}
