#!/bin/sh
# The plugin's server and hooks: runs `adjutant` with these arguments. A hook for which there is no program says nothing and
# ends well, since the client would show its failure at every prompt. Only the protocol goes to standard output.
set -eu

# In order: what the user named, the program of a released plugin, the build of the checkout that this plugin lies in, the
# user's installation.
adjutant=
for candidate in \
  "${ADJUTANT_BIN:-}" \
  "${0%/*}/bin/adjutant" \
  "${0%/*}/../../target/release/adjutant" \
  "$(command -v adjutant 2>/dev/null || true)" \
  "${CARGO_HOME:-${HOME:-}/.cargo}/bin/adjutant"; do
  if [ -n "$candidate" ] && [ -f "$candidate" ] && [ -x "$candidate" ]; then
    adjutant="$candidate"
    break
  fi
done

if [ "${1:-}" = hook ]; then
  if [ -z "$adjutant" ]; then
    exit 0
  fi
  exec "$adjutant" "$@" 2>/dev/null
fi

if [ -z "$adjutant" ]; then
  echo "error: no adjutant binary was found (looked at ADJUTANT_BIN, the checkout's target/release, PATH and cargo's bin folder)" >&2
  echo "hint: in a checkout of Adjutant run: cargo install --locked --path ." >&2
  exit 1
fi

exec "$adjutant" "$@" --root "${CLAUDE_PROJECT_DIR:-.}"
