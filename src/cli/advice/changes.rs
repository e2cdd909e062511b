//! What to do about a refused change, or a word that is no remote's name: made from what the files say now.

use crate::cli::advice::TypedCommand;
use crate::cli::context::Context;
use crate::command::known_by_name;
use crate::config::change::ChangeError;
use crate::config::effective::{Effective, Remote};
use crate::config::layer::Scope;
use crate::config::policy::PolicyRefusal;
use crate::name::RemoteName;
use crate::suggestion::closest;
use crate::text::{Quoted, ShellWord, first_names};
use crate::uri::{EndpointUri, RegistryUri};

const LIST: &str = "To see the remotes:\n  portolan remote list";

pub(crate) fn after_refusal(
    refused: &ChangeError,
    scope: Scope,
    effective: Option<&Effective<'_>>,
    context: &Context,
) -> String {
    let (sudo, global) = match scope {
        Scope::User => ("", ""),
        Scope::System => ("sudo ", " --global"),
    };
    match refused {
        ChangeError::Taken(name) => {
            let name = name.word();
            format!(
                "To see it:\n  portolan remote show {name}\nTo change its address:\n  {sudo}portolan remote set-url{global} {name} <URI>"
            )
        }
        ChangeError::Reserved(_) => {
            let file = context.paths.system.display();
            format!("It is defined for all users in {file}; choose another name.")
        }
        ChangeError::TakenElsewhere { name, now, asked } => {
            let at = format!("at {}, not at {}", Quoted(now), Quoted(asked));
            let effective = effective.filter(|_| scope == Scope::User);
            if effective.is_some_and(|effective| effective.leftover(name).is_some()) {
                return of_leftover(name, &at);
            }
            format!(
                "It is {at}. To change that:\n  {sudo}portolan remote set-url{global} {} {}",
                name.word(),
                address_words(asked)
            )
        }
        ChangeError::NoSuchRemote(name) => match (scope, effective) {
            (Scope::User, Some(effective)) => no_remote(name, effective, &context.typed),
            (Scope::User, None) => LIST.to_owned(),
            (Scope::System, _) => no_system_remote(name),
        },
        ChangeError::Global { name, change } => of_global(name, change, context),
        ChangeError::InTheWay(name) => format!(
            "The system's is used. To keep yours under another name:\n  portolan remote rename {} <NEW>",
            name.word()
        ),
        ChangeError::Gone(name) => format!(
            "To add it again, and log in:\n  portolan remote add {} <URI>",
            name.word()
        ),
        ChangeError::Moved { name, .. } => {
            format!("To log in there:\n  portolan remote login {}", name.word())
        }
        ChangeError::Vanished(_) => LIST.to_owned(),
        ChangeError::Policy(PolicyRefusal { name, .. }) => format!(
            "Only an administrator can change that, for all users:\n  sudo portolan remote use --global {}",
            name.word()
        ),
    }
}

pub(crate) fn no_system_remote(name: &RemoteName) -> String {
    match can_be_added(name) {
        true => format!(
            "The system has no remote of this name. To add it for all users:\n  sudo portolan remote add --global {} <URI>",
            name.word()
        ),
        false => LIST.to_owned(),
    }
}

fn of_leftover(name: &RemoteName, at: &str) -> String {
    format!(
        "Your file has an entry for a remote of the system's of this name, {at}, and the system has none. To remove the entry:\n  \
         portolan remote remove {}",
        name.word()
    )
}

fn of_global(name: &RemoteName, change: &str, context: &Context) -> String {
    let command = context.typed.with(context.typed.verb, " --global");
    let logout = match change {
        "remove" => format!(
            "\nTo drop your token for it:\n  portolan remote logout {}",
            name.word()
        ),
        _ => String::new(),
    };
    format!("To {change} it for all users:\n  sudo {command}{logout}")
}

pub(crate) fn no_remote(
    name: &RemoteName,
    effective: &Effective<'_>,
    typed: &TypedCommand,
) -> String {
    let (word, verb) = (name.word(), typed.verb);
    let known = format!("Known remotes: {}.", known(effective));
    if let Some(entry) = effective.leftover(name) {
        return leftover(name, &entry.url());
    }
    let command = |remote: &Remote<'_>| match verb {
        "rename" | "set-url" | "remove" => String::new(),
        _ => format!("\n  portolan remote {verb} {}", remote.name.word()),
    };
    if let Some(remote) = meant(effective, name) {
        let command = command(remote);
        return format!("Did you mean {}? {known}{command}", remote.name.word());
    }
    if let Some(remote) = at_address(name.as_str(), effective) {
        let command = command(remote);
        return format!(
            "It is the address of {}, which is named instead.{command}",
            remote.name
        );
    }
    match (verb, known_by_name(name.as_str()), registry(name.as_str())) {
        ("login" | "logout", ..) if !can_be_added(name) => format!("{known}\n{SPELLINGS}"),
        _ if !can_be_added(name) => LIST.to_owned(),
        ("set-url", ..) => format!("To add it:\n  {}", typed.with("add", "")),
        (_, Some(_), _) => format!("{known} To add it:\n  portolan remote add {word}"),
        ("login" | "logout", None, Some(registry)) => {
            format!("{known} If it is a registry:\n  portolan registry {verb} {registry}")
        }
        ("login" | "logout", None, None) => {
            format!("{known} To add it:\n  portolan remote add {word} <URI>\n{SPELLINGS}")
        }
        _ => LIST.to_owned(),
    }
}

