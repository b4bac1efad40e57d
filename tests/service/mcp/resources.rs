//! Resources, prompts and their completion.

use adjutant::config::{Config, Environment, Flags};
use serde_json::{Value, json};

use super::client::Client;
use crate::support::{Project, Service};

#[tokio::test]
async fn entries_are_read_under_their_addresses() {
    let project = Project::sample();
    project.write(
        ".claude/agents/own.md",
        "---\nname: own\ndescription: The project's own.\n---\n\nOwn body.\n",
    );
    let service = Service::over(&project);
    for client in Client::both(&service).await {
        let listed = client.result("resources/list", json!({})).await;
        assert_eq!(listed["resources"][0]["uri"], "adjutant://catalog");
        let templates = client.result("resources/templates/list", json!({})).await;
        let uris: Vec<&Value> = templates["resourceTemplates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["uriTemplate"])
            .collect();
        assert_eq!(
            uris,
            [
                "adjutant://agent/{plugin}/{name}",
                "adjutant://skill/{plugin}/{name}",
                "adjutant://workflow/{plugin}/{name}",
            ]
        );
        let catalog = client.result("resources/read", json!({ "uri": "adjutant://catalog" })).await;
        let contents = &catalog["contents"][0];
        assert_eq!(contents["mimeType"], "application/json");
        let text = contents["text"].as_str().unwrap();
        assert_eq!(listed["resources"][0]["size"], text.len());
        let catalog: Value = serde_json::from_str(text).unwrap();
        assert_eq!(catalog["agents"], 7);
        // Each entry of the catalog can be read.
        for plugin in catalog["plugins"].as_array().unwrap() {
            for (kind, member) in [("agent", "agents"), ("skill", "skills"), ("workflow", "workflows")] {
                for name in plugin[member].as_array().unwrap() {
                    let address = format!(
                        "adjutant://{kind}/{}/{}",
                        plugin["plugin"].as_str().unwrap(),
                        name.as_str().unwrap()
                    );
                    let read = client.result("resources/read", json!({ "uri": address })).await;
                    assert_eq!(read["contents"][0]["mimeType"], "text/markdown");
                    assert_eq!(read["contents"][0]["uri"], address.as_str());
                }
            }
        }
        let own = client.result("resources/read", json!({ "uri": "adjutant://agent/-/own" })).await;
        assert_eq!(own["contents"][0]["text"].as_str().unwrap().trim(), "Own body.");
    }
}

#[tokio::test]
async fn what_is_typed_is_completed() {
    let service = Service::over(&Project::sample());
    let template = |kind: &str| json!({ "type": "ref/resource", "uri": format!("adjutant://{kind}/{{plugin}}/{{name}}") });
    let prompt = json!({ "type": "ref/prompt", "name": "orchestrate" });
    service.result("storePattern", json!({ "goal": "ship the page", "agent_sequence": ["a"] })).await;
    let cases = [
        (template("agent"), "plugin", "", json!({}), json!(["core", "ops", "qa", "web"])),
        (template("skill"), "plugin", "", json!({}), json!(["ops", "web"])),
        (template("agent"), "name", "test", json!({}), json!(["test-engineer"])),
        (
            template("agent"),
            "name",
            "",
            json!({ "plugin": "web" }),
            json!(["css-artist", "react-specialist"]),
        ),
        (template("agent"), "name", "SPEC", json!({ "plugin": "web" }), json!(["react-specialist"])),
        (template("agent"), "nonsense", "", json!({}), json!([])),
        (template("robot"), "plugin", "", json!({}), json!([])),
        (prompt.clone(), "goal", "page", json!({}), json!(["ship the page"])),
        (prompt, "plugin", "w", json!({}), json!(["web"])),
        (json!({ "type": "ref/prompt", "name": "nonsense" }), "goal", "", json!({}), json!([])),
    ];
    for client in Client::both(&service).await {
        for (reference, name, value, given, expected) in &cases {
            let params = json!({
                "ref": reference,
                "argument": { "name": name, "value": value },
                "context": { "arguments": given },
            });
            let found = client.result("completion/complete", params).await;
            assert_eq!(&found["completion"]["values"], expected, "{reference} {name} {value:?}");
        }
    }
}

#[tokio::test]
async fn one_prompt_teaches_the_tools() {
    let service = Service::over(&Project::sample());
    for client in Client::both(&service).await {
        let listed = client.result("prompts/list", json!({})).await;
        assert_eq!(listed["prompts"].as_array().unwrap().len(), 1, "{listed}");
        let arguments = json!({ "goal": "add authentication", "plugin": "web" });
        let got =
            client.result("prompts/get", json!({ "name": "orchestrate", "arguments": arguments })).await;
        let text = got["messages"][0]["content"]["text"].as_str().unwrap();
        for said in ["add authentication", "\"web\"", "6 agents", "find_agents", "record_outcome"] {
            assert!(text.contains(said), "{said} in {text}");
        }
        for (params, expected) in [
            (json!({ "name": "orchestrate" }), "goal is required"),
            (json!({ "name": "orchestrate", "arguments": { "goal": 7 } }), "goal must be a string"),
            (json!({ "name": "orchestrate", "arguments": { "goal": "x".repeat(4_001) } }), "at most 4000"),
            (json!({ "name": "ops:deploy" }), "there is no prompt"),
        ] {
            let (code, message) = client.error("prompts/get", params).await;
            assert!(code == -32602 && message.contains(expected), "{code} {message}");
        }
    }
}

#[tokio::test]
async fn commands_are_prompts_where_the_user_says_so() {
    let project = Project::sample();
    project
        .write("plugins/ops/commands/say.md", "---\ndescription: Says it.\n---\n\nSay $ARGUMENTS twice.\n");
    for number in 0..120 {
        project.command("many", &format!("command-{number:03}"), "Does one of many things.");
    }
    let data = tempfile::tempdir().unwrap();
    let flags = Flags {
        root: Some(project.path().to_owned()),
        data_dir: Some(data.path().to_owned()),
        no_watch: true,
        ..Flags::default()
    };
    let config = Config::resolve(&flags, &Environment::of(&[("MCP_COMMAND_PROMPTS", "on")])).unwrap();
    let service = Service::with_config(config.project, data);
    let client = Client::new_era(&service);
    let found = client.result("server/discover", json!({})).await;
    assert_eq!(found["capabilities"]["prompts"]["listChanged"], true);
    let mut names = Vec::new();
    let mut params = json!({});
    loop {
        let page = client.result("prompts/list", params).await;
        let prompts = page["prompts"].as_array().unwrap();
        assert!(prompts.len() <= 100);
        names.extend(prompts.iter().map(|prompt| prompt["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.get("nextCursor") else { break };
        params = json!({ "cursor": cursor });
    }
    assert_eq!(names.len(), 1 + 120 + 2);
    assert!(names.contains(&"ops:deploy".to_owned()));
    for cursor in ["x", "-1", "100000", "99999999999999999999999"] {
        assert_eq!(client.error("prompts/list", json!({ "cursor": cursor })).await.0, -32602, "{cursor}");
    }
    for (name, arguments, expected) in [
        ("ops:say", json!({ "arguments": "hello" }), "Say hello twice."),
        ("ops:say", json!({}), "Say  twice."),
        ("ops:deploy", json!({ "arguments": "shop" }), "ARGUMENTS: shop"),
    ] {
        let got = client.result("prompts/get", json!({ "name": name, "arguments": arguments })).await;
        let text = got["messages"][0]["content"]["text"].as_str().unwrap();
        assert!(text.trim().ends_with(expected), "{text}");
    }
}
