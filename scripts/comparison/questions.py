"""What is asked of a binary, in which order."""
import base64, json, os, re, sys, time

from .project import Project
from .transports import DEADLINE, JSON_HEAD, MCP_HEAD, NEW, OLD, Http, Mcp, Stdio, compact, exchange, rpc

SAMPLE = 8  # Queries of each file that are asked where asking is expensive, and asked again after writes.
PROBE = "review code for security problems"
TOKEN = "a-token-of-the-comparison"
BUDGETS = [{}, {"limit": 10}, {"limit": 20}, {"max_tokens": 400}, {"limit": 1}]  # Queries take turns.


def short(query):
    """A query's text within the limit of every field but a capability."""
    return query["text"][:500]


def task(name, agents, result, **more):
    return {"task_id": f"task-{name}", "task_description": f"ship checkout page {name}", "agents_used": agents, "result": result, **more}


def entry(name, description, **more):
    """A file with front matter."""
    members = {"name": name, "description": description, **more}
    return "---\n" + "".join(f"{member}: {value}\n" for member, value in members.items()) + f"---\n\n# {name}\n\nBody of {name}.\n"


# A project of a few files, for what takes long on a large one.
SMALL = {
    "plugins/web/agents/react-specialist.md": entry("react-specialist", "Builds React user interfaces with hooks.", model="sonnet"),
    "plugins/web/agents/css-artist.md": entry("css-artist", "Writes responsive CSS layouts and animations."),
    "plugins/ops/agents/kubernetes-architect.md": entry("kubernetes-architect", "Designs Kubernetes clusters and Helm charts.", tools="Read, Bash"),
    "plugins/qa/agents/test-engineer.md": entry("test-engineer", "Writes automated tests, fixtures and coverage reports."),
    "plugins/core/agents/test-engineer.md": entry("test-engineer", "Plans manual acceptance tests with stakeholders."),
    "plugins/ops/skills/terraform-modules/SKILL.md": entry("terraform-modules", "Reusable Terraform modules for cloud infrastructure."),
    "plugins/ops/commands/deploy.md": "---\ndescription: Deploys a service: step by step.\nargument-hint: <service>\n---\n\n## Step 1: Build\n\n## Step 2: Ship\n",
    "plugins/qa/commands/broken.md": "---\ndescription: [\n",
    ".claude/agent-registry.yml": "roles:\n  frontend_developer:\n    primary: web:react-specialist\n    fallbacks: [web:css-artist]\n",
    ".claude/aliases.yml": "frobnicate: [responsive css layouts]\nbroken: {a: [\n",
}


# Reading


def ask_query(project, client, mcp, query, number):
    """One query of each kind through both protocols."""
    extra, text = BUDGETS[number % len(BUDGETS)], short(query)
    first = {"capability": text[:100]} if query.get("type") == "kw" else {"context": text, "limit": 5}
    kinds = [
        ("queryAgents", "find_agents", first),
        ("queryAgents", "find_agents", {"context": text}),
        ("querySkills", "find_skills", {"context": text}),
        ("queryWorkflows", "find_workflows", {"goal": text}),
    ]
    for method, tool, params in kinds:
        params = {**params, **extra}
        project.rpc(client, method, params)
        mcp.ask("tools/call", {"name": tool, "arguments": params}, f"{tool} {compact(params)}"[:120])
    for kind in ("agent", "skill", "workflow"):
        project.rpc(client, "explain", {"kind": kind, "context": text, "limit": 3})


def ask_entries(project, client, mcps):
    """Every entry of the catalog, whole. Answers the ids by kind."""
    contents = mcps[0].result("resources/read", {"uri": "adjutant://catalog"}, "catalog")["contents"]
    ids = {"agent": [], "skill": [], "workflow": []}
    for plugin in json.loads(contents[0]["text"])["plugins"]:
        owner = plugin["plugin"]
        for kind, known in ids.items():
            for name in plugin[f"{kind}s"]:
                known.append(name if owner == "-" else f"{owner}:{name}")
                project.rpc(client, "getDefinition", {"kind": kind, "id": known[-1]})
                mcps[1].ask("resources/read", {"uri": f"adjutant://{kind}/{owner}/{name}"}, f"{kind} {known[-1]}")
    return ids


