//! One of the crowd: changes that it chooses by a number of its own, and what must be left of them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use portolan::config::document::{Document, RemoteEntry};
use portolan::name::RemoteName;

use super::{SHARED, STABLE, run};
use crate::support::endpoint::{PASSWORD, USER, good};
use crate::support::world::World;

/// The kinds of changes, in the order in which they are counted.
pub(super) const KINDS: [&str; 9] = [
    "add",
    "remove",
    "rename",
    "use",
    "add-keyserver",
    "remove-keyserver",
    "login",
    "registry-login",
    "registry-logout",
];

/// One run of the program that should change something.
pub(super) struct Change {
    pub(super) kind: &'static str,
    /// The name that it is about, or `Active`.
    pub(super) name: String,
    /// What the name is after it: an address, or nothing.
    pub(super) left: Option<String>,
    pub(super) done: bool,
    pub(super) began: Instant,
    pub(super) ended: Instant,
}

/// A worker, and what its own changes must have left.
pub(super) struct Worker<'a> {
    number: usize,
    world: &'a World,
    endpoint: String,
    registry: String,
    chance: Chance,
    /// The addresses of its own remotes, by name.
    pub(super) remotes: BTreeMap<String, String>,
    has_token: bool,
    has_keyserver: bool,
    is_logged_in: bool,
}

impl<'a> Worker<'a> {
    pub(super) fn new(number: usize, world: &'a World, endpoint: String, registry: String) -> Self {
        Self {
            number,
            world,
            endpoint,
            registry,
            chance: Chance::new(number as u64),
            remotes: BTreeMap::new(),
            has_token: false,
            has_keyserver: false,
            is_logged_in: false,
        }
    }

    /// Makes so many changes, one after the other.
    pub(super) fn work(
        mut self,
        count: usize,
        changes: &Mutex<Vec<Change>>,
        kept: &Mutex<Vec<String>>,
    ) -> Self {
        for step in 0..count {
            let change = self.step(step);
            if step == 0 {
                kept.lock().unwrap().push(change.name.clone());
            }
            changes.lock().unwrap().push(change);
        }
        self
    }

    fn kept(&self) -> String {
        format!("w{:02}-kept", self.number)
    }

    fn keyserver(&self) -> String {
        format!("https://w{:02}.example.com", self.number)
    }

    fn step(&mut self, step: usize) -> Change {
        // Its first remote stays, on the server that knows tokens.
        if step == 0 {
            let (name, address) = (self.kept(), self.endpoint.clone());
            return self.add(&name, &address);
        }
        match self.chance.below(20) {
            0..=5 => self.own(step),
            6..=8 => self.shared(step),
            9..=11 => {
                let name = STABLE[self.chance.below(STABLE.len())];
                self.must(
                    "use",
                    "Active".to_owned(),
                    Some(name.to_owned()),
                    &["remote", "use", name],
                    "",
                )
            }
            12..=15 => self.keyservers(),
            16..=18 => self.registries(),
            _ => self.token(),
        }
    }

    /// Adds, removes or renames a remote that nobody else knows.
    fn own(&mut self, step: usize) -> Change {
        let (kept, chance) = (self.kept(), self.chance.below(3));
        let old = self.remotes.keys().find(|name| **name != kept).cloned();
        let new = format!("w{:02}-{step:02}", self.number);
        match (old, chance) {
            (Some(old), 1) => {
                self.remotes.remove(&old);
                self.must("remove", old.clone(), None, &["remote", "remove", &old], "")
            }
            (Some(old), 2) => {
                let address = self.remotes.remove(&old).unwrap();
                self.remotes.insert(new.clone(), address.clone());
                self.must(
                    "rename",
                    new.clone(),
                    Some(address),
                    &["remote", "rename", &old, &new],
                    "",
                )
            }
            _ => self.add(&new, &format!("{new}.example.com")),
        }
    }

