//! Another name for a remote that is there. Its address stays, and so does what was stored for it.

use crate::config::change::ChangeError;
use crate::config::document::Document;
use crate::config::effective::LayerKind;
use crate::name::RemoteName;

/// Renames one of the user's own remotes, and lets `Active` follow. `below` is the layer that has the old name too: where it
/// is the system's file, Active means the remote there (D5) and stays. Who else has the new name is for the caller to ask.
///
/// # Errors
/// When there is no such remote, or only the system's, or the new name is taken.
pub fn rename(
    document: &mut Document,
    old: &RemoteName,
    new: &RemoteName,
    below: Option<LayerKind>,
) -> Result<(), ChangeError> {
    match document.remotes.get(old) {
        Some(entry) if !entry.system => {
            move_entry(document, old, new, below != Some(LayerKind::System))
        }
        _ if below.is_some() => Err(ChangeError::GlobalName(old.clone())),
        _ => Err(ChangeError::NoSuchRemote(old.clone())),
    }
}

/// Renames a remote of the system's document. It stays active and exclusive if it was.
///
/// # Errors
/// When there is no such remote, or the new name is taken.
pub fn rename_globally(
    document: &mut Document,
    old: &RemoteName,
    new: &RemoteName,
) -> Result<(), ChangeError> {
    move_entry(document, old, new, true)
}

fn move_entry(
    document: &mut Document,
    old: &RemoteName,
    new: &RemoteName,
    active_follows: bool,
) -> Result<(), ChangeError> {
    if document.remotes.contains_key(old) && document.remotes.contains_key(new) {
        return Err(ChangeError::Taken(new.clone()));
    }
    let entry = document
        .remotes
        .remove(old)
        .ok_or_else(|| ChangeError::NoSuchRemote(old.clone()))?;
    document.remotes.insert(new.clone(), entry);
    if active_follows && document.active == old.as_str() {
        new.as_str().clone_into(&mut document.active);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
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
        rename(&mut changed, &name("m"), &name("n"), None).unwrap();
        assert_eq!(
            changed,
            document(
                "Active: n\nRemotes: {n: {URI: m.example, Token: t, Keyservers: [{URI: k}]}, o: {URI: o}, g: {URI: g, System: true}}"
            )
        );
        rename(&mut changed, &name("o"), &name("p"), None).unwrap();
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
            // The way out when the system has the name too: Active means the system's remote.
            ("m", "n", system, Ok("m")),
            ("m", "n", none, Ok("n")),
            ("m", "n", built_in, Ok("n")),
            ("s", "n", built_in, Err("s is global and can't be renamed")),
        ];
        for (old, new, below, wanted) in cases {
            let mut changed = document(FILE);
            let got = rename(&mut changed, &name(old), &name(new), below);
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
        assert_eq!(
            rename_globally(&mut system, &name("x"), &name("y")),
            Err(ChangeError::NoSuchRemote(name("x")))
        );
        assert_eq!(
            rename_globally(&mut system, &name("c"), &name("d")),
            Err(ChangeError::Taken(name("d")))
        );
        rename_globally(&mut system, &name("c"), &name("e")).unwrap();
        assert_eq!(
            system,
            document(
                "Active: e\nRemotes: {e: {URI: c.example, System: true, Exclusive: true}, d: {URI: d, System: true}}"
            )
        );
    }
}
