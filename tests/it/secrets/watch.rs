//! Where secrets went during one run: every call, every output and every file is searched for them.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::marks::{Kind, Known, Secret};
use super::trace::{Call, STRACE, calls};
use crate::support::reply::Asked;
use crate::support::server::Server;
use crate::support::world::{Finished, World};

/// A program in a world that holds secrets.
pub(super) struct Watch<'a> {
    pub(super) world: &'a World,
    pub(super) secrets: &'a Known,
    /// The only servers that may hear secrets, and which kinds.
    pub(super) servers: &'a [(&'a Server, &'a [Kind])],
    /// The file that `--authfile` names.
    pub(super) authfile: Option<PathBuf>,
    /// Whether a credential helper may get a secret.
    pub(super) has_helper: bool,
}

impl Watch<'_> {
    /// Runs a command under a tracer: what it did, and every place where a secret was that should not be.
    pub(super) fn run(
        &self,
        runner: &[&str],
        words: &[String],
        input: &str,
    ) -> (Finished, Vec<String>) {
        let directory = tempfile::tempdir().unwrap();
        // The traced program may be another user's.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let log = directory.path().join("log");
        let tracer = [STRACE, &[log.to_str().unwrap()], runner].concat();
        let mut command = self.world.command_through(&tracer);
        command.args(words);
        self.finish(command, input, directory.path())
    }

    /// As [`run`](Self::run), for a traced command whose calls are written to files in `directory`.
    pub(super) fn finish(
        &self,
        command: Command,
        input: &str,
        directory: &Path,
    ) -> (Finished, Vec<String>) {
        let heard: Vec<usize> = self
            .servers
            .iter()
            .map(|(server, _)| server.asked().len())
            .collect();
        let finished = self.world.finish(command, input);
        let mut leaks = self.in_calls(&calls(directory));
        for (stream, text) in [
            ("standard output", &finished.stdout),
            ("standard error", &finished.stderr),
        ] {
            let shown = self
                .secrets
                .in_text(text)
                .into_iter()
                .filter(|secret| secret.kind != Kind::Passing);
            leaks.extend(shown.map(|secret| format!("{secret:?} on {stream}")));
        }
        leaks.extend(self.in_files(self.world.root()));
        for ((server, kinds), heard) in self.servers.iter().zip(heard) {
            leaks.extend(in_requests(self.secrets, kinds, &server.asked()[heard..]));
        }
        (finished, leaks)
    }

    /// The calls that carry a secret, and may not.
    fn in_calls(&self, calls: &[Call]) -> Vec<String> {
        let mut leaks = Vec::new();
        let mut modes = HashMap::<String, u32>::new();
        let mut holders = HashMap::<String, Secret>::new();
        let mut umask = 0o022;
        let mut is_begun = false;
        for call in calls {
            let own_start = call.name == "execve" && !is_begun && call.succeeded();
            is_begun |= own_start;
            if own_start || (call.is_foreign && call.name != "execve") {
                continue;
            }
            match call.name.as_str() {
                "umask" => umask = call.mode(),
                "openat" if call.succeeded() && call.rest.contains("O_EXCL") => {
                    modes.insert(call.returned.clone(), call.mode() & !umask);
                }
                "fchmod" if call.succeeded() => {
                    modes.insert(call.on.clone(), call.mode());
                    if let Some(secret) = holders.get(&call.on).filter(|_| call.mode() & 0o077 != 0)
                    {
                        leaks.push(format!("{secret:?} opened to others: {call:?}"));
                    }
                }
                _ => {}
            }
            for secret in self.secrets.in_text(&call.texts.join("\n")) {
                if !self.may_carry(call, secret, &modes) {
                    leaks.push(format!(
                        "{secret:?} in {} on {:?}: {:?}",
                        call.name, call.on, call.rest
                    ));
                }
                holders.insert(call.on.clone(), secret);
            }
        }
        leaks
    }

    fn may_carry(&self, call: &Call, secret: Secret, modes: &HashMap<String, u32>) -> bool {
        match call.name.as_str() {
            "write" | "writev" | "pwrite64" | "sendto" | "sendmsg" => {
                if call.on.starts_with("pipe:") {
                    // Output is searched as a whole.
                    let is_output = call.rest.starts_with("1<") || call.rest.starts_with("2<");
                    return is_output || self.has_helper && secret.kind == Kind::Registry;
                }
                if let Some(connection) = call.on.strip_prefix("TCP:") {
                    let to = |server: &Server| {
                        connection.contains(&format!("->127.0.0.1:{}]", server.port()))
                    };
                    return self
                        .servers
                        .iter()
                        .any(|(server, kinds)| to(server) && kinds.contains(&secret.kind));
                }
                self.is_home(Path::new(&call.on), secret)
                    && modes.get(&call.on).is_some_and(|mode| mode & 0o077 == 0)
            }
            _ => false,
        }
    }

    /// Whether a secret is kept in this file, or in the temporary one that takes its place.
    fn is_home(&self, path: &Path, secret: Secret) -> bool {
        let directory = self.world.home().join(".apptainer");
        let files = match secret.kind {
            Kind::Token | Kind::Keyserver => vec![directory.join("remote.yaml")],
            Kind::Registry => self
                .authfile
                .iter()
                .cloned()
                .chain([directory.join("docker-config.json")])
                .collect(),
            Kind::Passing => vec![],
        };
        files.iter().any(|file| {
            let temporary = format!(
                ".{}.portolan-new",
                file.file_name().unwrap().to_str().unwrap()
            );
            path == file || path == file.with_file_name(temporary)
        })
    }

    /// The files below a directory that hold a secret, and may not or are not closed; the test's own inputs are left out.
    fn in_files(&self, directory: &Path) -> Vec<String> {
        let mut leaks = Vec::new();
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !["given", "helper"].contains(&entry.file_name().to_str().unwrap())
            {
                leaks.extend(self.in_files(&path));
            } else if kind.is_file() && entry.file_name() != "portolan" {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                let bad = |secret: &Secret| !self.is_home(&path, *secret) || mode & 0o077 != 0;
                let bad = self.secrets.in_text(&text).into_iter().filter(bad);
                leaks.extend(bad.map(|secret| format!("{secret:?} in {path:?}, {mode:o}")));
            }
        }
        leaks
    }
}

/// The requests with a secret that is none of this server's, or that stands where it is written to logs.
pub(super) fn in_requests(known: &Known, kinds: &[Kind], asked: &[Asked]) -> Vec<String> {
    let mut leaks = Vec::new();
    for asked in asked {
        let mut found: Vec<Secret> = known.in_text(&asked.target);
        let strange = |secret: &Secret| !kinds.contains(&secret.kind);
        found.extend(
            known
                .in_text(&String::from_utf8_lossy(&asked.body))
                .into_iter()
                .filter(strange),
        );
        for (name, value) in &asked.headers {
            let is_for_it = name.eq_ignore_ascii_case("authorization");
            let found_here = known.in_text(&format!("{name}: {value}"));
            found.extend(
                found_here
                    .into_iter()
                    .filter(|secret| strange(secret) || !is_for_it),
            );
        }
        let words = format!(
            "heard by the server of {kinds:?}: {} {}",
            asked.method, asked.target
        );
        leaks.extend(found.iter().map(|secret| format!("{secret:?} {words}")));
    }
    leaks
}
