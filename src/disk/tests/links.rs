//! Links, strangers' files and directories that others can write.

use std::os::unix::fs::symlink;

use super::*;

/// An account that is neither root's nor the tester's.
const STRANGER: u32 = 54321;
const OTHER: u32 = 54322;

fn find(path: &Path) -> Result<(), DiskError> {
    ResolvedPath::find(path).map(drop)
}

#[test]
fn a_link_of_ones_own_is_followed_and_stays() {
    let home = Home::new();
    std::fs::create_dir(home.at("dotfiles")).unwrap();
    home.file("dotfiles/remote.yaml", "one\n");
    symlink("dotfiles/remote.yaml", home.at("middle")).unwrap();
    symlink(home.at("middle"), home.at("link")).unwrap();
    symlink(".", home.at("round")).unwrap();
    add(&home.at("link"), &FileRules::PRIVATE, "two").unwrap();
    add(&home.at("round/round/link"), &FileRules::PRIVATE, "three").unwrap();
    assert_eq!(text(&home.at("dotfiles/remote.yaml")), "one\ntwo\nthree\n");
    assert!(
        std::fs::symlink_metadata(home.at("link"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(
        home.names(),
        ["dotfiles", "link", "middle", "round"],
        "the lock stands beside the target"
    );
}

#[test]
fn a_link_to_nothing_or_to_itself_is_refused() {
    let home = Home::new();
    symlink("gone", home.at("link")).unwrap();
    symlink("gone/remote.yaml", home.at("further")).unwrap();
    symlink("round", home.at("round")).unwrap();
    let at = |name: &str| home.at(name).display().to_string();
    let expected = format!(
        "open {}: is a link to {}, which does not exist",
        at("link"),
        at("gone")
    );
    assert_eq!(
        words(add(&home.at("link"), &FileRules::PRIVATE, "x")),
        expected
    );
    let expected = format!("open {}: no such file or directory", at("further"));
    assert_eq!(
        words(add(&home.at("further"), &FileRules::PRIVATE, "x")),
        expected
    );
    let expected = format!("open {}: too many levels of symbolic links", at("round"));
    assert_eq!(
        words(add(&home.at("round"), &FileRules::PRIVATE, "x")),
        expected
    );
    assert_eq!(
        words(add(&home.at("round/x"), &FileRules::PRIVATE, "x")),
        expected.replace("round", "round/x")
    );
    assert_eq!(home.names(), ["further", "link", "round"]);
}

#[test]
fn a_user_follows_links_and_targets_of_his_own_or_of_root_only() {
    if !is_root() {
        return skip("only root can make files of other users");
    }
    let home = Home::new();
    let target = home.file("target", "");
    symlink("target", home.at("link")).unwrap();
    for (link_owner, target_owner, allowed) in [
        (STRANGER, STRANGER, true),
        (0, STRANGER, true),
        (STRANGER, 0, true),
        (0, 0, true),
        (OTHER, STRANGER, false),
        (STRANGER, OTHER, false),
    ] {
        give(&home.at("link"), link_owner);
        give(&target, target_owner);
        let found = ResolvedPath::find_for(STRANGER, &home.at("link")).map(drop);
        assert_eq!(found.is_ok(), allowed, "{link_owner} {target_owner}");
        if let Err(error) = found {
            let which = if link_owner == OTHER {
                home.at("link")
            } else {
                target.clone()
            };
            let expected = format!(
                "open {}: belongs to user 54322, and nothing is written through links of others or to their files",
                which.display()
            );
            assert_eq!(words(Err::<(), _>(error)), expected);
        }
    }
}

#[test]
fn root_follows_no_link_and_changes_no_strangers_file_where_others_can_write() {
    if !is_root() {
        return skip("these are root's rules");
    }
    let home = Home::new();
    let directory = home.at("directory");
    std::fs::create_dir(&directory).unwrap();
    home.file("directory/remote.yaml", "one\n");
    home.file("directory/strange.yaml", "one\n");
    symlink("remote.yaml", directory.join("link")).unwrap();
    symlink(".", directory.join("round")).unwrap();
    give(&directory.join("strange.yaml"), STRANGER);
    let names = [
        "remote.yaml",
        "new.yaml",
        "link",
        "round/remote.yaml",
        "strange.yaml",
    ];
    for (owner, mode, allowed) in [
        (0, 0o700, [true, true, true, true, true]),
        (0, 0o755, [true, true, true, true, true]),
        (0, 0o775, [true, true, false, false, false]),
        (0, 0o777, [true, true, false, false, false]),
        (0, 0o1777, [true, true, false, false, false]),
        (STRANGER, 0o700, [true, true, false, false, true]),
        (STRANGER, 0o775, [true, true, false, false, true]),
        (OTHER, 0o775, [true, true, false, false, false]),
    ] {
        give(&directory, owner);
        chmod(&directory, mode);
        let found = names.map(|name| find(&directory.join(name)).is_ok());
        assert_eq!(found, allowed, "{owner} {mode:o}");
    }
    let at = |name: &str| directory.join(name).display().to_string();
    assert_eq!(
        words(find(&directory.join("round/remote.yaml"))),
        format!(
            "open {}: root writes through no link in a directory that others can write",
            at("round")
        )
    );
    assert_eq!(
        words(find(&directory.join("strange.yaml"))),
        format!(
            "open {}: belongs to user 54321, and root changes no such file in a directory that others can write",
            at("strange.yaml")
        )
    );
}

#[test]
fn root_follows_a_link_to_a_directory_wherever_it_leads() {
    if !is_root() {
        return skip("these are root's rules");
    }
    let home = Home::new();
    std::fs::create_dir_all(home.at("opt/etc/deep")).unwrap();
    home.file("opt/etc/deep/remote.yaml", "one\n");
    symlink(home.at("opt/etc"), home.at("absolute")).unwrap();
    symlink("opt/etc", home.at("relative")).unwrap();
    symlink("../absolute/deep/..", home.at("opt/up")).unwrap();
    symlink("/", home.at("root")).unwrap();
    let real = home.at("opt/etc/deep/remote.yaml");
    let from_the_root = home.at("root").join(real.strip_prefix("/").unwrap());
    for path in [
        home.at("absolute/deep/remote.yaml"),
        home.at("relative/deep/remote.yaml"),
        home.at("opt/up/deep/remote.yaml"),
        from_the_root,
    ] {
        let before = text(&real);
        add(&path, &FileRules::SYSTEM, "two").unwrap();
        assert_eq!(text(&real), format!("{before}two\n"), "{}", path.display());
    }
    symlink(home.at("gone"), home.at("dangling")).unwrap();
    let path = home.at("dangling/remote.yaml");
    assert_eq!(
        words(add(&path, &FileRules::SYSTEM, "two")),
        format!("open {}: no such file or directory", path.display())
    );
}

#[test]
fn forty_links_are_followed_and_one_more_is_not() {
    let home = Home::new();
    home.file("0", "one\n");
    for number in 1..=41 {
        symlink((number - 1).to_string(), home.at(&number.to_string())).unwrap();
    }
    add(&home.at("40"), &FileRules::PRIVATE, "two").unwrap();
    assert_eq!(text(&home.at("0")), "one\ntwo\n");
    assert_eq!(
        words(add(&home.at("41"), &FileRules::PRIVATE, "two")),
        format!(
            "open {}: too many levels of symbolic links",
            home.at("41").display()
        )
    );
}

#[test]
fn a_file_of_several_names_is_changed_by_root_only_where_nobody_else_could_have_named_it() {
    if !is_root() {
        return skip("this is root's rule");
    }
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    std::fs::hard_link(&path, home.at("second")).unwrap();
    add(&path, &FileRules::PRIVATE, "two").unwrap();
    assert_eq!(
        (text(&path), text(&home.at("second"))),
        ("one\ntwo\n".to_owned(), "one\n".to_owned())
    );
    std::fs::hard_link(&path, home.at("third")).unwrap();
    give(&home.directory, STRANGER);
    assert_eq!(
        words(add(&path, &FileRules::PRIVATE, "three")),
        format!(
            "open {}: has 2 names (hard links), and root changes such a file only in a directory that nobody else can write",
            path.display()
        )
    );
}

#[test]
fn a_lock_that_somebody_has_prepared_is_neither_waited_for_nor_written_to() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    let lock = home.at("remote.yaml.lock");
    let victim = home.file("victim", "precious\n");
    let refused = |why: &str| {
        let error = words(add(&path, &FileRules::PRIVATE, "two"));
        assert_eq!(
            error,
            format!(
                "lock {}: it {why}; it can be removed when nothing uses it",
                lock.display()
            )
        );
        std::fs::remove_file(&lock).unwrap();
    };
    symlink("victim", &lock).unwrap();
    refused("is a symbolic link");
    std::fs::hard_link(&victim, &lock).unwrap();
    refused("has another name (a hard link)");
    assert!(
        Command::new("mkfifo")
            .arg(&lock)
            .status()
            .unwrap()
            .success()
    );
    let error = words(add(&path, &FileRules::PRIVATE, "two"));
    assert_eq!(
        error,
        format!("open {}: is a pipe, not a regular file", lock.display())
    );
    std::fs::remove_file(&lock).unwrap();
    assert_eq!(
        (text(&victim).as_str(), text(&path).as_str()),
        ("precious\n", "one\n")
    );
    home.file("remote.yaml.lock", &"precious".repeat(100));
    refused("holds what no lock holds");
    if !is_root() {
        return skip("only root can make files of other users");
    }
    home.file("remote.yaml.lock", "precious");
    give(&path, STRANGER);
    refused("holds what no lock holds");
    give(&path, 0);
    home.file("remote.yaml.lock", "");
    give(&lock, STRANGER);
    home.chmod("", 0o1777);
    refused("belongs to another user");
}

#[test]
fn root_gives_the_lock_to_whom_the_file_belongs() {
    if !is_root() {
        return skip("only root can give files away");
    }
    let home = Home::new();
    let directory = home.at("directory");
    std::fs::create_dir(&directory).unwrap();
    give(&directory, STRANGER);
    let (path, lock) = (
        directory.join("remote.yaml"),
        directory.join("remote.yaml.lock"),
    );
    let owner = |path: &Path| std::fs::metadata(path).unwrap().uid();

    add(&path, &FileRules::SYSTEM, "one").unwrap();
    assert_eq!(
        (owner(&path), owner(&lock)),
        (STRANGER, STRANGER),
        "a new public file belongs to the directory's owner"
    );
    assert_eq!((mode(&path), mode(&lock)), (0o644, 0o600));
    add(&directory.join("secret.yaml"), &FileRules::PRIVATE, "one").unwrap();
    assert_eq!(
        owner(&directory.join("secret.yaml")),
        0,
        "root's secrets do not"
    );

    give(&path, OTHER);
    chmod(&lock, 0o666);
    add(&path, &FileRules::SYSTEM, "two").unwrap();
    assert_eq!(
        (owner(&path), owner(&lock), mode(&lock)),
        (OTHER, OTHER, 0o600)
    );
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 4);
}
