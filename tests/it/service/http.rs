//! What the HTTP client sends, follows and remembers.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use portolan::secret::Secret;
use portolan::service::http::{Answered, Authorization, Cause, Client, Options, Proxies};

use super::{client, options};
use crate::support::authority;
use crate::support::authority::Leaf;
use crate::support::machine::skip;
use crate::support::reply::{Asked, Reply};
use crate::support::server::Server;

fn bearer(token: &str) -> Authorization {
    Authorization::Bearer(Secret::new(token))
}

#[test]
fn an_answer_has_its_status_headers_and_body() {
    let server = Server::https(|_| {
        Reply::json(418, "tea")
            .with("WWW-Authenticate", "A")
            .with("www-authenticate", "B")
    });
    let answer = client().get(&server.url("/x")).send().unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice(), &answer.answered),
        (418, b"tea".as_slice(), &Answered::ByHost)
    );
    assert_eq!(
        answer.header("WWW-Authenticate").collect::<Vec<_>>(),
        ["A", "B"]
    );
    assert_eq!(answer.status_line(), "418 I'm a teapot");
}

#[test]
fn a_request_says_who_asks_and_nothing_of_the_machine() {
    let server = Server::https(|_| Reply::status(200));
    client().get(&server.url("/x?y=1")).send().unwrap();
    let asked = &server.asked()[0];
    assert_eq!(
        asked.header("User-Agent"),
        Some(concat!("portolan/", env!("CARGO_PKG_VERSION")))
    );
    let mut names: Vec<_> = asked
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.sort();
    assert_eq!(names, ["accept", "host", "user-agent"]);
    assert_eq!(asked.target, "/x?y=1");
}

#[test]
fn a_credential_is_sent_as_its_header() {
    let server = Server::https(|_| Reply::status(200));
    let basic = Authorization::Basic {
        user: "ian".into(),
        password: Secret::new("pa55:word/é"),
    };
    client()
        .get(&server.url("/"))
        .credential(&basic)
        .send()
        .unwrap();
    client()
        .get(&server.url("/"))
        .credential(&bearer("t0ken"))
        .send()
        .unwrap();
    assert_eq!(
        server.log(),
        [
            "GET / [Basic aWFuOnBhNTU6d29yZC/DqQ==]",
            "GET / [Bearer t0ken]"
        ]
    );
}

#[test]
fn a_user_and_a_password_in_a_url_are_neither_sent_nor_shown() {
    let server = Server::https(|_| Reply::status(200));
    client()
        .get(&server.url("/").replace("//", "//ian:pa55word@"))
        .send()
        .unwrap();
    assert_eq!(server.log(), ["GET / [-]"]);

    for url in [
        "https://ian:pa55word@localhost:1/",
        "https://ian:pa55word@local host/",
        "ftp://ian:pa55word@h/",
    ] {
        let error = client().get(url).send().unwrap_err().to_string();
        assert!(
            error.starts_with("Get \"") && !error.contains("pa55word"),
            "{error}"
        );
    }
}

#[test]
fn requests_to_one_host_share_a_connection() {
    for server in [
        Server::https(|_| Reply::json(200, "{}")),
        Server::http(|_| Reply::json(404, "{}")),
    ] {
        let client = client();
        for path in ["/a", "/b", "/c"] {
            client.get(&server.url(path)).send().unwrap();
        }
        assert_eq!((server.asked().len(), server.connections()), (3, 1));
    }
}

#[test]
fn a_kept_connection_that_the_server_closed_is_made_anew() {
    let server = Server::http(|asked| match asked.path() {
        "/last" => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()),
        _ => Reply::status(204),
    });
    let client = client();
    assert_eq!(client.get(&server.url("/last")).send().unwrap().status, 200);
    assert_eq!(client.get(&server.url("/")).send().unwrap().status, 204);

    for failure in [Reply::Close, Reply::Reset] {
        let requests = AtomicUsize::new(0);
        let server = Server::http(move |_| match requests.fetch_add(1, Ordering::SeqCst) {
            1 => failure.clone(),
            _ => Reply::status(200),
        });
        let client = super::client();
        assert_eq!(client.get(&server.url("/")).send().unwrap().status, 200);
        assert_eq!(client.get(&server.url("/")).send().unwrap().status, 200);
        assert_eq!((server.asked().len(), server.connections()), (3, 2));
    }
    let server = Server::http(|_| Reply::Close);
    client.get(&server.url("/")).send().unwrap_err();
    assert_eq!(server.asked().len(), 1, "a new connection is no kept one");
}

