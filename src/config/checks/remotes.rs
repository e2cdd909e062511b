//! What can be wrong with remotes: names and addresses that mean nothing, copies, policy in the wrong place, secrets where
//! all can read them. D4, D5, D6 and D21 of docs/compatibility.md.

use super::Commands;
use super::finding::{Code, Finding};
use super::fix::is_idle_ghost;
use crate::config::document::Document;
use crate::config::effective::{Effective, Note};
use crate::config::layer::{CHOICE, Layer, LayerKind};
use crate::config::yaml::Part;
use crate::name::RemoteName;
use crate::text::first_names;
use crate::uri::EndpointUri;

/// What is wrong with the remotes of these files; of a file that can't be read there is no source, and nothing is said that
/// depends on it. `chosen` is the active remote by the environment.
pub fn remotes(
    system: Option<&Layer>,
    user: Option<&Layer>,
    chosen: Option<&RemoteName>,
    commands: &Commands,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (source, is_system) in [(system, true), (user, false)] {
        let Some(source) = source else { continue };
        found.extend(addresses(source, is_system, commands));
        found.extend(insecure_keys(source));
    }
    let Some(system) = system else { return found };
    found.extend(secrets_for_all(system));
    let effective = Effective::merge(system, user, chosen);
    found.extend(choice(&effective, chosen));
    found.extend(active(&effective, system, user, commands));
    for note in effective.notes() {
        found.extend(noted(note, &effective, system, user, commands));
    }
    found
}

fn noted(
    note: &Note,
    effective: &Effective<'_>,
    system: &Layer,
    user: Option<&Layer>,
    commands: &Commands,
) -> Option<Finding> {
    let in_users = |code: Code, name: &RemoteName, key: &str, message: String, fix: String| {
        let user = user?;
        let line = user.lines.key(Part::Remote(name.as_str()), key);
        Some(Finding::new(code, name.as_str(), message, fix).at(user.path.clone(), line))
    };
    match note {
        Note::Ghost(name) => {
            let message =
                format!("{name} is said to be the system's, which has no remote of this name");
            let is_idle = user.is_some_and(|user| is_idle_ghost(&user.document, name));
            let fix = match effective.leftover(name).filter(|_| !is_idle) {
                Some(entry) => commands.adopt(name, entry),
                None => commands.own("remove", name.as_str()),
            };
            let finding = in_users(Code::Ghost, name, "System", message, fix)?;
            Some(finding.fixable_if(is_idle))
        }
        Note::Shadowed(name) => {
            let place = system
                .path
                .as_ref()
                .map_or_else(String::new, |path| format!(" ({})", path.display()));
            let message = format!("{name} is a remote of your own and one of the system's{place}");
            let rename = commands.own("rename", name.as_str());
            let fix = format!("{rename} NEW, or {}", commands.own("remove", name.as_str()));
            in_users(Code::Shadowed, name, "", message, fix)
        }
        Note::Moved(name) => {
            let stored_for = &user?.document.remotes.get(name)?.uri;
            let now = effective.remote(name)?.uri();
            let message =
                format!("your token for {name} is for {stored_for}; the remote is now at {now}");
            let fix = commands.own("login", name.as_str());
            in_users(Code::TokenMoved, name, "Token", message, fix)
        }
        Note::IndividualExclusive(name) => {
            let message =
                format!("{name} claims to be exclusive, which only the system's file can say");
            let line =
                user.and_then(|user| user.lines.key(Part::Remote(name.as_str()), "Exclusive"));
            let place = line.map_or_else(String::new, |line| format!(" (line {line})"));
            let fix = format!("remove the key Exclusive{place} from the file");
            in_users(Code::IndividualExclusive, name, "Exclusive", message, fix)
        }
        Note::SeveralExclusive(names) => several_exclusive(names, effective, system, commands),
        // Each file's own Active is looked at, the one that counts and the others; and so is the environment's choice.
        Note::NoSuchActive(_) | Note::Overruled(_) | Note::StoresUnknown(_) => None,
    }
}

