#!/bin/sh
# The plugin's server and hooks: runs `adjutant` with these arguments. A hook for which there is no program says nothing and
# ends well, since the client would show its failure at every prompt. Only the protocol goes to standard output.
set -eu

# The later build of the checkout that this plugin lies in, if it lies in one: `.claude/init.sh` makes the one for a trial.
checkout="${0%/*}/../.."
built=
if [ -f "$checkout/Cargo.toml" ]; then
  case "${CARGO_TARGET_DIR:-target}" in
    /*) target="$CARGO_TARGET_DIR" ;;
    *) target="$checkout/${CARGO_TARGET_DIR:-target}" ;;
  esac
  built="$target/release/adjutant"
  # shellcheck disable=SC3013 # every sh that is in use knows -nt
  if [ ! -f "$built" ] || [ "$target/trial/adjutant" -nt "$built" ]; then
    built="$target/trial/adjutant"
  fi
fi

# In order: what the user named, the program of a released plugin, the build, the user's installation.
adjutant=
for candidate in \
  "${ADJUTANT_BIN:-}" \
  "${0%/*}/bin/adjutant" \
  "$built" \
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
  echo "error: no adjutant binary was found (looked at ADJUTANT_BIN, release and trial of a checkout's target folder, PATH and cargo's bin folder)" >&2
  echo "hint: in a checkout of Adjutant run: cargo install --locked --path ." >&2
  exit 1
fi

exec "$adjutant" "$@" --root "${CLAUDE_PROJECT_DIR:-.}"
