//! What keeps the runtime from the logins of registries, or takes others in their place. Runs no helper.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::survey::{Survey, edit};
use crate::cli::context::Context;
use crate::config::checks::{Code, Finding, shell_word};
use crate::credentials::config_file::ConfigFile;
use crate::credentials::look_up::{
    Accounts, File, FileState, LoginOutcome, LoginPair, Logins, Source,
};
use crate::installation::lookup;
use crate::resolve::Setup;
use crate::runtime::{FileOrder, Mirrors, Product, Runtime};
use crate::uri::{RegistryAccount, RegistryScheme};

pub(super) fn look(runtime: &Runtime, survey: &Survey, context: &Context) -> Vec<Finding> {
    let Setup {
        logins, registries, ..
    } = lookup::setup(None, context);
    let pair = lookup::pair(runtime, context);
    let mut found = refusals(runtime, context);
    found.extend(misspelt_variables(context));
    found.extend(hidden(runtime, &logins));
    let by_variable = overriding(runtime, &logins, pair.as_ref());
    let in_files = Logins {
        variable: None,
        ..logins
    };
    let accounts = Accounts::read(&in_files, runtime);
    // One that can't be read at all is found elsewhere.
    let refused = accounts.refused.as_ref();
    found.extend(
        refused
            .filter(|refused| refused.line.is_some())
            .map(|refused| {
                let path = Some(refused.path.clone());
                let subject = refused.path.display().to_string();
                let fix = edit(&refused.path, refused.line.unwrap_or(1));
                Finding::new(
                    Code::DockerConfigBroken,
                    subject,
                    refused.reason.clone(),
                    fix,
                )
                .at(path, refused.line)
            }),
    );
    if !accounts.named.is_empty() {
        found.extend(by_variable);
    }
    found.extend(ambiguous(&accounts, survey));
    found.extend(not_found(runtime, &accounts, &in_files, survey));
    if let (Mirrors::First, Some(pair), Ok(registries)) =
        (runtime.rules().mirrors, &pair, &registries)
    {
        found.extend(registries.first_mirrors().map(|mirror| {
            let names = pair.variables.join(" and ");
            let message = format!("the mirror {mirror} gets the login of {names}");
            let fix = format!("unset {}", pair.variables.join(" "));
            Finding::new(Code::MirrorPassword, mirror, message, fix)
        }));
    }
    found
}

fn refusals(runtime: &Runtime, context: &Context) -> Vec<Finding> {
    let paths = &context.paths;
    let finding = |path: &PathBuf, message: String| {
        let fix = format!("ls -l {}", shell_word(path));
        let subject = path.display().to_string();
        Finding::new(Code::RuntimeRefuses, subject, message, fix).at(Some(path.clone()), None)
    };
    let own = lookup::refusal(runtime, context).map(|error| {
        finding(
            &paths.own(),
            format!("{runtime} ends every command: {error}"),
        )
    });
    let is_overlooked = !runtime.rules().follows_links && paths.system.is_symlink();
    let system = is_overlooked.then(|| {
        let message =
            format!("{runtime} follows no link: it does not obey the policy in this file");
        finding(&paths.system, message)
    });
    own.into_iter().chain(system).collect()
}

fn misspelt_variables(context: &Context) -> Vec<Finding> {
    let command = &context.command;
    let (wrong, right) = match Product::of(command) {
        Product::Apptainer => ("AUTHFILE", "AUTH_FILE"),
        Product::SingularityCe => ("AUTH_FILE", "AUTHFILE"),
    };
    let names = [
        Some(command.variable(wrong)),
        command.legacy_variable(wrong),
    ];
    let set = names.into_iter().flatten();
    let set = set.filter(|name| context.environment.text(name).is_some());
    let right = command.variable(right);
    set.map(|name| {
        let message = format!("{command} does not read {name}");
        let fix = format!("export {right}=\"${name}\"");
        Finding::new(Code::VariableUnused, name, message, fix)
    })
    .collect()
}

