#!/usr/bin/env bash
# `adjutant status` for the project this folder lies in.
set -euo pipefail
# shellcheck source=find-adjutant.sh
. "$(dirname "${BASH_SOURCE[0]}")/find-adjutant.sh"

if ! find_adjutant; then
  echo "error: no adjutant binary was found; run .claude/init.sh first" >&2
  exit 1
fi

exec "$ADJUTANT" status --root "$PROJECT" "$@"
