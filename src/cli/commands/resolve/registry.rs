//! What `resolve` says of an image in a registry: who is asked, as whom, and what decided that. Runs no helper.

use std::path::Path;

use super::view::{DifferenceRow, ServerRow, View};
use crate::cli::context::Context;
use crate::cli::credential::CredentialView;
use crate::cli::login_in_store::StoredLogin;
use crate::cli::secrets;
use crate::credentials::config_file::{ConfigFile, Reader};
use crate::credentials::helper::OWN_HELPER;
use crate::credentials::look_up::{File, FileState, FoundLogin, LoginFiles, LoginOutcome, Source};
use crate::installation::lookup;
use crate::resolve::{ImageAnswer, ImageQuestion, Registry, RegistryLogin, Setup, other_answers};

use crate::runtime::{FileOrder, Mirrors, Runtime};
use crate::uri::{RegistryAccount, RegistryImage};

pub(super) fn answer<'a>(
    image: &RegistryImage,
    authfile: Option<&Path>,
    runtime: &Runtime,
    context: &Context,
) -> View<'a> {
    let setup = lookup::setup(authfile, context);
    let question = ImageQuestion::of(image);
    let answer = ImageAnswer::of(runtime, &question, &setup);
    let unread = unread(&answer, &setup);
    let differences = other_answers(runtime, &question, &setup);
    let differences = differences
        .into_iter()
        .map(|(versions, answer)| DifferenceRow {
            versions: format!("{} {versions}", runtime.product())
                .trim_end()
                .to_owned(),
            text: answer,
        });
    let explained = Explained {
        image,
        authfile,
        runtime,
        setup: &setup,
        context,
    };
    View {
        verdict: match (answer.is_refused(), &unread) {
            (true, _) => "refused",
            (false, Some(_)) => "unknown",
            (false, None) => "allowed",
        },
        problem: match answer.is_refused() {
            true => answer.failure.clone(),
            false => unread,
        },
        servers: answer.registries.iter().map(server).collect(),
        why: explained.why(&answer),
        differences: differences.collect(),
        ..View::default()
    }
}

/// Why it is not known whether anybody logs in: a file that counts can't be read, and the runtime goes on without a login.
fn unread(answer: &ImageAnswer, setup: &Setup<'_>) -> Option<String> {
    let is_anonymous = |registry: &Registry| match &registry.login {
        RegistryLogin::Found(found) => {
            found.calls.is_empty() && found.outcome == LoginOutcome::Anonymous
        }
        RegistryLogin::Variables(_) => false,
    };
    if !answer.registries.iter().any(is_anonymous) {
        return None;
    }
    let files = &setup.logins.files;
    let named = files.named.iter();
    let all = named.chain([
        &files.own,
        &files.own_at_home,
        &files.fallback,
        &files.docker,
        &files.containers,
        &files.dockercfg,
    ]);
    all.filter_map(File::refusal).next()
}

fn server(registry: &Registry) -> ServerRow {
    ServerRow {
        service: "registry",
        uri: Some(format!("https://{}", registry.host)),
        insecure: registry.insecure,
        credential: CredentialView::of_registry(&registry.login),
        listed: None,
    }
}

struct Explained<'a> {
    image: &'a RegistryImage,
    authfile: Option<&'a Path>,
    runtime: &'a Runtime,
    setup: &'a Setup<'a>,
    context: &'a Context,
}

