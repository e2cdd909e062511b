//! The home directory of an account: from /etc/passwd, else from `getent`, which knows LDAP and other name services. None of
//! these is loaded into this program, so a static binary finds what a dynamic one does. Knows no environment.

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

/// How long a name service may take.
const LIMIT: Duration = Duration::from_secs(3);

pub(crate) fn home(user: u32) -> Option<PathBuf> {
    let accounts = fs::read("/etc/passwd").unwrap_or_default();
    home_in(&accounts, user).or_else(|| {
        let program = ["/usr/bin/getent", "/bin/getent"]
            .into_iter()
            .find(|program| Path::new(program).exists())?;
        let mut getent = Command::new(program);
        getent.args(["passwd", &user.to_string()]).env_clear();
        home_in(&answer(getent, LIMIT)?, user)
    })
}

/// The home directory in lines of passwd(5); an empty one is none.
fn home_in(accounts: &[u8], user: u32) -> Option<PathBuf> {
    let number = user.to_string();
    let account = accounts
        .split(|byte| *byte == b'\n')
        .map(|line| line.split(|byte| *byte == b':').collect::<Vec<_>>())
        .find(|fields| fields.len() == 7 && fields[2] == number.as_bytes())?;
    Some(PathBuf::from(OsStr::from_bytes(account[5]))).filter(|home| !home.as_os_str().is_empty())
}

fn answer(mut program: Command, limit: Duration) -> Option<Vec<u8>> {
    program
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = program.spawn().ok()?;
    let mut output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .spawn(move || {
            let mut bytes = Vec::new();
            let _ = output.read_to_end(&mut bytes);
            sender.send(bytes)
        })
        .ok()?;
    let answer = receiver.recv_timeout(limit).ok();
    // One that has ended can't be killed, which is fine.
    let _ = child.kill();
    let _ = child.wait();
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_of_an_account_is_the_sixth_field() {
        let accounts = b"root:x:0:0:root:/root:/bin/sh\nbroken:x:7\n+::::::\nian:x:70:70::/home/i\xff:/bin/sh\nno:x:71:71:::/bin/sh\nian2:x:70:70::/other:/bin/sh";
        let cases: [(u32, Option<&[u8]>); 6] = [
            (0, Some(b"/root")),
            (70, Some(b"/home/i\xff")),
            (7, None),
            (71, None),
            (72, None),
            (u32::MAX, None),
        ];
        for (user, wanted) in cases {
            let wanted = wanted.map(|home| PathBuf::from(OsStr::from_bytes(home)));
            assert_eq!(home_in(accounts, user), wanted, "{user}");
        }
    }

    #[test]
    fn a_name_service_that_does_not_answer_is_given_up() {
        let shell = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        };
        let line = answer(shell("echo ian:x:70:70::/ldap:/bin/sh"), LIMIT);
        assert_eq!(home_in(&line.unwrap(), 70), Some("/ldap".into()));
        assert_eq!(
            answer(shell("exec sleep 60"), Duration::from_millis(50)),
            None
        );
        assert_eq!(answer(Command::new("/nonexistent"), LIMIT), None);
    }
}
