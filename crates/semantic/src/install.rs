//! Installing a model: an atomic replacement, so that a reader finds either the old model or the new one.

use std::ffi::OsStr;
use std::io::{self, Write};

use super::encoder::{Encoder, InputRole};
use super::model_dir::{FILES, ModelDir, ModelError, ModelInfo, POOLING, PROMPTS, Pooling};
use confined_fs::{DirPath, FilePath, NamedDir};

/// Checks the model in `source` and replaces the directory `name` in `into`, where there is one, by a copy of it.
///
/// Properties that follow from the source's name alone (prefixes, pooling) are written into the copy, since its directory
/// has another name.
///
/// # Errors
/// The source is not a model that can be run, or it cannot be copied; the former model then stays installed.
pub fn install(source: &NamedDir, into: &DirPath, name: &str) -> Result<ModelInfo, ModelError> {
    let failed = |source| ModelError::Io { path: into.path().join(name), source };
    let model = ModelDir::open(source)?;
    let encoder = Encoder::load(&model)?;
    let folder = into.create().map_err(failed)?;
    let beside = |end: &str| format!("{name}.{}.{end}", std::process::id());
    let (new, old) = (beside("new"), beside("old"));
    let (name, new_name, old_name) = (OsStr::new(name), OsStr::new(&new), OsStr::new(&old));
    let copied = into.sub(&new);
    let made = copy(&model, &copied).and_then(|()| verify(&encoder, &copied.into()));
    let installed = made.and_then(|info| {
        let had = folder.facts(name).is_ok();
        if had {
            folder.rename(name, &folder, old_name).map_err(failed)?;
        }
        if let Err(error) = folder.rename(new_name, &folder, name) {
            if had {
                // Restore the former model; if that fails, too, the first error is the better one to report.
                let _ = folder.rename(old_name, &folder, name);
            }
            return Err(failed(error));
        }
        Ok(info)
    });
    for leftover in [new_name, old_name] {
        // Usually there is none.
        let _ = folder.remove_tree(leftover);
    }
    installed
}

/// The process that was replacing the directory `name` by way of `leftover`, and whether it is what was there before.
fn writer_of(leftover: &str, name: &str) -> Option<(u32, bool)> {
    let (process, end) = leftover.strip_prefix(name)?.strip_prefix('.')?.split_once('.')?;
    let is_former = match end {
        "old" => true,
        "new" => false,
        _ => return None,
    };
    process
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| process.parse().ok())?
        .map(|pid| (pid, is_former))
}

/// Removes what installations of the directory `name` in `into` left whose process, by its id, is not running; a former
/// model that had no successor yet is put back. Returns how many directories were dealt with.
pub fn sweep(into: &DirPath, name: &str, is_running: impl Fn(u32) -> bool) -> usize {
    let Ok(folder) = into.open() else { return 0 };
    let mut swept = 0;
    for leftover in folder.names().unwrap_or_default() {
        let Some((process, is_former)) = leftover.to_str().and_then(|found| writer_of(found, name)) else {
            continue;
        };
        if is_running(process) {
            continue;
        }
        let is_missing = folder.facts(OsStr::new(name)).is_err();
        let dealt_with = if is_former && is_missing {
            folder.rename(&leftover, &folder, OsStr::new(name))
        } else {
            folder.remove_tree(&leftover)
        };
        swept += usize::from(dealt_with.is_ok());
    }
    swept
}

/// Removes an installed model. Returns `false` where there is none.
///
/// # Errors
/// It cannot be removed.
pub fn remove(installed: &DirPath) -> Result<bool, ModelError> {
    match installed.remove_tree() {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(ModelError::Io { path: installed.path(), source }),
    }
}

/// The file at `name` in a directory of ours; directories in between are created.
fn file_in(to: &DirPath, name: &str) -> io::Result<FilePath> {
    let (folder, name) = match name.rsplit_once('/') {
        Some((below, name)) => (to.sub(below), name),
        None => (to.clone(), name),
    };
    folder.create()?;
    Ok(folder.file(name))
}

/// Copies the files of a model, and writes down what its name alone says.
fn copy(folder: &ModelDir, to: &DirPath) -> Result<(), ModelError> {
    let failed = |name: &str| {
        let path = to.path().join(name);
        move |source| ModelError::Io { path, source }
    };
    for name in FILES {
        let source = folder.path.file(name);
        if source.regular().map_err(ModelError::io(&source))?.is_none() {
            continue;
        }
        let mut opened = source.open_regular().map_err(ModelError::io(&source))?;
        let copied = file_in(to, name).and_then(|file| {
            let mut copy = file.create()?;
            io::copy(&mut opened, &mut copy)?;
            copy.sync_all()
        });
        copied.map_err(failed(name))?;
    }
    let info = &folder.info;
    let copied = ModelDir::open(&to.clone().into())?.info;
    let write = |name: &str, content: serde_json::Value| {
        let written =
            file_in(to, name).and_then(|file| file.create()?.write_all(content.to_string().as_bytes()));
        written.map_err(failed(name))
    };
    if (&copied.query_prefix, &copied.passage_prefix) != (&info.query_prefix, &info.passage_prefix) {
        let prompts = serde_json::json!({ "query": info.query_prefix, "passage": info.passage_prefix });
        write(PROMPTS, serde_json::json!({ "prompts": prompts }))?;
    }
    if copied.pooling != info.pooling {
        let is_first = info.pooling == Pooling::Cls;
        let pooling = serde_json::json!({
            "pooling_mode_cls_token": is_first,
            "pooling_mode_mean_tokens": !is_first,
        });
        write(POOLING, pooling)?;
    }
    Ok(())
}

/// Verifies that a copy embeds as its source does. Returns its properties under the source's name.
fn verify(encoder: &Encoder, copy: &NamedDir) -> Result<ModelInfo, ModelError> {
    let copied = Encoder::load(&ModelDir::open(copy)?)?;
    for role in [InputRole::Query, InputRole::Passage] {
        let text = "reads a text that both have to find alike";
        if encoder.embed(text, role, 32)? != copied.embed(text, role, 32)? {
            return Err(ModelError::Unsupported("its copy is not what was copied".to_owned()));
        }
    }
    Ok(ModelInfo { name: encoder.info().name.clone(), ..copied.info().clone() })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{DirPath, sweep};

    #[test]
    fn what_a_killed_installation_left_is_removed_or_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let (data, running) = (DirPath::from(folder.path()), 7);
        let model = |name: &str| {
            fs::create_dir_all(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("config.json"), name).unwrap();
        };
        let names = || {
            let entries = fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let stays = ["model.7.new", "model.7.old", "model.x.new", "model.8.bak", "models.8.new"];
        stays.into_iter().for_each(model);
        ["model", "model.8.new", "model.9.old"].into_iter().for_each(model);
        assert_eq!(sweep(&data, "model", |process| process == running), 2);
        assert_eq!(
            names(),
            ["model", "model.7.new", "model.7.old", "model.8.bak", "model.x.new", "models.8.new"]
        );

        // Killed between taking the former model away and putting the new one in its place.
        fs::rename(folder.path().join("model"), folder.path().join("model.8.old")).unwrap();
        assert_eq!(sweep(&data, "model", |process| process == running), 1);
        assert_eq!(fs::read_to_string(folder.path().join("model/config.json")).unwrap(), "model");
    }
}
