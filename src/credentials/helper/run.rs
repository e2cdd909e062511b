//! One run of a program: something in, something out, within a time limit. Knows no protocol.

use std::io::{Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};
use std::{io, thread};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_current_process_group, kill_process_group, waitid,
};
use zeroize::Zeroizing;

use super::terminal::Lent;
use super::{HelperEnvironment, HelperError, HelperFault, HelperTask};
use crate::secret::Secret;
use crate::text::in_one_line;

/// Between two looks whether a program has ended: next to nothing for a person, and for a processor.
const PAUSE: Duration = Duration::from_millis(5);
/// How long the rest of an answer may take once the program has ended. A service that it started and left running has its
/// output open, too.
const REST: Duration = Duration::from_millis(200);
/// How many times as long a program may take that has the terminal, where somebody may have to find a passphrase.
const PERSONS_SHARE: u32 = 12;
/// The longest answer in bytes: more than any secret has.
const LONGEST_ANSWER: u64 = 1024 * 1024;
/// The longest complaint that is shown, in characters.
const LONGEST_COMPLAINT: usize = 2000;

pub(crate) struct Done {
    status: ExitStatus,
    pub(crate) stdout: Zeroizing<Vec<u8>>,
    pub(crate) stderr: Zeroizing<Vec<u8>>,
}

/// Runs a command, gives it `input`, and waits for its end. It is a job of its own: in the foreground of the terminal while
/// it runs, where it gets that, and ended together with its children.
pub(crate) fn run(
    mut command: Command,
    environment: &HelperEnvironment,
    input: &Secret,
    limit: Duration,
) -> Result<Done, HelperFault> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    for (name, value) in &environment.changes {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let not_run = |error: io::Error| HelperFault::Run {
        program: program.clone(),
        reason: error.to_string(),
    };
    let mut job = Job(command.spawn().map_err(not_run)?);
    let [stdout, stderr] = attend(&mut job.0, input).map_err(not_run)?;
    let status = job.wait(environment.at_terminal, limit)?;
    Ok(Done {
        status,
        stdout: stdout.end(),
        stderr: stderr.end(),
    })
}

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

/// A running program and the process group that it leads; dropped before its end, all of that is ended.
struct Job(Child);

impl Job {
    fn group(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Waits for its end, and does with this program what a person does with the job: Ctrl-C ends both, Ctrl-Z stops both.
    fn wait(&mut self, at_terminal: bool, limit: Duration) -> Result<ExitStatus, HelperFault> {
        let group = self.group();
        let lend = || at_terminal.then(|| Lent::to(group)).flatten();
        let mut terminal = lend();
        let limit = |terminal: &Option<Lent>| match terminal {
            Some(_) => limit * PERSONS_SHARE,
            None => limit,
        };
        let mut end = Instant::now() + limit(&terminal);
        loop {
            let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
            if matches!(waitid(WaitId::Pid(group), stopped), Ok(Some(_))) {
                drop(terminal.take());
                let _ = kill_current_process_group(Signal::TSTP);
                terminal = lend();
                let _ = kill_process_group(group, Signal::CONT);
                end = Instant::now() + limit(&terminal);
            }
            match self.0.try_wait() {
                Ok(Some(status)) => {
                    let was_lent = terminal.take().is_some();
                    if was_lent && status.signal() == Some(Signal::INT.as_raw()) {
                        let _ = kill_current_process_group(Signal::INT);
                        // Another thread may get it, a moment later.
                        thread::sleep(REST);
                    }
                    return Ok(status);
                }
                Ok(None) if Instant::now() < end => thread::sleep(PAUSE),
                Ok(None) | Err(_) => return Err(HelperFault::TimedOut(limit(&terminal))),
            }
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = kill_process_group(self.group(), Signal::KILL);
            let _ = self.0.wait();
        }
    }
}

impl Done {
    pub(super) fn succeeded(&self) -> bool {
        self.status.success()
    }

    pub(crate) fn fault(&self) -> Option<HelperFault> {
        match (self.status.code(), self.status.signal()) {
            (Some(0), _) => None,
            (Some(code), _) => Some(HelperFault::Exit(code)),
            (None, signal) => Some(HelperFault::Signal(signal.unwrap_or_default())),
        }
    }

    pub(super) fn says(&self, words: &str) -> bool {
        [&self.stdout, &self.stderr]
            .iter()
            .any(|said| String::from_utf8_lossy(said).contains(words))
    }

    pub(super) fn error(&self, task: HelperTask, secret: Option<&Secret>) -> HelperError {
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

    fn end(self) -> Zeroizing<Vec<u8>> {
        let _ = self.ended.recv_timeout(REST);
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
