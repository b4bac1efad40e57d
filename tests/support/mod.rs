//! What the integration tests share: a small project on disk, and the service over it in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adjutant::app;
use adjutant::config::{Config, Environment, Flags, ProjectConfig};
use adjutant::server::{AccessPolicy, HttpService, ServerState, router};
use adjutant::tasks::Tasks;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use store::{Store, StoreOptions};
use tempfile::TempDir;
use tower::ServiceExt;

/// A folder with plugins, gone at the end of the test.
pub(crate) struct Project {
    dir: TempDir,
}

impl Project {
    /// An empty project.
    pub(crate) fn empty() -> Self {
        Project { dir: tempfile::tempdir().unwrap() }
    }

    /// A project with a few entries of each kind and a role registry.
    pub(crate) fn sample() -> Self {
        let project = Project::empty();
        project.agent(
            "web",
            "react-specialist",
            "Builds React user interfaces with hooks and fast rendering.",
        );
        project.agent("web", "css-artist", "Writes responsive CSS layouts and animations.");
        project.agent(
            "ops",
            "kubernetes-architect",
            "Designs Kubernetes clusters, Helm charts and GitOps deployments.",
        );
        project.agent("ops", "incident-responder", "Handles production outages and writes postmortems.");
        project.agent("qa", "test-engineer", "Writes automated tests, fixtures and coverage reports.");
        project.agent("core", "test-engineer", "Plans manual acceptance tests with stakeholders.");
        project.skill("web", "accessibility-audit", "Checks pages against WCAG with screen readers.");
        project.skill("ops", "terraform-modules", "Reusable Terraform modules for cloud infrastructure.");
        project.command("ops", "deploy", "Deploys a service step by step to the cluster.");
        project.write(
            ".claude/agent-registry.yml",
            "roles:\n  frontend_developer:\n    primary: web:react-specialist\n    fallbacks: [web:css-artist]\n    capabilities: [react]\n    use_when: building pages\n",
        );
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file below the project's root.
    pub(crate) fn write(&self, path: &str, content: &str) -> PathBuf {
        let file = self.dir.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
        file
    }

    pub(crate) fn agent(&self, plugin: &str, name: &str, description: &str) -> PathBuf {
        let content = format!(
            "---\nname: {name}\ndescription: {description}\nmodel: sonnet\n---\n\n# {name}\n\nBody of {name}.\n"
        );
        self.write(&format!("plugins/{plugin}/agents/{name}.md"), &content)
    }

    pub(crate) fn skill(&self, plugin: &str, name: &str, description: &str) -> PathBuf {
        let content = format!("---\nname: {name}\ndescription: {description}\n---\n\n# {name}\n");
        self.write(&format!("plugins/{plugin}/skills/{name}/SKILL.md"), &content)
    }

    pub(crate) fn command(&self, plugin: &str, name: &str, description: &str) -> PathBuf {
        let content = format!(
            "---\ndescription: {description}\nargument-hint: <service>\n---\n\n# {name}\n\n## Step 1: Build\n\n## Step 2: Ship\n"
        );
        self.write(&format!("plugins/{plugin}/commands/{name}.md"), &content)
    }

    /// A configuration for this project whose data lies in `data`, watching off.
    pub(crate) fn config(&self, data: &Path) -> ProjectConfig {
        let flags = Flags {
            root: Some(self.path().to_owned()),
            data_dir: Some(data.to_owned()),
            no_watch: true,
            ..Flags::default()
        };
        Config::resolve(&flags, &Environment::default()).unwrap().project
    }
}

/// The service in this process, driven through its router.
pub(crate) struct Service {
    pub(crate) project: Arc<app::Project>,
    router: HttpService,
    _data: TempDir,
}

impl Service {
    /// The service over `project`, started.
    pub(crate) fn over(project: &Project) -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = project.config(data.path());
        Service::with_config(config, data)
    }

    /// The same behind an access policy.
    pub(crate) fn behind(project: &Project, policy: AccessPolicy) -> Self {
        let data = tempfile::tempdir().unwrap();
        Service::assembled(project.config(data.path()), data, policy)
    }

    pub(crate) fn with_config(config: ProjectConfig, data: TempDir) -> Self {
        Service::assembled(config, data, AccessPolicy::default())
    }

    fn assembled(config: ProjectConfig, data: TempDir, policy: AccessPolicy) -> Self {
        let store = Store::open(StoreOptions::new(data.path())).unwrap();
        let state = ServerState::guarded(Tasks::default(), policy);
        let project = app::Project::start(config, store);
        state.started(Arc::clone(&project));
        Service { project, router: router(state), _data: data }
    }

    /// Sends any request; the answer's body is not read yet.
    pub(crate) async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends any request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        let (parts, body) = self.open(request).await.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answered { status: parts.status, headers: parts.headers, text }
    }

    /// Posts a body to `POST /`.
    pub(crate) async fn post(&self, body: impl Into<Body>) -> Answered {
        self.send(json_request("/").body(body.into()).unwrap()).await
    }

    /// `GET path`.
    pub(crate) async fn get(&self, path: &str) -> Answered {
        let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Calls a method; the whole response object.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Answered {
        let body = json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": 1 });
        self.post(body.to_string()).await
    }

    /// Calls a method that must succeed; its result.
    pub(crate) async fn result(&self, method: &str, params: Value) -> Value {
        let answered = self.call(method, params).await;
        assert_eq!(answered.status, StatusCode::OK, "{method}: {}", answered.text);
        answered.json()["result"].clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.project.shut_down();
    }
}

/// A `POST` with the headers that every client sends.
pub(crate) fn json_request(path: &str) -> axum::http::request::Builder {
    Request::post(path).header("host", "localhost:3700").header("content-type", "application/json")
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// The error code of a failed call.
    pub(crate) fn code(&self) -> i64 {
        self.json()["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {}", self.text))
    }

    /// The sentences of a -32602.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let errors = self.json()["error"]["data"]["validation_errors"].clone();
        serde_json::from_value(errors).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// `GET path` over a real socket without a token; the whole answer.
pub(crate) fn plain_get(port: u64, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
