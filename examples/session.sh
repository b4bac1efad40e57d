#!/usr/bin/env bash
# One orchestration with curl alone: who can do this, how is it done, how did it go, what worked before.
#
# Usage: examples/session.sh [URL]     URL is http://localhost:3700 unless given
# A project with a token: put it into ADJUTANT_TOKEN.
set -euo pipefail

url="${1:-http://localhost:3700}"
headers=(-H 'content-type: application/json' -H 'x-adjutant-client: session.sh')
if [ -n "${ADJUTANT_TOKEN:-}" ]; then headers+=(-H "authorization: Bearer $ADJUTANT_TOKEN"); fi

# call METHOD PARAMS: one JSON-RPC call; prints the answer on one line. An error has a status of 400 or more and says in
# its body what to change, so it ends the session and is shown.
call() {
  echo "# $1" >&2
  curl --silent --show-error --fail-with-body "${headers[@]}" "$url" \
    --data "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"$1\", \"params\": $2}"
  echo
}

# Is anybody there, and how much is indexed?
curl --silent --show-error --fail-with-body "${headers[@]}" "$url/health"
echo

# Who can do this? Two rows within a budget of 200 tokens.
call queryAgents '{"context": "our login page fails for screen reader users", "limit": 2, "max_tokens": 200}'

# The whole instructions of the best of them.
call getDefinition '{"kind": "agent", "id": "frontend-web:accessibility-reviewer"}'

# How it went. The same task_id again would correct this report.
call cacheDecision '{
  "task_id": "session-1", "task_description": "make the login page work with screen readers", "result": "success",
  "agents_used": ["frontend-web:accessibility-reviewer", "frontend-web:react-developer"],
  "dependencies": {"frontend-web:react-developer": ["frontend-web:accessibility-reviewer"]}}'

# What worked for a goal like this one?
call getOrchestrationPattern '{"goal": "make our login page work with a screen reader"}'

# Several questions in one request; each gets its own answer, by id.
echo '# a batch' >&2
curl --silent --show-error --fail-with-body "${headers[@]}" "$url" --data '[
  {"jsonrpc": "2.0", "id": "skills", "method": "querySkills", "params": {"context": "slow database queries", "limit": 1}},
  {"jsonrpc": "2.0", "id": "commands", "method": "queryWorkflows", "params": {"goal": "handle an incident", "limit": 1}}]'
echo
