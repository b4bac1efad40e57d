//! BM25F against the formula, written down as plainly as possible.

use std::sync::Arc;

use proptest::prelude::*;

use super::collection::{agent, context, index};
use crate::numeric::as_f32;
use crate::{Aliases, FIELDS, Index, LatentSpace, Request, Weights, text};
use catalog::{Catalog, Definition, Kind};

/// How often `term` occurs in each field, and the length of each field.
fn field_counts(definition: &Definition, term: &str) -> [(f32, f32); FIELDS] {
    let fields = [
        definition.name.clone(),
        definition.description.clone(),
        definition.when_to_use.clone(),
        definition.keywords.join(" "),
        definition.headings.join(" "),
        definition.body.clone(),
    ];
    fields.map(|field| {
        let terms = text::terms(&field);
        let count = terms.iter().filter(|other| *other == term).count().min(255);
        (as_f32(count), as_f32(terms.len()))
    })
}

fn naive(definitions: &[Definition], term: &str, weights: &Weights) -> Vec<f32> {
    let all: Vec<_> = definitions.iter().map(|definition| field_counts(definition, term)).collect();
    let found = all.iter().filter(|fields| fields.iter().any(|(count, _)| *count > 0.0)).count();
    let found = as_f32(found);
    let idf = (1.0 + (as_f32(definitions.len()) - found + 0.5) / (found + 0.5)).ln();
    let score = |fields: &[(f32, f32); FIELDS]| {
        let mut evidence = 0.0;
        for (slot, (count, length)) in fields.iter().enumerate().filter(|(_, (count, _))| *count > 0.0) {
            let lengths: Vec<f32> =
                all.iter().map(|other| other[slot].1).filter(|length| *length > 0.0).collect();
            // Averages and impacts are rounded as in the index.
            let average = lengths.iter().sum::<f32>() / as_f32(lengths.len());
            let average = ((average.log2() * 8.0).round() / 8.0).exp2();
            let b = weights.length[slot];
            evidence += weights.field[slot] * (1.0 + count.ln()) / (1.0 - b + b * (length / average));
        }
        let impact = (255.0 * (evidence / (weights.saturation + evidence))).round() / 255.0;
        if evidence > 0.0 { idf * impact } else { 0.0 }
    };
    all.iter().map(score).collect()
}

const WORDS: [&str; 9] = ["react", "testing", "kube", "sql", "the", "Deploy", "cache", "queue", "slow"];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..12).prop_map(|words| words.join(" "))
}

fn definition() -> impl Strategy<Value = Definition> {
    (text(), text(), text(), prop::collection::vec(text(), 0..3), text()).prop_map(
        |(name, description, when_to_use, headings, body)| Definition {
            name,
            description,
            when_to_use,
            headings,
            body,
            ..Definition::default()
        },
    )
}

