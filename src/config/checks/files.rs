//! Who may read and write the files. Knows what the kernel says of them only from its caller.

use std::path::{Path, PathBuf};

use super::finding::{Code, Finding};
use crate::text::ShellWord;

const ROOT: u32 = 0;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAccess {
    pub path: PathBuf,
    pub mode: u32,
    pub owner: u32,
    pub is_link: bool,
    pub is_read_only: bool,
}

impl FileAccess {
    fn found(&self, code: Code, message: impl Into<String>, command: &str) -> Finding {
        let fix = format!("{command} {}", shell_word(&self.path));
        Finding::new(code, self.path.display().to_string(), message, fix)
            .at(Some(self.path.clone()), None)
    }

    fn permits(&self, bits: u32) -> bool {
        self.mode & bits != 0
    }
}

pub fn shell_word(path: &Path) -> String {
    ShellWord(&path.display().to_string()).to_string()
}

pub fn users_file(file: &FileAccess, user: u32) -> Vec<Finding> {
    let mut found = owner(file, user);
    if file.permits(0o077) {
        let message = format!("{} its mode is {:o}", whom(file, 0o066), file.mode & 0o777);
        let finding = file.found(Code::FileMode, message, "chmod 600");
        let may_change = file.owner == user || user == ROOT;
        found.push(match (file.is_read_only, may_change) {
            (true, _) => Finding {
                message: format!("{} on a read-only file system", finding.message),
                fix: copy(file),
                ..finding
            },
            (false, true) => finding.fixable_if(true),
            // Its owner has to be changed first.
            (false, false) => Finding {
                fix: found
                    .first()
                    .map_or_else(String::new, |owner| owner.fix.clone()),
                ..finding
            },
        });
    }
    found
}

fn copy(file: &FileAccess) -> String {
    if file.is_link {
        let path = shell_word(&file.path);
        format!("install -m 600 \"$(readlink -f {path})\" {path}")
    } else {
        "move your files to a directory that can be written, and name it in the variable that ends in _CONFIGDIR".to_owned()
    }
}

pub fn users_directory(directory: &FileAccess, user: u32) -> Vec<Finding> {
    let mut found = owner(directory, user);
    let is_open_to_its_owner = directory.mode & 0o700 == 0o700;
    if directory.owner == user && !is_open_to_its_owner && user != ROOT {
        let message = format!(
            "you may not write in it: its mode is {:o}",
            directory.mode & 0o777
        );
        found.push(directory.found(Code::DirectoryClosed, message, "chmod u+rwx"));
    }
    if directory.permits(0o077) {
        let message = format!(
            "{} its mode is {:o}",
            whom(directory, 0o077),
            directory.mode & 0o777
        );
        let finding = directory
            .found(Code::DirectoryMode, message, "chmod 700")
            .fixable_if(directory.owner == user);
        found.push(if directory.permits(0o022) {
            finding.otherwise()
        } else {
            finding
        });
    }
    found
}

pub fn systems_file(
    file: Option<&FileAccess>,
    directory: Option<&FileAccess>,
    user: u32,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (attributes, readable, mode) in [(directory, 0o055, "755"), (file, 0o044, "644")] {
        let Some(attributes) = attributes else {
            continue;
        };
        let sudo = if user == attributes.owner {
            ""
        } else {
            sudo(user)
        };
        let chmod = |mode: &str| format!("{sudo}chmod {mode}");
        if attributes.mode & readable != readable {
            let message = format!(
                "not all users can read it: its mode is {:o}",
                attributes.mode & 0o777
            );
            found.push(attributes.found(Code::SystemUnreadable, message, &chmod(mode)));
        }
        // With a directory's sticky bit nobody can replace the file of somebody else; only make one where there is none.
        let is_sticky =
            Some(attributes) == directory && attributes.permits(0o1000) && file.is_some();
        if attributes.permits(0o022) && !is_sticky {
            let message = format!(
                "{} its mode is {:o}",
                whom(attributes, 0o022),
                attributes.mode & 0o777
            );
            let finding = attributes.found(Code::SystemWritable, message, &chmod("go-w"));
            found.push(if attributes.permits(0o002) {
                finding
            } else {
                finding.otherwise()
            });
        }
    }
    if let (Some(file), Some(directory)) = (file, directory)
        && ![0, directory.owner].contains(&file.owner)
    {
        let message = format!("it belongs to user {}", file.owner);
        found.push(file.found(
            Code::SystemOwner,
            message,
            &format!("{}chown {}", sudo(user), directory.owner),
        ));
    }
    found
}

