//! Which proxy a request goes through: the rules of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` as Apptainer (Go) has
//! them. Knows no environment.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, TcpStream};
use std::time::Duration;

use url::{Host, Url};

use super::error::printable;
use super::{Authorization, Cause};
use crate::secret::{Secret, without_percent};

/// The longest status line of a proxy that is read, in bytes.
const LONGEST_STATUS_LINE: u64 = 1024;

/// The proxies, and the hosts that are reached without them. Loopback hosts always are.
#[derive(Clone, Default)]
pub struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    direct: Vec<Direct>,
}

/// A proxy, or the complaint about the text that should name one: it matters only to a request that would use it.
type Proxy = Result<Url, Cause>;

#[derive(Clone)]
enum Direct {
    Everything,
    Network(IpAddr, u8),
    Address(IpAddr, Option<u16>),
    /// A domain with all below it; `itself` tells whether the domain's own name is meant too.
    Domain {
        name: String,
        itself: bool,
        port: Option<u16>,
    },
}

impl Proxies {
    pub fn new(https: Option<&str>, http: Option<&str>, direct: Option<&str>) -> Self {
        Self {
            https: https.and_then(|text| proxy("HTTPS_PROXY", text)),
            http: http.and_then(|text| proxy("HTTP_PROXY", text)),
            direct: direct
                .unwrap_or_default()
                .split(',')
                .filter_map(Direct::parse)
                .collect(),
        }
    }

    pub fn none() -> Self {
        Self::default()
    }

    pub(super) fn for_url(&self, url: &Url) -> Result<Option<Url>, Cause> {
        let proxy = if url.scheme() == "https" {
            &self.https
        } else {
            &self.http
        };
        match (proxy, url.host()) {
            (Some(proxy), Some(host))
                if !is_loopback(&host) && !self.is_direct(&host, url.port_or_known_default()) =>
            {
                proxy.clone().map(Some)
            }
            _ => Ok(None),
        }
    }

    fn is_direct(&self, host: &Host<&str>, port: Option<u16>) -> bool {
        self.direct.iter().any(|entry| entry.matches(host, port))
    }
}

/// Shows no address: a password may stand in it.
impl fmt::Debug for Proxies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Proxies")
            .field("https", &self.https.is_some())
            .field("http", &self.http.is_some())
            .field("direct", &self.direct.len())
            .finish()
    }
}

fn proxy(variable: &'static str, text: &str) -> Option<Proxy> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    // `proxy.example.com:3128`: the host must not be taken for a scheme.
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    // A password may stand there as it is, with whatever ends a host elsewhere.
    let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    let known = |url: &Url| {
        matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.has_host()
    };
    let parsed = Url::parse(&format!("{scheme}://{host}"))
        .ok()
        .filter(known)
        .and_then(|mut url| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            url.set_username(name).ok()?;
            url.set_password(Some(password).filter(|text| !text.is_empty()))
                .ok()?;
            Some(url)
        });
    Some(
        parsed
            .map(resolved_by_the_proxy)
            .ok_or(Cause::Proxy(variable)),
    )
}

/// How a proxy refuses to connect to the server of `url`: its status with its words, which the HTTP stack does not hand on.
/// `None` where it does not say so within the limit, or can't be asked without TLS.
pub(super) fn refusal(proxy: &Url, url: &Url, limit: Duration) -> Option<String> {
    let address = proxy.socket_addrs(|| None).ok()?.into_iter().next()?;
    let mut stream = TcpStream::connect_timeout(&address, limit).ok()?;
    stream.set_read_timeout(Some(limit)).ok()?;
    let server = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    let mut request = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n");
    if let Some(password) = proxy.password() {
        let authorization = Authorization::Basic {
            user: without_percent(proxy.username()).to_string(),
            password: Secret::new(&**without_percent(password)),
        };
        let header = authorization.header();
        request.push_str(&format!("Proxy-Authorization: {}\r\n", header.expose()));
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).ok()?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST_STATUS_LINE))
        .read_line(&mut line)
        .ok()?;
    let (_version, status) = line.trim_end().split_once(' ')?;
    (proxy.scheme() == "http").then(|| printable(status))
}

/// Go lets a SOCKS proxy look names up; here that has a scheme of its own.
fn resolved_by_the_proxy(url: Url) -> Url {
    match url.as_str().strip_prefix("socks5://") {
        Some(rest) => Url::parse(&format!("socks5h://{rest}")).unwrap_or(url),
        None => url,
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl Direct {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Self::Everything);
        }
        if let Some((address, prefix)) = text.split_once('/') {
            return Some(Self::Network(address.parse().ok()?, prefix.parse().ok()?));
        }
        let (host, port) = split_port(&text);
        if let Ok(address) = host.parse() {
            return Some(Self::Address(address, port));
        }
        let host = host.strip_prefix('*').unwrap_or(host);
        let (name, itself) = host
            .strip_prefix('.')
            .map_or((host, true), |below| (below, false));
        Some(Self::Domain {
            name: name.to_owned(),
            itself,
            port,
        })
    }

    fn matches(&self, host: &Host<&str>, port: Option<u16>) -> bool {
        let same_port = |wanted: &Option<u16>| wanted.is_none() || *wanted == port;
        match self {
            Self::Everything => true,
            Self::Network(network, prefix) => {
                address(host).is_some_and(|address| within(address, *network, *prefix))
            }
            Self::Address(wanted, port) => address(host) == Some(*wanted) && same_port(port),
            Self::Domain { name, itself, port } => match host {
                Host::Domain(host) => {
                    let below = host
                        .strip_suffix(name.as_str())
                        .is_some_and(|rest| rest.ends_with('.'));
                    (below || *itself && *host == name) && same_port(port)
                }
                _ => false,
            },
        }
    }
}

