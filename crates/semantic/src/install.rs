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
