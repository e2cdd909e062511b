//! A command that prints a secret when it is needed. Nothing is stored. Knows no record.

use std::process::Command;
use std::time::Duration;

use crate::credentials::helper::{HelperEnvironment, Login, run};
use crate::secret::{Secret, Stored};
use crate::text::in_one_line;

const LIMIT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{line}`: {fault}{}", if complaint.is_empty() { String::new() } else { format!(", stderr: {complaint}") })]
pub(crate) struct CommandError {
    pub line: String,
    pub fault: String,
    pub complaint: String,
}

/// Runs `line` by the shell, without a terminal, and takes what it prints. The second value is what it wrote to its standard
/// error, to be shown.
pub(super) fn get(
    line: &str,
    user: Option<&str>,
    environment: &HelperEnvironment,
) -> Result<(Stored, String), CommandError> {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    let error = |fault: String, complaint: String| CommandError {
        line: line.to_owned(),
        fault,
        complaint,
    };
    // A background group gets no input from the terminal, also not from /dev/tty.
    let environment = HelperEnvironment {
        at_terminal: false,
        ..environment.clone()
    };
    let done = run::run(command, &environment, &Secret::default(), LIMIT)
        .map_err(|fault| error(fault.to_string(), String::new()))?;
    let complaint = in_one_line(String::from_utf8_lossy(&done.stderr).trim());
    if let Some(fault) = done.fault() {
        return Err(error(fault.to_string(), complaint));
    }
    let printed = std::str::from_utf8(&done.stdout)
        .map_err(|_| error("it prints no text".to_owned(), String::new()))?;
    match parse(printed, user) {
        Ok(stored) => Ok((stored, complaint)),
        Err(fault) => Err(error(fault.to_owned(), complaint)),
    }
}

fn parse(printed: &str, user: Option<&str>) -> Result<Stored, &'static str> {
    let text = printed.trim_end_matches(['\r', '\n']);
    let login = Login::parse(text.as_bytes());
    if let Some(stored) = login.and_then(Login::into_stored) {
        return Ok(stored);
    }
    if text.is_empty() {
        return Err("it prints nothing");
    }
    if text.contains('\n') {
        return Err("it prints more than one line");
    }
    let secret = Secret::new(text);
    Ok(match user {
        Some(user) => Stored::Password {
            user: user.to_owned(),
            password: secret,
        },
        None => Stored::IdentityToken {
            user: String::new(),
            token: secret,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_a_line_or_dockers_json() {
        let token = |text: &str| Stored::IdentityToken {
            user: String::new(),
            token: Secret::new(text),
        };
        let password = |text: &str| Stored::Password {
            user: "ian".to_owned(),
            password: Secret::new(text),
        };
        for (printed, user, wanted) in [
            ("a b\n", None, Ok(token("a b"))),
            ("a\r\n", Some("ian"), Ok(password("a"))),
            (
                r#"{"Username":"ian","Secret":"x"}"#,
                Some("eve"),
                Ok(password("x")),
            ),
            (
                r#"{"Username":"<token>","Secret":"x"}"#,
                None,
                Ok(token("x")),
            ),
            ("{not json", None, Ok(token("{not json"))),
            ("\n", None, Err("it prints nothing")),
            ("a\nb\n", None, Err("it prints more than one line")),
        ] {
            assert_eq!(parse(printed, user), wanted, "{printed:?}");
        }
    }

    #[test]
    fn a_command_that_fails_is_shown_without_its_output() {
        let line = "echo pa55word; echo 'no agent' >&2; exit 3";
        assert_eq!(
            get(line, None, &HelperEnvironment::default())
                .unwrap_err()
                .to_string(),
            format!("`{line}`: exit status 3, stderr: no agent")
        );
    }
}
