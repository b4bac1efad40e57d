//! Sentences that several commands around an offload say.

use crate::offload::{SettingKey, Target};

/// When what is written, or taken back, acts in a session that is open: a sentence for each kind of key.
pub(super) fn when_it_acts(keys: &[SettingKey]) -> Vec<String> {
    let has = |is: fn(&SettingKey) -> bool| keys.iter().any(is);
    let rules = has(|key| matches!(key, SettingKey::Agent(_))).then_some("rules for agents");
    let overrides =
        has(|key| matches!(key, SettingKey::Skill(_))).then_some("settings of skills and commands");
    let live: Vec<&str> = rules.into_iter().chain(overrides).collect();
    let mut lines = Vec::new();
    if !live.is_empty() {
        lines.push(format!("in an open session, {} act at the next prompt", live.join(" and ")));
    }
    if has(|key| matches!(key, SettingKey::Plugin(_))) {
        lines.push("plugins change with /reload-plugins or in a new session".to_owned());
    }
    lines
}

/// What a command that is to change the same settings carries.
pub(super) fn flag_of(target: Target) -> &'static str {
    if target == Target::User { " --user" } else { "" }
}
