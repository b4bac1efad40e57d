//! Nothing outside a root is touched through it, whatever lies below, and whatever is swapped in meanwhile.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use adjutant_confined_fs::{ConfinedDir, DirPath, FileKind, NamedDir, NamedFile, Replacing};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

/// A root, and beside it what must stay as it is.
struct Ground {
    dir: TempDir,
}

impl Ground {
    fn new() -> Ground {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["root/sub", "outside"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        std::fs::write(dir.path().join("outside/file"), "theirs").unwrap();
        Ground { dir }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn outside(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = std::fs::read_dir(self.dir.path().join("outside")).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

const NAME: &str = "file";

/// Does everything that can be done with a file of that name.
fn do_everything(dir: &ConfinedDir) -> Vec<std::io::Result<()>> {
    let name = OsStr::new(NAME);
    let write = |mut file: std::fs::File| file.write_all(b"ours");
    vec![
        dir.open_file(name).map(drop),
        dir.read(name, 1 << 20).map(drop),
        dir.append(name).and_then(write),
        dir.open_or_create(name).and_then(write),
        dir.create_new(name).and_then(write),
        dir.regular(name).map(drop),
        dir.rename(name, dir, OsStr::new("renamed")),
        dir.rename(OsStr::new("renamed"), dir, name),
        dir.write(name, Replacing::Private, b"ours"),
        dir.write(name, Replacing::PrivateDurably, b"ours"),
        dir.write(name, Replacing::UsersDurably, b"ours"),
        dir.create(name).and_then(write),
        dir.remove_file(name),
        dir.create_sub_dir(Path::new("a/b")).map(drop),
        dir.remove_tree(OsStr::new("a")),
        dir.sync(),
    ]
}

#[test]
fn a_link_in_a_files_place_is_refused_or_replaced() {
    let ground = Ground::new();
    let place = ground.root().join(NAME);
    let before = ground.outside();
    for target in ["../outside/file", "../outside/missing", "../outside", "sub", "/etc/hostname"] {
        let dir = ConfinedDir::open_root(&ground.root()).unwrap();
        symlink(target, &place).unwrap();
        let name = OsStr::new(NAME);
        for refused in [
            dir.open_file(name).map(drop),
            dir.read(name, 1 << 20).map(drop),
            dir.append(name).map(drop),
            dir.open_or_create(name).map(drop),
            dir.regular(name).map(drop),
            dir.sub_dir(Path::new(NAME)).map(drop),
            dir.create_sub_dir(Path::new("file/below")).map(drop),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{target}: {error}");
            assert!(error.to_string().contains("symbolic link"), "{target}: {error}");
        }
        assert_eq!(dir.create_new(name).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(dir.facts(name).unwrap().kind, FileKind::Link);
        do_everything(&dir);
        assert_eq!(ground.outside(), before, "{target}");
        assert!(place.symlink_metadata().is_err(), "{target}: the link itself was removed");
        symlink(target, &place).unwrap();
        dir.remove_tree(name).unwrap();
        assert_eq!(ground.outside(), before, "{target}");
    }
}

#[test]
fn a_link_in_a_folders_place_is_refused() {
    let ground = Ground::new();
    symlink("../outside", ground.root().join("linked")).unwrap();
    symlink("../../outside", ground.root().join("sub/linked")).unwrap();
    symlink(".", ground.root().join("itself")).unwrap();
    let root = DirPath::from(ground.root());
    let before = ground.outside();
    for below in ["linked", "sub/linked", "linked/deeper", "itself", "itself/sub"] {
        let dir = root.sub(below);
        assert!(dir.open().unwrap_err().to_string().contains("symbolic link"), "{below}");
        assert!(dir.create().is_err() && dir.remove().is_err(), "{below}");
        let file = dir.file(NAME);
        assert!(file.open().is_err() && file.append().is_err() && file.create().is_err(), "{below}");
        assert!(file.write(Replacing::Private, b"ours").is_err() && file.remove().is_err(), "{below}");
        assert!(file.regular().is_err() && !file.exists() && dir.names().is_empty(), "{below}");
    }
    assert_eq!(ground.outside(), before);
}

#[test]
fn no_name_climbs_out() {
    let ground = Ground::new();
    let dir = ConfinedDir::open_root(&ground.root()).unwrap();
    for name in ["..", ".", "", "/", "../outside/file", "sub/file", "/etc/hostname", "file/"] {
        let name = OsStr::new(name);
        assert_eq!(dir.open_file(name).unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?}");
        assert_eq!(dir.create_new(name).unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?}");
        assert!(dir.remove_tree(name).is_err() && dir.remove_file(name).is_err(), "{name:?}");
        assert!(dir.rename(OsStr::new("sub"), &dir, name).is_err(), "{name:?}");
    }
    for below in ["..", "sub/..", "../outside", "/etc"] {
        assert!(
            dir.sub_dir(Path::new(below)).is_err() && dir.create_sub_dir(Path::new(below)).is_err(),
            "{below}"
        );
    }
    assert!(ground.root().join("sub").exists());
}

#[test]
fn pipes_and_folders_are_no_files_and_block_nobody() {
    let ground = Ground::new();
    let dir = ConfinedDir::open_root(&ground.root()).unwrap();
    let name = OsStr::new(NAME);
    for is_pipe in [true, false] {
        let place = ground.root().join(NAME);
        if is_pipe {
            mknodat(CWD, &place, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        } else {
            std::fs::create_dir(&place).unwrap();
        }
        for refused in [dir.open_file(name), dir.append(name), dir.open_or_create(name)] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        assert!(dir.regular(name).is_err());
        assert_eq!(dir.write(name, Replacing::Private, b"ours").is_ok(), is_pipe, "only a folder stays");
        let _ = std::fs::remove_file(&place);
    }
}

#[test]
fn what_is_made_is_its_owners_alone() {
    let ground = Ground::new();
    let root = DirPath::from(ground.root());
    let dir = root.sub("new/deeper");
    dir.create().unwrap();
    dir.create().unwrap();
    assert_eq!((mode(&ground.root().join("new")), mode(&dir.path())), (0o700, 0o700));
    for (name, made) in [
        ("a", dir.file("a").append()),
        ("b", dir.file("b").create()),
        ("c", dir.file("c").create_new()),
        ("d", dir.file("d").open_or_create()),
    ] {
        drop(made.unwrap());
        assert_eq!(mode(&dir.path().join(name)), 0o600, "{name}");
    }
    dir.file("e").write(Replacing::Private, b"e").unwrap();
    dir.file("f").write(Replacing::PrivateDurably, b"f").unwrap();
    assert_eq!((mode(&dir.path().join("e")), mode(&dir.path().join("f"))), (0o600, 0o600));
    dir.remove_tree().unwrap();
    assert!(!dir.path().exists());
}

#[test]
fn a_replaced_file_is_whole_and_a_users_keeps_its_permissions() {
    let ground = Ground::new();
    let file = DirPath::from(ground.root()).file(NAME);
    for (how, kept) in
        [(Replacing::UsersDurably, 0o640), (Replacing::Private, 0o600), (Replacing::PrivateDurably, 0o600)]
    {
        std::fs::write(file.path(), "old").unwrap();
        std::fs::set_permissions(file.path(), PermissionsExt::from_mode(0o640)).unwrap();
        file.write(how, b"new").unwrap();
        assert_eq!(mode(&file.path()), kept, "{how:?}");
        assert_eq!(file.read(1 << 20).unwrap(), b"new");
        let failed = file.replace(how, |out| {
            out.write_all(b"half of")?;
            Err(ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "new");
        assert_eq!(std::fs::read_dir(ground.root()).unwrap().count(), 2, "nothing is left behind");
    }
    std::fs::write(file.path(), vec![0; (1 << 20) + 1]).unwrap();
    assert_eq!(file.read(1 << 20).unwrap_err().kind(), ErrorKind::FileTooLarge);
}

#[test]
fn what_a_killed_process_left_is_swept_and_nothing_else() {
    let ground = Ground::new();
    let (root, dir) = (ground.root(), ConfinedDir::open_root(&ground.root()).unwrap());
    let (own, init) = (std::process::id(), 1);
    let gone = 999_999_999;
    let left = [
        format!("catalog.{gone}.tmp"),
        format!("catalog.bin.{gone}-7.tmp"),
        format!("catalog.bin.{own}-999.tmp"),
    ];
    let stays = [
        format!("catalog.bin.{init}-0.tmp"),
        format!("other.bin.{gone}-0.tmp"),
        "catalog.tmp".to_owned(),
        "catalog.bin.x.tmp".to_owned(),
        "catalog.bin".to_owned(),
        format!("index.bin.{gone}-0.tmp"),
    ];
    for name in left.iter().chain(&stays) {
        std::fs::write(root.join(name), "").unwrap();
    }
    symlink("../outside/file", root.join(format!("catalog.bin.{gone}-8.tmp"))).unwrap();
    dir.replace(OsStr::new("catalog.bin"), Replacing::Private, |_| {
        assert_eq!(dir.sweep_temporary(|name| ["catalog", "catalog.bin"].contains(&name)), left.len());
        Ok(())
    })
    .unwrap();
    assert!(left.iter().all(|name| !root.join(name).exists()));
    assert!(stays.iter().all(|name| root.join(name).exists()));
    assert_eq!(ground.outside().len(), 1);
}

#[test]
fn what_a_user_names_is_confined_in_the_project_alone() {
    let ground = Ground::new();
    let project = ground.root().canonicalize().unwrap();
    let outside = ground.dir.path().join("outside");
    symlink("../outside/file", project.join("linked")).unwrap();
    symlink("../outside", project.join("folder")).unwrap();
    symlink("root", ground.dir.path().join("alias")).unwrap();
    symlink("file", outside.join("linked")).unwrap();
    let alias = ground.dir.path().join("alias");
    for inside in [
        project.join("linked"),
        alias.join("linked"),
        alias.join("folder/file"),
        outside.join("../root/linked"),
        project.join("sub/../folder/file"),
        project.join("sub/../../root/linked"),
    ] {
        let file = NamedFile::new(&project, &inside);
        assert!(file.is_in_project(), "{inside:?}");
        assert!(file.open().is_err() && file.write(b"ours").is_err(), "{inside:?}");
    }
    assert_eq!(ground.outside().len(), 2);
    assert!(ground.outside().values().all(|content| content == b"theirs"));
    let linked = NamedFile::new(&project, &outside.join("linked"));
    linked.write(b"mine").unwrap();
    assert_eq!(std::fs::read_to_string(outside.join("file")).unwrap(), "mine", "written where it lies");
    assert_eq!(linked.read_text().unwrap(), "mine");
    assert!(outside.join("linked").symlink_metadata().unwrap().is_symlink());
    let beside = NamedFile::new(&project, &project.join("../outside/new"));
    assert!(!beside.is_in_project());
    beside.write(b"mine").unwrap();
    assert_eq!(DirPath::named(&project, &outside), DirPath::from(outside.clone()));
    assert_eq!(DirPath::named(&project, &alias.join("sub")), DirPath::from(project.clone()).sub("sub"));
    assert!(NamedDir::new(&project, &outside).file("linked").open_regular().is_ok());
    assert!(NamedDir::new(&project, &project.join("folder")).file("file").open_regular().is_err());
}

/// A folder that turns into a link to another while files are written, read and removed in it.
#[test]
fn a_folder_that_will_not_stand_still_leads_nowhere_else() {
    let ground = Ground::new();
    let root = ground.root();
    let before = ground.outside();
    let file = DirPath::from(&root).sub("sub/deeper").file(NAME);
    let (done, planted) = (AtomicBool::new(false), AtomicU32::new(0));
    let mut met = [0_u32; 2];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Whoever is faster may have made or removed any of these: then the next turn is as good.
            let (sub, deeper, aside) = (root.join("sub"), root.join("sub/deeper"), root.join("aside"));
            for turn in (0..2).cycle() {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                let (place, target) =
                    if turn == 0 { (&sub, "../outside") } else { (&deeper, "../../outside") };
                let _ = std::fs::remove_dir_all(&aside);
                let _ = std::fs::rename(place, &aside);
                let is_planted = symlink(target, place).is_ok();
                if is_planted {
                    let _ = std::fs::remove_file(place);
                    planted.fetch_add(1, Ordering::Relaxed);
                }
                let _ = std::fs::rename(&aside, place);
            }
        });
        for _ in 0..2_000 {
            let made = file.dir().create().is_ok();
            let written = file.write(Replacing::Private, b"ours").is_ok();
            let _ = file.append().and_then(|mut file| file.write_all(b"ours"));
            if let Ok(mut read) = file.open() {
                let mut text = String::new();
                read.read_to_string(&mut text).unwrap();
                assert!(!text.contains("theirs"));
            }
            let _ = file.with_suffix(".new").create_new();
            let _ = file.remove();
            let _ = file.dir().remove_tree();
            met[usize::from(made && written)] += 1;
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(ground.outside(), before);
    assert!(planted.into_inner() > 0 && met[1] > 0, "{met:?}");
}
