//! Modes, owners and access control lists of files that are made and rewritten.

use std::os::unix::fs::chown;

use super::*;

#[test]
fn a_rewritten_file_keeps_its_mode_unless_it_is_private() {
    let home = Home::new();
    for (rules, old, new) in [
        (FileRules::PRIVATE, None, 0o600),
        (FileRules::PRIVATE, Some(0o644), 0o600),
        (FileRules::PRIVATE, Some(0o400), 0o600),
        (FileRules::SYSTEM, None, 0o644),
        (FileRules::SYSTEM, Some(0o600), 0o600),
        (FileRules::SYSTEM, Some(0o664), 0o664),
        (FileRules::SYSTEM, Some(0o444), 0o444),
        (FileRules::CHOSEN, None, 0o600),
        (FileRules::CHOSEN, Some(0o644), 0o644),
    ] {
        let path = home.at("remote.yaml");
        let _ = std::fs::remove_file(&path);
        if let Some(old) = old {
            home.file("remote.yaml", "");
            home.chmod("remote.yaml", old);
        }
        assert!(add(&path, &rules, "x").unwrap().written);
        assert_eq!(mode(&path), new, "{rules:?} {old:?}");
    }
}

#[test]
fn a_private_file_is_closed_to_others_also_by_a_change_that_leaves_its_bytes() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    let keep = |rules: &FileRules| {
        edit(&path, rules, as_text, |_, _| {
            Ok::<_, DiskError>(Change::Keep(()))
        })
    };
    let same = |rules: &FileRules| {
        edit(&path, rules, as_text, |text, _| {
            Ok::<_, DiskError>(Change::Replace((), text.into_bytes().into()))
        })
    };
    let mut outcomes = Vec::new();
    for rules in [FileRules::PRIVATE, FileRules::CHOSEN, FileRules::SYSTEM] {
        for old in [0o644, 0o640, 0o400] {
            home.chmod("remote.yaml", old);
            let kept = (keep(&rules).unwrap().written, mode(&path));
            home.chmod("remote.yaml", old);
            assert_eq!(
                (same(&rules).unwrap().written, mode(&path)),
                kept,
                "{rules:?} {old:o}"
            );
            assert_eq!(text(&path), "one\n");
            outcomes.push(kept);
        }
    }
    assert_eq!(
        outcomes[..3],
        [(true, 0o600), (true, 0o600), (false, 0o400)],
        "one that is stricter is left"
    );
    assert_eq!(
        outcomes[3..],
        [[(false, 0o644), (false, 0o640), (false, 0o400)]; 2].concat()
    );
}

#[test]
fn no_umask_changes_a_mode() {
    let Some(home) = inside() else {
        for umask in ["000", "027", "077", "777"] {
            let home = Home::new();
            assert!(again(
                &home,
                "permissions::no_umask_changes_a_mode",
                &format!("umask {umask}"),
                &["env"]
            ));
        }
        return;
    };
    let (private, system) = (home.at("private"), home.at("system"));
    for _ in 0..2 {
        add(&private, &FileRules::PRIVATE, "x").unwrap();
        add(&system, &FileRules::SYSTEM, "x").unwrap();
        assert_eq!((mode(&private), mode(&system)), (0o600, 0o644));
        assert_eq!(mode(&home.at("private.lock")), 0o600);
    }
    assert!(create_directory(&home.at("directory"), 0o700).unwrap());
    assert!(create_directory(&home.at("directory/public"), 0o755).unwrap());
    assert_eq!(
        (
            mode(&home.at("directory")),
            mode(&home.at("directory/public"))
        ),
        (0o700, 0o755)
    );
}

#[test]
fn root_keeps_owner_and_group_of_a_rewritten_file() {
    if !is_root() {
        return skip("only root can give files away");
    }
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    chown(&path, Some(54321), Some(54322)).unwrap();
    for (rules, before, after) in [
        (FileRules::SYSTEM, 0o640, 0o640),
        (FileRules::PRIVATE, 0o640, 0o600),
        (FileRules::SYSTEM, 0o444, 0o444),
    ] {
        chmod(&path, before);
        add(&path, &rules, "x").unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(
            (metadata.uid(), metadata.gid(), mode(&path)),
            (54321, 54322, after)
        );
    }
}

