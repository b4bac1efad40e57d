//! Completion of arguments: plugins and names in resource URIs, plugins and past goals in prompts.

use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};

use super::{prompts, resources};
use crate::app::{Project, Snapshot};
use catalog::Kind;

/// The values that complete an argument, prefix matches first; none for an unknown argument.
pub(super) fn complete(project: &Project, request: &CompleteRequestParams) -> CompletionInfo {
    let snapshot = project.snapshot();
    let argument = request.argument.name.as_str();
    let given = |name: &str| {
        let arguments = request.context.as_ref().and_then(|context| context.arguments.as_ref());
        arguments.and_then(|arguments| arguments.get(name)).map(String::as_str)
    };
    let candidates = match &request.r#ref {
        Reference::Resource(template) => match (resources::kind_of_template(&template.uri), argument) {
            (Some(kind), "plugin") => plugins(&snapshot, Some(kind)),
            (Some(kind), "name") => names(&snapshot, kind, given("plugin")),
            _ => Vec::new(),
        },
        Reference::Prompt(prompt) if prompt.name == prompts::ORCHESTRATE => match argument {
            prompts::PLUGIN => plugins(&snapshot, None),
            prompts::GOAL => goals(project),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    matching(candidates, &request.argument.value)
}

fn plugins(snapshot: &Snapshot, kind: Option<Kind>) -> Vec<String> {
    let definitions = snapshot.catalog.definitions().iter();
    let wanted = definitions.filter(|definition| kind.is_none_or(|kind| definition.kind == kind));
    wanted.map(|definition| resources::plugin_of(definition).to_owned()).collect()
}

fn names(snapshot: &Snapshot, kind: Kind, plugin: Option<&str>) -> Vec<String> {
    let definitions = snapshot.catalog.definitions().iter();
    let wanted = definitions.filter(|definition| {
        definition.kind == kind && plugin.is_none_or(|plugin| resources::plugin_of(definition) == plugin)
    });
    wanted.map(|definition| resources::name_of(definition).to_owned()).collect()
}

fn goals(project: &Project) -> Vec<String> {
    project.store().patterns().patterns().map(|pattern| pattern.goal.clone()).collect()
}

/// The candidates that contain `typed`, without duplicates: prefix matches first, then by name.
fn matching(candidates: Vec<String>, typed: &str) -> CompletionInfo {
    let typed = typed.trim().to_lowercase();
    let mut ranked: Vec<(bool, String)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let at = candidate.to_lowercase().find(&typed)?;
            Some((at > 0, candidate))
        })
        .collect();
    ranked.sort();
    ranked.dedup();
    let total = ranked.len();
    let values: Vec<String> =
        ranked.into_iter().take(CompletionInfo::MAX_VALUES).map(|(_, candidate)| candidate).collect();
    let more = total > values.len();
    CompletionInfo::with_pagination(values, u32::try_from(total).ok(), more).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::matching;

    #[test]
    fn what_begins_so_comes_first_and_each_once() {
        let candidates = ["webpack", "Web", "my-web", "ops", "Web"].map(String::from).to_vec();
        let found = matching(candidates.clone(), "WEB");
        assert_eq!(found.values, ["Web", "webpack", "my-web"]);
        assert_eq!((found.total, found.has_more), (Some(3), Some(false)));
        assert_eq!(matching(candidates, "x").values, [] as [&str; 0]);
    }

    #[test]
    fn a_page_is_bounded() {
        let found = matching((0..250).map(|number| format!("n{number:03}")).collect(), "");
        assert_eq!((found.values.len(), found.total, found.has_more), (100, Some(250), Some(true)));
    }
}
