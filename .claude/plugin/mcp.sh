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

# Without resources: for them the client puts three more tools before the model at every start.
exec "$ADJUTANT" mcp --no-resources --root "${CLAUDE_PROJECT_DIR:-.}" "$@"
