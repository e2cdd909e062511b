//! Another address for a remote. A token goes with its host (D21 of docs/compatibility.md).

use crate::config::change::ChangeError;
use crate::config::document::{Document, RemoteEntry};
use crate::config::layer::{Layer, Scope};
use crate::name::RemoteName;
use crate::secret::Secret;
use crate::uri::EndpointUri;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAddress {
    pub uri: EndpointUri,
    pub insecure: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readdressed {
    pub before: String,
    pub token_removed: bool,
    pub has_keyservers: bool,
}

/// Whether a token for the remote at `old_uri` may be kept when it moves to `new_uri`, both in the stored form: only when
/// host and port stay. What can't be an address is no host.
pub fn keeps_token(old_uri: &str, new_uri: &str) -> bool {
    match (EndpointUri::parse(old_uri), EndpointUri::parse(new_uri)) {
        (Ok(old), Ok(new)) => old.is_same_host(&new),
        _ => false,
    }
}

pub fn set_uri(
    document: &mut Document,
    scope: Scope,
    below: Option<&Layer>,
    name: &RemoteName,
    new: &NewAddress,
) -> Result<Readdressed, ChangeError> {
    let is_own = document.owns(scope, name);
    let name = name.clone();
    match (document.remotes.get_mut(&name), below) {
        (_, Some(below)) if is_own && below.reserves(&name) => Err(ChangeError::InTheWay(name)),
        (Some(entry), _) if is_own => Ok(readdress(entry, new)),
        (_, Some(below)) if below.has(&name) => Err(ChangeError::Global {
            name,
            change: "change",
        }),
        _ => Err(ChangeError::NoSuchRemote(name)),
    }
}

fn readdress(entry: &mut RemoteEntry, new: &NewAddress) -> Readdressed {
    // What was sent over TLS alone must not go over plain http to the same host.
    let keeps_token =
        keeps_token(&entry.uri, new.uri.as_str()) && (entry.insecure || !new.insecure);
    let token_removed = !keeps_token && !entry.token.is_empty();
    if token_removed {
        entry.token = Secret::default();
    }
    entry.insecure = new.insecure;
    let before = std::mem::replace(&mut entry.uri, new.uri.as_str().to_owned());
    Readdressed {
        before,
        token_removed,
        has_keyservers: !entry.keyservers.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layer::LayerKind;
    use crate::config::yaml;

    fn document(text: &str) -> Document {
        yaml::document(text.as_bytes()).unwrap()
    }

    fn address(uri: &str, insecure: bool) -> NewAddress {
        NewAddress {
            uri: EndpointUri::parse(uri).unwrap(),
            insecure,
        }
    }

    #[test]
    fn a_token_stays_with_its_host_and_port() {
        let cases = [
            ("h.example", "h.example", true),
            ("h.example", "H.EXAMPLE/path", true),
            ("h.example:8443/a", "h.example:8443", true),
            ("h.example", "h.example:443", false),
            ("h.example:1", "h.example:2", false),
            ("h.example", "i.example", false),
            ("h.example", "h.example.evil.example", false),
            // What a file can hold, and no address can be.
            ("", "", false),
            ("a b", "a b", false),
            ("h.example\n", "h.example", false),
        ];
        for (old, new, kept) in cases {
            assert_eq!(keeps_token(old, new), kept, "{old:?} {new:?}");
        }
    }

    #[test]
    fn a_new_address_drops_the_token_of_another_host_and_nothing_else() {
        let file = "Active: m\nRemotes:\n  m: {URI: m.example, Token: t, Keyservers: [{URI: 'https://k.example'}]}\n  p: {URI: p.example, Token: t, Insecure: true}";
        let cases = [
            ("m", address("m.example/x", false), "t", (false, true)),
            ("m", address("n.example", false), "", (true, true)),
            ("m", address("m.example", true), "", (true, true)),
            ("p", address("p.example", true), "t", (false, false)),
            ("p", address("p.example", false), "t", (false, false)),
        ];
        for (remote, new, token, (token_removed, has_keyservers)) in cases {
            let (mut changed, name) = (document(file), RemoteName::found(remote));
            let before = format!("{remote}.example");
            let got = set_uri(&mut changed, Scope::User, None, &name, &new);
            assert_eq!(
                got,
                Ok(Readdressed {
                    before,
                    token_removed,
                    has_keyservers
                }),
                "{remote} {new:?}"
            );
            let mut wanted = document(file);
            let entry = wanted.remotes.get_mut(&name).unwrap();
            entry.uri = new.uri.as_str().to_owned();
            entry.insecure = new.insecure;
            entry.token = Secret::new(token);
            assert_eq!(changed, wanted, "{remote} {new:?}");
        }
    }

    #[test]
    fn a_user_gives_addresses_to_their_own_remotes_alone() {
        let file = "Remotes: {m: {URI: m.example}, g: {URI: g.example, System: true, Token: t}}";
        let (system, built_in) = (Some(LayerKind::System), Some(LayerKind::BuiltIn));
        let cases = [
            ("m", None, Ok(())),
            ("m", built_in, Ok(())),
            (
                "m",
                system,
                Err("m is also a remote of your own, which stands in the way of the system's"),
            ),
            ("g", system, Err("g is global and can't be changed")),
            ("g", None, Err("g is not a remote")),
            ("s", built_in, Err("s is global and can't be changed")),
            ("s", None, Err("s is not a remote")),
        ];
        for (remote, below, wanted) in cases {
            let mut changed = document(file);
            let below = below.map(|kind| Layer::of(kind, &format!("Remotes: {{{remote}: {{}}}}")));
            let got = set_uri(
                &mut changed,
                Scope::User,
                below.as_ref(),
                &RemoteName::found(remote),
                &address("n.example", false),
            );
            assert_eq!(
                got.map(|_| ()).map_err(|error| error.to_string()),
                wanted.map_err(str::to_owned),
                "{remote}"
            );
            assert_eq!(changed == document(file), wanted.is_err(), "{remote}");
        }
        let mut system = document(file);
        let name = RemoteName::found("g");
        assert!(
            set_uri(
                &mut system,
                Scope::System,
                None,
                &name,
                &address("n.example", false)
            )
            .unwrap()
            .token_removed
        );
        assert_eq!(
            system,
            document("Remotes: {m: {URI: m.example}, g: {URI: n.example, System: true}}")
        );
        let gone = RemoteName::found("x");
        assert_eq!(
            set_uri(
                &mut system,
                Scope::System,
                None,
                &gone,
                &address("n.example", false)
            ),
            Err(ChangeError::NoSuchRemote(gone.clone()))
        );
    }
}