fn several_exclusive(
    names: &[RemoteName],
    effective: &Effective<'_>,
    system: &Layer,
    commands: &Commands,
) -> Option<Finding> {
    let obeyed = effective.exclusive()?;
    let message = format!(
        "{} are all exclusive; {obeyed} is obeyed",
        first_names(names.iter())
    );
    let fix = commands.system("use --exclusive", obeyed.as_str());
    let other = names.iter().find(|name| *name != obeyed)?;
    let line = system.lines.key(Part::Remote(other.as_str()), "Exclusive");
    let finding = Finding::new(Code::SeveralExclusive, obeyed.as_str(), message, fix);
    Some(finding.at(system.path.clone(), line))
}

fn choice(effective: &Effective<'_>, chosen: Option<&RemoteName>) -> Option<Finding> {
    let chosen = chosen?;
    let (code, message) = match effective.exclusive() {
        Some(exclusive) if exclusive != chosen => (
            Code::ChoiceOverruled,
            format!("{CHOICE} names {chosen}, and the system's policy allows {exclusive} only"),
        ),
        None if effective.remote(chosen).is_none() => (
            Code::ChoiceUnknown,
            format!("{CHOICE} names {chosen}, which is no remote"),
        ),
        _ => return None,
    };
    Some(Finding::new(
        code,
        CHOICE,
        message,
        format!("unset {CHOICE}"),
    ))
}

fn active(
    effective: &Effective<'_>,
    system: &Layer,
    user: Option<&Layer>,
    commands: &Commands,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let known = || match effective.remotes().next() {
        None => "there is none".to_owned(),
        Some(_) => format!(
            "there are {}",
            first_names(effective.remotes().map(|remote| remote.name))
        ),
    };
    for (source, kind) in [(Some(system), LayerKind::System), (user, LayerKind::User)] {
        let Some(source) = source else { continue };
        let name = RemoteName::found(source.document.active.as_str());
        let exists = match kind {
            LayerKind::User => effective.remote(&name).is_some(),
            LayerKind::System | LayerKind::BuiltIn => source.document.remotes.contains_key(&name),
        };
        if name.as_str().is_empty() || exists {
            continue;
        }
        let message = format!("Active names {name}, which is no remote; {}", known());
        let fix = match kind {
            LayerKind::User => match effective.leftover(&name) {
                Some(entry) => commands.adopt(&name, entry),
                None => format!("{} use NAME", commands.own),
            },
            LayerKind::System | LayerKind::BuiltIn => {
                format!("{} use --global NAME", commands.system)
            }
        };
        let counts = effective
            .active_name()
            .is_some_and(|active| active.layer == Some(kind) && active.name == name);
        let finding = Finding::new(Code::ActiveUnknown, name.as_str(), message, fix)
            .at(source.path.clone(), source.lines.key(Part::File, "Active"));
        found.push(if counts { finding } else { finding.otherwise() });
    }
    found.extend(missing_active(effective, commands));
    found
}

fn missing_active(effective: &Effective<'_>, commands: &Commands) -> Option<Finding> {
    if effective.active_name().is_some() {
        return None;
    }
    let mut names = effective.remotes().map(|remote| remote.name.as_str());
    let fix = match (names.next(), names.next()) {
        (None, _) => format!("{0} add NAME URI && {0} use NAME", commands.own),
        (Some(only), None) => commands.own("use", only),
        (Some(_), Some(_)) => format!("{} use NAME", commands.own),
    };
    Some(Finding::new(
        Code::ActiveMissing,
        "",
        "no remote is active",
        fix,
    ))
}

fn addresses(source: &Layer, is_system: bool, commands: &Commands) -> Vec<Finding> {
    let counting = source
        .document
        .remotes
        .iter()
        .filter(|(_, entry)| is_system || !entry.system);
    let wrong = counting.filter_map(|(name, entry)| {
        EndpointUri::parse(&entry.uri)
            .err()
            .map(|error| (name, error))
    });
    wrong
        .map(|(name, error)| {
            let message = format!("{name} has no address that can be asked: {error}");
            let (program, global) = if is_system {
                (&commands.system, " --global")
            } else {
                (&commands.own, "")
            };
            let fix = format!(
                "{} URI",
                super::command(program, &format!("set-url{global}"), name.as_str())
            );
            let line = source.lines.key(Part::Remote(name.as_str()), "URI");
            Finding::new(Code::UriInvalid, name.as_str(), message, fix)
                .at(source.path.clone(), line)
        })
        .collect()
}

