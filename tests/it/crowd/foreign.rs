//! Beside a writer that does it Apptainer's way: reads, truncates and writes in place, and takes no lock.
//!
//! Such a writer overwrites what was changed between its reading and its writing; nothing can be done about that. Beyond
//! that nothing may be lost: a change of portolan's is there, or such a write began before the change was reported.

use std::fs::File;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use portolan::config::yaml;

use super::worker::{Chance, OnDrop};
use super::{STABLE, addresses, beside_readers, document, listed, run, size, world};
use crate::support::world::World;

/// The remote that the foreign writer adds and removes.
const ITS_OWN: &str =
    "  their-own:\n    URI: theirs.example.com\n    System: false\n    Exclusive: false\n";
const WRITERS: usize = 4;
/// When the machine lets the foreign writer wait longer than this in the middle of a write, nobody can tell a writer.
const STALLED: Duration = Duration::from_millis(900);

/// One read and write of the foreign writer.
struct Foreign {
    began: Instant,
    ended: Instant,
    /// How long the file was empty.
    empty: Duration,
    read: String,
    wrote: String,
}

/// One `remote add` of a name that nobody else has.
struct Added {
    name: String,
    began: Instant,
    ended: Instant,
}

impl Added {
    fn is_in(&self, text: &str) -> bool {
        text.contains(&format!("\n  {}:\n", self.name))
    }
}

/// Reads the file, adds or removes its own remote, truncates the file and writes it in one go.
fn write_in_place(world: &World, pause: Duration) -> Foreign {
    let began = Instant::now();
    let read = fs::read_to_string(world.user_file()).unwrap();
    let wrote = match read.contains(ITS_OWN) {
        true => read.replace(ITS_OWN, ""),
        false => read.replace("  zz-last:\n", &format!("{ITS_OWN}  zz-last:\n")),
    };
    let mut file = File::options()
        .write(true)
        .truncate(true)
        .open(world.user_file())
        .unwrap();
    let truncated = Instant::now();
    thread::sleep(pause);
    file.write_all(wrote.as_bytes()).unwrap();
    let ended = Instant::now();
    Foreign {
        began,
        ended,
        empty: ended - truncated,
        read,
        wrote,
    }
}

#[test]
fn beside_a_writer_without_lock_only_what_it_overwrites_is_lost() {
    let (world, duration) = (world(), size().foreign);
    let (adds, writes) = (
        Mutex::new(Vec::<Added>::new()),
        Mutex::new(Vec::<Foreign>::new()),
    );
    let over = AtomicBool::new(false);
    let began = Instant::now();
    let reads = beside_readers(
        || drop(listed(&world)),
        || {
            thread::scope(|scope| {
                for writer in 0..WRITERS {
                    let (adds, world) = (&adds, &world);
                    scope.spawn(move || {
                        let mut chance = Chance::new(writer as u64);
                        for number in 0.. {
                            if began.elapsed() >= duration {
                                break;
                            }
                            let name = format!("w{writer}-{number:04}");
                            let words = [
                                "remote",
                                "add",
                                "--no-login",
                                &name,
                                &format!("{name}.example.com"),
                            ];
                            let (said, code, began, ended) = run(world, &words, "");
                            assert_eq!(code, Some(0), "{said}");
                            adds.lock().unwrap().push(Added { name, began, ended });
                            thread::sleep(Duration::from_millis(chance.below(200) as u64));
                        }
                    });
                }
                let _ended = OnDrop(|| over.store(true, Ordering::SeqCst));
                let mut chance = Chance::new(99);
                while began.elapsed() < duration {
                    let write =
                        write_in_place(&world, Duration::from_millis(chance.below(20) as u64));
                    writes.lock().unwrap().push(write);
                    thread::sleep(Duration::from_millis(chance.below(200) as u64));
                }
            });
        },
    );
    let (adds, writes) = (adds.into_inner().unwrap(), writes.into_inner().unwrap());
    let end = document(&world.user_file());
    let text = fs::read_to_string(world.user_file()).unwrap();
    STABLE.iter().for_each(|name| {
        assert!(
            addresses(&end).contains_key(name),
            "{name} is missing:\n{text}"
        );
    });
    for write in &writes {
        yaml::read(write.read.as_bytes()).unwrap();
        STABLE.iter().for_each(|name| {
            assert!(
                write.read.contains(name),
                "{name} is missing:\n{}",
                write.read
            );
        });
    }

    let mut overwritten = 0;
    for add in &adds {
        let later = writes
            .iter()
            .filter(|write| write.began > add.ended)
            .map(|write| write.read.as_str());
        let views: Vec<bool> = later
            .chain([text.as_str()])
            .map(|text| add.is_in(text))
            .collect();
        assert!(
            views.iter().all(|view| *view == views[0]),
            "{} came or went long after it was added",
            add.name
        );
        let by = |write: &&Foreign| {
            write.began <= add.ended && write.ended >= add.began && !add.is_in(&write.wrote)
        };
        assert!(
            views[0] || writes.iter().any(|write| by(&write)),
            "{} was lost, and nobody overwrote it",
            add.name
        );
        overwritten += usize::from(!views[0]);
    }
    let longest = writes.iter().map(|write| write.empty).max().unwrap();
    eprintln!(
        "crowd: {} adds beside {} writes in place: {} there, {overwritten} overwritten by the other, 0 lost; {reads} reads, \
         0 errors, 0 empty",
        adds.len(),
        writes.len(),
        adds.len() - overwritten
    );
    assert!(
        longest < STALLED,
        "the machine was too busy to say anything: the file was empty for {longest:?}"
    );
    assert!(adds.len() > WRITERS && overwritten < adds.len() && writes.len() > WRITERS);
}

#[test]
fn a_file_that_becomes_whole_within_a_second_is_waited_for() {
    // Nothing, then what can't be parsed.
    for until in ["Active:", "tes:"] {
        let world = world();
        let whole = fs::read_to_string(world.user_file()).unwrap();
        let (first, rest) = whole.split_at(whole.find(until).unwrap());
        thread::scope(|scope| {
            let mut file = File::options()
                .write(true)
                .truncate(true)
                .open(world.user_file())
                .unwrap();
            file.write_all(first.as_bytes()).unwrap();
            let reading = scope.spawn(|| listed(&world));
            let adding = scope.spawn(|| {
                run(
                    &world,
                    &["remote", "add", "--no-login", "x", "x.example.com"],
                    "",
                )
            });
            thread::sleep(Duration::from_millis(600));
            file.write_all(rest.as_bytes()).unwrap();
            assert!(reading.join().unwrap().contains_key("middle"));
            assert_eq!(adding.join().unwrap().1, Some(0));
        });
        assert_eq!(
            addresses(&document(&world.user_file())).len(),
            STABLE.len() + 1
        );
    }
}