#[test]
fn a_redirect_on_the_same_host_keeps_the_credential_and_the_connection() {
    let server = Server::https(|asked| match asked.path() {
        "/a" => Reply::redirect("/b"),
        "/b" => Reply::redirect(&format!("{}/c?d=e", asked.base)),
        _ => Reply::json(200, "{}"),
    });
    let answer = client()
        .get(&server.url("/a"))
        .credential(&bearer("t"))
        .send()
        .unwrap();
    assert_eq!(answer.answered, Answered::ByHost);
    assert_eq!(
        server.log(),
        [
            "GET /a [Bearer t]",
            "GET /b [Bearer t]",
            "GET /c?d=e [Bearer t]"
        ]
    );
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_redirect_to_another_host_loses_the_credential_for_good_and_is_told() {
    let home = Server::https(|asked| match asked.path() {
        "/back" => Reply::status(200),
        path => Reply::redirect(
            path.strip_prefix("/to/")
                .map(|url| url.replace("_", "/"))
                .as_deref()
                .unwrap_or("/"),
        ),
    });
    let back = home.url("/back");
    let other = Server::https(move |asked| match asked.path() {
        "/return" => Reply::redirect(&back),
        _ => Reply::status(200),
    });

    let to = |path: &str| home.url(&format!("/to/{}", other.url(path).replace('/', "_")));
    let answer = client()
        .get(&to("/stay"))
        .credential(&bearer("secret"))
        .send()
        .unwrap();
    assert_eq!(
        answer.answered,
        Answered::ByRedirect(format!("https://localhost:{}", other.port()))
    );
    assert_eq!(other.log(), ["GET /stay [-]"]);

    for request in [
        client().get(&to("/return")).credential(&bearer("secret")),
        client().get(&to("/return")),
    ] {
        let answer = request.send().unwrap();
        assert_eq!(
            answer.answered,
            Answered::ByRedirect(other.url("")),
            "who sent back chose the page"
        );
        assert_eq!(home.log().last().unwrap(), "GET /back [-]");
    }
}

#[test]
fn an_error_does_not_repeat_a_secret_that_a_server_put_into_an_address() {
    let basic = Authorization::Basic {
        user: "ian".into(),
        password: Secret::new("pa55:w/rd>"),
    };
    let token = bearer("t0ken-t0ken");
    let cases = [
        (
            &basic,
            "http://127.0.0.1:1/?u=ian:pa55:w/rd>",
            "connection refused",
        ),
        (
            &basic,
            "http://127.0.0.1:1/?u=ian%3Apa55%3aw%2Frd%3E",
            "connection refused",
        ),
        (
            &basic,
            "http://127.0.0.1:1/?u=Basic+aWFuOnBhNTU6dy9yZD4%3D",
            "connection refused",
        ),
        (
            &token,
            "http://127.0.0.1:1/t0ken-t0ken",
            "connection refused",
        ),
        (
            &token,
            "http://127.0.0.1:1/%74%30ken-t0ken",
            "connection refused",
        ),
        (&token, "http://t0ken-t0ken.invalid/", "no such host: "),
        (
            &token,
            "t0ken-t0ken:x",
            "redirected to an address that repeats the secret",
        ),
        (&token, "/t0ken-t0ken", "stopped after 5 redirects"),
    ];
    for (credential, location, cause) in cases {
        let server = Server::http(move |_| Reply::redirect(location));
        let error = client()
            .get(&server.url("/v2/"))
            .credential(credential)
            .send()
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&format!("Get {:?}: {cause}", server.url("/v2/"))),
            "{location}: {error}"
        );
    }
    let server = Server::http(|_| Reply::redirect("http://127.0.0.1:1/elsewhere"));
    let error = client()
        .get(&server.url("/"))
        .credential(&token)
        .send()
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        r#"Get "http://127.0.0.1:1/elsewhere": connection refused"#
    );
}