#[test]
fn a_file_of_another_user_is_not_made_ones_own() {
    if !is_root() {
        return skip("only root can make files of other users");
    }
    let home = Home::new();
    home.chmod("", 0o755);
    give(&home.directory, ORDINARY);
    home.file("remote.yaml", "one\n");
    home.file("group.yaml", "one\n");
    give(&home.at("group.yaml"), ORDINARY);
    home.chmod("group.yaml", 0o664);
    std::fs::create_dir(home.at("locked")).unwrap();
    home.file("locked/remote.yaml", "one\n");
    give(&home.at("locked/remote.yaml"), ORDINARY);
    home.file("locked/alien.yaml", "one\n");
    home.file("locked/closed.yaml", "one\n");
    home.chmod("locked/closed.yaml", 0o600);
    as_ordinary_user(|| meet_files_of_root(&home));
}

fn meet_files_of_root(home: &Home) {
    let path = home.at("remote.yaml");
    let expected = format!(
        "replace {}: belongs to user 0, and the new one would not",
        path.display()
    );
    assert_eq!(words(add(&path, &FileRules::PRIVATE, "x")), expected);
    let closed = home.at("locked/closed.yaml");
    assert_eq!(
        words(read(&closed)),
        format!("open {}: permission denied", closed.display())
    );
    assert_eq!(
        words(close_file(&closed, 0o600)),
        format!("open {}: permission denied", closed.display())
    );
    let group = home.at("group.yaml");
    assert_eq!(
        add(&group, &FileRules::SYSTEM, "x").unwrap().notes,
        [DiskNote::GroupLost {
            path: group.clone(),
            group: 0
        }]
    );
    assert_eq!(
        mode(&group),
        0o604 | 0o040,
        "others may read, and so may now the new group, but not write"
    );
    assert!(!may_write(&path) && may_write(&group) && may_write(&home.at("new.yaml")));
    assert!(!may_write(Path::new("/etc/new.yaml")) && !may_write(Path::new("/etc/gone/new.yaml")));
    assert!(
        may_write(&home.at("gone/new.yaml")),
        "he can make the directory"
    );
    assert!(!may_write(&home.at("locked/gone/new.yaml")));
    let locked = home.at("locked/remote.yaml");
    assert!(
        !may_write(&locked),
        "his file in a directory that is not his"
    );
    assert_eq!(
        words(add(&locked, &FileRules::PRIVATE, "x")),
        format!("open {}.lock: permission denied", locked.display())
    );
    let alien = home.at("locked/alien.yaml");
    assert_eq!(
        words(add(&alien, &FileRules::PRIVATE, "x")),
        format!("open {}: permission denied", alien.display())
    );
    assert_eq!(
        words(close_file(&path, 0o600)),
        format!("chmod {}: operation not permitted", path.display())
    );
}

#[test]
fn an_access_control_list_is_kept_where_the_mode_is() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    // Version 2; owner rw, user 54321 r, group r, mask r, others nothing.
    let mut list: Vec<u8> = vec![2, 0, 0, 0];
    for (tag, permissions, number) in [
        (1u16, 6u16, u32::MAX),
        (2, 4, 54321),
        (4, 4, u32::MAX),
        (16, 4, u32::MAX),
        (32, 0, u32::MAX),
    ] {
        list.extend(tag.to_le_bytes());
        list.extend(permissions.to_le_bytes());
        list.extend(number.to_le_bytes());
    }
    let attribute = "system.posix_acl_access";
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(&path, attribute, &list, flags).is_err() {
        return skip("this file system has no access control lists");
    }
    let kept = |path: &Path| {
        let mut list = vec![0; 1024];
        let size = rustix::fs::getxattr(path, attribute, list.as_mut_slice()).ok()?;
        Some(list[..size].to_vec())
    };
    add(&path, &FileRules::SYSTEM, "two").unwrap();
    assert_eq!((kept(&path), mode(&path)), (Some(list.clone()), 0o640));
    add(&path, &FileRules::PRIVATE, "three").unwrap();
    assert_eq!(
        (kept(&path), mode(&path)),
        (None, 0o600),
        "a private file is for nobody else"
    );

    rustix::fs::setxattr(&home.directory, "system.posix_acl_default", &list, flags).unwrap();
    home.chmod("remote.yaml", 0o640);
    add(&path, &FileRules::SYSTEM, "four").unwrap();
    assert_eq!(
        (kept(&path), mode(&path)),
        (None, 0o640),
        "what the directory gives new files is not for an old one"
    );
    add(&home.at("new.yaml"), &FileRules::SYSTEM, "one").unwrap();
    assert_eq!(mode(&home.at("new.yaml")), 0o644);
    assert!(kept(&home.at("new.yaml")).is_some());
}

