//! Pure changes of a `Document`: the user's or the system's, by their [`Scope`], with the layer below a user's where that is
//! known. No file, and no message but the refusal's.

mod add;
mod address;
mod rename;

use crate::config::document::{Document, LoginEntry, url};
use crate::config::layer::{Layer, LayerKind, Scope};
use crate::config::policy;
use crate::config::policy::PolicyRefusal;
use crate::name::RemoteName;
use crate::secret::Secret;

pub use add::{Added, NewRemote, add};
pub use address::{NewAddress, Readdressed, keeps_token, set_uri};
pub use rename::rename;

/// Why a document can't be changed as asked, in Apptainer's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error("{0} is already a remote")]
    Taken(RemoteName),
    /// The system's file has the name: a user's remote would only hide behind the system's (D5).
    #[error("{0} is already a remote")]
    Reserved(RemoteName),
    #[error("{name} is already a remote")]
    TakenElsewhere {
        name: RemoteName,
        now: String,
        asked: String,
    },
    #[error("{0} is not a remote")]
    NoSuchRemote(RemoteName),
    #[error("{name} is global and can't be {change}d")]
    Global {
        name: RemoteName,
        /// remove, rename or change
        change: &'static str,
    },
    #[error("{0} was removed by another command: its token was not stored")]
    Gone(RemoteName),
    #[error("{0} was removed or renamed by another command: nothing was logged out")]
    Vanished(RemoteName),
    #[error("{name} is now at {now:?}: the token was verified for {verified:?} and not stored")]
    Moved {
        name: RemoteName,
        now: String,
        verified: String,
    },
    #[error("{0} is also a remote of your own, which stands in the way of the system's")]
    InTheWay(RemoteName),
    #[error(transparent)]
    Policy(#[from] PolicyRefusal),
}

pub fn remove(
    document: &mut Document,
    scope: Scope,
    below: Option<&Layer>,
    name: &RemoteName,
) -> Result<(), ChangeError> {
    let is_below = below.is_some_and(|below| below.has(name));
    if is_below && !document.owns(scope, name) {
        return Err(ChangeError::Global {
            name: name.clone(),
            change: "remove",
        });
    }
    document
        .remotes
        .remove(name)
        .ok_or_else(|| ChangeError::NoSuchRemote(name.clone()))?;
    // Where the layer below has the name too, Active means its remote (D5) and stays.
    if document.active == name.as_str() && !is_below {
        document.active.clear();
    }
    Ok(())
}

