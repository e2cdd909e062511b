//! What a person should know of a login that was just stored: who finds it, and for which images. Changes nothing.

use crate::cli::context::Context;
use crate::cli::login_list::{warn_of_pair, warn_of_refused_file};
use crate::cli::ui::Ui;
use crate::credentials::look_up::{
    Accounts, FoundLogin, LoginOutcome, Logins, Reference, Repository, Source, look_up,
};
use crate::installation::lookup;
use crate::runtime::Runtime;
use crate::uri::RegistryUri;

pub(crate) fn report(uri: &RegistryUri, context: &Context, ui: &mut Ui) {
    let newest = Runtime::newest(&context.command);
    if uri
        .host()
        .chars()
        .any(|character| character.is_ascii_uppercase())
    {
        ui.warning(format!(
            "{} has capitals: only images that name it with the same capitals use this login",
            uri.host()
        ));
    }
    let logins = lookup::logins(None, context);
    if let Some(refused) = Accounts::read(&logins, &newest).refused {
        warn_of_refused_file(&refused, &newest, ui);
        return;
    }
    if let Some(pair) = lookup::pair(&newest, context) {
        warn_of_pair(&pair, &newest, ui);
    }
    match find(uri, &newest, &logins) {
        None => ui.warning(format!("{newest} does not find this login")),
        Some(found) => {
            if let Some(Source::Variable { key }) = found.source {
                ui.warning(format!(
                    "DOCKER_AUTH_CONFIG has a login for {key}, which {newest} uses in place of the stored one"
                ));
            }
        }
    }
    if !uri.path().is_empty() {
        report_path(uri, &newest, &logins, ui);
    }
    let is_meant = |version: &Runtime| {
        let looks_elsewhere =
            context.paths.user_directory_is_named && !version.rules().has_config_dir;
        version.major() == newest.major() && !looks_elsewhere
    };
    let without: Vec<String> = newest
        .grouped(|version| !is_meant(version) || find(uri, version, &logins).is_some())
        .into_iter()
        .filter(|(_, is_found)| !is_found)
        .map(|(range, _)| range)
        .collect();
    if !without.is_empty() {
        ui.warning(format!(
            "These versions of {} do not find this login: {}",
            newest.product(),
            without.join(", ")
        ));
    }
}

fn find(uri: &RegistryUri, runtime: &Runtime, logins: &Logins<'_>) -> Option<FoundLogin> {
    let accounts = Accounts::read(logins, runtime);
    let found = accounts.login(&uri.account(), uri.scheme())?;
    let is_found = !found.calls.is_empty() || found.outcome != LoginOutcome::Anonymous;
    is_found.then_some(found)
}

fn report_path(uri: &RegistryUri, newest: &Runtime, logins: &Logins<'_>, ui: &mut Ui) {
    let account = uri.account();
    let below = format!("{}/IMAGE", account.path()).to_lowercase();
    let reference = Reference {
        scheme: uri.scheme(),
        host: account.host(),
        repository: &below,
    };
    let Ok(target) = Repository::of(&reference, newest.rules()) else {
        return;
    };
    let found = look_up(&target, uri.scheme(), newest, logins);
    let keys = match &found.source {
        Some(Source::File { keys, .. }) => keys.join(", "),
        Some(Source::Variable { key }) => key.clone(),
        None => String::new(),
    };
    ui.info(format!(
        "This login is for the repository {account} itself."
    ));
    match found.outcome {
        LoginOutcome::OneOf(_) => ui.warning(format!(
            "For other images of {}, {newest} takes one of these logins at random: {keys}. A login to the host itself comes before them:\n  portolan registry login {}",
            account.host(),
            account.host()
        )),
        LoginOutcome::Login(_) if !keys.is_empty() => ui.info(format!(
            "For other images of {}, {newest} uses the login for {keys}.",
            account.host()
        )),
        _ => {}
    }
}
