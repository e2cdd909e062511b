//! What endpoints said, remembered in files. Knows no server; whatever goes wrong with it is as nothing remembered.
//!
//! A file an endpoint, 0600 in a 0700 directory: which endpoints somebody uses is nobody else's business.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Discovery, document, document_url};
use crate::disk;
use crate::service::http::LONGEST_BODY;

const FORMAT: u32 = 1;

const LONGEST: u64 = LONGEST_BODY as u64 + 256 * 1024;

/// The longest readable part of a file's name, which with the rest stays far from the 255 bytes that file systems allow.
const LONGEST_NAME: usize = 80;

#[derive(Clone, Debug)]
pub struct Cache {
    directory: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct CachedAnswer {
    format: u32,
    /// The endpoint with its scheme: two can share a file's name.
    endpoint: String,
    /// Seconds since 1970.
    fetched: u64,
    document: Value,
}

#[derive(Serialize, Deserialize)]
struct Silence {
    endpoint: String,
    /// Seconds since 1970.
    since: u64,
    timed_out: bool,
}

impl Cache {
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    pub(super) fn read(&self, url: &str) -> Option<Discovery> {
        parse(&read(&self.path(url))?, url)
    }

    /// Remembers what the endpoint at `url` said. That it can't be remembered harms nobody.
    pub(super) fn write(&self, url: &str, document: Value, now: SystemTime) {
        if let Some(text) = render(url, document, now) {
            self.replace(&self.path(url), &text);
        }
    }

    pub(super) fn read_silence(&self, url: &str) -> Option<(SystemTime, bool)> {
        let silence: Silence = serde_json::from_str(&read(&self.silence_path(url))?).ok()?;
        let since = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(silence.since))?;
        (silence.endpoint == url).then_some((since, silence.timed_out))
    }

    pub(super) fn write_silence(&self, url: &str, timed_out: bool, now: SystemTime) {
        let silence = Silence {
            endpoint: url.to_owned(),
            since: seconds(now),
            timed_out,
        };
        if let Ok(text) = serde_json::to_string(&silence) {
            self.replace(&self.silence_path(url), &text);
        }
    }

    fn replace(&self, path: &Path, text: &str) {
        if disk::create_directories(&self.directory, 0o700).is_ok() {
            let _ = disk::replace_cache(path, text.as_bytes());
        }
    }

    fn silence_path(&self, url: &str) -> PathBuf {
        self.path(url).with_extension("silent")
    }

    /// The file for an endpoint: its name as far as it can be read, and a number that tells those apart that can't.
    fn path(&self, url: &str) -> PathBuf {
        let plain = |character: char| character.is_ascii_alphanumeric() || character == '-';
        let name = url
            .rsplit("://")
            .next()
            .unwrap_or_default()
            .chars()
            .take(LONGEST_NAME);
        let name: String = name
            .map(|character| if plain(character) { character } else { '_' })
            .collect();
        self.directory
            .join(format!("{name}-{:016x}.json", number(url)))
    }
}

pub(crate) fn parse(text: &str, url: &str) -> Option<Discovery> {
    let entry: CachedAnswer = serde_json::from_str(text).ok()?;
    if entry.format != FORMAT || entry.endpoint != url {
        return None;
    }
    let seen = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(entry.fetched))?;
    document::parse(entry.document, document_url(url), seen).ok()
}

pub(crate) fn render(url: &str, document: Value, now: SystemTime) -> Option<String> {
    let entry = CachedAnswer {
        format: FORMAT,
        endpoint: url.to_owned(),
        fetched: seconds(now),
        document,
    };
    serde_json::to_string(&entry).ok()
}

fn read(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    fs::File::open(path)
        .ok()?
        .take(LONGEST)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// FNV-1a of 64 bits: the same on every machine and in every version, as a file's name must be.
fn number(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests make the files that they are about"
)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::service::discovery::ServiceKind;

    const URL: &str = "https://cloud.example.com/path";
    fn document() -> Value {
        serde_json::json!({"libraryAPI": {"uri": "https://l", "registryUri": "https://r"}})
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn what_was_said_is_remembered_with_its_time() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path().join("a/b"));
        assert_eq!(cache.read(URL), None);
        cache.write(URL, document(), at(1_800_000_000));
        let found = cache.read(URL).unwrap();
        assert_eq!(
            (found.service(&ServiceKind::Library), found.registry()),
            (Ok("https://l"), Some("https://r"))
        );
        assert_eq!(found.seen, at(1_800_000_000));
        assert_eq!(cache.read("https://cloud.example.com"), None);

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&cache.path(URL)), 0o600);
        assert_eq!(
            (
                mode(&directory.path().join("a")),
                mode(&directory.path().join("a/b"))
            ),
            (0o700, 0o700)
        );
        assert_eq!(
            fs::read_dir(directory.path().join("a/b")).unwrap().count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn a_broken_or_foreign_file_is_as_none() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        let path = cache.path(URL);
        let entry = |format: &str, endpoint: &str, fetched: &str, document: &str| {
            format!(
                r#"{{"format":{format},"endpoint":"{endpoint}","fetched":{fetched},"document":{document}}}"#
            )
        };
        let good = entry("1", URL, "1", "{}");
        let cases = [
            String::new(),
            "{not json".to_owned(),
            "[]".to_owned(),
            entry("2", URL, "1", "{}"),
            entry("1", "https://other", "1", "{}"),
            entry("1", URL, "-1", "{}"),
            entry("1", URL, "18446744073709551615", "{}"),
            entry("1", URL, "1", "[]"),
            entry(
                "1",
                URL,
                "1",
                &format!(
                    r#"{{"a":{{"uri":"{}"}}}}"#,
                    "x".repeat(usize::try_from(LONGEST).unwrap())
                ),
            ),
        ];
        for text in cases {
            std::fs::write(&path, &text).unwrap();
            assert_eq!(cache.read(URL), None, "{}", &text[..text.len().min(100)]);
        }
        std::fs::write(&path, &good).unwrap();
        assert!(cache.read(URL).is_some());
        std::fs::write(&path, b"\xff\xfe").unwrap();
        assert_eq!(cache.read(URL), None);
    }

    #[test]
    fn no_address_leads_out_of_the_directory() {
        let cache = Cache::new("/cache");
        let long = format!("https://{}", "x".repeat(10_000));
        let urls = [
            "https://../../etc/passwd",
            "https://..",
            "https://",
            "",
            "https://a/b\0c",
            "https://[::1]:1/ü",
            &long,
        ];
        let mut seen = Vec::new();
        for url in urls {
            let path = cache.path(url);
            assert_eq!(path.parent(), Some(Path::new("/cache")), "{url}");
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(
                name.len() < 120 && !name.starts_with('.') && name.is_ascii(),
                "{name}"
            );
            assert!(!seen.contains(&name));
            seen.push(name);
        }
        assert_eq!(
            cache.path("https://h.example.com:8443"),
            cache.path("https://h.example.com:8443")
        );
        assert_ne!(
            cache.path("https://h"),
            cache.path("http://h"),
            "an insecure remote is another endpoint"
        );
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_no_failure() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, b"x").unwrap();
        let cache = Cache::new(file.join("below a file"));
        cache.write(URL, document(), at(1));
        assert_eq!(cache.read(URL), None);
    }
}
