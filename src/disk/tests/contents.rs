//! What is read and what is written.

use super::*;
use crate::disk::read::LARGEST;

#[test]
fn only_a_missing_file_counts_as_absent() {
    let home = Home::new();
    assert_eq!(read(&home.at("gone")).unwrap(), None);
    assert_eq!(read(&home.at("gone/remote.yaml")).unwrap(), None);
    assert_eq!(home.names(), [""; 0], "reading creates nothing");

    let path = home.file("remote.yaml", "Active: x\n");
    let shown = |name: &str| home.at(name).display().to_string();
    home.chmod("remote.yaml", 0o640);
    let contents = read(&path).unwrap().unwrap();
    assert_eq!(
        (&*contents.bytes, contents.mode),
        (&b"Active: x\n"[..], 0o640)
    );
    assert_eq!(contents.owner, rustix::process::geteuid().as_raw());
    assert_eq!(
        contents.modified,
        std::fs::metadata(&path).unwrap().modified().unwrap()
    );
    assert_eq!(
        words(read(&path.join("remote.yaml"))),
        format!("open {}: not a directory", shown("remote.yaml/remote.yaml"))
    );
    assert_eq!(
        words(read(&home.directory)),
        format!("open {}: is a directory", home.directory.display())
    );
    std::os::unix::fs::symlink("nowhere", home.at("dangling")).unwrap();
    assert_eq!(
        words(read(&home.at("dangling"))),
        format!(
            "open {}: is a link to nowhere, which does not exist",
            shown("dangling")
        )
    );
    std::os::unix::fs::symlink("round", home.at("round")).unwrap();
    assert_eq!(
        words(read(&home.at("round"))),
        format!("open {}: too many levels of symbolic links", shown("round"))
    );
    assert_eq!(
        words(read(Path::new("/dev/null"))),
        "open /dev/null: is a device, not a regular file"
    );
    home.chmod("", 0o755);
    home.chmod("remote.yaml", 0);
    assert_eq!(
        words(as_ordinary_user(|| read(&path))),
        format!("open {}: permission denied", shown("remote.yaml"))
    );
}

#[test]
fn a_pipe_without_a_writer_is_refused_and_never_waited_for() {
    let home = Home::new();
    let pipe = home.at("remote.yaml");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let expected = format!("open {}: is a pipe, not a regular file", pipe.display());
    assert_eq!(words(read(&pipe)), expected);
    assert_eq!(words(add(&pipe, &FileRules::PRIVATE, "x")), expected);
    assert_eq!(
        home.names(),
        ["remote.yaml"],
        "not even a lock is made beside it"
    );
}

#[test]
fn a_file_of_64_mib_is_read_and_one_byte_more_is_not() {
    let home = Home::new();
    let path = home.file("remote.yaml", "");
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(LARGEST).unwrap();
    assert_eq!(read(&path).unwrap().unwrap().bytes.len() as u64, LARGEST);
    file.set_len(LARGEST + 1).unwrap();
    let expected = format!(
        "read {}: 67108865 bytes are too many, 64 MiB are the most",
        path.display()
    );
    assert_eq!(words(read(&path)), expected);
    let larger = edit(&home.at("other"), &FileRules::PRIVATE, as_text, |_, _| {
        Ok::<_, DiskError>(Change::Replace((), vec![b'x'; LARGEST as usize + 1].into()))
    });
    assert_eq!(
        words(larger),
        expected
            .replace("read", "write")
            .replace("remote.yaml", "other")
    );
}

#[test]
fn a_file_whose_size_the_kernel_does_not_tell_is_read_to_its_end() {
    assert!(
        read(Path::new("/proc/self/status"))
            .unwrap()
            .unwrap()
            .bytes
            .starts_with(b"Name:")
    );
}

#[test]
fn reading_follows_any_link() {
    let home = Home::new();
    home.file("target", "x");
    std::os::unix::fs::symlink("target", home.at("middle")).unwrap();
    std::os::unix::fs::symlink(home.at("middle"), home.at("link")).unwrap();
    assert_eq!(*read(&home.at("link")).unwrap().unwrap().bytes, *b"x");
}