#[test]
fn a_server_whose_name_repeats_the_secret_is_not_named() {
    let other = Server::http(|_| Reply::status(200));
    let to = other.url("/");
    let server = Server::http(move |_| Reply::redirect(&to));
    let answer = client()
        .get(&server.url("/"))
        .credential(&bearer("localhost"))
        .send()
        .unwrap();
    assert_eq!(
        answer.answered,
        Answered::ByRedirect("another server".into())
    );

    let other = Server::https_as(authority::shared().issue(Leaf::OtherHost).config, |_| {
        Reply::status(200)
    });
    let to = other.url("/");
    let server = Server::http(move |_| Reply::redirect(&to));
    let error = client()
        .get(&server.url("/"))
        .credential(&bearer("localhost"))
        .send()
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!(
            "Get {:?}: redirected to an address that repeats the secret",
            server.url("/")
        )
    );
    let error = client()
        .get(&other.url("/"))
        .credential(&bearer("localhost"))
        .send()
        .unwrap_err();
    assert!(
        matches!(error.cause, Cause::WrongHost { .. }),
        "what was asked is no secret: {error}"
    );
}

#[test]
fn another_scheme_or_port_is_another_host() {
    let secure = Server::https(|_| Reply::status(200));
    let target = secure.url("/");
    let plain = Server::http(move |_| Reply::redirect(&target));
    let answer = client()
        .get(&plain.url("/"))
        .credential(&bearer("secret"))
        .send()
        .unwrap();
    assert_eq!(answer.answered, Answered::ByRedirect(secure.url("")));
    assert_eq!(secure.log(), ["GET / [-]"]);
}

#[test]
fn a_redirect_never_leads_out_of_https_or_off_the_web() {
    let plain = Server::http(|_| Reply::status(200));
    let cases = [
        (
            plain.url("/"),
            Cause::Downgraded,
            "redirected from https to http",
        ),
        (
            "ftp://localhost/x".into(),
            Cause::Astray("ftp:, which is not on the web".into()),
            "redirected to ftp:",
        ),
        (
            "file:///etc/passwd".into(),
            Cause::Astray("file:, which is not on the web".into()),
            "redirected to file:",
        ),
        (
            "https://[".into(),
            Cause::Astray("no URL".into()),
            "redirected to no URL",
        ),
    ];
    for (location, cause, text) in cases {
        let server = Server::https(move |_| Reply::redirect(&location));
        let error = client().get(&server.url("/x")).send().unwrap_err();
        assert_eq!(error.cause, cause);
        assert!(
            error
                .to_string()
                .starts_with(&format!("Get \"{}\": {text}", server.url("/x"))),
            "{error}"
        );
    }
    assert_eq!(plain.connections(), 0);
}

#[test]
fn redirects_end_after_five() {
    let server = Server::https(|asked| Reply::redirect(&format!("{}x", asked.target)));
    let error = client().get(&server.url("/")).send().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Get \"{}\": stopped after 5 redirects",
            server.url("/xxxxxx")
        )
    );
    assert_eq!(server.asked().len(), 6);

    let server = Server::https(|asked| {
        if asked.target == "/xxxxx" {
            Reply::status(200)
        } else {
            Reply::redirect(&format!("{}x", asked.target))
        }
    });
    assert_eq!(client().get(&server.url("/")).send().unwrap().status, 200);
}

#[test]
fn a_status_of_a_redirect_without_a_place_is_an_answer() {
    let server = Server::https(|_| Reply::status(302));
    assert_eq!(client().get(&server.url("/")).send().unwrap().status, 302);
}

#[test]
fn a_credential_that_no_header_can_hold_is_not_sent() {
    let server = Server::https(|_| Reply::status(200));
    for token in ["tok\r", "tok\nX-Evil: 1", "tok\u{7f}", "\0"] {
        let error = client()
            .get(&server.url("/x"))
            .credential(&bearer(token))
            .send()
            .unwrap_err();
        let wanted = format!(
            "Get {:?}: net/http: invalid header field value for \"Authorization\"",
            server.url("/x")
        );
        assert_eq!(error.to_string(), wanted);
    }
    assert_eq!(server.connections(), 0);
    client()
        .get(&server.url("/"))
        .credential(&bearer("é\ttab"))
        .send()
        .unwrap();
}

#[test]
fn a_client_starts_nothing_before_its_first_request() {
    let unusable = Options {
        authorities: vec![b"-----BEGIN CERTIFICATE-----\nx".to_vec()],
        ..options()
    };
    let client = Client::new(unusable);
    let error = client.get("https://localhost:1/").send().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the certificate of an authority can't be read: "),
        "{error}"
    );
}

#[test]
fn many_threads_can_share_a_client() {
    let server = Server::https(|_| Reply::status(200).after(Duration::from_millis(50)));
    let client = client();
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| client.get(&server.url("/")).send().unwrap());
        }
    });
    assert_eq!(server.asked().len(), 20);
}

