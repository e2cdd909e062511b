//! Hard ends: what killed writers leave, full disks, limits, mount points.

use super::*;

#[test]
fn what_a_killed_writer_left_is_removed_and_nothing_else() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    home.file(".remote.yaml.portolan-new", "half");
    home.chmod(".remote.yaml.portolan-new", 0o000);
    home.file(".remote.yaml.swp", "an editor's");
    home.file(".other.yaml.portolan-new", "another file's");
    add(&path, &FileRules::PRIVATE, "two").unwrap();
    assert_eq!(text(&path), "one\ntwo\n");
    assert_eq!(
        home.names(),
        [
            ".other.yaml.portolan-new",
            ".remote.yaml.swp",
            "remote.yaml",
            "remote.yaml.lock"
        ]
    );
}

#[test]
fn what_is_not_ours_to_remove_is_named() {
    let home = Home::new();
    let path = home.file("remote.yaml", "one\n");
    std::fs::create_dir(home.at(".remote.yaml.portolan-new")).unwrap();
    let expected = format!(
        "remove {}: is a directory",
        home.at(".remote.yaml.portolan-new").display()
    );
    assert_eq!(words(add(&path, &FileRules::PRIVATE, "two")), expected);
    assert_eq!(text(&path), "one\n");
}

/// Two changes: one that fits and one that does not.
fn fill_up(home: &Home, path: &Path, reason: &str) {
    let before = text(path);
    let error = words(add(path, &FileRules::PRIVATE, &"x".repeat(100_000)));
    assert_eq!(error, format!("write {}: {reason}", path.display()));
    assert_eq!(text(path), before);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(
        !home.names().contains(&format!(".{name}.portolan-new")),
        "{:?}",
        home.names()
    );
    add(path, &FileRules::PRIVATE, "fits").unwrap();
    assert_eq!(text(path), format!("{before}fits\n"));
}

#[test]
fn a_file_larger_than_the_limit_of_the_process_leaves_the_old_one() {
    if let Some(home) = inside() {
        return fill_up(&home, &home.at("remote.yaml"), "file too large");
    }
    let home = Home::new();
    home.file("remote.yaml", "one\n");
    let name = "ends::a_file_larger_than_the_limit_of_the_process_leaves_the_old_one";
    // The shell counts in 512 or 1024 bytes.
    assert!(again(&home, name, "ulimit -f 64", &["env"]));
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    if let Some(home) = inside() {
        let small = Home {
            directory: home.at("small"),
            _kept: None,
        };
        let path = small.file("remote.yaml", "one\n");
        return fill_up(&small, &path, "no space left on device");
    }
    let home = Home::new();
    std::fs::create_dir(home.at("small")).unwrap();
    let name = "ends::a_full_disk_leaves_the_old_file";
    if !again(
        &home,
        name,
        "mount -t tmpfs -o size=64k none small",
        &["unshare", "-m"],
    ) {
        skip("no file system can be mounted here");
    }
}

#[test]
fn a_read_only_file_system_is_named() {
    if let Some(home) = inside() {
        let path = home.at("directory/remote.yaml");
        let expected = format!("open {}: read-only file system", path.display());
        assert_eq!(words(add(&path, &FileRules::PRIVATE, "two")), expected);
        assert!(read(&path).unwrap().is_some());
        assert!(may_write(&path));
        return;
    }
    let home = Home::new();
    std::fs::create_dir(home.at("directory")).unwrap();
    home.file("directory/remote.yaml", "one\n");
    let shell = "mount --bind directory directory && mount -o remount,bind,ro directory";
    if !again(
        &home,
        "ends::a_read_only_file_system_is_named",
        shell,
        &["unshare", "-m"],
    ) {
        skip("no file system can be mounted here");
    }
}

#[test]
fn a_mount_point_is_written_in_place_and_restored_after_a_crash() {
    if let Some(home) = inside() {
        return write_mount_point(&home);
    }
    let home = Home::new();
    home.file("remote.yaml", "one\n");
    let name = "ends::a_mount_point_is_written_in_place_and_restored_after_a_crash";
    if !again(
        &home,
        name,
        "mount --bind remote.yaml remote.yaml",
        &["unshare", "-m"],
    ) {
        skip("nothing can be mounted here");
    }
}

fn write_mount_point(home: &Home) {
    let path = home.at("remote.yaml");
    let number = inode(&path);
    let in_place = DiskNote::WrittenInPlace { path: path.clone() };
    home.chmod("remote.yaml", 0o644);
    assert_eq!(
        add(&path, &FileRules::PRIVATE, "two").unwrap().notes,
        std::slice::from_ref(&in_place)
    );
    assert_eq!(
        (text(&path).as_str(), inode(&path), mode(&path)),
        ("one\ntwo\n", number, 0o600)
    );
    assert_eq!(home.names(), ["remote.yaml", "remote.yaml.lock"]);
    let shorter = edit(&path, &FileRules::PRIVATE, as_text, |_, _| {
        Ok::<_, DiskError>(Change::Replace((), b"1\n".to_vec().into()))
    });
    assert!(shorter.unwrap().written);
    assert_eq!(text(&path), "1\n");

    // Another container that mounts the same file has another lock beside it: the file itself keeps them apart.
    let held = File::open(&path).unwrap();
    held.lock().unwrap();
    let expected = format!(
        "replace {}: others change it all the time without a lock",
        path.display()
    );
    assert_eq!(words(add(&path, &hasty(100), "never")), expected);
    drop(held);
    assert_eq!(text(&path), "1\n");

    let restored = DiskNote::Restored { path: path.clone() };
    let backup = home.at(".remote.yaml.portolan-backup");
    let crash = |header: u64, half: &str, seconds_later: u64| {
        std::fs::write(
            &backup,
            format!("portolan backup of inode {header}\nbefore\n"),
        )
        .unwrap();
        std::fs::write(&path, half).unwrap();
        age(&backup, seconds_later);
    };
    crash(number, "hal", 0);
    assert_eq!(
        add(&path, &FileRules::PRIVATE, "x").unwrap().notes,
        [restored.clone(), in_place.clone()]
    );
    assert_eq!(text(&path), "before\nx\n");
    crash(number, "", 3600);
    assert_eq!(
        add(&path, &FileRules::PRIVATE, "x").unwrap().notes,
        [restored, in_place.clone()]
    );
    assert_eq!(text(&path), "before\nx\n", "empty, however much later");
    crash(number, "sound\n", 3600);
    assert_eq!(
        add(&path, &FileRules::PRIVATE, "x").unwrap().notes,
        std::slice::from_ref(&in_place)
    );
    assert_eq!(text(&path), "sound\nx\n", "somebody has written it since");
    crash(number + 1, "other\n", 0);
    assert_eq!(
        add(&path, &FileRules::PRIVATE, "x").unwrap().notes,
        [in_place]
    );
    assert_eq!(text(&path), "other\nx\n", "the backup was another file's");
    assert_eq!(home.names(), ["remote.yaml", "remote.yaml.lock"]);
}
