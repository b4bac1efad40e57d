# Claude Code in a throw-away HOME, asking a stand-in for its models. Sourced by the scripts beside it, which run with what
# scripts/acceptance exports (CLAUDE_BIN, ADJUTANT_BIN, WORK, REPOSITORY, NODE_TOOLS).
# shellcheck shell=bash
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

# A home and a project of their own under $1. Of this repository the client copies the plugin's folder: not what was built.
begin_home() {
  work="$1"
  export HOME="$work/home"
  mkdir -p "$HOME/.claude" "$work/project"
  unset CLAUDE_CONFIG_DIR MCP_USER_SCOPE
  PATH="$(dirname "$ADJUTANT_BIN"):$PATH"
  trap stop_api EXIT
}

start_api() { # FOLDER [SCRIPT]: requests are kept in FOLDER
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
  kill "${api:-}" 2>/dev/null || true
  wait "${api:-}" 2>/dev/null || true
}

ask() { # NAME PROMPT [SCRIPT]: the client's requests are kept in $work/NAME
  start_api "$work/$1" ${3:+"$3"}
  (cd "$work/project" && timeout 120 "$CLAUDE_BIN" -p "$2" >"$work/$1.said" 2>&1 </dev/null) || cat "$work/$1.said"
  stop_api
}

# A command of the client, which may ask the stand-in.
client() {
  start_api "$work/unused"
  (cd "${in:-$work/project}" && timeout 300 "$CLAUDE_BIN" "$@" </dev/null)
  stop_api
}

# A line for each request of each NAME: its tokens in all, of tools, system texts and messages.
table() {
  echo "request                        total  tools system messages"
  for name in "$@"; do
    for file in "$work/$name"/*.json; do
      printf '%-28s %s\n' "$name $(basename "$file" .json)" "$(node "$here/count_tokens.mjs" "$file")"
    done
  done
}

# The tokens of the first request of NAME.
tokens() {
  node "$here/count_tokens.mjs" "$work/$1/001.json" | cut -d ' ' -f 1
}

status=0
failed() {
  printf 'FAIL  %s\n' "$1"
  status=1
}

expect() { # NAME PATTERN FILE…
  if grep -qE "$2" "${@:3}"; then printf 'ok    %s\n' "$1"; else failed "$1"; fi
}

unexpected() { # NAME PATTERN FILE…
  for file in "${@:3}"; do
    if [ ! -s "$file" ]; then
      failed "$1: $file is missing"
      return
    fi
  done
  if grep -qE "$2" "${@:3}"; then failed "$1"; else printf 'ok    %s\n' "$1"; fi
}

at_most() { # NAME LIMIT TOKENS
  if [ "$3" -le "$2" ]; then printf 'ok    %s: %s of at most %s tokens\n' "$1" "$3" "$2"; else failed "$1: $3 of at most $2 tokens"; fi
}

# What a start costs above an empty client, against the demands.
check_costs() {
  local empty before undone
  empty="$(tokens empty)" before="$(tokens before)" undone="$(tokens undone)"
  echo "ok    before: $((before - empty)) tokens above an empty client"
  at_most "offloaded, above an empty client" 230 "$(($(tokens after) - empty))"
  at_most "with a hint, above an empty client" 430 "$(($(tokens "$1") - empty))"
  at_most "after the undo, away from before" 5 "$((undone > before ? undone - before : before - undone))"
  unexpected "no tools for resources" 'ListMcpResources' "$work/after/001.json"
}
