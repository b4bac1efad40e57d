#!/usr/bin/env bash
# Starts Adjutant for the project this folder lies in: finds or builds the binary, then `adjutant up`.
set -euo pipefail
# shellcheck source=find-adjutant.sh
. "$(dirname "${BASH_SOURCE[0]}")/find-adjutant.sh"
# shellcheck source=refuse-links.sh
. "$(dirname "${BASH_SOURCE[0]}")/refuse-links.sh"

fallback="the client's embedded fallback is in force until this is fixed"

if is_checkout && [ -z "${ADJUTANT_BIN:-}" ]; then
  refuse_links "$PROJECT" target
  if ! command -v cargo >/dev/null; then
    echo "error: cargo is needed to build Adjutant; install Rust 1.95 or newer (and a C compiler)" >&2
    echo "hint: $fallback" >&2
    exit 1
  fi
  # Quick where nothing changed.
  if ! cargo build --release --locked --quiet --manifest-path "$PROJECT/Cargo.toml" \
    --target-dir "$PROJECT/target"; then
    echo "error: Adjutant could not be built" >&2
    echo "hint: $fallback" >&2
    exit 1
  fi
fi

if ! find_adjutant; then
  echo "error: no adjutant binary was found (looked at ADJUTANT_BIN, .claude/bin, PATH and cargo's bin folder)" >&2
  echo "hint: in a checkout of Adjutant run: cargo install --locked --path ." >&2
  echo "hint: $fallback" >&2
  exit 1
fi

exec "$ADJUTANT" up --root "$PROJECT" "$@"
