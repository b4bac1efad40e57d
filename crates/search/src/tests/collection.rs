//! A small collection, and requests to its index.

use crate::{Aliases, Findings, Index, Request};
use catalog::{Catalog, Definition, Kind};

/// An agent of plugin `plugin`.
pub(super) fn agent(plugin: &str, name: &str, description: &str, body: &str) -> Definition {
    entry(Kind::Agent, plugin, name, description, body)
}

pub(super) fn entry(kind: Kind, plugin: &str, name: &str, description: &str, body: &str) -> Definition {
    Definition {
        kind,
        id: format!("{plugin}:{name}"),
        plugin: plugin.into(),
        name: name.into(),
        description: description.into(),
        body: body.into(),
        path: format!("plugins/{plugin}/agents/{name}.md").into(),
        content_hash: format!("{plugin}/{name}/{description}/{body}"),
        ..Definition::default()
    }
}

/// A small collection of every kind.
pub(super) fn collection() -> Catalog {
    let mut react =
        agent("web", "react-specialist", "Builds React components and hooks", "JSX, state, effects.");
    react.capabilities = vec!["react".into(), "state management".into()];
    react.model = Some("haiku".into());
    let mut ops =
        agent("ops", "kubernetes-architect", "Designs clusters on EKS", "Helm charts, pods, deployments.");
    ops.model = Some("opus".into());
    Catalog::from_definitions([
        react,
        ops,
        agent("ops", "docker-expert", "Containerises services with Docker images", "Dockerfile, layers."),
        agent(
            "ops",
            "observability-engineer",
            "Dashboards and alerts in Grafana",
            "Prometheus, tracing, metrics.",
        ),
        agent("web", "frontend-developer", "Builds user interfaces", "React, Vue, CSS and accessibility."),
        agent("db", "sql-pro", "Tunes slow SQL queries", "Indexes, query plans, PostgreSQL and MySQL."),
        entry(Kind::Skill, "db", "migrations", "Schema migrations without downtime", "Expand and contract."),
        entry(
            Kind::Workflow,
            "ops",
            "deploy",
            "Deploys a service",
            "Phase 1: build. Phase 2: roll out to kubernetes.",
        ),
    ])
}

pub(super) fn index() -> Index {
    Index::build(&collection(), &Aliases::parse("k8s: [kubernetes]\na: [b]\nb: [a]\n").0)
}

pub(super) fn names(findings: &Findings) -> Vec<&str> {
    findings.hits.iter().map(|hit| hit.definition.name.as_str()).collect()
}

pub(super) fn context(words: &str) -> Request<'_> {
    Request { context: Some(words), ..Request::default() }
}
