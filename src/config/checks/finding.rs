//! What a check can find: one stable word each, with what it means, what it breaks and what fixes it. Finds nothing itself.
//!
//! The words and what is said of them here are an interface: docs/doctor.md shows this table, and a test holds both together.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or a secret lies open.
    Error,
    /// Something will not work in some case, or works otherwise than its files seem to say.
    Warning,
    Note,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub word: &'static str,
    /// The severities that it can have, the usual one first.
    pub severities: &'static [Severity],
    pub meaning: &'static str,
    pub effect: &'static str,
    /// What fixes it; words in capitals stand for what a finding names.
    pub fix: &'static str,
}

/// Makes the codes and their table in one, so that neither can lag behind the other.
macro_rules! codes {
    ($($code:ident $word:literal [$($severity:ident)+] $meaning:literal $effect:literal $fix:literal)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            pub fn explanation(self) -> Explanation {
                match self {
                    $(Self::$code => Explanation {
                        word: $word,
                        severities: &[$(Severity::$severity),+],
                        meaning: $meaning,
                        effect: $effect,
                        fix: $fix,
                    },)+
                }
            }
        }
    };
}

codes! {
    FileMode "file-mode" [Error]
        "Other users may read or write your remote.yaml or docker-config.json."
        "The tokens and passwords in it are no secrets any more, or others decide where they are sent. Where the mode can't be changed, the runtime refuses every command."
        "chmod 600 FILE"
    DirectoryMode "directory-mode" [Warning Error]
        "Other users may look into the directory of your files; an error when they may write there."
        "Others see your files' names, or replace your files."
        "chmod 700 DIRECTORY"
    DirectoryClosed "directory-closed" [Warning]
        "You may not write in the directory of your files, or not look into it."
        "Every command that stores anything for you fails."
        "chmod u+rwx DIRECTORY"
    FileOwner "file-owner" [Error]
        "Your file or directory belongs to somebody else, often since a command ran under sudo."
        "Its owner can read your secrets and change the file; your own commands can't store anything."
        "sudo chown USER FILE"
    FileUnreadable "file-unreadable" [Error]
        "Your file can't be read."
        "Every command that needs it fails."
        "chmod u+rw FILE"
    FileBroken "file-broken" [Error]
        "A remote.yaml can't be understood."
        "Every command that needs it fails, and nothing is written until it is fixed."
        "$EDITOR FILE"
    UnfinishedWrite "unfinished-write" [Warning]
        "A killed command left a half-written file, and its old contents beside it."
        "Readers of the file may see half of it; the next command that writes restores the old contents."
        "portolan remote doctor --fix"
    Litter "litter" [Note]
        "A killed command left a temporary file."
        "It may hold a copy of your secrets."
        "portolan remote doctor --fix"
    SystemUnreadable "system-unreadable" [Error]
        "Not all users may read the system's file."
        "Commands of users who can't read it fail, and the runtime ignores its remotes and its policy."
        "sudo chmod 644 FILE"
    SystemWritable "system-writable" [Error Note]
        "Everybody may change the system's file or its directory; a note when it is a group."
        "Whoever may write it decides where all users' images, keys and tokens go."
        "sudo chmod go-w FILE"
    SystemOwner "system-owner" [Warning]
        "The system's file belongs to somebody who is neither root nor the owner of its directory."
        "Its owner decides where all users' images, keys and tokens go."
        "sudo chown root FILE"
    SystemSecret "system-secret" [Error]
        "The system's file has a token or a login."
        "All users can read it, and no command uses it."
        "Remove it from FILE, and make it invalid where it was made"
    HomeForeign "home-foreign" [Warning]
        "A variable such as HOME names a directory of another user, as under sudo, or for root one that others can write."
        "Root does not use it and works on files of its own; others leave their files with somebody else."
        "sudo -H portolan remote COMMAND"
    ConfigUnused "config-unused" [Note]
        "-c names a file that only portolan reads."
        "The runtime reads your own remote.yaml and knows nothing of what that file says."
        "portolan remote COMMAND without -c"
    LegacyNotMigrated "legacy-not-migrated" [Warning Note]
        "~/.singularity has a file that was not copied; a note if the next command that writes will copy it."
        "Its remotes, logins or keys aren't known here."
        "install -D -m 600 OLD NEW"
    UriInvalid "uri-invalid" [Error]
        "A remote has no address, or one that can't be asked."
        "Every command that needs an answer of this remote fails."
        "portolan remote set-url NAME URI"
    ActiveUnknown "active-unknown" [Error Warning]
        "Active names a remote that does not exist; a warning when another file's Active counts."
        "Commands that name no remote fail."
        "portolan remote use NAME"
    ActiveMissing "active-missing" [Error]
        "No remote is active."
        "Commands that name no remote fail."
        "portolan remote use NAME"
    ChoiceUnknown "choice-unknown" [Error]
        "PORTOLAN_REMOTE names a remote that does not exist."
        "Commands that name no remote fail."
        "unset PORTOLAN_REMOTE"
    ChoiceOverruled "choice-overruled" [Warning]
        "PORTOLAN_REMOTE names another remote than the exclusive one (D6)."
        "The exclusive one is shown as active, and commands that would use the other refuse."
        "unset PORTOLAN_REMOTE"
    Ghost "ghost" [Warning]
        "Your file has the copy of a system's remote that the system does not have (D4)."
        "It is not used here; the runtime still shows it, and can't remove it."
        "portolan remote remove NAME"
    Shadowed "shadowed" [Warning]
        "Your file has a remote of a name that the system's file has as well (D5)."
        "The system's is used here; the runtime fails or uses yours, as its version has it."
        "portolan remote rename NAME NEW, or portolan remote remove NAME"
    SeveralExclusive "several-exclusive" [Warning]
        "The system's file has more than one exclusive remote (D6)."
        "One is obeyed here; the runtime obeys any of them, at random."
        "sudo portolan remote use --exclusive NAME"
    IndividualExclusive "individual-exclusive" [Note]
        "A remote of your own claims to be exclusive, which only the system's file can say (D6)."
        "The runtime obeys it, and then allows no other remote; portolan does not."
        "Remove the key from FILE"
    InsecureKey "insecure-key" [Note]
        "A remote has the key Insecure, which the first versions of the runtime do not know."
        "They refuse the whole file."
        "Remove the key from FILE, or use a later version"
    TokenMoved "token-moved" [Warning]
        "Your token is for another address than the one that the remote has now (D21)."
        "The token is not sent, and you are not logged in."
        "portolan remote login NAME"
    TokenExpired "token-expired" [Error Warning]
        "Your token for a remote has expired; a warning when the remote is not the active one."
        "What needs a login there fails."
        "portolan remote login NAME"
    LoginGone "login-gone" [Error Warning]
        "The keyring of this machine does not have a token or a login that was stored in one; a warning but for the token of the active remote."
        "What needs a login there fails."
        "portolan remote login NAME"
    TokenExpires "token-expires" [Warning]
        "Your token for a remote ends within a week."
        "What needs a login there will fail then."
        "portolan remote login NAME"
    LoginDuplicate "login-duplicate" [Warning]
        "There are two logins to the same keyserver or registry, perhaps written differently."
        "Which of the two is used depends on the program that reads them."
        "portolan remote login URI"
    LoginWithoutSecret "login-without-secret" [Warning]
        "A login has lost its password or token."
        "You are not logged in there, whatever the runtime's list shows."
        "portolan remote login URI"
    KeyserverLoginUnused "keyserver-login-unused" [Note]
        "A login is for a keyserver that no remote has."
        "The secret is in your file, and no command uses it."
        "portolan remote logout URI"
    DockerConfigBroken "docker-config-broken" [Error]
        "docker-config.json can't be read or understood; one bad entry is enough."
        "The runtime finds none of its logins: from Apptainer 1.4 and SingularityCE 4.1 on it pulls without one, before that every pull fails."
        "$EDITOR FILE"
    DockerConfigMissing "docker-config-missing" [Warning]
        "There are logins to registries, and no docker-config.json with their passwords."
        "You are not logged in there, whatever the runtime's list shows."
        "portolan remote login URI"
    DockerConfigHidden "docker-config-hidden" [Warning]
        "docker-config.json has no login, and Docker's own file has some."
        "The runtime reads Docker's file only while docker-config.json does not exist: those logins are not used."
        "rm FILE"
    HelperMissing "helper-missing" [Error]
        "docker-config.json names a credential helper that is not on PATH."
        "No login to the registries concerned can be stored or used."
        "Install docker-credential-HELPER, or remove its name from FILE"
    LoginNotFound "login-not-found" [Warning]
        "The runtime reads a file with a login, and does not find the login under the name that it has there."
        "Images of that registry are pulled without a login."
        "portolan remote login URI"
    LoginAmbiguous "login-ambiguous" [Warning]
        "A registry has several logins with a path, and none for its host."
        "The runtime takes any of them, another one each time, for images that have none of their own."
        "portolan remote login URI"
    VariableUnused "variable-unused" [Warning]
        "A variable names a file of logins, and is spelled as another product's."
        "The runtime does not read it: its usual files count."
        "export VARIABLE=FILE"
    VariableOverrides "variable-overrides" [Warning]
        "A variable has logins that come before those of files, or can't be read."
        "The runtime does not use stored logins for the same registries; of a variable that it can't read it uses nothing."
        "unset VARIABLE"
    MirrorPassword "mirror-password" [Warning]
        "registries.conf names a mirror, and variables have a user and a password."
        "Apptainer 1.4.2 and later send them to the mirror."
        "unset VARIABLE"
    RuntimeRefuses "runtime-refuses" [Error]
        "The mode of remote.yaml can't be changed, or it is a link, which SingularityCE 4.5 does not follow."
        "The runtime ends every command; of the system's file it overlooks the policy."
        "ls -l FILE"
    LibraryMissing "library-missing" [Note]
        "The active remote has no library."
        "library:// images fail with \"remote has no library client\"."
        "portolan remote add --no-login SylabsCloud && portolan remote use SylabsCloud"
    EndpointUnreachable "endpoint-unreachable" [Error Warning]
        "A remote does not say which services it has; a warning when it is not the active one, or has services that are known without asking."
        "What needs one of its services fails, but for those that are known."
        "portolan remote set-url NAME URI, where it has moved"
    HttpNeedless "http-needless" [Warning]
        "A remote is reached over plain http, and answers over https too."
        "Everybody on the way can read your token and replace images."
        "portolan remote set-url NAME URI"
    KeyserverUnreachable "keyserver-unreachable" [Warning]
        "A keyserver does not answer."
        "Signatures by keys that you do not have yet can't be verified with it."
        "sudo portolan remote remove-keyserver NAME URI, where it is gone for good"
}