#[test]
fn contents_that_may_be_secret_do_not_show_themselves() {
    let home = Home::new();
    let contents = read(&home.file("remote.yaml", "Token: eyJ")).unwrap();
    assert!(!format!("{contents:?}").contains("eyJ"));
}

#[test]
fn a_change_makes_a_file_and_then_replaces_it() {
    let home = Home::new();
    let path = home.at("remote.yaml");
    let edited = add(&path, &FileRules::PRIVATE, "one").unwrap();
    assert_eq!(
        edited,
        Edited {
            value: (),
            written: true,
            notes: vec![]
        }
    );
    let first = inode(&path);
    let kept = File::open(&path).unwrap();
    add(&path, &FileRules::PRIVATE, "two").unwrap();
    assert_eq!(text(&path), "one\ntwo\n");
    assert_ne!(
        inode(&path),
        first,
        "a reader of the old file goes on reading it"
    );
    drop(kept);
    assert_eq!(home.names(), ["remote.yaml", "remote.yaml.lock"]);
    assert_eq!(
        (mode(&path), mode(&home.at("remote.yaml.lock"))),
        (0o600, 0o600)
    );
    let signature = text(&home.at("remote.yaml.lock"));
    assert!(
        signature.starts_with(&format!("{} ", std::process::id())) && signature.ends_with('\n'),
        "{signature}"
    );
}

#[test]
fn a_longer_signature_of_an_earlier_holder_leaves_nothing_behind() {
    let home = Home::new();
    let path = home.file("remote.yaml", "");
    let lock = home.file("remote.yaml.lock", &format!("4711 {}\n", "h".repeat(100)));
    add(&path, &FileRules::PRIVATE, "x").unwrap();
    assert_eq!(text(&lock).lines().count(), 1);
    assert!(!text(&lock).contains("hhh"));
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    home.chmod("remote.yaml", 0o600);
    let before = (
        inode(&path),
        std::fs::metadata(&path).unwrap().modified().unwrap(),
    );
    let kept = edit(&path, &FileRules::PRIVATE, as_text, |text, contents| {
        assert_eq!(*contents.unwrap().bytes, *text.as_bytes());
        Ok::<_, DiskError>(Change::Keep(7))
    });
    assert_eq!(
        kept.unwrap(),
        Edited {
            value: 7,
            written: false,
            notes: vec![]
        }
    );
    let same = edit(&path, &FileRules::PRIVATE, as_text, |text, _| {
        Ok::<_, DiskError>(Change::Replace((), text.into_bytes().into()))
    });
    assert!(!same.unwrap().written);
    assert_eq!(
        (
            inode(&path),
            std::fs::metadata(&path).unwrap().modified().unwrap()
        ),
        before
    );
}

#[test]
fn an_error_of_the_change_leaves_the_file_and_is_handed_on() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    let refusal = || DiskError::KeepsChanging {
        path: "refused".into(),
    };
    let result: Result<Edited<()>, DiskError> =
        edit(&path, &FileRules::PRIVATE, as_text, |_, _| Err(refusal()));
    assert_eq!(words(result), words(Err::<(), _>(refusal())));
    let looks = std::cell::Cell::new(0);
    let broken = |_: Option<&[u8]>| {
        looks.set(looks.get() + 1);
        Err::<(), _>(refusal())
    };
    let result = edit(&path, &FileRules::PRIVATE, broken, |(), _| {
        Ok(Change::Keep(()))
    });
    assert_eq!(words(result), words(Err::<(), _>(refusal())));
    assert_eq!(looks.get(), 1, "an old broken file is not looked at again");
    assert_eq!(text(&path), "one\n");
    assert_eq!(home.names(), ["remote.yaml", "remote.yaml.lock"]);
}

