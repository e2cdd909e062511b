//! The look-up of containers/image: the closest key from the repository up to the host, then any key of the host.

use std::path::Path;

use super::files::{File, Read};
use super::{
    FileState, FoundLogin, HelperCall, LoginOutcome, Repository, SentLogin, Source, missing,
    program,
};
use crate::credentials::config_file::{AuthConfig, ConfigFile, Reader, decode};
use crate::secret::SecretBytes;

pub(super) fn look_up(
    target: &Repository,
    files: &[Read<'_>],
    is_installed: &dyn Fn(&str) -> bool,
) -> FoundLogin {
    let mut calls = Vec::new();
    for (file, is_old_format) in files {
        let path = &file.path;
        let config = match read(file.state(), *is_old_format) {
            Ok(config) => config,
            Err(error) => return FoundLogin::fails(unreadable(file, &error)),
        };
        let source = |keys| {
            Some(Source::File {
                path: path.clone(),
                keys,
            })
        };
        if let Some(helper) = config.helpers.get(&target.host) {
            if !is_installed(&program(helper)) {
                return FoundLogin {
                    source: source(vec![target.host.clone()]),
                    ..FoundLogin::fails(one_error(&missing(helper)))
                };
            }
            calls.push((
                HelperCall {
                    helper: helper.clone(),
                    key: target.host.clone(),
                },
                source(vec![target.host.clone()]),
            ));
            continue;
        }
        let entries = entries(&config, target, *is_old_format);
        let logins = entries.iter().map(|(_, entry)| login(entry)).collect();
        let outcome = LoginOutcome::of(logins);
        if outcome != LoginOutcome::Anonymous {
            let keys = entries.into_iter().map(|(key, _)| key.clone()).collect();
            return FoundLogin {
                source: source(keys),
                calls: calls.into_iter().map(|(call, _)| call).collect(),
                outcome,
                ..FoundLogin::anonymous()
            };
        }
    }
    FoundLogin {
        source: calls.first().and_then(|(_, source)| source.clone()),
        calls: calls.into_iter().map(|(call, _)| call).collect(),
        ..FoundLogin::anonymous()
    }
}

/// The files among the `credential-helpers` of registries.conf.
const AUTH_FILES: &str = "containers-auth.json";

/// The look-up among the `credential-helpers` of registries.conf, which is `named_in`; `in_files` is what files have.
pub(super) fn by_helpers(
    helpers: &[String],
    host: &str,
    named_in: &Path,
    is_installed: &dyn Fn(&str) -> bool,
    in_files: &FoundLogin,
) -> FoundLogin {
    let mut found = FoundLogin::anonymous();
    let mut errors = Vec::new();
    for helper in helpers {
        if helper == AUTH_FILES {
            found.calls.extend(in_files.calls.iter().cloned());
            found.source = found.source.or_else(|| in_files.source.clone());
            match &in_files.outcome {
                LoginOutcome::Anonymous => {}
                LoginOutcome::Fails(error) => errors.push(error.replacen(ONE_ERROR, "", 1)),
                outcome => {
                    found.outcome = outcome.clone();
                    return found;
                }
            }
        } else if is_installed(&program(helper)) {
            found.calls.push(HelperCall {
                helper: helper.clone(),
                key: host.to_owned(),
            });
            found.source.get_or_insert_with(|| Source::File {
                path: named_in.to_owned(),
                keys: Vec::new(),
            });
        } else {
            errors.push(missing(helper));
        }
    }
    found.outcome = match errors.as_slice() {
        [] => LoginOutcome::Anonymous,
        [error] => LoginOutcome::Fails(one_error(error)),
        errors => LoginOutcome::Fails(format!(
            "{} errors occurred: * {}",
            errors.len(),
            errors.join(" * ")
        )),
    };
    found
}

fn unreadable(file: &File, error: &str) -> String {
    let shown = file.path.display();
    let what = match file.state() {
        FileState::Bytes(_) => format!("unmarshaling JSON at \"{shown}\""),
        FileState::Irregular => format!("read {shown}"),
        _ => format!("open {shown}"),
    };
    one_error(&format!("reading JSON file \"{shown}\": {what}: {error}"))
}

fn read(state: &FileState, is_old_format: bool) -> Result<ConfigFile, String> {
    match state {
        FileState::Absent => Ok(ConfigFile::default()),
        FileState::Read(config) => Ok(config.clone()),
        FileState::Unreadable(reason) => Err(reason.clone()),
        FileState::Irregular => Err("is a directory".to_owned()),
        FileState::Bytes(bytes) => {
            let whole;
            let bytes = if is_old_format {
                whole = SecretBytes::from([&b"{\"auths\":"[..], bytes, b"}"].concat());
                &whole
            } else {
                bytes
            };
            ConfigFile::read(bytes, Reader::ContainersImage).map_err(|fault| fault.to_string())
        }
    }
}

fn entries<'a>(
    config: &'a ConfigFile,
    target: &Repository,
    is_old_format: bool,
) -> Vec<&'a (String, AuthConfig)> {
    let name = target.name();
    let ends = name.match_indices('/').map(|(end, _)| end);
    let mut keys: Vec<&str> = ends.chain([name.len()]).map(|end| &name[..end]).collect();
    if is_old_format {
        keys.truncate(1);
    }
    let exact = keys
        .iter()
        .rev()
        .find_map(|key| config.auths.iter().find(|(known, _)| known == key));
    match exact {
        Some(exact) => vec![exact],
        None => config
            .auths
            .iter()
            .filter(|(key, _)| host_of(key, is_old_format) == one_hub(&target.host))
            .collect(),
    }
}

/// The host that a key means. After a scheme stands the path of an interface; without one, a repository.
fn host_of(key: &str, is_old_format: bool) -> &str {
    let bare = key.strip_prefix("http://").unwrap_or(key);
    let bare = bare.strip_prefix("https://").unwrap_or(bare);
    let is_url = bare.len() < key.len() || is_old_format;
    one_hub(match bare.split_once('/') {
        Some((host, _)) if is_url => host,
        _ => bare,
    })
}

fn one_hub(host: &str) -> &str {
    match host {
        "docker.io" | "registry-1.docker.io" => "index.docker.io",
        host => host,
    }
}

fn login(entry: &AuthConfig) -> Result<SentLogin, String> {
    let pair = decode(&entry.auth)
        .map_err(|at| one_error(&format!("illegal base64 data at input byte {at}")))?;
    Ok(
        pair.map_or_else(SentLogin::default, |(user, password)| SentLogin {
            user,
            password,
            identity_token: entry.identity_token.clone(),
            ..SentLogin::default()
        }),
    )
}

const ONE_ERROR: &str = "1 error occurred: * ";

fn one_error(error: &str) -> String {
    format!("{ONE_ERROR}{error}")
}