impl Code {
    pub fn word(self) -> &'static str {
        self.explanation().word
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

fn displayed<S: Serializer>(file: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    file.as_ref()
        .map(|file| file.display().to_string())
        .serialize(serializer)
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    pub code: Code,
    pub subject: String,
    #[serde(serialize_with = "displayed")]
    pub file: Option<PathBuf>,
    pub line: Option<usize>,
    pub message: String,
    pub effect: &'static str,
    pub fix: String,
    /// Whether it can be fixed without losing anything that a person may want.
    pub fixable: bool,
}

impl Finding {
    pub fn new(
        code: Code,
        subject: impl Into<String>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let Explanation {
            severities, effect, ..
        } = code.explanation();
        Self {
            code,
            severity: severities.first().copied().unwrap_or(Severity::Note),
            subject: subject.into(),
            file: None,
            line: None,
            message: message.into(),
            effect,
            fix: fix.into(),
            fixable: false,
        }
    }

    #[must_use]
    pub fn at(self, file: Option<PathBuf>, line: Option<usize>) -> Self {
        Self { file, line, ..self }
    }

    #[must_use]
    pub fn otherwise(self) -> Self {
        let severity = self
            .code
            .explanation()
            .severities
            .last()
            .copied()
            .unwrap_or(self.severity);
        Self { severity, ..self }
    }

    #[must_use]
    pub fn fixable_if(self, fixable: bool) -> Self {
        Self { fixable, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_word_of_its_own_and_sentences() {
        let mut words: Vec<&str> = Code::ALL.iter().map(|code| code.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Code::ALL.len());
        for code in Code::ALL {
            let Explanation {
                word,
                meaning,
                effect,
                fix,
                ..
            } = code.explanation();
            assert!(
                word.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{word}"
            );
            assert!(
                meaning.ends_with('.') && effect.ends_with('.') && !fix.ends_with('.'),
                "{word}"
            );
        }
    }

    #[test]
    fn a_finding_has_a_severity_of_its_code() {
        for code in Code::ALL {
            let finding = Finding::new(*code, "", "", "");
            let Explanation { severities, .. } = code.explanation();
            assert_eq!(finding.severity, severities[0]);
            assert_eq!(Some(&finding.otherwise().severity), severities.last());
        }
    }
}
