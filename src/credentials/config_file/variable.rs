//! `DOCKER_AUTH_CONFIG`: logins as in a file, but nothing else, and one thing too many makes all of it void.

use super::json::{Field, FieldKind, Text};
use super::{AuthConfig, ConfigFault, ConfigFile, Reader};
use crate::secret::Secret;

pub fn read_variable(value: &Secret, reader: Reader) -> Result<Vec<(String, AuthConfig)>, String> {
    let text = Text::new(value.expose(), reader);
    let words = |fault: ConfigFault| fault.to_string();
    let (root, rest) = text.first().map_err(words)?;
    // A decoder asks whether there is more in the same array or object.
    if rest
        .trim_start()
        .starts_with(|next| !matches!(next, ']' | '}'))
    {
        return Err("DOCKER_AUTH_CONFIG does not support more than one JSON object".to_owned());
    }
    let Some(root) = root else {
        return Ok(Vec::new());
    };
    let only = |fields: Vec<Field<'_>>, known: &str| {
        let other = fields
            .iter()
            .find(|field| !field.name.eq_ignore_ascii_case(known));
        other.map_or(Ok(()), |field| {
            Err(format!("json: unknown field {:?}", field.name))
        })
    };
    let fields = || text.fields(root, "", None).map_err(words);
    only(fields()?, "auths")?;
    for auths in fields()? {
        let entries = text.fields(auths.value, "auths", Some(FieldKind::Entries));
        for entry in entries.map_err(words)? {
            let entry = text.fields(entry.value, "auths", Some(FieldKind::AuthConfig));
            only(entry.map_err(words)?, "auth")?;
        }
    }
    let auths = ConfigFile::read(value.expose().as_bytes(), reader)
        .map_err(words)?
        .auths;
    match auths.iter().find(|(_, entry)| entry.auth.is_empty()) {
        Some((key, _)) => Err(format!(
            "DOCKER_AUTH_CONFIG environment variable is missing key `auth` for {key}"
        )),
        None => Ok(auths),
    }
}
