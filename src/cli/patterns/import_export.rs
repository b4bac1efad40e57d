//! `adjutant patterns export` and `import`: patterns as a file of JSON lines.

use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use crate::app::operation::Operation;
use crate::app::operations::import::{ImportPatterns, imported};
use crate::cli::store_access;
use crate::cli::{exit, output, running_client, small_runtime};
use crate::config::Config;
use confined_fs::NamedFile;
use domain::patterns::PatternSet;
use protocol::Imported;
use store::export_patterns;

/// Bytes of an imported file at most: beyond any number of patterns that is kept.
const MAX_IMPORT_BYTES: u64 = 64 << 20;

/// Bytes of lines in one call to a running instance, well within what it reads of a request.
const BYTES_A_CALL: usize = 400_000;

pub(super) fn export(
    config: &Config,
    pattern_set: &PatternSet,
    file: &Path,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let mut lines = Vec::new();
    let count = export_patterns(pattern_set, &mut lines)?;
    let file = NamedFile::new(&config.project.root, file);
    write_lines(&lines, count, "patterns", &file, as_json)
}

/// Writes lines to a file, and says how many of what; `-` is standard output.
pub(in crate::cli) fn write_lines(
    lines: &[u8],
    count: usize,
    what: &str,
    file: &NamedFile,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    if file.path() == Path::new("-") {
        output::bytes(lines);
        return Ok(ExitCode::SUCCESS);
    }
    let name = file.path().display().to_string();
    file.write(lines).with_context(|| name.clone())?;
    output::line(&if as_json {
        format!("{:#}", json!({ "exported": count, "file": name }))
    } else {
        format!("{count} {what} written to {name}")
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) fn import(config: &Config, file: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let lines = read_lines(&config.project.root, file).with_context(|| file.display().to_string())?;
    let imported = take_over(config, &lines)?;
    if as_json {
        output::line(&format!("{:#}", serde_json::to_value(&imported)?));
    } else {
        output::line(&format!(
            "{} new, {} known already, {} refused",
            imported.created, imported.known, imported.refused
        ));
        for reason in &imported.reasons {
            output::error(reason);
        }
    }
    Ok(if imported.refused == 0 { ExitCode::SUCCESS } else { exit::NOTHING_FOUND.into() })
}

/// Through the running instance, which owns the memory; else straight into it.
fn take_over(config: &Config, lines: &str) -> anyhow::Result<Imported> {
    let runtime = small_runtime()?;
    let Some((client, _)) = running_client(config) else {
        let store = store_access::for_session(config)?;
        return Ok(imported(runtime.block_on(store.import_patterns(lines, 1))?));
    };
    let mut all = Imported::default();
    for (first, chunk) in chunks(lines, BYTES_A_CALL) {
        let params = json!({ "lines": chunk, "first_line": first });
        let reply = runtime.block_on(client.call(ImportPatterns::NAME, &params))?.body;
        let result = reply.get("result").with_context(|| format!("refused: {}", reply["error"]))?;
        all.add(serde_json::from_value(result.clone())?);
    }
    Ok(all)
}

/// The lines of a file, `-` for standard input.
pub(in crate::cli) fn read_lines(project: &Path, file: &Path) -> io::Result<String> {
    let mut source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(NamedFile::new(project, file).open()?)
    };
    let mut lines = String::new();
    let length = (&mut source).take(MAX_IMPORT_BYTES + 1).read_to_string(&mut lines)?;
    if u64::try_from(length).is_ok_and(|length| length > MAX_IMPORT_BYTES) {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than 64 MiB is too much"));
    }
    Ok(lines)
}

/// The lines in pieces of about `bytes`, each with the number of its first line.
fn chunks(lines: &str, bytes: usize) -> Vec<(usize, String)> {
    let mut chunks: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(lines.lines()) {
        match chunks.last_mut() {
            Some((_, chunk)) if chunk.len() + line.len() < bytes => {
                chunk.push('\n');
                chunk.push_str(line);
            }
            _ => chunks.push((number, line.to_owned())),
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn lines_are_cut_into_pieces_that_know_their_place() {
        let pieces = chunks("aaa\nbbb\n\nccccccccccc\nd", 9);
        let expected = [(1, "aaa\nbbb\n"), (4, "ccccccccccc"), (5, "d")];
        assert_eq!(pieces, expected.map(|(first, text)| (first, text.to_owned())));
        assert!(chunks("", 8).is_empty());
    }
}
