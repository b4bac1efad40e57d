//! Where the user's own files and installed plugins lie.

use std::path::{Path, PathBuf};

use super::layers::Layers;
use super::{ConfigError, Environment, setting};

/// The client's folder in the home folder.
const BASE: &str = ".claude";

/// Where an administrator prescribes settings, agents, skills and commands.
const MANAGED: &str =
    if cfg!(target_os = "macos") { "/Library/Application Support/ClaudeCode" } else { "/etc/claude-code" };

/// The folders of Claude Code that belong to the user. All paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserScope {
    /// The home folder, where it is known.
    pub home: Option<PathBuf>,
    /// Settings and the user's own agents, skills and commands: `CLAUDE_CONFIG_DIR`, else `~/.claude`.
    pub base: PathBuf,
    /// Installed plugins and the registries of them: `CLAUDE_CODE_PLUGIN_CACHE_DIR`, else `plugins` in `base`.
    pub plugins: PathBuf,
    /// What an administrator prescribes.
    pub managed: PathBuf,
}

impl UserScope {
    /// `None` where the user scope is off, or no folder can be said to be the user's.
    pub(super) fn resolve(
        layers: &Layers,
        environment: &Environment,
    ) -> Result<Option<UserScope>, ConfigError> {
        let is_on = layers.switch(setting::USER_SCOPE)?.unwrap_or(true);
        Ok(UserScope::of(environment).filter(|_| is_on))
    }

    /// The folders of the client, whether or not what is in them is indexed; `None` where no folder can be said to be the
    /// user's.
    pub(super) fn of(environment: &Environment) -> Option<UserScope> {
        let home = environment.path("HOME").filter(|home| home.is_absolute());
        let given = |name| environment.path(name).map(|path| expanded(path, home.as_deref()));
        let base = given("CLAUDE_CONFIG_DIR").or_else(|| Some(home.as_ref()?.join(BASE)));
        let base = base?;
        let plugins = given("CLAUDE_CODE_PLUGIN_CACHE_DIR").unwrap_or_else(|| base.join("plugins"));
        Some(UserScope { home, base, plugins, managed: UserScope::managed_dir() })
    }

    /// Where an administrator prescribes settings, agents, skills and commands.
    pub fn managed_dir() -> PathBuf {
        MANAGED.into()
    }
}

/// `path` made absolute, `~` being the home folder.
fn expanded(path: PathBuf, home: Option<&Path>) -> PathBuf {
    let in_home = path.strip_prefix("~").ok().zip(home).map(|(inside, home)| home.join(inside));
    in_home.unwrap_or_else(|| std::path::absolute(&path).unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::Flags;
    use super::super::layers::Layers;
    use super::{ConfigError, Environment, UserScope};

    fn resolve(no_user_scope: bool, pairs: &[(&str, &str)]) -> Result<Option<UserScope>, ConfigError> {
        let environment = Environment::of(pairs);
        UserScope::resolve(
            &Layers::new(&Flags { no_user_scope, ..Flags::default() }, &environment),
            &environment,
        )
    }

    /// Base and plugins folder.
    fn folders(pairs: &[(&str, &str)]) -> Option<(PathBuf, PathBuf)> {
        let scope = resolve(false, pairs).unwrap();
        scope.map(|scope| (scope.base, scope.plugins))
    }

    #[test]
    fn folders_are_those_of_the_client() {
        let (home, base, plugins) =
            (("HOME", "/h"), ("CLAUDE_CONFIG_DIR", "/c"), ("CLAUDE_CODE_PLUGIN_CACHE_DIR", "~/p"));
        let expect = |base: &str, plugins: &str| Some((PathBuf::from(base), PathBuf::from(plugins)));
        assert_eq!(folders(&[home]), expect("/h/.claude", "/h/.claude/plugins"));
        assert_eq!(folders(&[home, base]), expect("/c", "/c/plugins"));
        assert_eq!(folders(&[base]), expect("/c", "/c/plugins"));
        assert_eq!(folders(&[home, base, plugins]), expect("/c", "/h/p"));
        assert_eq!(folders(&[]), None, "nobody's files are read where nobody is known");
        assert_eq!(folders(&[("HOME", "relative")]), None);
    }

    #[test]
    fn it_can_be_switched_off() {
        let home = ("HOME", "/h");
        assert_eq!(folders(&[home, ("MCP_USER_SCOPE", "off")]), None);
        assert!(folders(&[home, ("MCP_USER_SCOPE", "on")]).is_some());
        assert_eq!(resolve(true, &[home]).unwrap(), None);
        let folders = UserScope::of(&Environment::of(&[home, ("MCP_USER_SCOPE", "off")]));
        assert_eq!(folders.unwrap().base, PathBuf::from("/h/.claude"), "the folders are known all the same");
        let odd = resolve(false, &[home, ("MCP_USER_SCOPE", "perhaps")]);
        assert!(odd.unwrap_err().to_string().contains("MCP_USER_SCOPE"));
    }
}
