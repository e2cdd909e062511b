//! A home, a system and a program of their own: one world a test, nothing of the real ones.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::authority::Authority;

pub(crate) use super::machine::{ORDINARY, is_root, skip};

/// The system file that the packages ship.
pub(crate) const SHIPPED: &str = "\
Active: DefaultRemote
Remotes:
  DefaultRemote:
    URI: cloud.apptainer.org
    System: true
    Exclusive: false
";

/// A cleared world: a home and a system directory that exist and are empty.
pub(crate) struct World {
    root: TempDir,
    variables: Vec<(OsString, OsString)>,
    /// What runs the program, before its own words; empty when nothing does.
    runner: Vec<OsString>,
    program: PathBuf,
}

/// What a run left: shown as standard output, standard error and exit code, with an end mark.
pub(crate) struct Finished {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("portolan-test-")
            .tempdir()
            .unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(root.path().join("home")).unwrap();
        fs::create_dir_all(root.path().join("etc/apptainer")).unwrap();
        Self {
            root,
            variables: Vec::new(),
            runner: Vec::new(),
            program: env!("CARGO_BIN_EXE_portolan").into(),
        }
    }

    /// A world with the system file that the packages ship.
    pub(crate) fn shipped() -> Self {
        let world = Self::new();
        world.write_system(SHIPPED);
        world
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.into(), value.into()));
    }

    /// Makes the program believe the servers of this authority and of no other.
    pub(crate) fn trust(&mut self, authority: &Authority) {
        let file = self.root.path().join("authorities.pem");
        fs::write(&file, authority.pem()).unwrap();
        self.set("SSL_CERT_FILE", file);
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub(crate) fn docker_config(&self) -> PathBuf {
        self.home().join(".apptainer/docker-config.json")
    }

    pub(crate) fn user_file(&self) -> PathBuf {
        self.home().join(".apptainer/remote.yaml")
    }

    pub(crate) fn system_file(&self) -> PathBuf {
        self.root.path().join("etc/apptainer/remote.yaml")
    }

    pub(crate) fn write_user(&self, text: impl AsRef<[u8]>) {
        self.write_private(&self.user_file(), text.as_ref());
    }

    pub(crate) fn write_docker_config(&self, text: impl AsRef<[u8]>) {
        self.write_private(&self.docker_config(), text.as_ref());
    }

    fn write_private(&self, path: &Path, text: &[u8]) {
        let directory = self.home().join(".apptainer");
        if !directory.exists() {
            fs::create_dir(&directory).unwrap();
            fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        }
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn write_system(&self, text: impl AsRef<[u8]>) {
        fs::write(self.system_file(), text).unwrap();
        fs::set_permissions(self.system_file(), fs::Permissions::from_mode(0o644)).unwrap();
    }

    /// From now on the program is run by an ordinary user, to whom the home belongs. Nothing to do when the tests are.
    pub(crate) fn as_ordinary_user(&mut self) {
        if !is_root() {
            return;
        }
        // The directory of the real program may be closed to that user.
        self.program = self.root.path().join("portolan");
        fs::hard_link(env!("CARGO_BIN_EXE_portolan"), &self.program)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_portolan"), &self.program).map(drop))
            .unwrap();
        let identity = [
            format!("--reuid={ORDINARY}"),
            format!("--regid={ORDINARY}"),
            "--clear-groups".to_owned(),
        ];
        self.runner = std::iter::once("setpriv".to_owned())
            .chain(identity)
            .map(OsString::from)
            .collect();
        self.give_away(&self.home());
    }

    /// Gives this, and what is below it, to the ordinary user of [`as_ordinary_user`](Self::as_ordinary_user).
    pub(crate) fn give_away(&self, path: &Path) {
        if is_root() {
            lchown(path, Some(ORDINARY), Some(ORDINARY)).unwrap();
            if path.is_dir() && !path.is_symlink() {
                fs::read_dir(path)
                    .unwrap()
                    .for_each(|entry| self.give_away(&entry.unwrap().path()));
            }
        }
    }

    /// Puts a program on PATH under this name. It is a link: a file that was just written can't always be run.
    pub(crate) fn link_program(&self, name: &str, program: &str) {
        let directory = self.root.path().join("bin");
        fs::create_dir_all(&directory).unwrap();
        symlink(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(program),
            directory.join(name),
        )
        .unwrap();
    }

    /// The program in this world, with a cleared environment.
    pub(crate) fn command(&self) -> Command {
        self.command_through(&[])
    }

    /// As [`command`](Self::command), run by another program: these are its words, the program's own follow them.
    pub(crate) fn command_through(&self, runner: &[&str]) -> Command {
        super::program::restore_signals();
        let runner = runner.iter().map(OsString::from);
        let mut words = runner
            .chain(self.runner.iter().cloned())
            .chain([self.program.clone().into_os_string()]);
        let mut command = Command::new(words.next().unwrap());
        command
            .args(words)
            .env_clear()
            .env("HOME", self.home())
            .env(
                "PATH",
                format!(
                    "{}:/usr/local/bin:/usr/bin:/bin",
                    self.root.path().join("bin").display()
                ),
            )
            .env("PORTOLAN_SYSCONFDIR", self.root.path().join("etc"))
            .env("LANG", "C.UTF-8")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home());
        command
    }

    /// Runs `portolan` with these words and an empty standard input.
    pub(crate) fn run(&self, words: &[&str]) -> Finished {
        self.run_with_input(words, "")
    }

    /// Runs `portolan` with these words and this on standard input.
    pub(crate) fn run_with_input(&self, words: &[&str], input: &str) -> Finished {
        let mut command = self.command();
        command.args(words);
        self.finish(command, input)
    }

    /// Runs `portolan` as a root whose account has this home, whatever HOME says; `None` where nothing can be mounted, and
    /// the real home of root would be used.
    pub(crate) fn run_with_account(&self, home: &Path, words: &[&str]) -> Option<Finished> {
        if !Command::new("unshare")
            .args(["--mount", "true"])
            .status()
            .is_ok_and(|status| status.success())
        {
            skip("no mount namespaces here");
            return None;
        }
        let accounts = self.root.path().join("passwd");
        fs::write(
            &accounts,
            format!("root:x:0:0:root:{}:/bin/sh\n", home.display()),
        )
        .unwrap();
        let mounted = r#"mount --bind "$0" /etc/passwd && exec "$@""#;
        let mut command = self.command_through(&[
            "unshare",
            "--mount",
            "sh",
            "-c",
            mounted,
            accounts.to_str().unwrap(),
        ]);
        command.args(words);
        Some(self.finish(command, ""))
    }

    /// Gives a command that something else made this world's variables and directory, and no others.
    pub(crate) fn surround(&self, command: &mut Command) {
        let ours = self.command();
        command.env_clear().current_dir(self.home());
        command.envs(
            ours.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    }

    /// Runs a command to its end with this on standard input.
    pub(crate) fn finish(&self, mut command: Command, input: &str) -> Finished {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that reads nothing has closed its end already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Finished {
            stdout: self.named(&String::from_utf8(output.stdout).unwrap()),
            stderr: self.named(&String::from_utf8(output.stderr).unwrap()),
            code: output.status.code(),
        }
    }

    /// Runs lines of words parted by blanks, one after the other, and shows them as a terminal's session would. `$HOME`,
    /// `$ETC` and `$ROOT` stand for this world's directories.
    pub(crate) fn session(&self, lines: &[&str]) -> String {
        let root = self.root.path().to_str().unwrap();
        let meant = |word: &str| {
            word.replace("$HOME", &format!("{root}/home"))
                .replace("$ETC", &format!("{root}/etc"))
                .replace("$ROOT", root)
        };
        let mut shown = String::new();
        for line in lines {
            let words: Vec<String> = line.split(' ').map(meant).collect();
            writeln!(shown, "$ portolan {line}").unwrap();
            write!(
                shown,
                "{}",
                self.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
            )
            .unwrap();
        }
        shown.push_str("[EOF]\n");
        shown
    }

    /// A file's mode and text; `absent` when there is none.
    pub(crate) fn file(&self, path: &Path) -> String {
        match fs::read_to_string(path) {
            Ok(text) => {
                let mode = fs::metadata(path).unwrap().mode() & 0o7777;
                format!("{mode:o}\n{}[EOF]\n", self.named(&text))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "absent\n".to_owned(),
            Err(error) => format!("{error}\n"),
        }
    }

    /// A file's mode, in octal.
    pub(crate) fn mode(&self, path: &Path) -> String {
        format!("{:o}", fs::symlink_metadata(path).unwrap().mode() & 0o7777)
    }

    pub(crate) fn set_mode(&self, path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Makes a file old enough that nobody can be just writing it.
    pub(crate) fn age(&self, path: &Path) {
        fs::File::open(path)
            .unwrap()
            .set_modified(SystemTime::now() - Duration::from_secs(60))
            .unwrap();
    }

    /// Every file and directory below the home, for showing that nothing was left behind.
    pub(crate) fn home_listing(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut directories = vec![self.home()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                found.push(
                    entry
                        .path()
                        .strip_prefix(self.home())
                        .unwrap()
                        .display()
                        .to_string(),
                );
                if entry.file_type().unwrap().is_dir() {
                    directories.push(entry.path());
                }
            }
        }
        found.sort();
        found
    }

    fn named(&self, text: &str) -> String {
        let root = self.root.path().to_str().unwrap();
        text.replace(&format!("{root}/home"), "$HOME")
            .replace(&format!("{root}/etc"), "$ETC")
            .replace(root, "$ROOT")
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(formatter, "------- stderr -------\n{}", self.stderr)?;
        }
        match self.code {
            Some(0) => Ok(()),
            Some(code) => writeln!(formatter, "[exit status: {code}]"),
            None => writeln!(formatter, "[killed]"),
        }
    }
}
