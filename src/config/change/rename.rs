//! Another name for a remote. Its address stays, and so does what was stored for it.

use crate::config::change::ChangeError;
use crate::config::document::Document;
use crate::config::layer::{Layer, Scope};
use crate::name::RemoteName;

/// Renames a remote, and lets `Active` follow. It stays exclusive if it was.
pub fn rename(
    document: &mut Document,
    scope: Scope,
    below: Option<&Layer>,
    old: &RemoteName,
    new: &RemoteName,
) -> Result<(), ChangeError> {
    if below.is_some_and(|below| below.reserves(new)) {
        return Err(ChangeError::Reserved(new.clone()));
    }
    if !document.owns(scope, old) {
        let name = old.clone();
        return Err(match below {
            Some(below) if below.has(old) => ChangeError::Global {
                name,
                change: "rename",
            },
            _ => ChangeError::NoSuchRemote(name),
        });
    }
    if document.remotes.contains_key(new) {
        return Err(ChangeError::Taken(new.clone()));
    }
    let Some(entry) = document.remotes.remove(old) else {
        return Err(ChangeError::NoSuchRemote(old.clone()));
    };
    document.remotes.insert(new.clone(), entry);
    // Where the system's file has the old name too, Active means its remote (D5) and stays.
    let is_reserved = below.is_some_and(|below| below.reserves(old));
    if document.active == old.as_str() && !is_reserved {
        new.as_str().clone_into(&mut document.active);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layer::LayerKind;
    use crate::config::yaml;

    fn document(text: &str) -> Document {
        yaml::document(text.as_bytes()).unwrap()
    }

    fn name(text: &str) -> RemoteName {
        RemoteName::found(text)
    }

    const FILE: &str = "Active: m\nRemotes: {m: {URI: m.example, Token: t, Keyservers: [{URI: k}]}, o: {URI: o}, g: {URI: g, System: true}}";

    #[test]
    fn everything_of_a_remote_follows_its_name() {
        let mut changed = document(FILE);
        rename(&mut changed, Scope::User, None, &name("m"), &name("n")).unwrap();
        assert_eq!(
            changed,
            document(
                "Active: n\nRemotes: {n: {URI: m.example, Token: t, Keyservers: [{URI: k}]}, o: {URI: o}, g: {URI: g, System: true}}"
            )
        );
        rename(&mut changed, Scope::User, None, &name("o"), &name("p")).unwrap();
        assert_eq!(changed.active(), "n");
    }

    #[test]
    fn a_user_renames_their_own_remotes_alone_and_to_free_names() {
        let (none, system, built_in) = (None, Some(LayerKind::System), Some(LayerKind::BuiltIn));
        let cases = [
            ("m", "o", none, Err("o is already a remote")),
            ("m", "m", none, Err("m is already a remote")),
            // The copy of a system's remote has its name as well.
            ("m", "g", none, Err("g is already a remote")),
            ("g", "n", system, Err("g is global and can't be renamed")),
            ("g", "n", none, Err("g is not a remote")),
            ("s", "n", system, Err("s is global and can't be renamed")),
            ("s", "o", none, Err("s is not a remote")),
            ("s", "g", none, Err("s is not a remote")),
            // The way out when the system has the name too: Active means the system's remote.
            ("m", "n", system, Ok("m")),
            ("m", "n", none, Ok("n")),
            ("m", "n", built_in, Ok("n")),
            ("s", "n", built_in, Err("s is global and can't be renamed")),
            ("m", "m", system, Err("m is already a remote")),
        ];
        for (old, new, below, wanted) in cases {
            let mut changed = document(FILE);
            let below = below.map(|kind| Layer::of(kind, &format!("Remotes: {{{old}: {{}}}}")));
            let got = rename(
                &mut changed,
                Scope::User,
                below.as_ref(),
                &name(old),
                &name(new),
            );
            match wanted {
                Ok(active) => assert_eq!((got, changed.active()), (Ok(()), active), "{old} {new}"),
                Err(message) => {
                    assert_eq!(
                        got.map_err(|error| error.to_string()),
                        Err(message.to_owned()),
                        "{old} {new}"
                    );
                    assert_eq!(changed, document(FILE), "{old} {new}");
                }
            }
        }
    }

    #[test]
    fn a_system_remote_stays_active_and_exclusive_under_its_new_name() {
        let mut system = document(
            "Active: c\nRemotes: {c: {URI: c.example, System: true, Exclusive: true}, d: {URI: d, System: true}}",
        );
        let rename_globally = |document: &mut Document, old: &str, new: &str| {
            rename(document, Scope::System, None, &name(old), &name(new))
        };
        assert_eq!(
            rename_globally(&mut system, "x", "y"),
            Err(ChangeError::NoSuchRemote(name("x")))
        );
        assert_eq!(
            rename_globally(&mut system, "c", "d"),
            Err(ChangeError::Taken(name("d")))
        );
        rename_globally(&mut system, "c", "e").unwrap();
        assert_eq!(
            system,
            document(
                "Active: e\nRemotes: {e: {URI: c.example, System: true, Exclusive: true}, d: {URI: d, System: true}}"
            )
        );
    }
}