    fn add(&mut self, name: &str, address: &str) -> Change {
        self.remotes.insert(name.to_owned(), address.to_owned());
        let words = ["remote", "add", "--no-login", name, address];
        self.must("add", name.to_owned(), Some(address.to_owned()), &words, "")
    }

    /// Adds or removes a remote that all the others add and remove as well.
    fn shared(&mut self, step: usize) -> Change {
        let name = SHARED[self.chance.below(SHARED.len())];
        let address = format!("w{:02}-{step:02}.example.com", self.number);
        let (kind, left, words, refusal) = if self.chance.below(2) == 0 {
            (
                "add",
                Some(address.clone()),
                vec!["remote", "add", "--no-login", name, &address],
                "already a remote",
            )
        } else {
            (
                "remove",
                None,
                vec!["remote", "remove", name],
                "is not a remote",
            )
        };
        let (said, code, began, ended) = run(self.world, &words, "");
        assert!(
            code == Some(0) || (code == Some(255) && said.contains(refusal)),
            "{words:?}: {said}"
        );
        Change {
            kind,
            name: name.to_owned(),
            left,
            done: code == Some(0),
            began,
            ended,
        }
    }

    fn keyservers(&mut self) -> Change {
        let uri = self.keyserver();
        self.has_keyserver = !self.has_keyserver;
        let kind = if self.has_keyserver {
            "add-keyserver"
        } else {
            "remove-keyserver"
        };
        self.must(kind, uri.clone(), None, &["remote", kind, &uri], "")
    }

    fn registries(&mut self) -> Change {
        let host = self.registry.clone();
        self.is_logged_in = !self.is_logged_in;
        if self.is_logged_in {
            let words = ["registry", "login", "-u", USER, "--password-stdin", &host];
            self.must("registry-login", host.clone(), None, &words, PASSWORD)
        } else {
            self.must(
                "registry-logout",
                host.clone(),
                None,
                &["registry", "logout", &host],
                "",
            )
        }
    }

    /// Logs in to its remote, or out of it.
    fn token(&mut self) -> Change {
        let (name, file) = (self.kept(), self.world.home().join("good"));
        self.has_token = !self.has_token;
        let words = if self.has_token {
            vec![
                "remote",
                "login",
                "--tokenfile",
                file.to_str().unwrap(),
                &name,
            ]
        } else {
            vec!["remote", "logout", &name]
        };
        self.must("login", name.clone(), None, &words, "")
    }

    /// A change that nobody else can make impossible.
    fn must(
        &self,
        kind: &'static str,
        name: String,
        left: Option<String>,
        words: &[&str],
        input: &str,
    ) -> Change {
        let (said, code, began, ended) = run(self.world, words, input);
        assert_eq!(code, Some(0), "{words:?}: {said}");
        Change {
            kind,
            name,
            left,
            done: true,
            began,
            ended,
        }
    }

    /// Everything that it did last is there. Its remotes are compared with all others'.
    pub(super) fn check(&self, user: &Document, system: &Document, docker: &serde_json::Value) {
        let kept = &user.remotes()[&RemoteName::found(self.kept())];
        let token = if self.has_token {
            good()
        } else {
            String::new()
        };
        assert_eq!(kept.token.expose(), token, "the token of {}", self.kept());
        let keyservers = system
            .remotes()
            .values()
            .flat_map(|entry: &RemoteEntry| &entry.keyservers);
        let count = keyservers
            .filter(|keyserver| keyserver.uri == self.keyserver())
            .count();
        assert_eq!(
            count,
            usize::from(self.has_keyserver),
            "{}",
            self.keyserver()
        );
        assert_eq!(
            !docker["auths"][&self.registry].is_null(),
            self.is_logged_in,
            "{}: {docker}",
            self.registry
        );
    }
}

/// A row of numbers that is the same each time.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Lets the others end also when a check has failed.
pub(super) struct OnDrop<F: Fn()>(pub(super) F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
