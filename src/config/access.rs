//! Access to the service: the address it listens on, the token that requests carry, how many of them it accepts.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::layers::Layers;
use super::{ConfigError, Paths, ProjectConfig, setting};
use confined_fs::{FilePath, NamedFile};

/// Characters of a token at least: a shorter one can be guessed over loopback within a day.
pub const MIN_TOKEN_CHARS: usize = 16;

/// Characters of a token at most: with the rest of a head it stays within what a connection buffers.
pub const MAX_TOKEN_CHARS: usize = 4_096;

/// Permissions that nobody but the owner may have on a token's file.
const OTHERS: u32 = 0o077;

/// A secret that requests carry. Only [`Token::secret`] reveals it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The secret itself, for a header or a comparison.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// Access to the service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The token that every request must carry, if any.
    pub token: Option<Token>,
    /// An address to listen on beside loopback, which needs a token; `None` is loopback alone.
    pub bind: Option<IpAddr>,
    /// Requests a second over all transports; `None` is the server's default, 0 sets no limit.
    pub requests_per_second: Option<u32>,
}

impl Access {
    pub(super) fn resolve(layers: &Layers, project: &ProjectConfig) -> Result<Self, ConfigError> {
        let token = Self::token(layers, project)?;
        let bind = layers.parsed(setting::BIND)?.filter(|address: &IpAddr| !address.is_loopback());
        if let Some(address) = bind.filter(|_| token.is_none()) {
            return Err(ConfigError::Unguarded { address, file: project.paths.token_file().path() });
        }
        let requests_per_second = layers.parsed(setting::RATE_LIMIT)?;
        Ok(Access { token, bind, requests_per_second })
    }

    /// The token of the environment, else of the file it names, else of the project's own file where there is one.
    fn token(layers: &Layers, project: &ProjectConfig) -> Result<Option<Token>, ConfigError> {
        if let Some(given) = layers.given(setting::TOKEN) {
            return valid(&given.shown())
                .map(Some)
                .map_err(|why| ConfigError::Token { place: "MCP_TOKEN".into(), why });
        }
        if let Some(named) = layers.path(setting::TOKEN_FILE) {
            let opened = NamedFile::new(&project.root, &named).open_regular();
            let text = opened.and_then(|file| read(file, &named));
            let text = text.map_err(|error| refused(&named, error.to_string()))?;
            return valid(&text).map(Some).map_err(|why| refused(&named, why));
        }
        let file = project.paths.token_file();
        let path = file.path();
        match file.open().and_then(|file| read(file, &path)) {
            Ok(text) => valid(&text).map(Some).map_err(|why| refused(&path, why)),
            // Also behind a linked folder: a token that somebody relies on must not be passed over.
            Err(_) if !path.exists() && path.symlink_metadata().is_err() => Ok(None),
            Err(error) => Err(refused(&path, error.to_string())),
        }
    }
}

fn refused(file: &Path, why: String) -> ConfigError {
    ConfigError::Token { place: file.display().to_string(), why }
}

/// The text of a file that nobody else may read.
fn read(file: File, path: &Path) -> std::io::Result<String> {
    if file.metadata()?.mode() & OTHERS != 0 {
        let path = path.display();
        let why = format!("others may use it; make it yours alone: chmod 600 {path}");
        return Err(std::io::Error::other(why));
    }
    let mut text = String::new();
    file.take(MAX_TOKEN_CHARS as u64 + 2).read_to_string(&mut text)?;
    Ok(text)
}

fn valid(text: &str) -> Result<Token, String> {
    let text = text.trim();
    if !(MIN_TOKEN_CHARS..=MAX_TOKEN_CHARS).contains(&text.len()) {
        return Err(format!("a token has {MIN_TOKEN_CHARS} to {MAX_TOKEN_CHARS} characters"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a token has letters, digits and signs only".into());
    }
    Ok(Token(text.to_owned()))
}

impl Paths {
    /// Holds the token that requests bear, where the user made one.
    pub fn token_file(&self) -> FilePath {
        self.run_dir.file("token")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::{Config, Environment, Flags};

    const SECRET: &str = "0123456789abcdef";

    fn resolved(dir: &std::path::Path, pairs: &[(&str, &str)]) -> Result<Config, String> {
        let flags = Flags { root: Some(dir.to_owned()), ..Flags::default() };
        Config::resolve(&flags, &Environment::of(pairs)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_comes_from_the_environment_or_a_file_of_ones_own() {
        let dir = tempfile::tempdir().unwrap();
        let secret = |config: Config| config.daemon.access.token.map(|token| token.secret().to_owned());
        assert_eq!(resolved(dir.path(), &[]).map(secret), Ok(None));
        assert_eq!(resolved(dir.path(), &[("MCP_TOKEN", SECRET)]).map(secret), Ok(Some(SECRET.into())));
        let file = dir.path().join(".claude/mcp-server/token");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, format!("{SECRET}\n")).unwrap();
        for (mode, is_taken) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let found = resolved(dir.path(), &[]).map(secret);
            match found {
                Ok(found) => assert_eq!((found.as_deref(), is_taken), (Some(SECRET), true), "{mode:o}"),
                Err(why) => assert!(!is_taken && why.contains("chmod 600"), "{mode:o}: {why}"),
            }
        }
        let missing = [("MCP_TOKEN_FILE", "/nonexistent/token")];
        assert!(resolved(dir.path(), &missing).is_err(), "a file that is named has to be there");
    }

    #[test]
    fn a_token_is_long_plain_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        for bad in ["short", "with a blank in the middle", "nul\u{e9}aaaaaaaaaaaaaaaaa"] {
            let why = resolved(dir.path(), &[("MCP_TOKEN", bad)]).map(|_| ()).unwrap_err();
            assert!(!why.contains(bad), "{why}");
        }
        let config = resolved(dir.path(), &[("MCP_TOKEN", SECRET)]).unwrap();
        assert!(!format!("{config:?}").contains(SECRET));
        assert!(!format!("{:?}", Environment::of(&[("MCP_TOKEN", SECRET)])).contains(SECRET));
    }

    #[test]
    fn nothing_but_loopback_without_a_token() {
        let dir = tempfile::tempdir().unwrap();
        let bind =
            |pairs: &[(&str, &str)]| resolved(dir.path(), pairs).map(|config| config.daemon.access.bind);
        for loopback in ["127.0.0.1", "::1", "127.0.0.2"] {
            assert_eq!(bind(&[("MCP_BIND", loopback)]), Ok(None), "{loopback}");
        }
        for other in ["0.0.0.0", "::", "192.168.1.5"] {
            assert!(bind(&[("MCP_BIND", other)]).unwrap_err().contains("token"), "{other}");
            assert_eq!(bind(&[("MCP_BIND", other), ("MCP_TOKEN", SECRET)]), Ok(other.parse().ok()));
        }
        assert!(bind(&[("MCP_BIND", "localhost")]).is_err());
    }
}
