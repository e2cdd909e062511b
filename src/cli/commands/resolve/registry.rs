//! Who gets which login for an image in a registry. Reads docker-config.json and runs no helper.

use std::path::PathBuf;

use super::view::{DifferenceRow, ServerRow, View};
use crate::cli::context::Context;
use crate::cli::credential::CredentialView;
use crate::cli::sources::Place;
use crate::cli::ui::Ui;
use crate::cli::{args, keychain};
use crate::credentials::auth_file::AuthFile;
use crate::secret::Stored;
use crate::text::capitalised;
use crate::uri::RegistryUri;

/// What a runtime does for an image in a registry: no remote is needed, and no policy holds.
///
/// # Errors
/// When docker-config.json can't be read.
pub(super) fn answer<'a>(
    uri: &RegistryUri,
    names_host: bool,
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<View<'a>> {
    let mut why = vec![
        "A registry needs no remote, and the policy of exclusive remotes does not hold for it."
            .to_owned(),
    ];
    if !names_host {
        why.push("The image names no host: Docker Hub is meant.".to_owned());
    }
    let mut differences = Vec::new();
    let credential = match of_environment(context, ui) {
        Some(credential) => {
            why.push("The environment says who logs in, which comes before every file.".to_owned());
            credential
        }
        None => of_files(uri, context, ui, &mut why, &mut differences)?,
    };
    let server = ServerRow {
        service: "registry",
        uri: Some(format!("https://{}", uri.api_host())),
        insecure: false,
        credential,
        listed: None,
    };
    Ok(View {
        servers: vec![server],
        why,
        differences,
        ..View::default()
    })
}

fn of_environment(context: &Context, ui: &mut Ui) -> Option<CredentialView> {
    args::variable(context, ui, "DOCKER_PASSWORD")?;
    args::variable(context, ui, "DOCKER_USERNAME")?;
    Some(CredentialView {
        kind: "environment",
        ..CredentialView::NONE
    })
}

fn of_files(
    uri: &RegistryUri,
    context: &Context,
    ui: &mut Ui,
    why: &mut Vec<String>,
    differences: &mut Vec<DifferenceRow>,
) -> anyhow::Result<CredentialView> {
    let runtime = capitalised(context.command.name());
    let is_singularity = context.command.is_singularity();
    let mut differ = |versions: &str, text: String| {
        differences.push(DifferenceRow {
            versions: format!("{runtime} {versions}"),
            text,
        });
    };
    let path = if let Some(named) = args::variable(context, ui, "AUTH_FILE") {
        let variable = context.command.variable("AUTH_FILE");
        differ(
            if is_singularity {
                "before 4.1"
            } else {
                "before 1.4"
            },
            format!(
                "does not know {variable}, and looks into {}",
                told(&context.paths.docker_config)
            ),
        );
        PathBuf::from(named)
    } else if context.paths.docker_config.exists() {
        context.paths.docker_config.clone()
    } else {
        let own = told(&context.paths.docker_config);
        let Some(docker) = docker_file(context).filter(|docker| docker.exists()) else {
            why.push(format!("{own} does not exist: nobody logs in."));
            return Ok(CredentialView::NONE);
        };
        why.push(format!("{own} does not exist: Docker's own file counts."));
        differ(
            "before 1.3.3",
            format!("does not look into {}, and logs in nowhere", told(&docker)),
        );
        docker
    };
    let file = keychain::open(Some(&path), context).read()?;
    let (key, credential) = find(&file, uri, &told(&path))?;
    why.push(match (&key, credential.kind) {
        (Some(key), _) => format!("{} has a login for {key}.", told(&path)),
        (None, "none") => format!("{} has no login for {}.", told(&path), uri.host()),
        (None, _) => format!(
            "{} names a helper for every registry; it was not asked what it has.",
            told(&path)
        ),
    });
    Ok(credential)
}

/// Docker's own file, which newer versions of Apptainer read in place of a docker-config.json that is not there.
fn docker_file(context: &Context) -> Option<PathBuf> {
    if context.command.is_singularity() {
        return None;
    }
    match context
        .environment
        .get(&context.command.variable("CONFIGDIR"))
    {
        Some(_) => Some(context.paths.user_directory.join("config.json")),
        None => Some(PathBuf::from(context.environment.get("HOME")?).join(".docker/config.json")),
    }
}

/// The key whose login is used, and what it is; no key where a helper for all may have one.
fn find(
    file: &AuthFile,
    uri: &RegistryUri,
    path: &str,
) -> anyhow::Result<(Option<String>, CredentialView)> {
    let stored_in = Some(Place {
        layer: "docker-config",
        file: Some(path.to_owned()),
        line: None,
    });
    let key = file.find(uri.host(), uri.path()).map(str::to_owned);
    let keeper = file.helper_for(key.as_deref().unwrap_or(&uri.storage_key()))?;
    if let Some(keeper) = keeper {
        let helper = Some(keeper.helper.to_string());
        return Ok((
            key,
            CredentialView {
                kind: "helper",
                stored_in,
                helper,
            },
        ));
    }
    let kind = match key.as_deref().and_then(|key| file.get(key)) {
        Some(Stored::Password { .. }) => "password",
        Some(Stored::IdentityToken { .. }) => "identity-token",
        None if key.is_some() => "other",
        None => return Ok((None, CredentialView::NONE)),
    };
    Ok((
        key,
        CredentialView {
            kind,
            stored_in,
            helper: None,
        },
    ))
}

fn told(path: &std::path::Path) -> String {
    path.display().to_string()
}