fn through(proxy: &str, url: &str) -> Result<u16, String> {
    let proxies = Proxies::new(Some(proxy), Some(proxy), None);
    let client = Client::new(Options {
        proxies,
        ..options()
    });
    client
        .get(url)
        .send()
        .map(|answer| answer.status)
        .map_err(|error| error.to_string())
}

#[test]
fn a_proxy_is_asked_for_hosts_that_are_elsewhere_only() {
    let proxy = Server::http(|_| Reply::status(203));
    assert_eq!(through(&proxy.url(""), "http://h.example.com/x?y"), Ok(203));
    assert_eq!(proxy.log(), ["GET http://h.example.com/x?y [-]"]);

    let direct = Server::http(|_| Reply::status(204));
    assert_eq!(through(&proxy.url(""), &direct.url("/")), Ok(204));
    assert_eq!(proxy.asked().len(), 1);
}

#[test]
fn a_proxy_that_does_not_help_is_named_without_its_password() {
    let proxy = Server::http(|_| Reply::status(403));
    let with_password = proxy.url("").replace("//", "//ian:pa55word@");
    let error = through(&with_password, "https://h.example.com/").unwrap_err();
    let wanted = format!(
        "Get \"https://h.example.com/\": through the proxy {}: ",
        proxy.url("")
    );
    assert!(
        error.starts_with(&wanted) && error.len() > wanted.len(),
        "{error}"
    );
    let asked = &proxy.asked()[0];
    assert_eq!(
        (asked.method.as_str(), asked.target.as_str()),
        ("CONNECT", "h.example.com:443")
    );
    assert_eq!(
        asked.header("Proxy-Authorization"),
        Some("Basic aWFuOnBhNTV3b3Jk")
    );

    let error = through("http://localhost:1", "https://h.example.com/").unwrap_err();
    assert_eq!(
        error,
        "Get \"https://h.example.com/\": through the proxy http://localhost:1: connection refused"
    );
    let error = through("nonsense://ian:pa55word@x", "https://h.example.com/").unwrap_err();
    assert_eq!(
        error,
        "Get \"https://h.example.com/\": HTTPS_PROXY names no proxy (http://HOST:PORT)"
    );
}

#[test]
fn a_socks_proxy_looks_the_name_up_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("socks5://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).unwrap();
        stream.write_all(&[5, 0]).unwrap();
        let mut request = vec![0; 4 + 1 + "h.example.com".len() + 2];
        stream.read_exact(&mut request).unwrap();
        String::from_utf8_lossy(&request).into_owned()
    });
    assert!(through(&proxy, "http://h.example.com/").is_err());
    assert!(asked.join().unwrap().contains("h.example.com"));
}

#[test]
fn an_ipv6_address_is_reached() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return skip("this machine has no IPv6");
    };
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
    });
    assert_eq!(
        client()
            .get(&format!("http://{address}/"))
            .send()
            .unwrap()
            .status,
        204
    );
    let error = client()
        .get(&format!("https://{address}/"))
        .send()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("Get \"https://{address}/\": not a TLS answer")
    );
}

#[test]
fn the_environment_decides_nothing_that_was_not_taken_from_it() {
    let options = Options::from_variables(|_| None);
    assert_eq!(
        (options.connect_limit, options.limit),
        (Duration::from_secs(5), Duration::from_secs(10))
    );
}

#[test]
fn a_proxy_that_refuses_to_connect_is_named_with_its_status_and_without_its_password() {
    for (status, words) in [
        (403, "403 Whatever"),
        (502, "502 Whatever"),
        (407, "407 Proxy Authentication Required"),
    ] {
        let proxy = Server::http(move |_| Reply::status(status));
        for user in ["", "ian:pa55@", "ian:p@55/w#rd?x@", "ian:pa%3555@"] {
            let address = format!("http://{user}{}", proxy.host());
            let error = Client::new(Options {
                proxies: Proxies::new(Some(&address), None, None),
                ..options()
            })
            .get("https://registry.example.com/v2/")
            .send()
            .unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "Get \"https://registry.example.com/v2/\": through the proxy {}: the proxy refused to connect: {words}",
                    proxy.url("")
                ),
                "{user}"
            );
        }
        let sent = |asked: &Asked| asked.header("Proxy-Authorization").map(str::to_owned);
        assert!(
            proxy
                .asked()
                .iter()
                .any(|asked| { sent(asked).as_deref() == Some("Basic aWFuOnBANTUvdyNyZD94") })
        );
    }
}