fn hidden(runtime: &Runtime, logins: &Logins<'_>) -> Option<Finding> {
    let has_logins = |file: &File| match file.state() {
        FileState::Bytes(bytes) => ConfigFile::read(bytes, runtime.reader(RegistryScheme::Docker))
            .is_ok_and(|config| config.has_logins()),
        _ => false,
    };
    let files = &logins.files;
    let reads_docker = runtime.rules().files(RegistryScheme::Docker) == FileOrder::OwnOrDocker;
    let is_hidden = reads_docker
        && files.named.is_none()
        && *files.own.state() != FileState::Absent
        && !has_logins(&files.own)
        && has_logins(&files.fallback);
    is_hidden.then(|| {
        let own = &files.own.path;
        let message = format!(
            "it has no login, and hides those of {}",
            files.fallback.path.display()
        );
        let fix = format!("rm {}", shell_word(own));
        Finding::new(
            Code::DockerConfigHidden,
            own.display().to_string(),
            message,
            fix,
        )
        .at(Some(own.clone()), None)
    })
}

fn overriding(runtime: &Runtime, logins: &Logins<'_>, pair: Option<&LoginPair>) -> Vec<Finding> {
    let finding = |name: &str, message: String| {
        Finding::new(
            Code::VariableOverrides,
            name,
            message,
            format!("unset {name}"),
        )
    };
    let mut found = Vec::new();
    if let Some(pair) = pair {
        let names = pair.variables.join(" ");
        let message = format!("{names}: {runtime} logs in to every registry with this login");
        found.push(finding(&names, message));
    }
    let name = "DOCKER_AUTH_CONFIG";
    match logins.entries_of_variable(runtime.rules()) {
        Ok(entries) if entries.is_empty() => {}
        Ok(entries) => {
            let keys: Vec<_> = entries.into_iter().map(|(key, _)| key).collect();
            let message = format!(
                "{name}: {runtime} takes its logins before those of files: {}",
                keys.join(", ")
            );
            found.push(finding(name, message));
        }
        Err(error) => found.push(finding(
            name,
            format!("{name}: {runtime} takes no login of it: {error}"),
        )),
    }
    found
}

fn ambiguous(accounts: &Accounts<'_>, survey: &Survey) -> Vec<Finding> {
    let hosts: BTreeSet<_> = accounts
        .named
        .iter()
        .map(RegistryAccount::of_host)
        .collect();
    let found = hosts.into_iter().filter_map(|host| {
        let found = accounts.find(&host, RegistryScheme::Docker)?;
        let (LoginOutcome::OneOf(_), Some(Source::File { path, keys })) =
            (found.outcome, found.source)
        else {
            return None;
        };
        let message = format!(
            "for images of {host} one of these logins is taken at random: {}",
            keys.join(", ")
        );
        let fix = survey.commands.login_to(&format!("docker://{host}"));
        let finding = Finding::new(Code::LoginAmbiguous, host.to_string(), message, fix);
        Some(finding.at(Some(path), None))
    });
    found.collect()
}

fn not_found(
    runtime: &Runtime,
    accounts: &Accounts<'_>,
    logins: &Logins<'_>,
    survey: &Survey,
) -> Vec<Finding> {
    // Where a helper is asked, its answer counts and no secret of the file.
    let lost = accounts.with_secret.iter().filter(|(account, _)| {
        accounts.any_login(account).is_none()
            && accounts
                .find(account, RegistryScheme::Docker)
                .is_none_or(|found| found.calls.is_empty())
    });
    let found = lost.map(|(account, (path, key))| {
        let others = runtime.grouped(|version| {
            let accounts = Accounts::read(logins, version);
            accounts.any_login(account).is_some()
        });
        let others: Vec<_> = others
            .into_iter()
            .filter(|(_, finds)| *finds)
            .map(|(range, _)| range)
            .collect();
        let others = if others.is_empty() {
            "no version does".to_owned()
        } else {
            format!("these versions do: {}", others.join(", "))
        };
        let message = format!("{runtime} does not find the login for {key:?}; {others}");
        let fix = survey.commands.login_to(&format!("docker://{account}"));
        Finding::new(Code::LoginNotFound, key.as_str(), message, fix).at(Some(path.clone()), None)
    });
    found.collect()
}
