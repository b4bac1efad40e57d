//! Capabilities of entries that state none.

use super::definition::Definition;
use super::layout::Facts;

/// Tags derived from the name, the plugin, the description and the body of `definition`, most telling first.
pub(super) fn derive(definition: &Definition, facts: &Facts) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    let parts = definition.name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    for tag in parts.chain(facts.keywords.iter().cloned()) {
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}
