//! Where an image is: the reference that a runtime takes, as far as it says which server is asked.

use crate::uri::{RegistryUri, RegistryUriError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    Library { host: Option<String> },
    Registry(RegistryImage),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryImage {
    pub uri: RegistryUri,
    /// Whether the reference itself names the registry; Docker Hub is meant otherwise.
    pub names_host: bool,
    pub by_digest: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    #[error("an image is written library://PATH, docker://IMAGE or oras://HOST/PATH")]
    Scheme,
    #[error("it names no image")]
    Empty,
    #[error(transparent)]
    Registry(#[from] RegistryUriError),
}

impl Image {
    pub fn is_meant(text: &str) -> bool {
        let scheme = text
            .split_once(':')
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        matches!(scheme.as_deref(), Some("library" | "docker" | "oras"))
    }

    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let (scheme, rest) = text.split_once(':').ok_or(ImageError::Scheme)?;
        match scheme.to_ascii_lowercase().as_str() {
            "library" => library(rest),
            "docker" => docker(rest.strip_prefix("//").unwrap_or(rest)),
            "oras" => registry("oras", rest.strip_prefix("//").unwrap_or(rest), true),
            _ => Err(ImageError::Scheme),
        }
    }
}

/// `library://a` and `library://a/b/c` have no host; with any other number of parts the first one is it.
fn library(rest: &str) -> Result<Image, ImageError> {
    let Some(rest) = rest.strip_prefix("//") else {
        return if rest.is_empty() {
            Err(ImageError::Empty)
        } else {
            Ok(Image::Library { host: None })
        };
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        [] | [""] | ["", ""] => Err(ImageError::Empty),
        ["", ..] | [_] | [_, _, _] => Ok(Image::Library { host: None }),
        [host, ..] => Ok(Image::Library {
            host: Some((*host).to_owned()),
        }),
    }
}

/// Docker's rule: the first part is a host when it looks like one, else the image is Docker Hub's.
fn docker(rest: &str) -> Result<Image, ImageError> {
    let host = rest.split_once('/').map(|(first, _)| first);
    match host.filter(|host| host.contains(['.', ':']) || host.eq_ignore_ascii_case("localhost")) {
        Some(_) => registry("docker", rest, true),
        None if host.is_some() => registry("docker", &format!("docker.io/{rest}"), false),
        None => registry("docker", &format!("docker.io/library/{rest}"), false),
    }
}

fn registry(scheme: &str, rest: &str, names_host: bool) -> Result<Image, ImageError> {
    let (rest, by_digest) = rest
        .split_once('@')
        .map_or((rest, false), |(rest, _)| (rest, true));
    let (host, path) = rest.split_once('/').ok_or(ImageError::Empty)?;
    // A colon behind the last slash begins the tag.
    let path = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => path,
    };
    if path.is_empty() || path == "library/" {
        return Err(ImageError::Empty);
    }
    Ok(Image::Registry(RegistryImage {
        uri: RegistryUri::parse(&format!("{scheme}://{host}/{path}"))?,
        names_host,
        by_digest,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> String {
        match Image::parse(text) {
            Ok(Image::Library { host: None }) => "the library".to_owned(),
            Ok(Image::Library { host: Some(host) }) => format!("library {host}"),
            Ok(Image::Registry(RegistryImage { uri, .. })) => uri.to_string(),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn a_reference_says_which_server_is_asked() {
        let cases = [
            ("library://alpine", "the library"),
            ("library://alpine:3.20", "the library"),
            ("library://user/collection/image:tag", "the library"),
            ("library:user/collection/image", "the library"),
            ("library:///collection/image", "the library"),
            (
                "library://library.example.com/image",
                "library library.example.com",
            ),
            ("library://collection/image", "library collection"),
            (
                "LIBRARY://library.example.com:8443/a/b/c",
                "library library.example.com:8443",
            ),
            ("docker://ubuntu:22.04", "docker://docker.io/library/ubuntu"),
            ("docker:ubuntu", "docker://docker.io/library/ubuntu"),
            ("docker://team/image", "docker://docker.io/team/image"),
            (
                "docker://ghcr.io/team/image@sha256:00",
                "docker://ghcr.io/team/image",
            ),
            ("docker://localhost/image", "docker://localhost/image"),
            (
                "docker://localhost:5000/a/b:tag",
                "docker://localhost:5000/a/b",
            ),
            ("oras://registry/image:tag", "oras://registry/image"),
            // Without a host, whatever the number of parts and colons.
            ("docker://a/b/c:tag", "docker://docker.io/a/b/c"),
            ("docker://LOCALHOST/image", "docker://LOCALHOST/image"),
            ("docker://host/image", "docker://docker.io/host/image"),
            ("oras:///image", "error: invalid registry: it names no host"),
            (
                "docker:///image",
                "error: invalid registry: its path can't hold '//', '.' or '..'",
            ),
            ("library:", "error: it names no image"),
            ("library:///", "error: it names no image"),
            ("library://", "error: it names no image"),
            ("docker://", "error: it names no image"),
            ("oras://registry", "error: it names no image"),
            (
                "oras://h:x/image",
                "error: invalid registry: invalid port \":x\" after host",
            ),
            (
                "shub://x",
                "error: an image is written library://PATH, docker://IMAGE or oras://HOST/PATH",
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(told(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_reference_is_too_odd(text in "(library|docker|oras)?(://|:)?.*") {
            let _ = Image::parse(&text);
        }
    }
}