impl Explained<'_> {
    fn why(&self, answer: &ImageAnswer) -> Vec<String> {
        let mut why = vec![
            format!("The rules are those of {}.", self.runtime),
            "A registry needs no remote, and the policy of exclusive remotes does not hold for it."
                .to_owned(),
        ];
        if !self.image.names_host {
            why.push("The image names no host: Docker Hub is meant.".to_owned());
        }
        why.extend(self.mirrors(answer));
        if let Some(registry) = answer.registries.last() {
            if registry.insecure {
                why.push(format!(
                    "Plain http is tried where {} does not speak https.",
                    registry.host
                ));
            }
            why.extend(self.login(registry));
        }
        if let Some(failure) = answer.failure.as_ref().filter(|_| !answer.is_refused()) {
            why.push(format!("Then the pull fails: {failure}."));
        }
        why
    }

    fn mirrors(&self, answer: &ImageAnswer) -> Option<String> {
        let mirror = answer
            .registries
            .iter()
            .find(|registry| registry.is_mirror)?;
        let host = &mirror.host;
        let rules = self.runtime.rules();
        let mut text = match rules.mirrors {
            Mirrors::First => format!(
                "registries.conf names the mirror {host}, which takes the registry's place: when it is down or has not \
                 the image, the pull fails."
            ),
            _ => format!(
                "registries.conf names the mirror {host}: when it is down or has not the image, the next one is asked."
            ),
        };
        if rules.mirrors == Mirrors::First && matches!(mirror.login, RegistryLogin::Variables(_)) {
            text.push_str(" It gets the user and the password of the variables.");
        }
        Some(text)
    }

    fn login(&self, registry: &Registry) -> Vec<String> {
        let found = match &registry.login {
            RegistryLogin::Variables(pair) => {
                return vec![format!(
                    "{} say who logs in, which comes before every file.",
                    pair.variables.join(" and ")
                )];
            }
            RegistryLogin::Found(found) => found,
        };
        let mut why = self.which_file();
        why.extend(self.source(found, &registry.host));
        why.extend(
            found
                .warnings
                .iter()
                .map(|warning| format!("It says: {warning}")),
        );
        if !found.calls.is_empty() {
            why.extend(self.own_helper(found));
            why.extend(after_helper(found));
        } else if found.outcome == LoginOutcome::Anonymous {
            why.extend(self.unused(&registry.host));
        }
        why
    }

    fn own_helper(&self, found: &FoundLogin) -> Option<String> {
        let call = found.calls.iter().find(|call| call.helper == OWN_HELPER)?;
        let stores = secrets::stores(self.context);
        let account = RegistryAccount::of_key(&call.key);
        Some(match stores.registry(&account) {
            Ok(Some(entry)) => StoredLogin::new(&entry, &stores).described(),
            Ok(None) => format!("docker-credential-portolan has no login to {account}."),
            Err(error) => format!("What docker-credential-portolan has is not known: {error}."),
        })
    }

    fn source(&self, found: &FoundLogin, host: &str) -> Option<String> {
        match &found.source {
            Some(Source::File { path, .. }) if !found.calls.is_empty() => Some(format!(
                "{} names a helper, which was not asked what it has.",
                path.display()
            )),
            Some(Source::File { path, keys }) => {
                let number = match found.outcome {
                    LoginOutcome::OneOf(_) => "several logins, of which the runtime takes any, for",
                    _ => "a login for",
                };
                Some(format!(
                    "{} has {number} {}.",
                    path.display(),
                    keys.join(", ")
                ))
            }
            Some(Source::Variable { key }) => Some(format!(
                "DOCKER_AUTH_CONFIG has a login for {key}, which comes before the file's for the same."
            )),
            None => Some(format!("Nothing that is read has a login for {host}.")),
        }
    }

    fn which_file(&self) -> Vec<String> {
        let rules = self.runtime.rules();
        let LoginFiles {
            own,
            fallback,
            named,
            ..
        } = &self.setup.logins.files;
        let shown = |file: &File| file.path.display().to_string();
        let knows_named = rules.auth_file_key.is_some();
        if let Some(named) = named {
            let by = match (self.authfile, lookup::named_file(self.context)) {
                (None, Some((variable, _))) => variable,
                _ => "--authfile".to_owned(),
            };
            return vec![if knows_named {
                format!("{by} names {}: no other file counts.", shown(named))
            } else {
                format!(
                    "{} does not know {by}, and reads {}.",
                    self.runtime,
                    shown(own)
                )
            }];
        }
        match rules.files(self.image.uri.scheme()) {
            FileOrder::OwnOrDocker
                if *own.state() == FileState::Absent && *fallback.state() == FileState::Absent =>
            {
                vec![format!(
                    "Neither {} nor Docker's own file, {}, exists.",
                    shown(own),
                    shown(fallback)
                )]
            }
            FileOrder::OwnOrDocker if *own.state() == FileState::Absent => vec![format!(
                "{} does not exist: Docker's own file, {}, counts.",
                shown(own),
                shown(fallback)
            )],
            FileOrder::OwnOrDocker if self.has_login(fallback) => vec![format!(
                "{} exists, so that Docker's own file, {}, does not count.",
                shown(own),
                shown(fallback)
            )],
            _ => Vec::new(),
        }
    }

    fn has_login(&self, file: &File) -> bool {
        !self.keys(file).is_empty()
    }

    /// The keys of a file that people take for the image's host, whatever the runtime takes them for.
    fn keys(&self, file: &File) -> Vec<String> {
        let FileState::Bytes(bytes) = file.state() else {
            return Vec::new();
        };
        let account = RegistryAccount::of_image(self.image.uri.host(), "");
        let config = ConfigFile::read(bytes, Reader::ContainersImage).unwrap_or_default();
        let keys = config
            .auths
            .into_iter()
            .map(|(key, _)| key)
            .chain(config.helpers.into_keys());
        keys.filter(|key| RegistryAccount::of_key(key).is_at_host_of(&account))
            .collect()
    }

    fn unused(&self, host: &str) -> Option<String> {
        let LoginFiles { own, fallback, .. } = &self.setup.logins.files;
        let files = self.runtime.rules().files(self.image.uri.scheme());
        let file = match own.state() {
            FileState::Absent if files == FileOrder::OwnOrDocker => fallback,
            _ => own,
        };
        let keys = self.keys(file);
        (!keys.is_empty()).then(|| {
            format!(
                "{} has an entry for {}, which {} does not use for {host}.",
                file.path.display(),
                keys.join(", "),
                self.runtime
            )
        })
    }
}

fn after_helper(found: &FoundLogin) -> Option<String> {
    let what = match &found.outcome {
        LoginOutcome::Anonymous => return None,
        LoginOutcome::Login(login) if login.user.is_empty() => "a token of the file".to_owned(),
        LoginOutcome::Login(login) => format!("the file's login of {}", login.user),
        LoginOutcome::OneOf(_) => "any login of the file".to_owned(),
        LoginOutcome::Fails(error) => format!("nothing, and the pull fails: {error}"),
    };
    Some(format!("When the helper has nothing, it is {what}."))
}
