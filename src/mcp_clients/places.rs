//! Where clients keep their servers, and by which files one is known to be there.

use std::path::{Path, PathBuf};

use super::client::McpClient;
use crate::config::Environment;
use confined_fs::NamedFile;

/// The folders of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    home: PathBuf,
    /// Where Claude Code has its files, if it was told so.
    claude: Option<PathBuf>,
    codex: PathBuf,
    config: PathBuf,
    state: PathBuf,
}

impl Places {
    /// Those of the environment's user; `None` without a home.
    pub fn of(environment: &Environment) -> Option<Places> {
        let home = environment.path("HOME").filter(|home| home.is_absolute())?;
        let absolute = |name| environment.path(name).filter(|path| path.is_absolute());
        Some(Places {
            claude: absolute("CLAUDE_CONFIG_DIR"),
            codex: absolute("CODEX_HOME").unwrap_or_else(|| home.join(".codex")),
            config: absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            state: absolute("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state")),
            home,
        })
    }

    /// The file in which a client has the user's servers.
    pub fn file(&self, client: McpClient) -> PathBuf {
        match client {
            McpClient::ClaudeCode => self.claude.as_ref().unwrap_or(&self.home).join(".claude.json"),
            McpClient::Cursor => self.home.join(".cursor/mcp.json"),
            McpClient::VsCode => self.vs_code().join("mcp.json"),
            McpClient::Codex => self.codex.join("config.toml"),
            McpClient::Windsurf => self.home.join(".codeium/windsurf/mcp_config.json"),
            McpClient::GeminiCli => self.home.join(".gemini/settings.json"),
        }
    }

    /// One of the user's files, seen from the project in which a command runs.
    pub(super) fn named(&self, project: &Path, path: &Path) -> NamedFile {
        NamedFile::of_user(project, &self.home, path)
    }

    /// Whether the client was ever run here.
    pub fn has(&self, client: McpClient) -> bool {
        let folder = match client {
            // The folder alone says little: this program writes into it as well.
            McpClient::ClaudeCode => {
                let base = self.claude.clone().unwrap_or_else(|| self.home.join(".claude"));
                let own = ["settings.json", "plugins", "projects"].map(|name| base.join(name));
                return self.file(client).exists() || own.iter().any(|path| path.exists());
            }
            McpClient::VsCode => self.vs_code(),
            McpClient::Codex => self.codex.clone(),
            McpClient::Cursor | McpClient::Windsurf | McpClient::GeminiCli => {
                let file = self.file(client);
                file.parent().map(Path::to_owned).unwrap_or_default()
            }
        };
        folder.is_dir()
    }

    fn vs_code(&self) -> PathBuf {
        let settings = if cfg!(target_os = "macos") {
            self.home.join("Library/Application Support")
        } else {
            self.config.clone()
        };
        settings.join("Code/User")
    }

    /// The folder in which it is recorded what was written.
    pub(super) fn state(&self) -> PathBuf {
        self.state.join("adjutant")
    }
}