fn insecure_keys(source: &Layer) -> Option<Finding> {
    let mut with_key = source.document.remotes.keys().filter(|name| {
        source
            .lines
            .has_key(Part::Remote(name.as_str()), "Insecure")
    });
    let first = with_key.next()?;
    let line = source.lines.key(Part::Remote(first.as_str()), "Insecure");
    let names = std::iter::once(first).chain(with_key);
    let message = format!(
        "the first versions of the runtime do not know the key Insecure, which the file has for {}",
        first_names(names)
    );
    let fix = "remove the key from the file, or use a later version";
    Some(
        Finding::new(Code::InsecureKey, first.as_str(), message, fix).at(source.path.clone(), line),
    )
}

fn secrets_for_all(system: &Layer) -> Vec<Finding> {
    let Document {
        remotes, logins, ..
    } = &system.document;
    let with_token = remotes
        .iter()
        .filter(|(_, entry)| !entry.token.is_empty())
        .map(|(name, _)| {
            let line = system.lines.key(Part::Remote(name.as_str()), "Token");
            (name.as_str(), format!("a token for {name}"), line)
        });
    let logins = logins.iter().enumerate().map(|(index, login)| {
        (
            login.uri.as_str(),
            format!("a login to {}", login.uri),
            system.lines.first(Part::Login(index)),
        )
    });
    with_token
        .chain(logins)
        .map(|(subject, what, line)| {
            let message = format!("the system's file has {what}, which all users can read");
            let place = line.map_or_else(String::new, |line| format!(" (line {line})"));
            let fix =
                format!("remove it{place} from the file, and make it invalid where it was made");
            Finding::new(Code::SystemSecret, subject, message, fix).at(system.path.clone(), line)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{commands, layer, told};
    use super::*;

    const SYSTEM: &str = "Active: d\nRemotes:\n  d: {URI: d.example}\n";

    fn found(system: &str, user: &str) -> Vec<String> {
        let (system, user) = (
            layer(LayerKind::System, system),
            layer(LayerKind::User, user),
        );
        told(&remotes(Some(&system), Some(&user), None, &commands()))
    }

    #[test]
    fn what_is_right_is_no_finding() {
        let user = "Active: m\nRemotes:\n  m: {URI: m.example, Token: t}\n  d: {URI: d.example, System: true, Token: t}\n";
        assert_eq!(found(SYSTEM, user), [""; 0]);
        assert_eq!(found(SYSTEM, ""), [""; 0]);
        assert_eq!(
            found("", ""),
            [
                "error active-missing : no remote is active [portolan remote add NAME URI && portolan remote use NAME]"
            ]
        );
    }

    #[test]
    fn copies_and_names_in_both_files_are_told_with_their_lines() {
        let cases = [
            (
                "Remotes:\n  g: {URI: g.example, System: true}\n",
                "warning ghost /user:2: g is said to be the system's, which has no remote of this name \
                 [portolan remote remove g] (fixable)",
            ),
            (
                "Remotes:\n  g: {URI: g.example, System: true, Keyservers: [{URI: k}]}\n",
                "warning ghost /user:2: g is said to be the system's, which has no remote of this name \
                 [portolan remote add g g.example]",
            ),
            (
                "Remotes:\n  d: {URI: mine.example}\n",
                "warning shadowed /user:2: d is a remote of your own and one of the system's (/system) \
                 [portolan remote rename d NEW, or portolan remote remove d]",
            ),
            (
                "Remotes:\n  d:\n    URI: old.example\n    System: true\n    Token: t\n",
                "warning token-moved /user:5: your token for d is for old.example; the remote is now at d.example \
                 [portolan remote login d]",
            ),
            (
                "Remotes:\n  m:\n    URI: m.example\n    Exclusive: true\n",
                "note individual-exclusive /user:4: m claims to be exclusive, which only the system's file can say \
                 [remove the key Exclusive (line 4) from the file]",
            ),
            (
                "Remotes:\n  a: {URI: a.example}\n  b:\n    URI: b.example\n    Insecure: false\n",
                "note insecure-key /user:5: the first versions of the runtime do not know the key Insecure, which the file has for b \
                 [remove the key from the file, or use a later version]",
            ),
        ];
        for (user, wanted) in cases {
            assert_eq!(found(SYSTEM, user), [wanted]);
        }
    }

    #[test]
    fn an_active_that_names_nothing_is_worse_where_it_counts() {
        assert_eq!(
            found(
                SYSTEM,
                "Active: x\nRemotes: {a: {URI: a}, b: {URI: b}, c: {URI: c}, e: {URI: e}, f: {URI: f}}"
            ),
            [
                "error active-unknown /user:1: Active names x, which is no remote; there are a, b, c, d, e, f \
              [portolan remote use NAME]"
            ]
        );
        let gone = SYSTEM.replacen("Active: d", "Active: x", 1);
        let wanted = "active-unknown /system:1: Active names x, which is no remote; there are d \
                      [sudo portolan remote use --global NAME]";
        assert_eq!(found(&gone, ""), [format!("error {wanted}")]);
        assert_eq!(found(&gone, "Active: d"), [format!("warning {wanted}")]);
        // The policy decides, whatever either file's Active says.
        let exclusive = "Active: x\nRemotes: {d: {URI: d.example, Exclusive: true}}";
        assert_eq!(found(exclusive, ""), [format!("warning {wanted}")]);
    }

    #[test]
    fn the_systems_file_has_one_policy_and_no_secret() {
        let two = "Active: b\nRemotes:\n  a:\n    URI: a\n    Exclusive: true\n  b: {URI: b, Exclusive: true}\n";
        assert_eq!(
            found(two, ""),
            [
                "warning several-exclusive /system:5: a, b are all exclusive; b is obeyed \
              [sudo portolan remote use --exclusive b]"
            ]
        );
        let secrets = "Active: a\nRemotes:\n  a:\n    URI: a\n    Token: t\nCredentials:\n- URI: docker://r.example\n";
        assert_eq!(
            found(secrets, ""),
            [
                "error system-secret /system:5: the system's file has a token for a, which all users can read \
                 [remove it (line 5) from the file, and make it invalid where it was made]",
                "error system-secret /system:7: the system's file has a login to docker://r.example, which all users \
                 can read [remove it (line 7) from the file, and make it invalid where it was made]",
            ]
        );
    }

    #[test]
    fn an_address_counts_in_the_file_that_defines_its_remote() {
        let odd = "Active: d\nRemotes:\n  d:\n    URI: ''\n";
        let reason = "d has no address that can be asked: invalid URI: cannot have empty URI";
        assert_eq!(
            found(odd, "Remotes:\n  d: {URI: '', System: true}\n"),
            [format!(
                "error uri-invalid /system:4: {reason} [sudo portolan remote set-url --global d URI]"
            )]
        );
        assert_eq!(
            found("", odd),
            [format!(
                "error uri-invalid /user:4: {reason} [portolan remote set-url d URI]"
            )]
        );
    }

    #[test]
    fn nothing_is_said_of_a_system_that_is_not_known() {
        let text = "Active: x\nRemotes: {g: {URI: g.example, System: true}, x: {URI: ''}}";
        let user = layer(LayerKind::User, text);
        let codes: Vec<Code> = remotes(None, Some(&user), None, &commands())
            .iter()
            .map(|finding| finding.code)
            .collect();
        assert_eq!(codes, [Code::UriInvalid]);
    }

    #[test]
    fn a_choice_that_cannot_be_followed_is_found() {
        let found = |system: &str, chosen: &str| {
            let system = layer(LayerKind::System, system);
            told(&remotes(
                Some(&system),
                None,
                Some(&RemoteName::found(chosen)),
                &commands(),
            ))
        };
        let exclusive =
            "Active: d\nRemotes: {d: {URI: d.example, Exclusive: true}, e: {URI: e.example}}";
        assert_eq!(found(SYSTEM, "d"), [""; 0]);
        assert_eq!(found(exclusive, "d"), [""; 0]);
        assert_eq!(
            found(SYSTEM, "x"),
            [
                "error choice-unknown : PORTOLAN_REMOTE names x, which is no remote [unset PORTOLAN_REMOTE]"
            ]
        );
        assert_eq!(
            found(exclusive, "e"),
            [
                "warning choice-overruled : PORTOLAN_REMOTE names e, and the system's policy allows d only \
              [unset PORTOLAN_REMOTE]"
            ]
        );
    }
}
