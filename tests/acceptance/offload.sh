#!/usr/bin/env bash
# Plugins installed by the client's own commands and entries of one's own, offloaded and put back: the client's requests in
# a table of tokens. Called by scripts/acceptance, which exports what it names in capitals.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$WORK/offload"
mkdir -p "$work/home/.claude/agents" "$work/home/.claude/skills/fly-deploy" "$work/home/.claude/commands" "$work/project"
export HOME="$work/home"
# The client copies what it installs: the files of the repository, not what was built in it.
git -C "$REPOSITORY" ls-files -z | (cd "$REPOSITORY" && tar --null -T - -c) | (mkdir -p "$work/adjutant" && tar -C "$work/adjutant" -x)
unset CLAUDE_CONFIG_DIR MCP_USER_SCOPE
PATH="$(dirname "$ADJUTANT_BIN"):$PATH"

printf -- '---\nname: rust-expert\ndescription: Writes Rust without unsafe code\n---\n\nWrite Rust.\n' >"$HOME/.claude/agents/rust-expert.md"
printf -- '---\nname: fly-deploy\ndescription: Deploys a service to the edge\n---\n\nDeploy.\n' >"$HOME/.claude/skills/fly-deploy/SKILL.md"
printf -- '---\ndescription: Writes the changelog of a release\n---\n\nWrite it.\n' >"$HOME/.claude/commands/changelog.md"

# A marketplace that is a folder, with every plugin of the fixtures.
mkdir -p "$work/market/.claude-plugin"
cp -R "$REPOSITORY/fixtures/plugins" "$work/market/plugins"
python3 - "$work/market" <<'MARKET'
import json, os, sys
market = sys.argv[1]
names = sorted(os.listdir(f"{market}/plugins"))
plugins = [{"name": name, "source": f"./plugins/{name}", "description": name} for name in names]
json.dump({"name": "market", "owner": {"name": "x"}, "plugins": plugins}, open(f"{market}/.claude-plugin/marketplace.json", "w"))
MARKET

start_api() { # SCRIPT…
  rm -f "$work/port"
  python3 "$here/stand_in_api.py" "$work/port" "$@" &
  api=$!
  for _ in $(seq 100); do
    if [ -s "$work/port" ]; then break; fi
    sleep 0.05
  done
  ANTHROPIC_BASE_URL="http://127.0.0.1:$(cat "$work/port")"
  export ANTHROPIC_BASE_URL
}
stop_api() {
  kill "$api" 2>/dev/null || true
  wait "$api" 2>/dev/null || true
}
trap stop_api EXIT

ask() { # NAME PROMPT [SCRIPT]: the client's requests are kept in $work/NAME
  start_api "$work/$1" ${3:+"$3"}
  (cd "$work/project" && timeout 120 "$CLAUDE_BIN" -p "$2" >"$work/$1.said" 2>&1 </dev/null) || cat "$work/$1.said"
  stop_api
}
client() { (cd "$work/project" && timeout 120 "$CLAUDE_BIN" "$@" </dev/null); }

ask empty hi
start_api "$work/unused"
client plugin marketplace add "$work/market" >/dev/null
client plugin marketplace add "$work/adjutant" >/dev/null
for plugin in "$work/market/plugins"/*; do
  client plugin install "$(basename "$plugin")@market" >/dev/null || echo "not installed: $(basename "$plugin")"
done
stop_api
ask before hi

start_api "$work/unused"
client plugin install adjutant@adjutant >/dev/null
stop_api
ask beside hi
(cd "$work/project" && "$ADJUTANT_BIN" offload --all --yes)
ask after hi
ask hinted "our login page fails for screen reader users"

# A lead that calls an offloaded agent by its id, loads a skill, and reports how it went.
agent="$(cd "$work/project" && "$ADJUTANT_BIN" find agents a page fails for screen readers --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["agents"][0]["id"])')"
skill="$(cd "$work/project" && "$ADJUTANT_BIN" find skills deploy a service --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["skills"][0]["id"])')"
python3 - "$agent" "$skill" >"$work/conversation.json" <<'CONVERSATION'
import json, sys
agent, skill = sys.argv[1:]
tool = "mcp__plugin_adjutant_adjutant__"
def call(number, name, arguments):
    return [{"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments}]
task = {"description": "look", "subagent_type": agent, "prompt": "Look at the page. SUBTASK", "run_in_background": False}
print(json.dumps([
    {"when": "LEAD", "answer": call(1, "Agent", task)},
    {"when": "You are " + agent, "answer": [{"type": "text", "text": "REPORTED"}]},
    {"when": "REPORTED", "answer": call(2, tool + "get_definition", {"kind": "skill", "id": skill})},
    {"when": "toolu_2", "answer": call(3, tool + "record_outcome", {"task_id": "1", "task_description": "fix the page", "agents_used": [agent], "result": "success"})},
]))
CONVERSATION
ask conversation "LEAD: our login page fails for screen reader users" "$work/conversation.json"
(cd "$work/project" && "$ADJUTANT_BIN" restore-listings --yes)
start_api "$work/unused"
client plugin uninstall adjutant@adjutant >/dev/null
stop_api
ask undone hi

status=0
expect() { # NAME PATTERN FILE…
  if grep -qE "$2" "${@:3}"; then printf 'ok    %s\n' "$1"; else
    printf 'FAIL  %s\n' "$1"
    status=1
  fi
}
echo "request                        total  tools system messages"
for name in empty before beside after hinted conversation undone; do
  for file in "$work/$name"/*.json; do
    printf '%-28s %s\n' "$name $(basename "$file" .json)" "$(node "$here/count_tokens.mjs" "$file")"
  done
done
expect "the hint arrives" 'Available though not listed' "$work/hinted/001.json"
expect "the offloaded agent's instructions reach a stand-in" "You are $agent" "$work/conversation"/*.json
expect "its report reaches the lead" 'REPORTED' "$work/conversation"/*.json
expect "a definition is loaded" 'toolu_2' "$work/conversation"/*.json
exit "$status"
