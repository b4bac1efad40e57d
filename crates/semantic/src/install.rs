//! Copying a model to where an instance looks for it, so that a reader finds the old one or the new one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::encoder::{Encoder, InputRole};
use super::model_dir::{FILES, ModelDir, ModelError, ModelInfo, POOLING, PROMPTS, Pooling};

/// Checks the model in `source` and puts a copy in the place of `target`, which may hold another.
///
/// What the source's name alone says (how requests begin, how token vectors are put together) is written down in the
/// copy, since its folder has another name.
///
/// # Errors
/// Where the source is no model that can be run, or the copy cannot be made; `target` is then as it was.
pub fn install(source: &Path, target: &Path) -> Result<ModelInfo, ModelError> {
    let folder = ModelDir::open(source)?;
    let encoder = Encoder::load(&folder)?;
    let beside = |end: &str| target.with_extension(format!("{}.{end}", std::process::id()));
    let (new, old) = (beside("new"), beside("old"));
    let made = copy(&folder, &new).and_then(|()| same(&encoder, &new));
    let installed = made.and_then(|info| {
        let failed = |source| ModelError::Io { path: target.to_owned(), source };
        let had = target.exists();
        if had {
            fs::rename(target, &old).map_err(failed)?;
        }
        if let Err(error) = fs::rename(&new, target) {
            if had {
                // Back to what was there; if that fails as well, the first reason is the better one to tell.
                let _ = fs::rename(&old, target);
            }
            return Err(failed(error));
        }
        Ok(info)
    });
    for leftover in [new, old] {
        // Usually there is none.
        let _ = fs::remove_dir_all(leftover);
    }
    installed
}

/// Removes an installed model; false where there is none.
///
/// # Errors
/// Where it cannot be removed.
pub fn remove(target: &Path) -> Result<bool, ModelError> {
    match fs::remove_dir_all(target) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(ModelError::Io { path: target.to_owned(), source }),
    }
}

fn copy(folder: &ModelDir, to: &Path) -> Result<(), ModelError> {
    let failed = |path: PathBuf| move |source| ModelError::Io { path, source };
    for name in FILES {
        let (source, copy) = (folder.path.join(name), to.join(name));
        if !source.is_file() {
            continue;
        }
        if let Some(parent) = copy.parent() {
            fs::create_dir_all(parent).map_err(failed(parent.to_owned()))?;
        }
        fs::copy(&source, &copy).map_err(failed(copy.clone()))?;
        File::open(&copy).and_then(|file| file.sync_all()).map_err(failed(copy))?;
    }
    let info = &folder.info;
    let copied = ModelDir::open(to)?.info;
    let write = |name: &str, content: serde_json::Value| {
        let path = to.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent.to_owned()))?;
        }
        fs::write(&path, content.to_string()).map_err(failed(path))
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

/// Whether the copy judges as its source does.
fn same(encoder: &Encoder, copy: &Path) -> Result<ModelInfo, ModelError> {
    let copied = Encoder::load(&ModelDir::open(copy)?)?;
    for role in [InputRole::Query, InputRole::Passage] {
        let text = "reads a text that both have to find alike";
        if encoder.embed(text, role, 32)? != copied.embed(text, role, 32)? {
            return Err(ModelError::Unsupported("its copy is not what was copied".to_owned()));
        }
    }
    Ok(ModelInfo { name: encoder.info().name.clone(), ..copied.info().clone() })
}