def ask_mcp(mcp, ids):
    """What a client of MCP sees beside the queries."""
    for method in ("server/discover", "ping", "tools/list", "resources/list", "resources/templates/list", "prompts/list"):
        mcp.ask(method, {})
    owner = (ids["agent"] or ["-:"])[0].split(":")[0]
    for kind, known in ids.items():
        for id in known[:3]:
            arguments = {"kind": kind, "id": id, "max_tokens": 300}
            mcp.ask("tools/call", {"name": "get_definition", "arguments": arguments}, f"get_definition {kind} {id}")
        reference = {"type": "ref/resource", "uri": f"adjutant://{kind}/{{plugin}}/{{name}}"}
        for name, value, given in (("plugin", "", {}), ("name", "re", {}), ("name", "", {"plugin": owner})):
            params = {"ref": reference, "argument": {"name": name, "value": value}, "context": {"arguments": given}}
            mcp.ask("completion/complete", params, f"{kind} {name} {value!r} {given}")
    reference = {"type": "ref/prompt", "name": "orchestrate"}
    mcp.ask("completion/complete", {"ref": reference, "argument": {"name": "goal", "value": "a"}}, "goal")
    mcp.ask("prompts/get", {"name": "orchestrate", "arguments": {"goal": "add authentication"}}, "orchestrate")