#[test]
fn a_mode_is_only_ever_fixed_towards_a_stricter_one() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    for (old, fixed, new) in [
        (0o644, Some(0o644), 0o600),
        (0o666, Some(0o666), 0o600),
        (0o700, Some(0o700), 0o600),
        (0o600, None, 0o600),
        (0o400, None, 0o400),
    ] {
        home.chmod("remote.yaml", old);
        assert_eq!(close_file(&path, 0o600).unwrap(), fixed);
        assert_eq!(mode(&path), new);
    }
    home.chmod("", 0o2755);
    assert_eq!(close_file(&home.directory, 0o600).unwrap(), None);
    assert_eq!(
        close_directory(&home.directory, 0o700).unwrap(),
        Some(0o755)
    );
    assert_eq!(mode(&home.directory), 0o2700);
    assert_eq!(close_file(&home.at("gone"), 0o600).unwrap(), None);
    let below = path.join("below");
    let expected = format!("stat {}: not a directory", below.display());
    assert_eq!(
        words(close_file(&below, 0o600)),
        expected,
        "what can't be looked at is not said to be closed"
    );
    assert_eq!(close_file(Path::new("/dev/null"), 0o600).unwrap(), None);
    std::os::unix::fs::symlink("remote.yaml", home.at("link")).unwrap();
    home.chmod("remote.yaml", 0o640);
    assert_eq!(close_file(&home.at("link"), 0o600).unwrap(), Some(0o640));
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_directory_is_made_alone_and_once() {
    let home = Home::new();
    let directory = home.at("directory");
    assert!(create_directory(&directory, 0o700).unwrap());
    assert_eq!(mode(&directory), 0o700);
    home.chmod("directory", 0o755);
    assert!(!create_directory(&directory, 0o700).unwrap());
    assert_eq!(
        mode(&directory),
        0o755,
        "a directory that was there is left"
    );
    std::os::unix::fs::symlink("directory", home.at("link")).unwrap();
    assert!(!create_directory(&home.at("link"), 0o700).unwrap());
    home.file("file", "");
    let at = |name: &str| home.at(name).display().to_string();
    assert_eq!(
        words(create_directory(&home.at("file"), 0o700)),
        format!("mkdir {}: file exists", at("file"))
    );
    assert_eq!(
        words(create_directory(&home.at("a/b"), 0o700)),
        format!("mkdir {}: no such file or directory", at("a/b"))
    );
}

/// The extended attribute of a file.
fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 64];
    let size = rustix::fs::getxattr(path, name, value.as_mut_slice()).ok()?;
    Some(value[..size].to_vec())
}

#[test]
fn extended_attributes_and_a_security_label_are_kept_and_what_is_lost_is_said() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    let set = |name| rustix::fs::setxattr(&path, name, b"note", rustix::fs::XattrFlags::empty());
    if set("user.portolan").is_err() {
        return skip("this file system has no extended attributes");
    }
    let edited = add(&path, &FileRules::PRIVATE, "two").unwrap();
    assert_eq!(edited.notes, []);
    assert_eq!(attribute(&path, "user.portolan").unwrap(), b"note");
    if !is_root() || set("security.portolan").is_err() {
        return skip("only root sets a label");
    }
    assert_eq!(add(&path, &FileRules::SYSTEM, "three").unwrap().notes, []);
    assert_eq!(attribute(&path, "security.portolan").unwrap(), b"note");
    std::os::unix::fs::chown(&home.directory, Some(ORDINARY), None).unwrap();
    std::os::unix::fs::chown(&path, Some(ORDINARY), None).unwrap();
    std::fs::remove_file(home.at("remote.yaml.lock")).unwrap();
    let said = as_ordinary_user(|| {
        let notes = add(&path, &FileRules::PRIVATE, "four").unwrap().notes;
        notes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    });
    let wanted = format!(
        "{} could not keep its attributes security.portolan",
        path.display()
    );
    assert_eq!(said, wanted);
    assert_eq!(attribute(&path, "user.portolan").unwrap(), b"note");
}