#[test]
fn a_missing_directory_is_named_with_the_file() {
    let home = Home::new();
    let path = home.at("gone/remote.yaml");
    let expected = format!("open {}: no such file or directory", path.display());
    assert_eq!(words(add(&path, &FileRules::PRIVATE, "x")), expected);
    assert_eq!(words(replace_cache(&path, b"x")), expected);
    for nameless in ["/", "..", "x/.."] {
        assert_eq!(
            words(add(Path::new(nameless), &FileRules::PRIVATE, "x")),
            format!("open {nameless}: is a directory")
        );
    }
}

#[test]
fn a_relative_path_and_a_name_of_any_bytes_are_as_good_as_others() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    let path = home
        .directory
        .join(std::ffi::OsStr::from_bytes(b"\xff a\n\x1b'.yaml"));
    add(&path, &FileRules::PRIVATE, "x").unwrap();
    add(&path, &FileRules::PRIVATE, "y").unwrap();
    assert_eq!(text(&path), "x\ny\n");
    if let Some(home) = inside() {
        add(Path::new("here.yaml"), &FileRules::PRIVATE, "x").unwrap();
        add(Path::new("./here.yaml"), &FileRules::PRIVATE, "y").unwrap();
        std::fs::create_dir(home.at("directory")).unwrap();
        add(
            Path::new("directory/../here.yaml"),
            &FileRules::PRIVATE,
            "z",
        )
        .unwrap();
        assert_eq!(text(&home.at("here.yaml")), "x\ny\nz\n");
        return;
    }
    assert!(again(
        &home,
        "contents::a_relative_path_and_a_name_of_any_bytes_are_as_good_as_others",
        "true",
        &["env"]
    ));
}

#[test]
fn a_cache_is_replaced_without_a_lock_and_left_to_whoever_is_writing_it() {
    let home = Home::new();
    let path = home.at("cache.json");
    replace_cache(&path, b"one").unwrap();
    replace_cache(&path, b"two").unwrap();
    assert_eq!((text(&path).as_str(), mode(&path)), ("two", 0o600));
    assert_eq!(home.names(), ["cache.json"]);

    std::fs::write(home.at(".cache.json.portolan-new"), "th").unwrap();
    replace_cache(&path, b"four").unwrap();
    assert_eq!(text(&path), "two");
    age(&home.at(".cache.json.portolan-new"), 60);
    replace_cache(&path, b"four").unwrap();
    assert_eq!(text(&path), "four");
    assert_eq!(home.names(), ["cache.json"]);
}

#[test]
fn a_file_that_a_writer_has_locked_is_looked_for_again_for_a_moment_when_it_is_denied() {
    let home = Home::new();
    home.file("remote.yaml.lock", "");
    let path = home.at("remote.yaml");
    let late = path.clone();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(15));
        std::fs::write(late, "one\n").unwrap();
    });
    assert_eq!(&*read(&path).unwrap().unwrap().bytes, b"one\n");
    writer.join().unwrap();
    let began = Instant::now();
    assert_eq!(read(&home.at("never.yaml")).unwrap(), None);
    home.file("never.yaml.lock", "");
    assert_eq!(read(&home.at("never.yaml")).unwrap(), None);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_call_is_tried_again_while_a_network_file_system_has_lost_its_file_but_not_for_ever() {
    use crate::disk::error::retry;
    for (failures, wanted) in [(0, Ok(1)), (5, Ok(6)), (1000, Err(Errno::STALE))] {
        let mut calls = 0;
        let began = Instant::now();
        let got = retry(|| {
            calls += 1;
            if calls > failures {
                Ok(calls)
            } else {
                Err(Errno::STALE)
            }
        });
        assert_eq!(got, wanted);
        assert!(calls <= 6 && began.elapsed() < Duration::from_secs(5));
        assert!(
            failures == 0 || began.elapsed() >= Duration::from_millis(50),
            "it pauses"
        );
    }
    let mut calls = 0;
    let refused = retry(|| {
        calls += 1;
        Err::<(), _>(Errno::ACCESS)
    });
    assert_eq!((refused, calls), (Err(Errno::ACCESS), 1));
}