def ask_monitoring(project, client, when):
    """Health and metrics in all their forms."""
    forms = [("GET", "/health", ""), ("HEAD", "/health", ""), ("GET", "/metrics", ""), ("GET", "/metrics?format=prometheus", "")]
    forms += [("GET", "/metrics", accept) for accept in ("text/plain", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5,*/*;q=0.1",
                                                         "text/plain;q=0.3, application/json", "*/*")]
    for method, path, accept in forms:
        head = JSON_HEAD[:1] + ([("accept", accept)] if accept else [])
        project.recording.add("http", f"{method} {path} {accept} {when}", client.ask(method, path, head)[0])
    project.rpc(client, "getHealth", {}, when)


def reindex(project, client, when):
    project.recording.add("http", f"POST /reindex {when}", client.ask("POST", "/reindex", JSON_HEAD, b"{}")[0])


def ask_messages(project, client):
    """Batches, notifications, and the forms in which one call may come."""
    calls = [rpc(method, {"context": PROBE}, id) for id, method in ((1, "queryAgents"), ("b", "querySkills"), (None, "queryAgents"))]
    batch = [*calls, rpc("nonsense", {}, 9), 7, rpc("getDefinition", {"kind": "agent", "id": "nobody"}, None)]
    bodies = {
        "batch": compact(batch),
        "batch of notifications": compact([calls[2], calls[2]]),
        "notification": compact(calls[2]),
        "other order, white space": '\n { "id" : 1.50 , "params" : { "context" : "review" } , "method" : "queryAgents" , "jsonrpc" : "2.0" } \n',
        "unknown member": '{"jsonrpc":"2.0","method":"queryAgents","params":{"context":"review"},"id":1,"more":1}',
        "no params": compact(rpc("queryAgents")),
    }
    for name, body in bodies.items():
        project.recording.add("json-rpc", name, client.ask("POST", "/", JSON_HEAD, body.encode())[0])
    head = [("Host", "LOCALHOST:3700"), ("Content-Type", "application/json; charset=utf-8"), ("Accept", "*/*"), ("Origin", "http://localhost:1")]
    project.recording.add("json-rpc", "other headers", client.ask("POST", "/", head, bodies["batch"].encode())[0])


# Writing


def write_memory(project, client, mcps, agents):
    """Patterns and decisions through both protocols, corrected and refused ones among them."""
    one, two = agents[:1], agents[:2]
    plan = {"goal": "build the search page", "agent_sequence": ["a", "b", "c"], "dependencies": {"c": ["a", "b"]}}
    project.rpc(client, "storePattern", plan, "unknown agents")
    project.rpc(client, "storePattern", plan, "unknown agents, again")
    project.rpc(client, "storePattern", {"goal": "rotate the keys", "agent_sequence": two, "parallel_groups": [two]}, "known agents")
    note = compact(rpc("storePattern", {"goal": "answer the audit", "agent_sequence": one}, None))
    project.recording.add("json-rpc", "storePattern as a notification", client.ask("POST", "/", JSON_HEAD, note.encode())[0])
    reported = [(two, "success"), (two, "failure"), (one, "success"), (one, "partial"), (["a"], "failure")]
    for number, (who, result) in enumerate(reported):
        project.rpc(client, "cacheDecision", task(number, who, result, duration_ms=1000 * number, tokens_saved=number - 2))
    project.rpc(client, "cacheDecision", task(1, two, "success"), "a correction")
    for number in range(3):  # Somebody who would not come first.
        decision = {"task_id": f"review-{number}", "task_description": PROBE, "agents_used": agents[-1:], "result": "success"}
        project.rpc(client, "cacheDecision", decision, f"review {number}")
    for mcp in mcps:
        arguments = task(f"over mcp {mcp.era}", two, "success")
        mcp.ask("tools/call", {"name": "record_outcome", "arguments": arguments}, "record_outcome")
    lines = [{"goal": "translate the manual", "agent_sequence": one, "success_count": 3, "failure_count": 1}, {"goal": ""}]
    project.rpc(client, "importPatterns", {"lines": "\n".join(map(compact, lines)) + "\nno json"}, "one and nonsense")


def ask_patterns(project, client, mcps):
    """Which patterns serve goals. Answers the goals."""
    goals = ["build the search page", "rotate keys", "ship checkout page", "answer the audit", "translate the manual", "bake a cake"]
    for goal in goals:
        # Ids made at random take part in what an answer costs, so that a budget is either large or 1.
        for extra in ({}, {"min_similarity": 0.2, "limit": 3}, {"min_similarity": 0.0, "max_tokens": 99_999}, {"min_similarity": 0.0, "max_tokens": 1}):
            project.rpc(client, "getOrchestrationPattern", {"goal": goal, **extra})
            project.rpc(client, "queryPattern", {"goal": goal, **extra})
        for mcp in mcps:
            mcp.ask("tools/call", {"name": "recommend_pattern", "arguments": {"goal": goal}}, f"recommend_pattern {goal}")
    return goals


# The command line


def ask_help(project, path=()):
    """The help of every command, found by reading the help of the command above it, and completions."""
    text = project.command([*path, "--help"], is_in_project=False)
    project.command([*path, "-h"], is_in_project=False)
    # The first level has headings of its own; below it they say `Commands:`.
    listed = text.split("Examples:")[0] if not path else text.partition("\nCommands:\n")[2].split("\n\n")[0]
    for name in re.findall(r"^  ([a-z]+) {2,}[A-Z]", listed, re.MULTILINE):
        if name != "help":
            ask_help(project, (*path, name))
    shells = [] if path else ["bash", "elvish", "fish", "powershell", "zsh"]
    for arguments in [["completions", shell] for shell in shells] or [["help", *path]]:
        project.command(arguments, is_in_project=False)


def ask_commands(project, ids, queries, when):
    """The commands that ask, as text and as JSON."""
    commands = [["status"], ["doctor"], ["tokens"], ["tokens", "--texts"], ["history"], ["history", "--limit", "2"]]
    commands += [["history", "show", "task-1"], ["history", "show", "nobody"], ["history", "export"], ["patterns", "list"]]
    commands += [["patterns", "export"], ["patterns", "show", "zz"], ["patterns", "find", "build the search page"], ["backup", "--list"]]
    commands += [["model", "status"], *(["service", "install", "--print", "--manager", one] for one in ("systemd", "launchd")), ["explain", "--kind", "skills", "write tests"]]
    commands += [["find", "agents", "--role", "frontend_developer"], ["find", "agents"]]
    for goal in ("ship checkout page", "bake a cake"):
        commands += [["pattern", goal], ["pattern", goal, "--min-similarity", "0.2", "--limit", "2"]]
    for kind, known in ids.items():
        commands += [["show", kind, id] for id in [*known[:2], "nobody"]]
    for query in queries:
        commands += [["find", kind, query["text"]] for kind in ("agents", "skills", "workflows")] + [["explain", query["text"]]]
        commands += [["find", "agents", "--capability", query["text"][:100], "--limit", "3", "--max-tokens", "300"]]
    routes = [compact({"context": short(query), "expect": ids["agent"][:1], "within": 20}) for query in queries]
    project.write("routes.jsonl", "".join(f"{line}\n" for line in routes))
    for form in ([], ["--json"]):
        for command in [*commands, ["check", os.path.join(os.path.basename(project.root), "routes.jsonl")]]:
            project.command(command + form, label=f"{when}: ")
        project.command(["limits", *form], is_in_project=False, label=f"{when}: ")


def write_commands(project, agents, when):
    """The commands that remember, and what they leave."""
    record = ["record", "--task-id", f"cli-{when}", "--description", "style the landing page", "--agents", ",".join(agents[:2])]
    more = [["--result", "success", "--json"], ["--result", "partial", "--duration-ms", "2500", "--tokens-saved", "-3"]]
    for arguments in [*more, ["--result", "success", "--duration-ms", "-1"]]:
        project.command([*record, *arguments], label=f"{when}: ")
    pattern = compact({"goal": f"migrate the {when} tables", "agent_sequence": agents[:2]}) + "\nnonsense\n"
    decision = compact(task(f"imported-{when}", agents[:1], "success")) + "\n{}\n"
    for form in (["--json"], []):
        project.command(["patterns", "import", "-", *form], stdin=pattern.encode(), label=f"{when}: ")
        project.command(["history", "import", "-", *form], stdin=decision.encode(), label=f"{when}: ")
    for command in (["patterns", "list"], ["history"], ["reindex"], ["backup"], ["backup", "--list"], ["restore"]):
        project.command([*command, "--json"], label=f"{when}, written: ")
        project.command(command, label=f"{when}, written: ")


# Bad inputs


def parts(value):
    """Bytes from a text or a list of parts: texts, `{"text", "times"}`, `{"base64"}`."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return b"".join(map(parts, value))
    return base64.b64decode(value["base64"]) if "base64" in value else value["text"].encode() * value["times"]


def expanded(value):
    """JSON with each `{"text", "times"}` in it written out."""
    if isinstance(value, dict):
        is_repeated = set(value) == {"text", "times"}
        return value["text"] * value["times"] if is_repeated else {name: expanded(one) for name, one in value.items()}
    return list(map(expanded, value)) if isinstance(value, list) else value


def bad_input(project, client, mcps, row):
    """Sends one row of the table. It holds `name` and one of
    `call` and `params`: a JSON-RPC call;
    `mcp` and `params`: a message in both eras;
    `body`, with `method`, `path` and `head` (pairs) where they are not those of a JSON-RPC call: a request over HTTP;
    `raw`: bytes on a connection of their own;
    `command`: arguments of the command line."""
    recording, name = project.recording, row["name"]
    if "call" in row:
        body = compact(rpc(row["call"], expanded(row.get("params")))).encode()
        recording.add("bad input", name, client.ask("POST", "/", JSON_HEAD, body)[0])
    elif "mcp" in row:
        for mcp in mcps:
            mcp.ask(row["mcp"], expanded(row.get("params", {})), f"bad input: {name}")
    elif "raw" in row:
        recording.add("bad input", name, exchange(project.port, parts(row["raw"])))
    elif "command" in row:
        project.command(row["command"], label="bad input: ")
    else:
        path = row.get("path", "/")
        head = [tuple(pair) for pair in row.get("head", MCP_HEAD if path == "/mcp" else JSON_HEAD)]
        body = parts(row["body"]) if "body" in row else None
        recording.add("bad input", name, client.ask(row.get("method", "POST"), path, head, body)[0])


# The run of one binary


def run_small(project):
    """A small project: commands where nothing is remembered, and files that change under a server."""
    for path, content in SMALL.items():
        project.write(path, content)
    ids = {"agent": ["web:react-specialist", "test-engineer"], "skill": ["terraform-modules"], "workflow": ["ops:deploy"]}
    ask_commands(project, ids, [{"text": "helm charts for the cluster"}, {"text": "frobnicate"}], "small")
    changes = {
        "nothing": lambda: None,
        "an agent added": lambda: project.write("plugins/new/agents/quantum-engineer.md", entry("quantum-engineer", "Writes quantum compilers.")),
        "an agent changed": lambda: project.write("plugins/web/agents/css-artist.md", entry("css-artist", "Writes style sheets.")),
        "a file broken": lambda: project.write("plugins/qa/agents/test-engineer.md", "---\nname: [\n"),
        "a command removed": lambda: project.remove("plugins/ops/commands/deploy.md"),
        "a role moved": lambda: project.write(".claude/agent-registry.yml", "roles:\n  frontend_developer:\n    primary: web:css-artist\n"),
        "everything removed": lambda: [os.remove(os.path.join(place, file)) for place, _, files in os.walk(os.path.join(project.root, "plugins")) for file in files],
    }
    project.serve({"MCP_QUERY_LOG": "off"})
    project.wait_for_ranking()
    client = Http(project.port)
    for name, change in changes.items():
        change()
        reindex(project, client, f"after {name}")
        project.wait_for_ranking()
        for method, params in (("queryAgents", {"context": "quantum compilers and style sheets"}), ("queryAgents", {"role": "frontend_developer"}),
                               ("queryAgents", {"context": "frobnicate"}), ("queryWorkflows", {"goal": "deploy a service"}),
                               ("getDefinition", {"kind": "agent", "id": "css-artist"}), ("getDefinition", {"kind": "agent", "id": "test-engineer"}),
                               ("getHealth", {})):
            project.rpc(client, method, params, f"{compact(params)} after {name}")
        project.command(["doctor"], label=f"after {name}: ")
    client.close()
    project.stop("http")


def run_queries(project, queries, rows):
    """All queries, entries and bad inputs. Answers the ids of the catalog."""
    # So many answers overflow the caches, and which of them stay is a matter of chance. What is logged would warm them.
    project.serve({"MCP_CACHE_TTL": "0", "MCP_QUERY_LOG": "off"})
    project.wait_for_ranking()
    client = Http(project.port)
    mcps = [Mcp(project.recording, client, era) for era in (NEW, OLD)]
    ask_monitoring(project, client, "at the start")
    for number, query in enumerate(queries):
        ask_query(project, client, mcps[number % 2], query, number)
    ids = ask_entries(project, client, mcps)
    for mcp in mcps:
        ask_mcp(mcp, ids)
    ask_messages(project, client)
    for row in rows:
        bad_input(project, client, mcps, row)
    reindex(project, client, "with nothing changed")
    ask_monitoring(project, client, "after all queries")
    for mcp in mcps:
        mcp.end()
    client.close()
    project.stop("http")
    return ids


def run_memory(project, ids, sample):
    """What is remembered, and what is answered again from the caches."""
    agents = ids["agent"] or ["a", "b"]
    project.serve({"MCP_QUERY_LOG": "off"})
    project.wait_for_ranking()
    client = Http(project.port)
    mcps = [Mcp(project.recording, client, era) for era in (NEW, OLD)]
    for number, query in enumerate(sample):
        ask_query(project, client, mcps[number % 2], query, number)
    write_memory(project, client, mcps, agents)
    contexts = [PROBE, *ask_patterns(project, client, mcps), *map(short, sample)][:60]
    project.wait_for_learning(contexts)
    for number, text in enumerate(contexts):
        ask_query(project, client, mcps[0], {"text": text}, number)
    ask_commands(project, ids, sample[:2], "with an instance")
    run_stdio(project, ids, sample, "mcp over stdio, joined")
    write_commands(project, agents, "served")
    ask_monitoring(project, client, "with a memory")
    for mcp in mcps:
        mcp.end()
    client.close()
    project.stop("http")


def run_stdio(project, ids, sample, transport, settled=()):
    """`adjutant mcp`: through the instance, or alone, where `settled` says what it finds once it has learned."""
    for era in (NEW, OLD):
        session = Stdio(project.recording, project.start(["mcp"]), era, transport)
        wait_for_session(session, settled)
        for method in ("server/discover", "ping", "tools/list", "resources/list", "prompts/list", "nonsense/do"):
            session.ask(method, {})
        for query in sample:
            for tool in ("find_agents", "find_skills"):
                session.ask("tools/call", {"name": tool, "arguments": {"context": short(query)}}, f"{tool} {query['text'][:80]}")
        for kind, known in ids.items():
            session.ask("tools/call", {"name": "get_definition", "arguments": {"kind": kind, "id": (known or ["x"])[0]}}, kind)
        session.ask("tools/call", {"name": "recommend_pattern", "arguments": {"goal": "ship checkout page"}}, "recommend_pattern")
        session.ask("tools/call", {"name": "find_agents", "arguments": {"limit": 99}}, "bad limit")
        for line in (b"{", b"[]", b"7", b'{"jsonrpc":"2.0","id":1}', b"\xff"):
            session.write(line)
            project.recording.add(transport, f"{era} line {line!r}", session.read())
        session.end()


def ranked(answer, kind):
    """Who is in an answer, and with which score."""
    return [(row["id"], row["score"]) for row in answer.get(kind, [])]


ROW = re.compile(r"^\d+\. (\S+?)(?: \[[^\]]*\])*: ", re.MULTILINE)


def is_told(result, kind, expected):
    """Whether a tool's answer is the expected one; where there is no structured content, by what its text has of it."""
    if "structuredContent" in result:
        return ranked(result["structuredContent"], kind) == ranked(expected, kind)
    text = "".join(part.get("text", "") for part in result.get("content", []))
    told = ROW.findall(text)
    is_as_sure = text.startswith(f"Confidence {expected.get('confidence')}. ")
    return is_as_sure and bool(told) and told == [name for name, _ in ranked(expected, kind)][: len(told)]


def wait_for_session(session, settled):
    """A session alone trains behind its start, and takes up what is remembered: until it finds what is expected."""
    end = time.monotonic() + DEADLINE
    for kind, text, expected in settled:
        arguments = {"context": text, "limit": 7, "max_tokens": 99_999}
        while time.monotonic() < end:
            line = session.probe("tools/call", {"name": f"find_{kind}", "arguments": arguments})
            if is_told(json.loads(line).get("result", {}), kind, expected):
                break
            time.sleep(0.05)


def run_alone(project, ids, sample):
    """Sessions without an instance. The command line ranks in full at once and says what they will find."""
    settled = []
    for text in [PROBE, *map(short, sample[:3])]:
        # Where a kind has no entries the command line falls back to the built-in roles, and a session does not.
        for kind in (kind for kind in ("agents", "skills") if ids[kind[:-1]]):
            out = project.run(["find", kind, text, "--limit", "7", "--json"]).stdout
            settled.append((kind, text, json.loads(out) if out else {}))
    run_stdio(project, ids, sample, "mcp over stdio, alone", settled)


def run_guarded(project):
    """A server that asks for a token, and one that admits one request a second."""
    name = "token and limit"
    project.serve({"MCP_TOKEN": TOKEN})
    client = Http(project.port)
    for method, path in (("GET", "/health"), ("GET", "/metrics"), ("POST", "/"), ("POST", "/reindex"), ("POST", "/mcp"), ("GET", "/nope")):
        for token in (None, "another-token-of-the-comparison", ""):
            head = MCP_HEAD + ([] if token is None else [("authorization", f"Bearer {token}")])
            project.recording.add(name, f"{method} {path} with {token!r}", client.ask(method, path, head, b"{}")[0])
    head = [*JSON_HEAD, ("authorization", f"Bearer {TOKEN}")]
    project.recording.add(name, "POST / with the token", client.ask("POST", "/", head, b"{}")[0])
    client.close()
    project.stop(name)
    project.serve({"MCP_RATE_LIMIT": "1"})
    # In one request, then on one connection, so that a slow machine does not let the second one pass.
    batch = compact([rpc("cacheDecision", task("limited", ["a"], "success"), id) for id in (1, 2)])
    client = Http(project.port)
    project.recording.add(name, "limited: a batch of writes", client.ask("POST", "/", JSON_HEAD, batch.encode())[0])
    client.close()
    time.sleep(1.1)  # The limit is one request a second.
    request = b"GET /nope HTTP/1.1\r\nhost: localhost\r\nx-correlation-id: comparison\r\n"
    text = exchange(project.port, request + b"\r\n" + request + b"connection: close\r\n\r\n")
    project.recording.add(name, "limited: two requests at once", text)
    project.stop(name)


def run_lifecycle(project):
    """`up`, `status`, `down` and `uninstall`."""
    for form in ([], ["--json"]):
        try:
            done = project.run(["up", "--port", "0", "--no-register", "--no-watch", "--json"])
            project.find_port()
            project.keep(done, "up and down", "up --json")
            project.wait_for_ranking()
            project.command(["status", *form], transport="up and down")
        finally:
            project.command(["down", *form], transport="up and down")
    for form in ([], ["--json"]):
        project.command(["uninstall", *form], transport="up and down")


def record(folder, binary, collection, query_sets, rows):
    """All answers of one binary, by transport and name."""
    project = Project(folder, binary, collection)
    queries = [query for one_set in query_sets for query in one_set]
    sample = [query for one_set in query_sets for query in one_set[:SAMPLE]]
    ids = {"agent": [], "skill": [], "workflow": []}
    try:
        steps = {
            "help": lambda: ask_help(project),
            "small project": lambda: run_small(project.beside("small")),
            "queries, entries and bad inputs": lambda: ids.update(run_queries(project, queries, rows)),
            "memory and caches": lambda: run_memory(project, ids, sample),
            "commands without an instance": lambda: ask_commands(project, ids, sample[:1], "alone"),
            "sessions without an instance": lambda: run_alone(project, ids, sample),
            "writing commands": lambda: write_commands(project, ids["agent"] or ["a", "b"], "alone"),
            "the logged queries again": lambda: project.command(["check", "--json"], label="log: "),
            "token and limit": lambda: run_guarded(project),
            "up and down": lambda: run_lifecycle(project),
        }
        for name, step in steps.items():
            began = time.monotonic()
            step()
            print(f"  {name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    finally:
        project.end_all()
    return project.recording.answers
