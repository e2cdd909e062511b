//! The mirrors of registries.conf: which hosts are asked for an image, in which order. Pure. The rules are those of the
//! library sysregistriesv2; what each version of a runtime makes of them is in its table.

use serde::Deserialize;

use crate::runtime::Mirrors;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RegistriesConf {
    registries: Vec<RegistryTable>,
    pub(super) files: String,
    /// The helpers that come before files, or between them; empty for files alone.
    pub(super) credential_helpers: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PullSource {
    pub name: String,
    pub insecure: bool,
    pub is_mirror: bool,
    pub blocked: Option<String>,
}

#[derive(Deserialize)]
struct ConfText {
    #[serde(default)]
    registry: Vec<RegistryTable>,
    /// The form before `[[registry]]`.
    #[serde(default)]
    registries: OldForm,
    #[serde(rename = "credential-helpers")]
    credential_helpers: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OldForm {
    insecure: OldList,
    block: OldList,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OldList {
    registries: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct RegistryTable {
    prefix: String,
    location: String,
    insecure: bool,
    blocked: bool,
    mirror_by_digest_only: bool,
    mirror: Vec<Mirror>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Mirror {
    #[serde(default)]
    location: String,
    #[serde(default)]
    insecure: bool,
    #[serde(default)]
    pull_from_mirror: String,
}

impl RegistriesConf {
    /// Reads the texts of the files, in their order: a later one replaces what an earlier one says of a prefix. `files` is how
    /// the runtime names them.
    pub(crate) fn read<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        files: String,
    ) -> Result<Self, String> {
        let mut registries: Vec<RegistryTable> = Vec::new();
        let mut credential_helpers = Vec::new();
        for text in texts {
            let text: ConfText = basic_toml::from_str(text).map_err(|error| error.to_string())?;
            let old = old_registries(text.registries);
            if !old.is_empty() && !text.registry.is_empty() {
                return Err("mixing sysregistry v1/v2 is not supported".to_owned());
            }
            credential_helpers = text.credential_helpers.unwrap_or(credential_helpers);
            for registry in text.registry.into_iter().chain(old) {
                let registry = checked(registry)?;
                registries.retain(|known| known.prefix != registry.prefix);
                registries.push(registry);
            }
        }
        Ok(Self {
            registries,
            files,
            credential_helpers,
        })
    }

    pub(crate) fn first_mirrors(&self) -> impl Iterator<Item = &str> {
        let tables = self.registries.iter();
        tables.filter_map(|table| Some(table.mirror.first()?.location.as_str()))
    }

    fn find(&self, name: &str) -> Option<(&RegistryTable, usize)> {
        let matching = self
            .registries
            .iter()
            .filter_map(|registry| Some((registry, covered(name, &registry.prefix)?)));
        // Of two equally long ones the first counts.
        matching
            .rev()
            .max_by_key(|(registry, _)| registry.prefix.len())
    }

    /// The endpoints of an image, in the order in which a version asks them; `name` is its repository with the host,
    /// `by_digest` whether it is named by its digest.
    pub(crate) fn endpoints(
        &self,
        mirrors: Mirrors,
        name: &str,
        by_digest: bool,
    ) -> Vec<PullSource> {
        let own = PullSource {
            name: name.to_owned(),
            insecure: false,
            is_mirror: false,
            blocked: None,
        };
        match mirrors {
            Mirrors::Ignored => vec![own],
            Mirrors::First => vec![self.first_mirror(name).unwrap_or(own)],
            Mirrors::InTurn { pull_from_mirror } => {
                let Some((registry, length)) = self.find(name) else {
                    return vec![own];
                };
                let is_used = |mirror: &&Mirror| match mirror.pull_from_mirror.as_str() {
                    _ if registry.mirror_by_digest_only => by_digest,
                    "digest-only" if pull_from_mirror => by_digest,
                    "tag-only" if pull_from_mirror => !by_digest,
                    _ => true,
                };
                let mirrors = registry.mirror.iter().filter(is_used);
                let mirrors =
                    mirrors.map(|mirror| (mirror.location.as_str(), mirror.insecure, true));
                let own = (registry.location.as_str(), registry.insecure, false);
                let endpoint = |(location, insecure, is_mirror)| {
                    self.endpoint(name, &name[length..], location, insecure, is_mirror)
                };
                mirrors.chain([own]).map(endpoint).collect()
            }
        }
    }

    fn endpoint(
        &self,
        name: &str,
        rest: &str,
        location: &str,
        insecure: bool,
        is_mirror: bool,
    ) -> PullSource {
        let name = if location.is_empty() {
            name.to_owned()
        } else {
            format!("{location}{rest}")
        };
        // What is said of the place itself counts, too.
        let registry = self.find(&name).map(|(registry, _)| registry);
        let blocked = registry.filter(|registry| registry.blocked);
        PullSource {
            blocked: blocked.map(|registry| {
                format!("registry {} is blocked in {}", registry.prefix, self.files)
            }),
            insecure: insecure || registry.is_some_and(|registry| registry.insecure),
            name,
            is_mirror,
        }
    }

    /// The first mirror of the host: the path of the prefix and everything else that is said of the registry do not count.
    fn first_mirror(&self, name: &str) -> Option<PullSource> {
        let (host, repository) = name.split_once('/')?;
        let found = self.find(host).or_else(|| match host {
            "index.docker.io" => self.find("docker.io"),
            _ => None,
        });
        let mirror = found?.0.mirror.first()?;
        Some(PullSource {
            name: format!("{}/{repository}", mirror.location),
            insecure: mirror.insecure,
            is_mirror: true,
            blocked: None,
        })
    }
}

/// How much of a name a prefix covers, if it is one: `*.example.com` covers the host's own labels.
fn covered(name: &str, prefix: &str) -> Option<usize> {
    let end = match prefix.strip_prefix('*') {
        Some(domain) if domain.starts_with('.') => {
            let start = name
                .find(domain)
                .filter(|start| !name[..*start].contains('/'))?;
            start + domain.len()
        }
        _ => name.starts_with(prefix).then_some(prefix.len())?,
    };
    let is_end = name[end..].is_empty() || name[end..].starts_with([':', '/', '@']);
    is_end.then_some(end)
}

fn old_registries(old: OldForm) -> Vec<RegistryTable> {
    let mut registries: Vec<RegistryTable> = Vec::new();
    let lists = [
        (old.block.registries, true),
        (old.insecure.registries, false),
    ];
    for (locations, blocked) in lists {
        for location in locations {
            let place = registries
                .iter()
                .position(|known| known.location == location);
            let place = place.unwrap_or_else(|| {
                registries.push(RegistryTable {
                    location,
                    ..RegistryTable::default()
                });
                registries.len() - 1
            });
            registries[place].blocked |= blocked;
            registries[place].insecure |= !blocked;
        }
    }
    registries
}

fn checked(mut registry: RegistryTable) -> Result<RegistryTable, String> {
    registry.location = location(&registry.location)?;
    registry.prefix = location(&registry.prefix)?;
    if registry.location.is_empty() && !registry.prefix.starts_with("*.") {
        return Err(if registry.prefix.is_empty() {
            "invalid location: cannot be empty".to_owned()
        } else {
            "invalid condition: location is unset and prefix is not in the format: *.example.com"
                .to_owned()
        });
    }
    if registry.prefix.is_empty() {
        registry.prefix.clone_from(&registry.location);
    }
    for mirror in &mut registry.mirror {
        mirror.location = location(&mirror.location)?;
        if mirror.location.is_empty() {
            return Err("invalid location: cannot be empty".to_owned());
        }
        let mirror = &mirror.pull_from_mirror;
        if !matches!(mirror.as_str(), "" | "all" | "digest-only" | "tag-only") {
            return Err(format!("unsupported pull-from-mirror value {mirror:?}"));
        }
        if registry.mirror_by_digest_only && !mirror.is_empty() {
            return Err(
                "cannot set mirror usage mirror-by-digest-only for the registry and pull-from-mirror for a mirror at the \
                 same time"
                    .to_owned(),
            );
        }
    }
    Ok(registry)
}

fn location(text: &str) -> Result<String, String> {
    if text.starts_with("http://") || text.starts_with("https://") {
        return Err(format!(
            "invalid location '{text}': URI schemes are not supported"
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}