/// A catalog of these entries in their order.
fn catalog_of(definitions: Vec<Definition>) -> Catalog {
    Catalog::from_definitions(definitions.into_iter().enumerate().map(|(at, definition)| Definition {
        id: format!("p:{at:02}"),
        path: format!("{at:02}.md").into(),
        ..definition
    }))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scores_are_the_formulas(definitions in prop::collection::vec(definition(), 1..12), word in prop::sample::select(WORDS.to_vec())) {
        let index = Index::build(&catalog_of(definitions.clone()), &Aliases::default());
        let mut scores = vec![0.0; definitions.len()];
        for (position, score) in index.top_by_bm25f(Kind::Agent, word, definitions.len()) {
            scores[position] = score;
        }
        let term = text::term(&word.to_lowercase());
        let plain = naive(&definitions, term.as_deref().unwrap_or_default(), &Weights::default());
        for (fast, plain) in scores.iter().zip(plain) {
            prop_assert!((fast - plain).abs() < 1e-4, "{fast} {plain}");
        }
    }

    #[test]
    fn answers_are_sound(definitions in prop::collection::vec(definition(), 0..12), words in text(), limit in 0usize..8) {
        let catalog = catalog_of(definitions);
        let index = Index::build(&catalog, &Aliases::default());
        let index = index.with_latent(Arc::new(LatentSpace::train(&catalog)));
        prop_assert!(index.has_latent());
        let request = Request { context: Some(&words), limit, ..Request::default() };
        let explained = index.explain(&request);
        prop_assert!(explained.findings.hits.len() <= limit);
        prop_assert!((0.0..=1.0).contains(&explained.findings.confidence));
        prop_assert!(explained.findings.hits.is_sorted_by(|a, b| a.score >= b.score));
        for (hit, breakdown) in explained.findings.hits.iter().zip(&explained.breakdowns) {
            prop_assert!((0.0..=1.0).contains(&hit.score));
            prop_assert!((hit.score - breakdown.total()).abs() < 1e-4, "{} {}", hit.score, breakdown.total());
            for term in &breakdown.terms {
                let fields: f32 = term.fields.iter().map(|(_, part)| part).sum();
                prop_assert!((fields - term.score).abs() < 1e-4, "{term:?}");
            }
        }
    }

    #[test]
    fn any_text_is_read(any in "\\PC{0,80}") {
        for term in text::terms(&any) {
            prop_assert!(!term.is_empty() && term.chars().count() <= 64);
        }
        index().find(&Request { capability: Some(&any), role: Some(&any), context: Some(&any), ..Request::default() });
    }
}

/// Many short entries, of which an answer contains only a few.
fn crowd() -> impl Strategy<Value = Vec<Definition>> {
    prop::collection::vec((text(), 0..4u8, prop::bool::weighted(0.1)), 150..400).prop_map(|all| {
        let entry = |(at, (description, plugin, hidden)): (usize, (String, u8, bool))| Definition {
            hidden,
            model: (at % 7 == 0).then(|| "opus".into()),
            ..agent(&format!("p{plugin}"), &format!("agent-{at:03}"), &description, "")
        };
        all.into_iter().enumerate().map(entry).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn a_short_answer_begins_the_long_one(definitions in crowd(), words in text(), learned in 0usize..400) {
        let catalog = Catalog::from_definitions(definitions.iter().cloned());
        let index = Index::build(&catalog, &Aliases::default());
        let prior = |entry: &Definition| if entry.name == format!("agent-{learned:03}") { 1.0 } else { 0.0 };
        let complex = format!("complex {words}");
        for request in [
            context(&words),
            Request { plugin: Some("p1"), ..context(&words) },
            Request { prior: Some(&prior), ..context(&words) },
            context(&complex),
        ] {
            let of = |limit| {
                let findings = index.find(&Request { limit, ..request });
                findings.hits.iter().map(|hit| (hit.definition.id.clone(), hit.score)).collect::<Vec<_>>()
            };
            let (short, long) = (of(5), of(100));
            prop_assert_eq!(&short[..], &long[..short.len()]);
            prop_assert!(short.len() == 5 || short.len() == long.len());
        }
    }

    #[test]
    fn the_top_is_the_formulas(definitions in crowd(), word in prop::sample::select(WORDS.to_vec())) {
        let catalog = Catalog::from_definitions(definitions.iter().cloned());
        let sorted: Vec<Definition> =
            catalog.definitions().iter().map(|entry| Definition::clone(entry)).collect();
        let top = Index::build(&catalog, &Aliases::default()).top_by_bm25f(Kind::Agent, word, 10);
        let term = text::term(&word.to_lowercase()).unwrap_or_default();
        let mut plain: Vec<(usize, f32)> =
            naive(&sorted, &term, &Weights::default()).into_iter().enumerate().filter(|row| row.1 > 0.0).collect();
        plain.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        plain.truncate(10);
        let places = |rows: &[(usize, f32)]| rows.iter().map(|row| row.0).collect::<Vec<_>>();
        prop_assert_eq!(places(&top), places(&plain), "{:?} {:?}", top, plain);
    }
}
