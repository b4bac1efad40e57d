#!/usr/bin/env bash
# A new user's walk in an empty HOME: four plugins installed by the client's own commands (from a folder; disabled; for another
# project only; updated since), three entries of one's own, everything offloaded; a conversation in which a hint arrives, an
# offloaded agent is called by its id, a skill is loaded, commands are run and the outcome is recorded; then all is put back.
# Prints the tokens of each request. Called by scripts/acceptance.
set -euo pipefail
# shellcheck source=client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"
begin_home "$WORK/new-user"

mkdir -p "$HOME/.claude/agents" "$HOME/.claude/skills/fly-deploy" "$HOME/.claude/commands" "$work/other"
printf -- '---\nname: rust-expert\ndescription: Writes Rust without unsafe code\n---\n\nWrite Rust.\n' >"$HOME/.claude/agents/rust-expert.md"
printf -- '---\nname: fly-deploy\ndescription: Deploys a service to the edge\n---\n\nDeploy to the edge.\n' >"$HOME/.claude/skills/fly-deploy/SKILL.md"
printf -- '---\ndescription: Writes the changelog of a release\n---\n\nWrite the changelog of $ARGUMENTS.\n' >"$HOME/.claude/commands/changelog.md"

# A marketplace that is a folder, and one that is a git repository, which the client clones.
market() { # NAME FOLDER PLUGIN…
  local name="$1" folder="$2"
  shift 2
  mkdir -p "$folder/.claude-plugin" "$folder/plugins"
  for plugin in "$@"; do cp -R "$REPOSITORY/fixtures/plugins/$plugin" "$folder/plugins/$plugin"; done
  python3 - "$name" "$folder" "$@" <<'MARKET'
import json, os, sys
name, folder, *plugins = sys.argv[1:]
listed = []
for plugin in plugins:
    os.makedirs(f"{folder}/plugins/{plugin}/.claude-plugin", exist_ok=True)
    json.dump({"name": plugin, "version": "1.0.0", "description": plugin}, open(f"{folder}/plugins/{plugin}/.claude-plugin/plugin.json", "w"))
    listed.append({"name": plugin, "source": f"./plugins/{plugin}", "description": plugin})
json.dump({"name": name, "owner": {"name": "x"}, "plugins": listed}, open(f"{folder}/.claude-plugin/marketplace.json", "w"))
MARKET
}
market folder "$work/folder" frontend-web
market cloned "$work/cloned" platform-operations quality-engineering security-review
keep() { (cd "$work/cloned" && git add -A && git -c user.name=x -c user.email=x@localhost commit -qm "$1"); }
git init -q "$work/cloned"
keep first
python3 "$here/git_server.py" "$work/git-port" "$work" &
git_server=$!
trap 'stop_api; kill "$git_server" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  if [ -s "$work/git-port" ]; then break; fi
  sleep 0.05
done

