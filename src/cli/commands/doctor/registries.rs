//! docker-config.json as the findings see it: whether it can be read, whether its helpers are there.

use std::io::ErrorKind;
use std::path::Path;

use super::survey::{Survey, Told, edit, is_closed};
use crate::cli::context::Context;
use crate::cli::logins;
use crate::config::checks::{Code, Finding, shell_word};
use crate::credentials::auth_file::{AuthFile, AuthFileError, HeldAccounts, Twin};
use crate::credentials::helper::HelperName;
use crate::credentials::{CredentialError, Found};
use crate::uri::RegistryUri;

pub(super) struct Registries {
    pub(super) findings: Vec<Finding>,
    pub(super) held: Option<HeldAccounts>,
}

pub(super) fn look(survey: &Survey, context: &Context) -> Registries {
    let path = &context.paths.docker_config;
    match logins::store(None, context).read() {
        // Whether there is one can't be seen. The remote.yaml beside it can't be read either, and that is a finding.
        Err(CredentialError::Disk(error))
            if is_closed(&error) && is_hidden(path) && !context.paths.user_is_named =>
        {
            Registries {
                findings: Vec::new(),
                held: None,
            }
        }
        Err(error) => Registries {
            findings: vec![broken(path, &error)],
            held: None,
        },
        // A row of a file that is away altogether may be right again when it is back.
        Ok(Found { path, .. }) if path.symlink_metadata().is_err() => Registries {
            findings: missing(survey, &path),
            held: None,
        },
        Ok(Found { path, file }) => {
            let mut findings = helpers(&file, &path, context);
            findings.extend(twins(&file, &path, survey));
            Registries {
                findings,
                held: Some(file.held()),
            }
        }
    }
}

fn broken(path: &Path, error: &CredentialError) -> Finding {
    let (message, line) = match error {
        CredentialError::File {
            error: AuthFileError::Json { line, reason, .. },
            ..
        } => (reason.clone(), Some(*line)),
        CredentialError::File { error, .. } => (error.to_string(), None),
        error => (format!("it can't be read: {}", Told(error)), None),
    };
    let fix = if matches!(error, CredentialError::File { .. }) {
        edit(path, line.unwrap_or(1))
    } else {
        format!("ls -ld {}", shell_word(path))
    };
    let subject = path.display().to_string();
    Finding::new(Code::DockerConfigBroken, subject, message, fix).at(Some(path.to_path_buf()), line)
}

fn is_hidden(path: &Path) -> bool {
    path.symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

fn missing(survey: &Survey, path: &Path) -> Vec<Finding> {
    let logins = survey.user.iter().flat_map(|user| user.document.logins());
    let registries = logins.filter(|login| RegistryUri::found(&login.uri).is_ok());
    let found = registries.map(|login| {
        let message = format!(
            "there is none, with the password of the login to {}",
            login.uri
        );
        let fix = survey.commands.login_to(&login.uri);
        Finding::new(Code::DockerConfigMissing, login.uri.as_str(), message, fix)
            .at(Some(path.to_path_buf()), None)
    });
    found.collect()
}

fn twins(file: &AuthFile, path: &Path, survey: &Survey) -> Vec<Finding> {
    let found = file.twins().into_iter().map(
        |Twin {
             key,
             first,
             registry,
         }| {
            let message = format!("it has two logins to one registry: {first} and {key}");
            let fix = survey.commands.login_to(&format!("docker://{registry}"));
            Finding::new(Code::LoginDuplicate, key, message, fix).at(Some(path.to_path_buf()), None)
        },
    );
    found.collect()
}

fn helpers(file: &AuthFile, path: &Path, context: &Context) -> Vec<Finding> {
    let environment = logins::store(None, context).helpers;
    let missing = file.helpers().filter_map(|(key, name)| {
        let helper = HelperName::parse(name);
        if helper.as_ref().and_then(|helper| helper.find(&environment)).is_some() {
            return None;
        }
        let whose = key.map_or_else(|| "all registries".to_owned(), str::to_owned);
        let message = match &helper {
            Some(helper) => format!("{} keeps the passwords of {whose}, and is not on PATH", helper.program()),
            None => format!("{name:?}, which keeps the passwords of {whose}, can't be a credential helper's name"),
        };
        let fix = match &helper {
            Some(helper) => format!("install {}, or remove its name from the file", helper.program()),
            None => "remove the name from the file".to_owned(),
        };
        Some(Finding::new(Code::HelperMissing, name, message, fix).at(Some(path.to_path_buf()), None))
    });
    missing.collect()
}
