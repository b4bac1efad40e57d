//! Model folders that are broken, changed or swapped, and vectors that are kept.

use confined_fs::NamedDir;
use std::path::Path;

use serde_json::json;

use super::model::Tiny;
use super::support::{Project, Service};
use super::{judged, ready, service_with, wait_for};

#[tokio::test]
async fn a_model_that_cannot_be_used_is_named_and_answers_go_on() {
    type Damage = fn(&Path);
    let cases: [(Damage, &str); 8] = [
        (|folder| std::fs::remove_file(folder.join("tokenizer.json")).unwrap(), "tokenizer.json is missing"),
        (|folder| cut(&folder.join("model.safetensors"), 100), "was it copied in full?"),
        (|folder| std::fs::write(folder.join("model.safetensors"), "").unwrap(), "it ends after 0 bytes"),
        (
            |folder| std::fs::write(folder.join("model.safetensors"), "x".repeat(99)).unwrap(),
            "does not begin",
        ),
        (|folder| std::fs::write(folder.join("config.json"), "{").unwrap(), "config.json is damaged"),
        (
            |folder| drop(Tiny { architecture: "gpt2", ..Tiny::default() }.write(folder)),
            "architecture is \"gpt2\"",
        ),
        (
            |folder| {
                let other = tempfile::tempdir().unwrap();
                Tiny { hidden: 24, ..Tiny::default() }.write(other.path());
                std::fs::copy(other.path().join("config.json"), folder.join("config.json")).unwrap();
            },
            "has the shape",
        ),
        (|folder| std::fs::write(folder.join("tokenizer.json"), "{}").unwrap(), "tokenizer.json is damaged"),
    ];
    let project = Project::sample();
    for (damage, sentence) in cases {
        let folder = tempfile::tempdir().unwrap();
        Tiny::default().write(folder.path());
        damage(folder.path());
        let service = service_with(&project, folder.path());
        let health = wait_for(&service, sentence, |health| health["semantic"]["state"] == "failed").await;
        assert_eq!(health["status"], "degraded");
        assert!(
            health["reasons"].to_string().replace("\\\"", "\"").contains(sentence),
            "{sentence}: {health}"
        );
        let answer = service.result("queryAgents", json!({ "context": "helm charts" })).await;
        assert_eq!(answer["agents"][0]["id"], "ops:kubernetes-architect");
        assert!(answer["reasoning"].as_str().unwrap().contains("without the embedding model"), "{answer}");
    }
}

#[tokio::test]
async fn a_model_is_repaired_swapped_and_taken_away_while_running() {
    let (project, folder) = (Project::sample(), tempfile::tempdir().unwrap());
    let model = folder.path().join("model");
    let service = service_with(&project, &model);
    wait_for(&service, "a missing model", |health| health["semantic"]["state"] == "failed").await;
    for hidden in [16, 24] {
        Tiny { hidden, ..Tiny::default() }.write(&model);
        service.project.reindex().await.unwrap();
        // The look may come in the middle of the writing; the next one mends it.
        wait_for(&service, "the model", |health| {
            health["semantic"]["state"] == "ready" && health["semantic"]["dimensions"] == hidden
        })
        .await;
        let answer =
            judged(&service, "queryAgents", json!({ "context": format!("herding cattle {hidden}") })).await;
        assert_eq!(answer["agents"][0]["id"], "ops:kubernetes-architect", "{hidden}: {answer}");
    }
    std::fs::remove_dir_all(&model).unwrap();
    service.project.reindex().await.unwrap();
    let health = wait_for(&service, "no model", |health| health["semantic"]["state"] == "failed").await;
    assert_eq!(health["semantic"]["total"], 0);
}

#[tokio::test]
async fn what_was_read_is_kept_unless_it_is_damaged_or_of_another_model() {
    let (project, folder, data) =
        (Project::sample(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kept = data.path().join("vectors.bin");
    let mut last = None;
    for (hidden, damaged, same) in
        [(16, false, false), (16, false, true), (16, true, true), (24, false, false)]
    {
        Tiny { hidden, ..Tiny::default() }.write(folder.path());
        if damaged {
            cut(&kept, 10);
        }
        let mut config = project.config(data.path());
        config.paths.model_dir = NamedDir::Elsewhere(folder.path().to_owned());
        let service = Service::with_config(config, tempfile::tempdir().unwrap());
        ready(&service).await;
        let answer = judged(&service, "queryAgents", json!({ "context": "herding cattle" })).await;
        assert_eq!(answer["agents"][0]["id"], "ops:kubernetes-architect", "{answer}");
        drop(service);
        let bytes = std::fs::read(&kept).unwrap();
        assert_eq!(last.as_ref() == Some(&bytes), same, "of {hidden}, damaged {damaged}");
        last = Some(bytes);
    }
}

#[tokio::test]
async fn without_room_what_was_read_stays_in_memory() {
    let (project, folder, data) =
        (Project::sample(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // A folder of that name keeps the file from being written, as a full disk does.
    std::fs::create_dir_all(data.path().join("vectors.bin/full")).unwrap();
    let mut config = project.config(data.path());
    config.paths.model_dir = NamedDir::Elsewhere(Tiny::default().write(folder.path()));
    let service = Service::with_config(config, tempfile::tempdir().unwrap());
    let health = ready(&service).await;
    assert!(health["reasons"].to_string().contains("not kept for the next start"), "{health}");
    let answer = judged(&service, "queryAgents", json!({ "context": "herding cattle" })).await;
    assert_eq!(answer["agents"][0]["id"], "ops:kubernetes-architect", "{answer}");
}

#[tokio::test]
async fn only_what_changed_is_read_again() {
    let (project, folder) = (Project::sample(), tempfile::tempdir().unwrap());
    let service = service_with(&project, &Tiny::default().write(folder.path()));
    let total = ready(&service).await["semantic"]["total"].as_u64().unwrap();
    project.agent("zoo", "keeper", "Looks after guinea pigs.");
    service.project.reindex().await.unwrap();
    let wanted = json!({ "context": "coverage" });
    wait_for(&service, "the new entry", |health| {
        health["semantic"]["state"] == "ready" && health["semantic"]["total"] == total + 2
    })
    .await;
    let answer = judged(&service, "queryAgents", wanted).await;
    assert!(answer["agents"].to_string().contains("zoo:keeper"), "{answer}");
}

/// Takes the last bytes off a file.
fn cut(path: &Path, bytes: usize) {
    let whole = std::fs::read(path).unwrap();
    std::fs::write(path, &whole[..whole.len() - bytes]).unwrap();
}
