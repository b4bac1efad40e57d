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