fn owner(attributes: &FileAccess, user: u32) -> Vec<Finding> {
    if attributes.owner == user {
        return Vec::new();
    }
    let message = format!(
        "it belongs to user {}, not to you (user {user})",
        attributes.owner
    );
    let finding = attributes.found(Code::FileOwner, message, &format!("sudo chown {user}"));
    // What a link leads to may be in use elsewhere.
    let fix = if attributes.is_link || attributes.is_read_only {
        copy(attributes)
    } else {
        finding.fix.clone()
    };
    vec![Finding { fix, ..finding }]
}

fn sudo(user: u32) -> &'static str {
    if user == ROOT { "" } else { "sudo " }
}

fn whom(attributes: &FileAccess, asked: u32) -> &'static str {
    let bits = attributes.mode & asked;
    if bits == 0 {
        return "others have rights to it:";
    }
    match (bits & 0o007 != 0, bits & 0o022 != 0) {
        (true, true) => "all users can write it:",
        (true, false) => "all users can read it:",
        (false, true) => "its group can write it:",
        (false, false) => "its group can read it:",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(mode: u32, owner: u32) -> FileAccess {
        FileAccess {
            path: "/h/my remote.yaml".into(),
            mode,
            owner,
            is_link: false,
            is_read_only: false,
        }
    }

    fn told(findings: &[Finding]) -> Vec<String> {
        let line = |finding: &Finding| {
            let fixable = if finding.fixable { " (fixable)" } else { "" };
            format!(
                "{} {}: {} [{}]{fixable}",
                finding.severity.name(),
                finding.code,
                finding.message,
                finding.fix
            )
        };
        findings.iter().map(line).collect()
    }

    #[test]
    fn a_file_of_the_users_is_for_the_user_alone() {
        for mode in [0o600, 0o400, 0o700, 0o200] {
            assert_eq!(users_file(&attributes(mode, 7), 7), [], "{mode:o}");
        }
        let cases = [
            (0o640, "its group can read it: its mode is 640"),
            (0o604, "all users can read it: its mode is 604"),
            (0o660, "its group can write it: its mode is 660"),
            (0o666, "all users can write it: its mode is 666"),
        ];
        for (mode, message) in cases {
            let wanted =
                format!("error file-mode: {message} [chmod 600 '/h/my remote.yaml'] (fixable)");
            assert_eq!(told(&users_file(&attributes(mode, 7), 7)), [wanted]);
        }
    }

    #[test]
    fn what_belongs_to_somebody_else_is_not_fixed() {
        assert_eq!(
            told(&users_file(&attributes(0o644, 0), 7)),
            [
                "error file-owner: it belongs to user 0, not to you (user 7) [sudo chown 7 '/h/my remote.yaml']",
                "error file-mode: all users can read it: its mode is 644 [sudo chown 7 '/h/my remote.yaml']",
            ]
        );
    }

    #[test]
    fn nobody_is_advised_to_change_what_cannot_be_changed() {
        let copy = r#"[install -m 600 "$(readlink -f '/h/my remote.yaml')" '/h/my remote.yaml']"#;
        let link = FileAccess {
            is_link: true,
            ..attributes(0o444, 0)
        };
        let found = told(&users_file(&link, 7));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|line| line.ends_with(copy)), "{found:?}");
        let mounted = FileAccess {
            is_read_only: true,
            ..attributes(0o644, 7)
        };
        assert_eq!(
            told(&users_file(&mounted, 7)),
            [
                "error file-mode: all users can read it: its mode is 644 on a read-only file system [move your files to a \
                 directory that can be written, and name it in the variable that ends in _CONFIGDIR]"
            ]
        );
    }

    #[test]
    fn a_directory_is_worse_when_others_can_write_there() {
        let severity = |mode: u32| {
            users_directory(&attributes(mode, 7), 7)
                .first()
                .map(|finding| finding.severity.name())
        };
        let cases = [
            (0o700, None),
            (0o755, Some("warning")),
            (0o750, Some("warning")),
            (0o770, Some("error")),
        ];
        for (mode, wanted) in cases {
            assert_eq!(severity(mode), wanted, "{mode:o}");
        }
    }

    #[test]
    fn the_systems_file_is_for_all_to_read_and_for_nobody_to_write() {
        let codes = |file: (u32, u32), directory: (u32, u32)| {
            let (file, directory) = (
                attributes(file.0, file.1),
                attributes(directory.0, directory.1),
            );
            let found = systems_file(Some(&file), Some(&directory), 7);
            found
                .iter()
                .map(|finding| format!("{} {}", finding.severity.name(), finding.code))
                .collect::<Vec<_>>()
        };
        assert_eq!(codes((0o644, 0), (0o755, 0)), [""; 0]);
        assert_eq!(codes((0o644, 7), (0o755, 7)), [""; 0]);
        assert_eq!(codes((0o600, 0), (0o755, 0)), ["error system-unreadable"]);
        assert_eq!(codes((0o644, 0), (0o750, 0)), ["error system-unreadable"]);
        assert_eq!(codes((0o666, 0), (0o755, 0)), ["error system-writable"]);
        assert_eq!(codes((0o644, 0), (0o777, 0)), ["error system-writable"]);
        assert_eq!(codes((0o644, 0), (0o1777, 0)), [""; 0]);
        assert_eq!(codes((0o1666, 0), (0o755, 0)), ["error system-writable"]);
        assert_eq!(systems_file(None, Some(&attributes(0o1777, 0)), 0).len(), 1);
        assert_eq!(codes((0o664, 0), (0o755, 0)), ["note system-writable"]);
        assert_eq!(codes((0o644, 7), (0o755, 0)), ["warning system-owner"]);
        assert_eq!(systems_file(None, None, 0), []);
    }

    #[test]
    fn who_may_not_change_a_file_is_told_to_become_root() {
        let fixes = |user: u32| {
            let found = systems_file(
                Some(&attributes(0o666, 7)),
                Some(&attributes(0o777, 0)),
                user,
            );
            found
                .into_iter()
                .map(|finding| finding.fix.replace(" '/h/my remote.yaml'", ""))
                .collect::<Vec<_>>()
        };
        assert_eq!(fixes(0), ["chmod go-w", "chmod go-w", "chown 0"]);
        assert_eq!(fixes(7), ["sudo chmod go-w", "chmod go-w", "sudo chown 0"]);
        assert_eq!(
            fixes(8),
            ["sudo chmod go-w", "sudo chmod go-w", "sudo chown 0"]
        );
    }

    #[test]
    fn a_directory_that_is_closed_to_its_owner_is_told() {
        let found = |mode: u32, user: u32| told(&users_directory(&attributes(mode, user), user));
        let wanted = "warning directory-closed: you may not write in it: its mode is 500 [chmod u+rwx '/h/my remote.yaml']";
        assert_eq!(found(0o500, 7), [wanted]);
        assert_eq!(found(0o000, 7).len(), 1);
        assert_eq!(found(0o500, 0), [""; 0], "root writes there all the same");
    }
}