/// How a word names what is no remote.
const SPELLINGS: &str =
    "A registry is written docker://HOST or oras://HOST, a keyserver https://HOST.";

pub(crate) fn no_service(word: &str, effective: &Effective<'_>, typed: &TypedCommand) -> String {
    if let Some(remote) = at_address(word, effective) {
        let name = remote.name.word();
        return format!("It is the address of {name}:\n  portolan remote login {name}");
    }
    let registry = registry(word).map_or_else(String::new, |registry| {
        format!("If it is a registry:\n  portolan registry login {registry}\n")
    });
    match word.split_once("://") {
        Some(("http" | "https" | "hkp" | "hkps", _)) => format!(
            "{registry}If it is a keyserver, an administrator adds it first:\n  sudo portolan keyserver add {}",
            ShellWord(word)
        ),
        _ if typed.group == "keyserver" => {
            "To see the keyservers:\n  portolan keyserver list".to_owned()
        }
        _ => format!("{registry}{SPELLINGS}"),
    }
}

pub(crate) fn no_default(effective: &Effective<'_>) -> String {
    let known = known(effective);
    let active = effective.active_name().map(|active| &active.name);
    let state = match active.map(|name| (name, effective.leftover(name))) {
        Some((name, Some(entry))) => leftover(name, &entry.url()),
        Some((name, None)) => {
            format!("The active remote is {name}, which does not exist. Known remotes: {known}.")
        }
        None => format!("Known remotes: {known}."),
    };
    match effective.remotes().next() {
        Some(_) => format!("{state}\nTo choose one, or name one:\n  portolan remote use <NAME>"),
        None => format!("{state}\nTo add one:\n  portolan remote add --use <NAME> <URI>"),
    }
}

pub(crate) fn no_uri(remote: &Remote<'_>) -> String {
    let (sudo, global) = match remote.is_global() {
        true => ("sudo ", " --global"),
        false => ("", ""),
    };
    format!(
        "To give it an address:\n  {sudo}portolan remote set-url{global} {} <URI>",
        remote.name.word()
    )
}

/// What the user's entry for a remote that the system does not have is, and how it becomes one: `now` is its address.
pub(crate) fn leftover(name: &RemoteName, now: &str) -> String {
    let (word, uri) = (name.word(), address_words(now));
    format!(
        "Your file has an entry for a remote of the system's of this name, and the system has none. To make it a remote of your own, with its token:\n  \
         portolan remote add {word} {uri}"
    )
}

pub(crate) fn known(effective: &Effective<'_>) -> String {
    match effective.remotes().next() {
        Some(_) => first_names(effective.remotes().map(|remote| remote.name)),
        None => "none".to_owned(),
    }
}

fn can_be_added(name: &RemoteName) -> bool {
    RemoteName::parse(name.as_str()).is_ok()
}

fn meant<'a, 'b>(effective: &'b Effective<'a>, typed: &RemoteName) -> Option<&'b Remote<'a>> {
    let names = effective.remotes().map(|remote| remote.name.as_str());
    let meant = closest(typed.as_str(), &names.collect::<Vec<_>>())?;
    effective.remote(&RemoteName::found(meant))
}

fn at_address<'a, 'b>(word: &str, effective: &'b Effective<'a>) -> Option<&'b Remote<'a>> {
    let typed = EndpointUri::parse(word).ok()?;
    let mut remotes = effective.remotes();
    remotes
        .find(|remote| EndpointUri::parse(remote.uri()).is_ok_and(|uri| uri.is_same_place(&typed)))
}

fn registry(word: &str) -> Option<String> {
    let address = word.rsplit("://").next().unwrap_or(word);
    let uri = RegistryUri::parse(&format!("docker://{address}")).ok()?;
    let address = format!("{}{}", uri.host(), uri.path());
    let is_host = address.contains(['.', ':']) || uri.host() == "localhost";
    is_host.then(|| ShellWord(&address).to_string())
}

fn address_words(url: &str) -> String {
    match url.strip_prefix("http://") {
        Some(uri) => format!("{} --insecure", ShellWord(uri)),
        None => ShellWord(url.strip_prefix("https://").unwrap_or(url)).to_string(),
    }
}
