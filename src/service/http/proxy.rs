//! Which proxy a request goes through: the rules of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` as Apptainer (Go) has
//! them. Knows no environment and no socket.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::Cause;

/// The proxies, and the hosts that are reached without them. Loopback hosts always are.
#[derive(Clone, Default)]
pub struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    direct: Vec<Direct>,
}

/// A proxy, or the complaint about the text that should name one: it matters only to a request that would use it.
type Proxy = Result<Url, Cause>;

/// An entry of `NO_PROXY`.
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
    /// Takes the three texts as the environment has them; an empty one is as none.
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

    /// No proxy for any host.
    pub fn none() -> Self {
        Self::default()
    }

    /// The proxy for a request, `None` when the host is reached without one.
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
    let known = |url: &Url| {
        matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.has_host()
    };
    let parsed = Url::parse(text).ok().filter(known).or_else(|| {
        // `proxy.example.com:3128`: the host must not be taken for a scheme.
        (!text.contains("://")).then(|| Url::parse(&format!("http://{text}")).ok().filter(known))?
    });
    Some(
        parsed
            .map(resolved_by_the_proxy)
            .ok_or(Cause::Proxy(variable)),
    )
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
