//! The sample plugins under `fixtures` are a clean catalog, and the roles and patterns beside them name its agents.

use std::path::Path;

use adjutant_catalog::{Catalog, Kind, ScanOptions, scan};
use serde_json::Value;

fn samples() -> Catalog {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let registry = Some(fixtures.join("agent-registry.yml"));
    scan(&ScanOptions { registry, ..ScanOptions::new(fixtures) }, None)
}

#[test]
fn samples_are_complete_and_clean() {
    let catalog = samples();
    assert_eq!(catalog.counts().enumerated(" and "), "14 agents, 8 skills and 6 workflows");
    assert_eq!(catalog.plugins().len(), 6);
    let repaired = ["frontmatter_missing", "never_shown_by_client", "frontmatter_repaired"];
    let other: Vec<_> = catalog.problems().iter().filter(|p| !repaired.contains(&p.code)).collect();
    assert!(other.is_empty(), "{other:#?}");
    for definition in catalog.definitions() {
        assert!(!definition.capabilities.is_empty(), "{}", definition.id);
        assert!(definition.capabilities.len() <= 24, "{}", definition.id);
        if definition.kind == Kind::Workflow {
            assert!(definition.steps.len() >= 4 && !definition.agents.is_empty(), "{definition:#?}");
        }
        for agent in &definition.agents {
            assert!(catalog.find(Kind::Agent, agent).one().is_some(), "{} names {agent}", definition.id);
        }
    }
}

#[test]
fn roles_and_patterns_name_agents_of_the_samples() {
    let catalog = samples();
    assert_eq!(catalog.roles().len(), 9);
    for role in catalog.roles().iter() {
        assert!(role.primary.id.is_some(), "{role:?}");
        assert!(role.fallbacks.iter().all(|agent| agent.id.is_some()), "{role:?}");
    }
    let role = catalog.roles().get("Frontend Developer").unwrap();
    assert_eq!(role.primary.id.as_deref(), Some("frontend-web:react-developer"));
    let patterns = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/patterns.jsonl");
    for line in std::fs::read_to_string(patterns).unwrap().lines() {
        let pattern: Value = serde_json::from_str(line).unwrap();
        for agent in pattern["agent_sequence"].as_array().unwrap() {
            assert!(catalog.find(Kind::Agent, agent.as_str().unwrap()).one().is_some(), "{agent}");
        }
    }
}
