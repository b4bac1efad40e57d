#!/usr/bin/env bash
# The plugin's server: `adjutant mcp` for the project the client works in. Only the protocol goes to standard output.
set -euo pipefail
# shellcheck source=../find-adjutant.sh
. "$(dirname "${BASH_SOURCE[0]}")/../find-adjutant.sh"

if ! find_adjutant; then
  echo "error: no adjutant binary was found (looked at ADJUTANT_BIN, .claude/bin, PATH and cargo's bin folder)" >&2
  echo "hint: in a checkout of Adjutant run: cargo install --locked --path ." >&2
  exit 1
fi

exec "$ADJUTANT" mcp --root "${CLAUDE_PROJECT_DIR:-.}" "$@"
