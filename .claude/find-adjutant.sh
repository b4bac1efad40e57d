# Sourced by init.sh, stop.sh and status.sh: sets ADJUTANT to the binary, and PROJECT to the folder above .claude.

PROJECT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# In order: what the user named; what init.sh prefers in a checkout, an installation of its version; the later build; the
# user's installation.
find_adjutant() {
  local candidate target="${CARGO_TARGET_DIR:-$PROJECT/target}" later earlier
  if is_program "${ADJUTANT_BIN:-}"; then
    ADJUTANT="$ADJUTANT_BIN"
    return 0
  fi
  if is_checkout && find_installed "adjutant $(checkout_version)"; then
    return 0
  fi
  later="$target/release/adjutant" earlier="$target/trial/adjutant"
  if [ "$earlier" -nt "$later" ]; then
    later="$target/trial/adjutant" earlier="$target/release/adjutant"
  fi
  for candidate in \
    "$later" \
    "$earlier" \
    "$PROJECT/.claude/bin/adjutant" \
    "$(command -v adjutant 2>/dev/null || true)" \
    "${CARGO_HOME:-${HOME:-}/.cargo}/bin/adjutant"; do
    if is_program "$candidate"; then
      ADJUTANT="$candidate"
      return 0
    fi
  done
  return 1
}

# The user's installation, if `--version` prints this.
find_installed() { # VERSION
  local candidate
  for candidate in \
    "$(command -v adjutant 2>/dev/null || true)" \
    "${CARGO_HOME:-${HOME:-}/.cargo}/bin/adjutant"; do
    if is_program "$candidate" && [ "$("$candidate" --version 2>/dev/null || true)" = "$1" ]; then
      ADJUTANT="$candidate"
      return 0
    fi
  done
  return 1
}

is_program() { # PATH
  [ -n "$1" ] && [ -f "$1" ] && [ -x "$1" ]
}

# Whether this project is a checkout of Adjutant itself, so that the binary can be built here.
is_checkout() {
  [ -f "$PROJECT/Cargo.toml" ] && [ ! -L "$PROJECT/Cargo.toml" ] && grep -q '^name = "adjutant"$' "$PROJECT/Cargo.toml"
}

# The version that Cargo.toml states.
checkout_version() {
  sed -n 's/^version = "\(.*\)"$/\1/p' "$PROJECT/Cargo.toml" | head -n 1
}
