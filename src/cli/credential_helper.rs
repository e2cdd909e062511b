//! The program under its other name, `docker-credential-portolan`: Docker's protocol over the stores, so that docker, podman,
//! skopeo, helm and the runtimes find one login.
//!
//! Words come as the only argument and on standard input; answers and errors go to standard output, as the protocol has it.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::cli::context::{Context, Environment, Places};
use crate::cli::failure::Outcome;
use crate::cli::prompt::Input;
use crate::cli::secrets;
use crate::cli::ui::Ui;
use crate::credentials::helper::{Login, NOT_FOUND};
use crate::stores::{Entry, Store, Stores, Subject};
use crate::uri::RegistryAccount;

pub(crate) const PROGRAM: &str = "docker-credential-portolan";

pub(crate) fn is_meant(words: &[OsString]) -> bool {
    let name = words.first().and_then(|word| Path::new(word).file_name());
    name == Some(OsStr::new(PROGRAM))
}

pub(crate) fn run(
    words: &[OsString],
    environment: Environment,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let answered = answer(words.get(1).map(OsString::as_os_str), environment, ui);
    let (text, outcome) = match answered {
        Ok(text) => (text, Outcome::Done),
        Err(error) => (format!("{error:#}\n"), Outcome::Child(1)),
    };
    ui.print(&text)?;
    Ok(outcome)
}

fn answer(word: Option<&OsStr>, environment: Environment, ui: &Ui) -> anyhow::Result<String> {
    let context = Context::new(Places::default(), environment, ui.user)?;
    super::forbid_core_dumps(&context.core_limit);
    let stores = secrets::stores(&context);
    let mut input = Input::new(false);
    match word.and_then(OsStr::to_str) {
        Some("get") => {
            let server = input.all()?;
            let entry = entry(&stores, server.expose())?;
            let stored = stores.get(&entry)?.stored;
            let stored = stored.ok_or_else(|| anyhow!(NOT_FOUND))?;
            let login = Login::new(server.expose().trim(), &stored);
            Ok(format!("{}\n", login.render().expose()))
        }
        Some("store") => {
            let text = input.all()?;
            let login = Login::parse(text.expose().as_bytes())
                .ok_or_else(|| anyhow!("not a login of the protocol"))?;
            store(login, &stores, &context).map(|()| String::new())
        }
        Some("erase") => {
            let server = input.all()?;
            let entry = entry(&stores, server.expose())?;
            let stores = Stores {
                product: entry.product.clone(),
                ..stores
            };
            stores.remove(&entry.file, &entry.subject)?;
            Ok(String::new())
        }
        Some("list") => {
            let users = stores.registry_users()?;
            Ok(format!("{}\n", serde_json::to_string(&users)?))
        }
        Some("version") => Ok(format!(
            "{PROGRAM} (portolan) {}\n",
            env!("CARGO_PKG_VERSION")
        )),
        _ => Err(anyhow!("Usage: {PROGRAM} <store|get|erase|list|version>")),
    }
}

fn entry(stores: &Stores, server: &str) -> anyhow::Result<Entry> {
    let entry = stores.registry(&RegistryAccount::of_key(server.trim()))?;
    entry.ok_or_else(|| anyhow!(NOT_FOUND))
}

/// Stores a login where the one before it lives, otherwise where the administrator says, otherwise in the keyring.
fn store(login: Login<'_>, stores: &Stores, context: &Context) -> anyhow::Result<()> {
    let account = RegistryAccount::of_key(login.server.trim());
    let before = stores.registry(&account)?;
    let (product, file) = match &before {
        Some(entry) => (&entry.product, &entry.file),
        None => (&stores.product, &context.paths.docker_config),
    };
    let (product, file) = (product.clone(), file.clone());
    let store = stores.of_own_helper(before)?;
    if let Store::Command(line) = &store {
        return Err(anyhow!(
            "the login is printed by `{line}`: nothing is stored"
        ));
    }
    let stored = login.into_stored().context("the secret is empty")?;
    let stores = Stores {
        product,
        ..stores.clone()
    };
    let account = account.to_string();
    stores.put(&file, Subject::Registry { account }, store, &stored, None)?;
    Ok(())
}
