//! Many at once: with each other, beside one who does not lock, and behind one who does not give up the lock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::disk::error::DiskNote;

fn sorted_lines(path: &Path) -> Vec<usize> {
    let mut numbers: Vec<usize> = text(path)
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Waits until somebody waits for a lock.
fn await_waiter(lock: &Path) {
    let file = format!(":{} ", inode(lock));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20)
        && !text(Path::new("/proc/locks"))
            .lines()
            .any(|line| line.contains("->") && line.contains(&file))
    {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn of_two_hundred_changes_at_once_none_is_lost_and_readers_see_whole_files() {
    let home = Home::new();
    let path = home.at("remote.yaml");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..200)
            .map(|number| {
                let path = &path;
                scope.spawn(move || {
                    add(path, &FileRules::PRIVATE, &format!("{number:040}")).unwrap()
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                let mut longest = 0;
                while !done.load(Ordering::Relaxed) {
                    let Some(contents) = read(&path).unwrap() else {
                        continue;
                    };
                    assert_eq!(contents.bytes.len() % 41, 0, "half a line");
                    assert!(
                        contents.bytes.len() >= longest,
                        "an older version came back"
                    );
                    longest = contents.bytes.len();
                }
            });
        }
        for writer in writers {
            let edited = writer.join().unwrap();
            assert_eq!(edited.notes, []);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(sorted_lines(&path), (0..200).collect::<Vec<_>>());
    assert_eq!(home.names(), ["remote.yaml", "remote.yaml.lock"]);
}

#[test]
fn a_link_and_its_target_share_one_lock() {
    let home = Home::new();
    std::fs::create_dir(home.at("dotfiles")).unwrap();
    let target = home.file("dotfiles/remote.yaml", "");
    std::os::unix::fs::symlink("dotfiles/remote.yaml", home.at("link")).unwrap();
    std::thread::scope(|scope| {
        for number in 0..40 {
            let path = if number % 2 == 0 {
                home.at("link")
            } else {
                target.clone()
            };
            scope.spawn(move || add(&path, &FileRules::PRIVATE, &number.to_string()).unwrap());
        }
    });
    assert_eq!(sorted_lines(&target), (0..40).collect::<Vec<_>>());
    assert_eq!(home.names(), ["dotfiles", "link"]);
}

#[test]
fn where_nobody_can_lock_changes_at_once_are_kept_apart_all_the_same_and_warned_about() {
    let home = Home::new();
    let path = home.at("remote.yaml");
    std::thread::scope(|scope| {
        for number in 0..20 {
            let path = &path;
            scope.spawn(move || {
                let resolved = ResolvedPath::find(path).unwrap();
                let note = DiskNote::NotLocked {
                    path: path.clone(),
                    reason: Errno::NOLCK.into(),
                };
                let rules = FileRules::PRIVATE;
                let mut session = Session::new(resolved, rules, Err(Errno::NOLCK.into()));
                loop {
                    let text = session.read(as_text).unwrap();
                    if session
                        .replace(format!("{text}{number}\n").as_bytes())
                        .unwrap()
                    {
                        break;
                    }
                }
                assert_eq!(session.notes, [note]);
            });
        }
    });
    assert_eq!(sorted_lines(&path), (0..20).collect::<Vec<_>>());
    assert_eq!(home.names(), ["remote.yaml"]);
    let note = DiskNote::NotLocked {
        path: "/x".into(),
        reason: Errno::NOLCK.into(),
    };
    assert_eq!(
        note.to_string(),
        "/x can't be locked (no locks available); don't change it from two places at once"
    );
}

#[test]
fn what_somebody_writes_in_place_is_never_seen_empty_nor_overwritten_unseen() {
    let home = Home::new();
    let path = home.at("remote.yaml");
    std::fs::write(&path, "foreign 0\n").unwrap();
    let done = AtomicBool::new(false);
    let torn = AtomicUsize::new(0);
    let parse = |bytes: Option<&[u8]>| match as_text(bytes)? {
        text if text.ends_with('\n') => Ok(text),
        _ => Err(DiskError::KeepsChanging {
            path: "torn".into(),
        }),
    };
    let check = |whole: Result<String, DiskError>| match whole {
        Ok(text) => assert!(text.starts_with("foreign"), "{text:?}"),
        Err(_) => drop(torn.fetch_add(1, Ordering::Relaxed)),
    };
    let longest = std::thread::scope(|scope| {
        let foreign = scope.spawn(|| {
            let write = |number| {
                std::thread::sleep(Duration::from_millis(5));
                write_in_place(
                    &path,
                    &format!("foreign {number}\n"),
                    Duration::from_millis(1),
                )
            };
            let longest = (1..=100).map(write).max();
            done.store(true, Ordering::Relaxed);
            longest.unwrap()
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                check(read_settled(&path, parse).map(|(text, _)| text));
            }
        });
        while !done.load(Ordering::Relaxed) {
            let edited = edit(&path, &FileRules::PRIVATE, parse, |text, _| {
                Ok::<_, DiskError>(Change::Replace(
                    text.clone(),
                    format!("{text}ours\n").into_bytes().into(),
                ))
            });
            check(edited.map(|edited| edited.value));
            std::thread::sleep(Duration::from_millis(3));
        }
        foreign.join().unwrap()
    });
    // On a busy disk the other writer itself may take longer than anybody waits for it.
    let torn = torn.into_inner();
    assert!(
        torn == 0 || longest > Duration::from_millis(900),
        "{torn} torn, {longest:?}"
    );
    assert_eq!(home.names(), ["remote.yaml", "remote.yaml.lock"]);
}

#[test]
fn two_files_change_together_and_both_are_read_again_when_one_was_overtaken() {
    let home = Home::new();
    let (first, second) = (home.file("first", "1\n"), home.file("second", "1\n"));
    let mut sessions = [&first, &second].map(|path| open(path, &FileRules::PRIVATE).unwrap());
    let mut rounds = 0;
    loop {
        rounds += 1;
        let [one, two] = sessions
            .each_mut()
            .map(|session| session.read(as_text).unwrap());
        if rounds == 1 {
            write_in_place(&second, "2\n", Duration::ZERO);
        }
        let text = if two.starts_with(&one) {
            one
        } else {
            format!("{one}{two}")
        };
        let done = sessions
            .each_mut()
            .map(|session| session.replace(text.as_bytes()).unwrap());
        if done == [true, true] {
            break;
        }
        assert_eq!(done, [true, false], "{text}");
    }
    assert_eq!(
        (rounds, text(&first), text(&second)),
        (2, "1\n2\n".into(), "1\n2\n".into())
    );
    let lock = home.at("second.lock");
    assert!(
        File::options()
            .write(true)
            .open(&lock)
            .unwrap()
            .try_lock()
            .is_err()
    );
    drop(sessions);
    assert!(
        File::options()
            .write(true)
            .open(&lock)
            .unwrap()
            .try_lock()
            .is_ok()
    );
    assert_eq!(
        home.names(),
        ["first", "first.lock", "second", "second.lock"]
    );
}

#[test]
fn a_file_that_was_changed_since_it_was_read_is_read_once_more() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    let runs = AtomicUsize::new(0);
    edit(&path, &FileRules::PRIVATE, as_text, |text, _| {
        match runs.fetch_add(1, Ordering::Relaxed) {
            0 => drop(write_in_place(&path, "two\n", Duration::ZERO)),
            1 => std::fs::rename(home.file("other", "six\n"), &path).unwrap(),
            2 => chmod(&path, 0o640),
            _ => {}
        }
        Ok::<_, DiskError>(Change::Replace(
            (),
            format!("{text}ours\n").into_bytes().into(),
        ))
    })
    .unwrap();
    assert_eq!(
        (text(&path).as_str(), runs.into_inner()),
        ("six\nours\n", 4)
    );

    let mut number = 0;
    let endless = edit(&path, &hasty(200), as_text, |_, _| {
        number += 1;
        write_in_place(&path, &format!("{number:05}"), Duration::ZERO);
        Ok::<_, DiskError>(Change::Replace((), b"ours".to_vec().into()))
    });
    let expected = format!(
        "replace {}: others change it all the time without a lock",
        path.display()
    );
    assert_eq!(words(endless), expected);
    assert_eq!(home.names(), ["remote.yaml", "remote.yaml.lock"]);
}

#[test]
fn a_young_file_that_is_empty_or_broken_is_looked_at_again_but_not_for_ever() {
    let home = Home::new();
    let path = home.file("remote.yaml", "");
    let looks = AtomicUsize::new(0);
    let counted = |bytes: Option<&[u8]>| {
        looks.fetch_add(1, Ordering::Relaxed);
        as_text(bytes)
    };
    assert_eq!(read_settled(&path, counted).unwrap().0, "");
    assert_eq!(looks.swap(0, Ordering::Relaxed), 1, "it is old");

    std::fs::write(&path, "").unwrap();
    let began = Instant::now();
    assert_eq!(read_settled(&path, counted).unwrap().0, "");
    assert!(began.elapsed() >= Duration::from_millis(900));
    assert!((10..=201).contains(&looks.load(Ordering::Relaxed)));

    std::fs::write(&path, "half").unwrap();
    looks.store(0, Ordering::Relaxed);
    let refused = |bytes: Option<&[u8]>| {
        counted(bytes)?;
        Err::<(), _>(DiskError::KeepsChanging {
            path: "torn".into(),
        })
    };
    assert!(read_settled(&path, refused).is_err());
    assert!((10..=201).contains(&looks.swap(0, Ordering::Relaxed)));

    std::fs::write(&path, "").unwrap();
    let filled = |bytes: Option<&[u8]>| {
        if looks.fetch_add(1, Ordering::Relaxed) > 10 {
            std::fs::write(&path, "whole").unwrap();
        }
        as_text(bytes)
    };
    assert_eq!(read_settled(&path, filled).unwrap().0, "whole");
}

#[test]
fn a_lock_that_is_never_given_up_is_waited_for_in_vain_and_then_taken_by_nobody() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    let lock = home.file("remote.yaml.lock", "4711 node5\n");
    let held = locked_by_hand(&lock);
    let began = Instant::now();
    let error = add(&path, &hasty(300), "two");
    assert!(began.elapsed() >= Duration::from_millis(300));
    let shown = lock.display();
    assert_eq!(
        words(error),
        format!(
            "lock {shown}: nothing moved for 0 s, last taken by process 4711 on node5; `fuser {shown}` shows who holds it"
        )
    );
    assert_eq!(text(&path), "one\n");
    drop(held);
    add(&path, &FileRules::PRIVATE, "three").unwrap();
    assert_eq!(text(&path), "one\nthree\n");
}