fn split_port(text: &str) -> (&str, Option<u16>) {
    if let Some((address, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (
            address,
            rest.strip_prefix(':').and_then(|port| port.parse().ok()),
        );
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, port.parse().ok()),
        _ => (text, None),
    }
}

fn address(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address)),
    }
}

fn within(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let (address, network, bits) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (address.to_bits().into(), network.to_bits().into(), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    let difference: u128 = address ^ network;
    prefix <= bits
        && difference
            .checked_shr(u32::from(bits - prefix))
            .unwrap_or(0)
            == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn through(https: &str, http: &str, direct: &str, url: &str) -> String {
        let proxies = Proxies::new(Some(https), Some(http), Some(direct));
        match proxies.for_url(&Url::parse(url).unwrap()) {
            Ok(None) => "direct".to_owned(),
            Ok(Some(proxy)) => proxy.to_string(),
            Err(cause) => cause.to_string(),
        }
    }

    #[test]
    fn a_proxy_is_chosen_by_the_scheme_of_the_request() {
        let cases = [
            ("http://p:3128", "", "https://h/x", "http://p:3128/"),
            ("http://p:3128", "", "http://h/x", "direct"),
            ("", "http://p:3128", "http://h/x", "http://p:3128/"),
            ("p:3128", "", "https://h", "http://p:3128/"),
            ("p.example.com", "", "https://h", "http://p.example.com/"),
            ("https://p", "", "https://h", "https://p/"),
            ("socks5://p:1080", "", "https://h", "socks5h://p:1080"),
            (
                "http://ian:p%40ss@p:1",
                "",
                "https://h",
                "http://ian:p%40ss@p:1/",
            ),
            (
                "http://ian:p@s/s#w?d[x@p:1",
                "",
                "https://h",
                "http://ian:p%40s%2Fs%23w%3Fd%5Bx@p:1/",
            ),
            ("ian:12#3@p:1", "", "https://h", "http://ian:12%233@p:1/"),
            ("  ", "", "https://h", "direct"),
            (
                "ftp://ian:pa55word@p",
                "",
                "https://h",
                "HTTPS_PROXY names no proxy (http://HOST:PORT)",
            ),
            ("ftp://p", "", "http://h", "direct"),
        ];
        for (https, http, url, wanted) in cases {
            assert_eq!(
                through(https, http, "", url),
                wanted,
                "{https} {http} {url}"
            );
        }
    }

    #[test]
    fn loopback_and_what_no_proxy_names_is_reached_directly() {
        let proxied = "http://p/";
        let cases = [
            ("", "https://localhost:19443", "direct"),
            ("", "https://127.0.0.1", "direct"),
            ("", "https://127.9.9.9", "direct"),
            ("", "https://[::1]:8443", "direct"),
            ("", "https://localhost.example.com", proxied),
            ("*", "https://h", "direct"),
            ("example.com", "https://example.com", "direct"),
            ("example.com", "https://a.b.example.com", "direct"),
            ("example.com", "https://notexample.com", proxied),
            (".example.com", "https://a.example.com", "direct"),
            (".example.com", "https://example.com", proxied),
            ("*.example.com", "https://a.example.com", "direct"),
            ("x, EXAMPLE.com ,y", "https://Example.COM", "direct"),
            ("example.com:8443", "https://example.com:8443", "direct"),
            ("example.com:8443", "https://example.com", proxied),
            ("example.com:443", "https://example.com", "direct"),
            ("10.0.0.0/8", "https://10.1.2.3", "direct"),
            ("10.0.0.0/8", "https://11.1.2.3", proxied),
            ("0.0.0.0/0", "https://11.1.2.3", "direct"),
            ("10.1.2.3", "https://10.1.2.3:8443", "direct"),
            ("10.1.2.3:443", "https://10.1.2.3:8443", proxied),
            ("fd00::/8", "https://[fd12::1]", "direct"),
            ("::/0", "https://[fd12::1]", "direct"),
            ("[fd12::1]:8443", "https://[fd12::1]:8443", "direct"),
            ("fd12::1", "https://[fd12::1]:8443", "direct"),
            ("10.0.0.0/99", "https://10.0.0.0", proxied),
            ("10.0.0.0/8", "https://example.com", proxied),
        ];
        for (direct, url, wanted) in cases {
            assert_eq!(
                through("http://p", "http://p", direct, url),
                wanted,
                "{direct} {url}"
            );
        }
        assert_eq!(
            Proxies::none().for_url(&Url::parse("https://h").unwrap()),
            Ok(None)
        );
    }

    #[test]
    fn a_proxy_with_a_password_does_not_show_it() {
        let proxies = Proxies::new(Some("http://ian:pa55word@p"), None, None);
        assert!(!format!("{proxies:?}").contains("pa55word"));
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_for_a_proxy(proxy in any::<String>(), direct in "[0-9a-f.:/,*\\[\\] ]*|.*") {
            let proxies = Proxies::new(Some(&proxy), Some(&proxy), Some(&direct));
            for url in ["https://h.example.com", "http://10.1.2.3:80", "https://[fd12::1]"] {
                let _ = proxies.for_url(&Url::parse(url).unwrap());
            }
        }
    }
}