ask empty hi
client plugin marketplace add "$work/folder" >/dev/null
client plugin marketplace add "http://127.0.0.1:$(cat "$work/git-port")/cloned/.git" >/dev/null
client plugin marketplace add "$REPOSITORY" >/dev/null
client plugin install frontend-web@folder >/dev/null
client plugin install platform-operations@cloned >/dev/null
client plugin install security-review@cloned >/dev/null
client plugin disable security-review@cloned >/dev/null
in="$work/other" client plugin install quality-engineering@cloned --scope project >/dev/null
# Updated since: the agent says something else, under another version.
sed -i 's/"version": "1.0.0"/"version": "2.0.0"/' "$work/cloned/plugins/platform-operations/.claude-plugin/plugin.json"
for file in "$work/cloned/plugins/platform-operations/agents"/*.md; do printf '\nUPDATED: say which cluster.\n' >>"$file"; done
keep second
client plugin marketplace update cloned >/dev/null
client plugin update platform-operations@cloned >/dev/null
ask before hi
client plugin install adjutant@adjutant >/dev/null
ask beside hi

cd "$work/project"
"$ADJUTANT_BIN" up --port 0
"$ADJUTANT_BIN" offload --all --user --yes
ask after hi
"$ADJUTANT_BIN" offload status

agent="$("$ADJUTANT_BIN" find agents "kubernetes cluster rollout" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["agents"][0]["id"])')"
skill="$("$ADJUTANT_BIN" find skills "accessible page" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["skills"][0]["id"])')"
command="$("$ADJUTANT_BIN" find workflows "release a service" --json | python3 -c 'import json, sys; print([row["id"] for row in json.load(sys.stdin)["workflows"] if ":" in row["id"]][0])')"
echo "agent $agent, skill $skill, command $command"
python3 - "$agent" "$skill" >"$work/conversation.json" <<'CONVERSATION'
import json, sys
agent, skill = sys.argv[1:]
tool = "mcp__plugin_adjutant_adjutant__"
def call(number, name, arguments):
    return [{"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments}]
task = {"description": "look", "subagent_type": agent, "prompt": "Look at the rollout. SUBTASK", "run_in_background": False}
outcome = {"task_id": "1", "task_description": "fix the rollout", "agents_used": [agent], "result": "success"}
print(json.dumps([
    {"when": "You are " + agent, "answer": [{"type": "text", "text": "REPORTED"}]},
    {"when": "LEAD", "answer": call(1, "Agent", task)},
    {"when": "toolu_1", "answer": call(2, tool + "find_skills", {"context": "make the page accessible " + "and explain it well " * 40})},
    {"when": "toolu_2", "answer": call(3, tool + "get_definition", {"kind": "skill", "id": skill})},
    {"when": "toolu_3", "answer": call(4, tool + "record_outcome", outcome)},
]))
CONVERSATION
ask conversation "LEAD: our kubernetes cluster rollout is stuck" "$work/conversation.json"
ask command "/adjutant:use workflow $command"
ask own-command "/changelog 1.2"
ask own-skill "/fly-deploy"
"$ADJUTANT_BIN" history
"$ADJUTANT_BIN" restore-listings --user --yes
"$ADJUTANT_BIN" down
client plugin uninstall adjutant@adjutant >/dev/null
ask undone hi

table empty before beside after conversation command own-command own-skill undone
echo "what the lead reads of each call:"
python3 - "$work/conversation" >"$work/results" <<'RESULTS'
import glob, json, sys
results = {}
for file in sorted(glob.glob(sys.argv[1] + "/*.json")):
    for message in json.load(open(file))["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block.get("type") == "tool_result":
                results[block["tool_use_id"]] = block["content"]
for number, content in sorted(results.items()):
    text = content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)
    print(json.dumps({"id": number, "text": text}))
RESULTS
# A home of common length: the name of this one is random.
sed -i "s|$HOME|/home/ann|g" "$work/results"
node "$here/count_tokens.mjs" --texts "$work/results"
of_call() { node "$here/count_tokens.mjs" --texts "$work/results" | sed -nE "s/^$1 ([0-9]+) tokens.*/\\1/p"; }
at_most "a find" 270 "$(of_call toolu_2)"
body="$("$ADJUTANT_BIN" show skill "$skill" --json --root "$work/project" | python3 -c 'import json, sys; print(json.dumps({"id": "body", "text": json.load(sys.stdin)["body"]}))')"
printf '%s\n' "$body" >"$work/body"
at_most "a definition above its body" 40 "$(($(of_call toolu_3) - $(node "$here/count_tokens.mjs" --texts "$work/body" | sed -nE 's/^body ([0-9]+) .*/\1/p')))"
expect "the client lists what is installed and enabled" "frontend-web:" "$work/before/001.json"
unexpected "it lists nothing of what is disabled or installed elsewhere" "security-review:[a-z]|quality-engineering:" "$work/before/001.json"
unexpected "offloaded, it lists none of it" "frontend-web:|platform-operations:|rust-expert|fly-deploy|changelog:" "$work/after/001.json"
expect "the hint arrives" 'Available though not listed' "$work/conversation/001.json"
expect "the offloaded agent's instructions reach a stand-in, as updated" "You are $agent.*UPDATED" "$work/conversation"/*.json
expect "its report reaches the lead" 'REPORTED' "$work/conversation"/*.json
expect "a find is text, and says what was cut" 'Only the first 500 characters of context' "$work/results"
unexpected "no answer is JSON" '"text": "\{' "$work/results"
expect "a definition is loaded" "skill $skill, in " "$work/results"
expect "the outcome is recorded" '"text": "Stored\.' "$work/results"
expect "a command runs" 'Follow these instructions now' "$work/command/001.json"
expect "an own command runs by its name" 'Write the changelog of 1.2' "$work/own-command/001.json"
expect "an own skill runs by its name" 'Deploy to the edge' "$work/own-skill/001.json"
check_costs conversation
exit "$status"
