//! Addresses as the runtimes compare them: by their text, without a rule about ports or case. What they take for two is two
//! to them, also where it is one server.

/// Whether a runtime takes two addresses for one server: the same scheme, and the same host and port as they are written.
/// What has no scheme or no host equals nothing.
pub fn is_same_server(one: &str, other: &str) -> bool {
    let one = written(one);
    one.is_some() && one == written(other)
}

/// Whether a runtime takes two addresses for one keyserver: as [`is_same_server`], where hkp is http with port 11371 unless
/// one is written, and hkps is https. Nothing else can be one.
pub fn is_same_keyserver(one: &str, other: &str) -> bool {
    let one = keyserver(one);
    one.is_some() && one == keyserver(other)
}

fn keyserver(uri: &str) -> Option<(String, String)> {
    let (scheme, server) = written(uri)?;
    match scheme.as_str() {
        "http" | "https" => Some((scheme, server)),
        "hkp" => {
            let has_port = server
                .rsplit_once(':')
                .is_some_and(|(_, port)| !port.contains(']'));
            Some((
                "http".to_owned(),
                if has_port {
                    server
                } else {
                    format!("{server}:11371")
                },
            ))
        }
        "hkps" => Some(("https".to_owned(), server)),
        _ => None,
    }
}

/// Scheme, and host with port, as they are written; case counts in hosts, not in schemes.
fn written(uri: &str) -> Option<(String, String)> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let server = authority.rsplit('@').next().unwrap_or_default();
    (!server.is_empty()).then(|| (scheme.to_ascii_lowercase(), server.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyservers_are_compared_by_their_text() {
        let same = [
            ("https://h", "HTTPS://h/path?query"),
            ("https://h", "hkps://h"),
            ("hkp://h", "http://h:11371"),
            ("hkp://h:80", "http://h:80/"),
            ("hkp://[::1]", "http://[::1]:11371"),
            ("https://user@h", "https://h"),
            ("https://h#a/b", "https://h?a#b"),
            ("hkp://[::1]:80", "http://[::1]:80"),
        ];
        for (one, other) in same {
            assert!(
                is_same_keyserver(one, other) && is_same_keyserver(other, one),
                "{one} {other}"
            );
        }
        let other = [
            ("https://h", "https://H"),
            ("https://h", "https://h:443"),
            ("https://h", "http://h"),
            ("hkp://h", "http://h"),
            ("https://", "https://"),
            ("h", "h"),
            ("ftp://h", "ftp://h"),
        ];
        for (one, other) in other {
            assert!(!is_same_keyserver(one, other), "{one} {other}");
        }
    }

    #[test]
    fn libraries_are_compared_by_scheme_host_and_port() {
        assert!(is_same_server(
            "https://library.example/v1",
            "https://library.example"
        ));
        assert!(!is_same_server(
            "https://library.example:443",
            "https://library.example"
        ));
        assert!(!is_same_server("library.example", "library.example"));
    }
}
