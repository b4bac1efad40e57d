//! Temporary files of processes that were killed while they replaced one of the project's files.

use crate::config::Paths;

/// The files that are replaced in whole, in the folders for data and for a running instance. Those without an ending are
/// what earlier versions called their temporary files after.
const REPLACED: [&str; 16] = [
    "catalog.bin",
    "index.bin",
    "latent.bin",
    "vectors.bin",
    "used.log",
    "mcp.wish",
    "mcp.pid",
    "endpoint.json",
    "supervisor.pid",
    "catalog",
    "index",
    "latent",
    "vectors",
    "mcp",
    "endpoint",
    "supervisor",
];

/// Removes what is left of them; for the process that owns the project's store. Those of log files go with the old ones.
pub fn sweep(paths: &Paths) {
    for folder in [&paths.data_dir, &paths.run_dir] {
        let Ok(folder) = folder.open() else { continue };
        let swept = folder.sweep_temporary(|name| REPLACED.contains(&name));
        if swept > 0 {
            tracing::info!(files = swept, "temporary files of a killed process were removed");
        }
    }
}
