//! One run of a program: something in, something out, within a time limit. Knows no protocol.

use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};
use std::{io, thread};

use rustix::process::{Pid, Signal, getpgid, kill_process_group};
use zeroize::Zeroizing;

use super::{HelperError, HelperFault, Task};
use crate::secret::Secret;
use crate::text::in_one_line;

/// Between two looks whether a program has ended: next to nothing for a person, and for a processor.
const PAUSE: Duration = Duration::from_millis(5);
/// How long the rest of what a program said may take once it has ended. One that leaves a service behind which it started
/// leaves its output open, too.
const REST: Duration = Duration::from_millis(200);
/// The longest answer in bytes: more than any secret has.
const LONGEST_ANSWER: u64 = 1024 * 1024;
/// The longest complaint that is shown, in characters.
const LONGEST_COMPLAINT: usize = 2000;

/// A program that has ended, and what it said.
pub(crate) struct Done {
    status: ExitStatus,
    pub(crate) stdout: Zeroizing<Vec<u8>>,
    pub(crate) stderr: Zeroizing<Vec<u8>>,
}

/// Runs a command, by the name of its `program`, gives it `input`, and waits for its end.
pub(crate) fn run(
    mut command: Command,
    program: &str,
    environment: &[(OsString, Option<OsString>)],
    input: &Secret,
    limit: Duration,
) -> Result<Done, HelperFault> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let not_run = |error: io::Error| match error.kind() {
        // What the search on PATH may not execute or look into is not there, to Docker's library too.
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
            HelperFault::Missing(program.to_owned())
        }
        _ => HelperFault::Run {
            program: program.to_owned(),
            reason: error.to_string(),
        },
    };
    let end = Instant::now() + limit;
    let mut child = command.spawn().map_err(not_run)?;
    let [stdout, stderr] = attend(&mut child, input).map_err(|error| {
        end_of(&mut child);
        not_run(error)
    })?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(not_run)? {
            break status;
        }
        if Instant::now() >= end {
            end_of(&mut child);
            return Err(HelperFault::TimedOut(limit));
        }
        thread::sleep(PAUSE);
    };
    Ok(Done {
        status,
        stdout: stdout.end(),
        stderr: stderr.end(),
    })
}

/// Gives a program its input, and hears what it says, each by a thread.
fn attend(child: &mut Child, input: &Secret) -> io::Result<[Hearing; 2]> {
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.clone();
        // One that does not listen says why, or ends.
        thread::Builder::new().spawn(move || stdin.write_all(input.expose().as_bytes()))?;
    }
    Ok([
        Hearing::begin(child.stdout.take())?,
        Hearing::begin(child.stderr.take())?,
    ])
}

/// Kills a program, and its children where it leads a group of its own.
fn end_of(child: &mut Child) {
    let id = Pid::from_child(child);
    if getpgid(Some(id)) == Ok(id) {
        let _ = kill_process_group(id, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

impl Done {
    pub(super) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// Why it failed; `None` when it did not.
    pub(crate) fn fault(&self) -> Option<HelperFault> {
        match (self.status.code(), self.status.signal()) {
            (Some(0), _) => None,
            (Some(code), _) => Some(HelperFault::Exit(code)),
            (None, signal) => Some(HelperFault::Signal(signal.unwrap_or_default())),
        }
    }

    /// Whether it said this, among other things.
    pub(super) fn says(&self, words: &str) -> bool {
        [&self.stdout, &self.stderr]
            .iter()
            .any(|said| String::from_utf8_lossy(said).contains(words))
    }

    /// What to tell of its failure; the `secret` that it was given is not told.
    pub(super) fn error(&self, task: Task, secret: Option<&Secret>) -> HelperError {
        let text = |said: &Zeroizing<Vec<u8>>| {
            Zeroizing::new(String::from_utf8_lossy(said).trim().to_owned())
        };
        let mut said = text(&self.stdout);
        if said.is_empty() {
            said = text(&self.stderr);
        }
        // Not even with stars in its place: they would show where it stands.
        let said = if secret.is_some_and(|secret| secret.is_repeated_in(&said)) {
            "(not shown: it repeats the secret)"
        } else {
            said.as_str()
        };
        HelperError {
            task,
            fault: self.fault().unwrap_or(HelperFault::Answer),
            said: in_one_line(said).chars().take(LONGEST_COMPLAINT).collect(),
        }
    }
}

/// What is said on a pipe, heard by a thread.
struct Hearing {
    heard: Arc<Mutex<Zeroizing<Vec<u8>>>>,
    ended: Receiver<()>,
}

impl Hearing {
    fn begin(pipe: Option<impl Read + Send + 'static>) -> io::Result<Self> {
        let heard = Arc::<Mutex<Zeroizing<Vec<u8>>>>::default();
        let (end, ended) = mpsc::channel();
        let hearing = Arc::clone(&heard);
        let listen = move || {
            let Some(pipe) = pipe else { return };
            let mut pipe = pipe.take(LONGEST_ANSWER);
            let mut part = Zeroizing::new([0; 4096]);
            loop {
                match pipe.read(&mut part[..]) {
                    Ok(count @ 1..) => {
                        hearing
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .extend_from_slice(&part[..count]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(_) | Err(_) => break,
                }
            }
            drop(end);
        };
        thread::Builder::new().spawn(listen)?;
        Ok(Self { heard, ended })
    }

    /// What was heard, once the pipe is closed or has had its time.
    fn end(self) -> Zeroizing<Vec<u8>> {
        let _ = self.ended.recv_timeout(REST);
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
