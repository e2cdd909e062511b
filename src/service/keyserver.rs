//! Logins to keyservers: whether one takes a credential. Knows no file; what is stored is the caller's.

use std::time::Duration;

use super::Accepted;
use super::http::{Authorization, Certificates, Client, HttpError, Options, Proxies, Response};
use super::message::ServerMessage;
use super::token::{AnsweredElsewhere, by_host};
use crate::secret::Secret;

const LIMIT: Duration = Duration::from_secs(5);

/// The port of `hkp://`, in which keyservers spoke before they had TLS.
const HKP_PORT: u16 = 11371;

/// The look-up that a keyserver answers which answers nothing else: it counts its keys.
const LOOK_UP: &str = "/pks/lookup?op=stats";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyserverRequestError {
    #[error("error making request to server")]
    Request(#[source] HttpError),
    #[error("error response from server: {status}")]
    Refused {
        status: String,
        said: Option<ServerMessage>,
    },
    #[error(transparent)]
    Elsewhere(#[from] AnsweredElsewhere),
}

/// How a keyserver is asked: within 5 s, and with [`Certificates::Unchecked`] without a proxy too, as the reference does.
pub fn options(options: Options, certificates: Certificates) -> Options {
    let proxies = match certificates {
        Certificates::Checked => options.proxies,
        Certificates::Unchecked => Proxies::none(),
    };
    Options {
        limit: options.limit.min(LIMIT),
        certificates,
        proxies,
        ..options
    }
}

/// Shows the keyserver at `uri` a credential, and gives back the whole `Authorization` header, which is what is stored.
/// A keyserver that takes it is asked once more without it: an open one takes any. The `client` is one of [`options`].
pub fn login(
    client: &Client,
    uri: &str,
    authorization: &Authorization,
) -> Result<Accepted<Secret>, KeyserverRequestError> {
    let ask = |url: &str| -> Result<Response, KeyserverRequestError> {
        let request = client.get(url).credential(authorization);
        let answer = request.send().map_err(KeyserverRequestError::Request)?;
        by_host(&answer)?;
        Ok(answer)
    };
    let mut url = web_address(uri);
    let mut answer = ask(&url)?;
    // Many keyservers have nothing at their address itself; then only a look-up tells.
    if matches!(answer.status, 404 | 405) {
        let look_up = look_up(&url);
        let looked_up = ask(&look_up)?;
        if matches!(looked_up.status, 200 | 401 | 403) {
            (url, answer) = (look_up, looked_up);
        }
    }
    if answer.status != 200 {
        return Err(refused(&answer, authorization.secret()));
    }
    let anonymous = client.get(&url).send();
    Ok(Accepted {
        stored: authorization.header(),
        is_open: anonymous.is_ok_and(|answer| answer.status == 200 && by_host(&answer).is_ok()),
    })
}

/// Asks the keyserver at `uri` for nothing, to see whether it exists: any answer will do but that it is out of order. The
/// `client` is one of [`options`]; no credential is sent.
pub fn reach(client: &Client, uri: &str) -> Result<(), KeyserverRequestError> {
    let answer = client
        .get(&web_address(uri))
        .send()
        .map_err(KeyserverRequestError::Request)?;
    if answer.status >= 500 {
        Err(refused(&answer, &Secret::default()))
    } else {
        Ok(())
    }
}

fn refused(answer: &Response, secret: &Secret) -> KeyserverRequestError {
    KeyserverRequestError::Refused {
        status: answer.status_line(),
        said: ServerMessage::find(answer, secret),
    }
}

/// The address by which a keyserver is reached: `hkp` is http with a port of its own, `hkps` is https.
fn web_address(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return uri.to_owned();
    };
    match scheme.to_ascii_lowercase().as_str() {
        "hkps" => format!("https://{rest}"),
        "hkp" => {
            let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            let host = authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host);
            let has_port = host
                .rsplit_once(':')
                .is_some_and(|(_, port)| !port.ends_with(']'));
            if has_port {
                format!("http://{rest}")
            } else {
                format!("http://{authority}:{HKP_PORT}{path}")
            }
        }
        _ => uri.to_owned(),
    }
}

fn look_up(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    format!("{}{LOOK_UP}", url[..end].trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hkp_is_http_with_its_own_port_and_hkps_is_https() {
        let cases = [
            ("https://keys.example.com/x", "https://keys.example.com/x"),
            ("http://h:8080", "http://h:8080"),
            ("hkps://h", "https://h"),
            ("HKPS://h:8443/x", "https://h:8443/x"),
            ("hkp://h", "http://h:11371"),
            ("hkp://h/x?y", "http://h:11371/x?y"),
            ("hkp://h:80/x", "http://h:80/x"),
            ("hkp://[::1]/x", "http://[::1]:11371/x"),
            ("hkp://[::1]:80", "http://[::1]:80"),
            ("hkp://ian:pw@h/x", "http://ian:pw@h:11371/x"),
            ("nonsense", "nonsense"),
        ];
        for (uri, wanted) in cases {
            assert_eq!(web_address(uri), wanted);
        }
    }

    #[test]
    fn keys_are_looked_up_below_the_keyservers_path() {
        let cases = [
            ("https://h", "https://h/pks/lookup?op=stats"),
            ("https://h/", "https://h/pks/lookup?op=stats"),
            ("https://h/keys/", "https://h/keys/pks/lookup?op=stats"),
            ("https://h/keys?x=1#f", "https://h/keys/pks/lookup?op=stats"),
        ];
        for (url, wanted) in cases {
            assert_eq!(look_up(url), wanted);
        }
    }

    proptest! {
        #[test]
        fn no_address_is_too_odd(uri in "(hkps?|https?|[a-z]*)(://)?.*") {
            let _ = look_up(&web_address(&uri));
        }
    }
}