#[test]
fn a_signature_that_is_none_is_not_repeated() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    for signature in [
        "",
        "\u{1b}[31m node5\n",
        "4711 \u{1b}[31m\n",
        "-1 node5",
        "4711",
        "4711 \n",
        "x node5\n",
    ] {
        let lock = home.file("remote.yaml.lock", signature);
        let _held = locked_by_hand(&lock);
        let shown = lock.display();
        assert_eq!(
            words(add(&path, &hasty(60), "two")),
            format!("lock {shown}: nothing moved for 0 s; `fuser {shown}` shows who holds it")
        );
    }
}

#[test]
fn a_lock_is_waited_for_as_long_as_others_get_on() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    let lock = home.at("remote.yaml.lock");
    let mut held = locked_by_hand(&lock);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| add(&path, &hasty(1000), "two"));
        for number in 0..12 {
            std::thread::sleep(Duration::from_millis(150));
            match number % 2 {
                0 => held.write_all(b"another holder\n").unwrap(),
                _ => age(&path, 1000 + number),
            }
        }
        drop(held);
        waiting.join().unwrap().unwrap();
    });
    assert_eq!(text(&path), "one\ntwo\n");
}

#[test]
fn whoever_waited_for_a_lock_file_that_was_removed_takes_the_new_one() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    let lock = home.at("remote.yaml.lock");
    let held = locked_by_hand(&lock);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| add(&path, &FileRules::PRIVATE, "three").unwrap());
        await_waiter(&lock);
        std::fs::remove_file(&lock).unwrap();
        add(&path, &FileRules::PRIVATE, "two").unwrap();
        let held_anew = locked_by_hand(&lock);
        drop(held);
        await_waiter(&lock);
        assert_eq!(text(&path), "one\ntwo\n", "the old lock is worth nothing");
        drop(held_anew);
        waiting.join().unwrap();
    });
    assert_eq!(text(&path), "one\ntwo\nthree\n");
}
