#!/usr/bin/env bash
# Starts Adjutant for the project this folder lies in: finds or builds the program, then `adjutant up`.
#
# In a checkout of Adjutant an installed program of the same version is used; otherwise one is built, without the embedding
# model and with little optimisation, so that trying it takes minutes and not a quarter of an hour.
set -euo pipefail
# shellcheck source=find-adjutant.sh
. "$(dirname "${BASH_SOURCE[0]}")/find-adjutant.sh"
# shellcheck source=refuse-links.sh
. "$(dirname "${BASH_SOURCE[0]}")/refuse-links.sh"

fallback="until this is mended, the TypeScript client answers from its own short list of agents"

# Builds the checkout and sets ADJUTANT. cargo says how far it is.
build() {
  local target
  target="$(target_directory "$PROJECT")"
  if ! command -v cargo >/dev/null; then
    echo "error: cargo is needed to build Adjutant; install Rust 1.95 or newer (and a C compiler)" >&2
    echo "hint: $fallback" >&2
    exit 1
  fi
  if [ ! -x "$target/trial/adjutant" ]; then
    echo "building Adjutant for a trial into $target/trial: some minutes the first time, seconds afterwards" >&2
    echo "(without the embedding model; to install it whole: cargo install --locked --path . --profile dist)" >&2
  fi
  if ! cargo build --profile trial --no-default-features --bin adjutant --locked \
    --manifest-path "$PROJECT/Cargo.toml" --target-dir "$target"; then
    echo "error: Adjutant could not be built" >&2
    echo "hint: $fallback" >&2
    exit 1
  fi
  ADJUTANT="$target/trial/adjutant"
}

if is_checkout && [ -z "${ADJUTANT_BIN:-}" ]; then
  if find_installed "adjutant $(checkout_version)"; then
    echo "using $ADJUTANT, which has the version of this checkout (to build it: ADJUTANT_BIN names another program)" >&2
  else
    build
  fi
elif ! find_adjutant; then
  echo "error: no adjutant binary was found (looked at ADJUTANT_BIN, .claude/bin, PATH and cargo's bin folder)" >&2
  echo "hint: install it, for example: npm install --global adjutant-mcp" >&2
  echo "hint: or in a checkout of Adjutant: cargo install --locked --path . --profile dist" >&2
  echo "hint: $fallback" >&2
  exit 1
fi

echo "starting Adjutant for $PROJECT in the background" >&2
exec "$ADJUTANT" up --root "$PROJECT" "$@"