/// Makes a remote the active one: the user's, if the policy allows it; or everybody's, and then the only one or one of many
/// (D6). A remote that only the built-in layer has is written into the user's file, since Apptainer knows no such layer (D3).
pub fn use_remote(
    document: &mut Document,
    scope: Scope,
    below: Option<&Layer>,
    name: &RemoteName,
    is_exclusive: bool,
) -> Result<(), ChangeError> {
    let is_own = document.owns(scope, name);
    let entry_below = below.and_then(|below| below.document.remotes.get(name));
    if !is_own && entry_below.is_none() {
        return Err(ChangeError::NoSuchRemote(name.clone()));
    }
    policy::allows(below.and_then(Layer::exclusive), name)?;
    let is_built_in = below.is_some_and(|below| below.kind == LayerKind::BuiltIn);
    if let Some(built_in) = entry_below.filter(|_| is_built_in && !is_own) {
        let entry = document.remotes.entry(name.clone()).or_default();
        if entry.uri.is_empty() {
            entry.uri.clone_from(&built_in.uri);
            entry.system = true;
        }
    }
    name.as_str().clone_into(&mut document.active);
    if scope == Scope::System {
        for (other, entry) in &mut document.remotes {
            entry.exclusive = is_exclusive && other == name;
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definer {
    User,
    System,
}

#[derive(Clone, Debug)]
pub struct VerifiedToken {
    pub name: RemoteName,
    pub uri: String,
    pub insecure: bool,
    pub definer: Definer,
    pub token: Secret,
}

impl VerifiedToken {
    pub fn is_for(&self, uri: &str, insecure: bool) -> bool {
        self.uri == uri && self.insecure == insecure
    }

    pub fn moved(&self, uri: &str, insecure: bool) -> ChangeError {
        ChangeError::Moved {
            name: self.name.clone(),
            now: url(uri, insecure),
            verified: url(&self.uri, self.insecure),
        }
    }
}

/// Stores a token in the user's document, beside the address that it was verified for (D3, D21).
pub fn set_token(document: &mut Document, verified: &VerifiedToken) -> Result<(), ChangeError> {
    let name = &verified.name;
    let entry = match (verified.definer, document.remotes.get_mut(name)) {
        (Definer::User, Some(entry))
            if !entry.system && verified.is_for(&entry.uri, entry.insecure) =>
        {
            entry
        }
        (Definer::User, Some(entry)) if !entry.system => {
            return Err(verified.moved(&entry.uri, entry.insecure));
        }
        (Definer::User, _) => return Err(ChangeError::Gone(name.clone())),
        (Definer::System, Some(entry)) if !entry.system => {
            return Err(ChangeError::InTheWay(name.clone()));
        }
        (Definer::System, _) => {
            let entry = document.remotes.entry(name.clone()).or_default();
            entry.system = true;
            entry.uri.clone_from(&verified.uri);
            entry.insecure = verified.insecure;
            entry
        }
    };
    entry.token = verified.token.clone();
    Ok(())
}

/// Drops the user's token for a remote that `layer` defines. Where that is the system's file, its entry in the user's says
/// nothing more and is removed as well (D3).
pub fn clear_token(
    document: &mut Document,
    name: &RemoteName,
    layer: LayerKind,
) -> Result<(), ChangeError> {
    match document.remotes.get_mut(name) {
        None if layer == LayerKind::User => return Err(ChangeError::Vanished(name.clone())),
        Some(entry) if entry.system && layer == LayerKind::System => {
            document.remotes.remove(name);
        }
        Some(entry) => entry.token = Secret::default(),
        None => {}
    }
    Ok(())
}

pub fn add_login(
    document: &mut Document,
    login: &LoginEntry,
    is_same: impl Fn(&LoginEntry) -> bool,
) {
    document.logins.retain(|other| !is_same(other));
    document.logins.push(login.clone());
}

pub fn remove_logins(document: &mut Document, is_meant: impl Fn(&LoginEntry) -> bool) -> bool {
    let before = document.logins.len();
    document.logins.retain(|login| !is_meant(login));
    document.logins.len() < before
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

    #[test]
    fn a_user_removes_what_is_theirs_and_what_nobody_else_has() {
        let file = "Active: m\nRemotes: {m: {URI: m.example}, g: {URI: g.example, System: true}}";
        let cases = [
            ("m", false, Ok(()), ""),
            // The system's remote stays active under its name (D5).
            ("m", true, Ok(()), "m"),
            ("g", false, Ok(()), "m"),
            ("g", true, Err("g is global and can't be removed"), "m"),
            ("s", true, Err("s is global and can't be removed"), "m"),
            ("s", false, Err("s is not a remote"), "m"),
        ];
        for (remote, system_has, wanted, active) in cases {
            let mut document = document(file);
            let below = Layer::of(LayerKind::System, &format!("Remotes: {{{remote}: {{}}}}"));
            let below = system_has.then_some(&below);
            let got = remove(&mut document, Scope::User, below, &name(remote));
            assert_eq!(
                got.clone().map_err(|error| error.to_string()),
                wanted.map_err(str::to_owned),
                "{remote}"
            );
            assert_eq!(document.active(), active);
            assert_eq!(
                document.remotes().contains_key(&name(remote)),
                got.is_err() && remote != "s"
            );
        }
    }

    #[test]
    fn exactly_one_remote_is_exclusive_and_using_another_lifts_it() {
        let mut document = document(
            "Active: a\nRemotes: {a: {URI: a, Exclusive: true}, b: {URI: b, Exclusive: true}, c: {URI: c}}",
        );
        let exclusive = |document: &Document| -> Vec<String> {
            document
                .remotes()
                .iter()
                .filter(|(_, entry)| entry.exclusive)
                .map(|(name, _)| name.to_string())
                .collect()
        };
        let use_globally = |document: &mut Document, remote: &str, is_exclusive| {
            use_remote(document, Scope::System, None, &name(remote), is_exclusive)
        };
        use_globally(&mut document, "c", true).unwrap();
        assert_eq!(
            (document.active(), exclusive(&document)),
            ("c", vec!["c".to_owned()])
        );
        use_globally(&mut document, "a", false).unwrap();
        assert_eq!((document.active(), exclusive(&document)), ("a", vec![]));
        assert_eq!(
            use_globally(&mut document, "x", true),
            Err(ChangeError::NoSuchRemote(name("x")))
        );
    }

    #[test]
    fn using_a_built_in_remote_writes_it_down_and_overwrites_nothing() {
        let built_in = Layer::of(
            LayerKind::BuiltIn,
            "Remotes: {d: {URI: d.example, System: true}}",
        );
        let use_it = |document: &mut Document| {
            use_remote(document, Scope::User, Some(&built_in), &name("d"), false).unwrap();
        };
        let mut fresh = Document::default();
        use_it(&mut fresh);
        assert_eq!(
            fresh,
            document("Active: d\nRemotes: {d: {URI: d.example, System: true}}")
        );
        let mut with_token = document("Remotes: {d: {URI: d.example, System: true, Token: t}}");
        use_it(&mut with_token);
        assert_eq!(
            with_token,
            document("Active: d\nRemotes: {d: {URI: d.example, System: true, Token: t}}")
        );
    }

    #[test]
    fn a_user_uses_what_exists_under_the_policy() {
        let file = "Active: m\nRemotes: {m: {URI: m.example}, g: {URI: g.example, System: true}}";
        let system = Layer::of(
            LayerKind::System,
            "Remotes: {s: {URI: s.example, System: true}}",
        );
        let policy = Layer::of(
            LayerKind::System,
            "Remotes: {s: {URI: s.example, System: true, Exclusive: true}}",
        );
        let refused =
            "could not use m: remote s has been set exclusive by the system administrator";
        let cases = [
            (&system, "s", Ok(())),
            (&system, "m", Ok(())),
            (&policy, "s", Ok(())),
            (&policy, "m", Err(refused)),
            (&policy, "x", Err("x is not a remote")),
            (&system, "g", Err("g is not a remote")),
        ];
        for (below, remote, wanted) in cases {
            let mut changed = document(file);
            let got = use_remote(&mut changed, Scope::User, Some(below), &name(remote), false);
            let got = got.map_err(|error| error.to_string());
            assert_eq!(got, wanted.map_err(str::to_owned), "{remote}");
            let mut after = document(file);
            if got.is_ok() {
                remote.clone_into(&mut after.active);
            }
            assert_eq!(changed, after, "{remote}");
        }
    }

    fn verified(remote: &str, uri: &str, definer: Definer) -> VerifiedToken {
        VerifiedToken {
            name: name(remote),
            uri: uri.into(),
            insecure: false,
            definer,
            token: Secret::new("t"),
        }
    }

    #[test]
    fn a_token_is_stored_only_for_what_it_was_verified_for() {
        let file = "Remotes: {m: {URI: m.example}, g: {URI: old.example, System: true}, i: {URI: i.example, Insecure: true}}";
        let cases = [
            (
                "m",
                "m.example",
                Definer::User,
                Ok(
                    "Remotes: {m: {URI: m.example, Token: t}, g: {URI: old.example, System: true}, i: {URI: i.example, Insecure: true}}",
                ),
            ),
            (
                "m",
                "other.example",
                Definer::User,
                Err(
                    r#"m is now at "https://m.example": the token was verified for "https://other.example" and not stored"#,
                ),
            ),
            (
                "i",
                "i.example",
                Definer::User,
                Err(
                    r#"i is now at "http://i.example": the token was verified for "https://i.example" and not stored"#,
                ),
            ),
            (
                "x",
                "x.example",
                Definer::User,
                Err("x was removed by another command: its token was not stored"),
            ),
            (
                "g",
                "old.example",
                Definer::User,
                Err("g was removed by another command: its token was not stored"),
            ),
            (
                "g",
                "new.example",
                Definer::System,
                Ok(
                    "Remotes: {m: {URI: m.example}, g: {URI: new.example, System: true, Token: t}, i: {URI: i.example, Insecure: true}}",
                ),
            ),
            (
                "m",
                "m.example",
                Definer::System,
                Err("m is also a remote of your own, which stands in the way of the system's"),
            ),
        ];
        for (remote, uri, definer, wanted) in cases {
            let mut changed = document(file);
            let got = set_token(&mut changed, &verified(remote, uri, definer));
            match wanted {
                Ok(after) => assert_eq!((got, changed), (Ok(()), document(after)), "{remote}"),
                Err(message) => {
                    assert_eq!(
                        got.map_err(|error| error.to_string()),
                        Err(message.to_owned()),
                        "{remote}"
                    );
                    assert_eq!(changed, document(file), "{remote}");
                }
            }
        }
    }

    #[test]
    fn logging_out_of_a_system_remote_leaves_nothing_of_it() {
        let file = "Active: g\nRemotes: {m: {URI: m.example, Token: t}, g: {URI: g.example, System: true, Token: t}}";
        let mut system = document(file);
        clear_token(&mut system, &name("g"), LayerKind::System).unwrap();
        assert_eq!(
            system,
            document("Active: g\nRemotes: {m: {URI: m.example, Token: t}}")
        );
        let mut built_in = document(file);
        clear_token(&mut built_in, &name("g"), LayerKind::BuiltIn).unwrap();
        clear_token(&mut built_in, &name("m"), LayerKind::User).unwrap();
        let gone = clear_token(&mut built_in, &name("x"), LayerKind::User);
        assert_eq!(gone, Err(ChangeError::Vanished(name("x"))));
        assert_eq!(
            clear_token(&mut built_in, &name("x"), LayerKind::System),
            Ok(())
        );
        assert_eq!(
            built_in,
            document(
                "Active: g\nRemotes: {m: {URI: m.example}, g: {URI: g.example, System: true}}"
            )
        );
    }
}
