//! Opening files in folders that somebody else may have filled: no link leads out of them and no pipe blocks a reader.
//!
//! Everything that this program writes into a project, and everything of its own that it reads there, goes through one
//! capability, [`ConfinedDir`]. [`DirPath`] and [`FilePath`] name what lies below a root and open it anew each time;
//! [`NamedFile`] and [`NamedDir`] are what a user named, which may lie in the project or elsewhere.
//! [`scan_root::ScanRoot`] is the catalog's way in, which follows links that stay inside, as Claude Code does.

mod atomic_write;
mod confined_dir;
mod confined_path;
mod file_facts;
mod named_file;
pub mod scan_root;
mod temporary;

pub use atomic_write::Replacing;
pub use confined_dir::ConfinedDir;
pub use confined_path::{DirPath, FilePath};
pub use file_facts::{FileFacts, FileId, FileKind};
pub use named_file::{NamedDir, NamedFile};
