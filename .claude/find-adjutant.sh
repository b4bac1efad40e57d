# Sourced by init.sh, stop.sh and status.sh: sets ADJUTANT to the binary, and PROJECT to the folder above .claude.

PROJECT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# In order: what the user named, this checkout's build, the program of an unpacked release, the user's installation.
find_adjutant() {
  local candidate
  for candidate in \
    "${ADJUTANT_BIN:-}" \
    "$PROJECT/target/release/adjutant" \
    "$PROJECT/.claude/bin/adjutant" \
    "$PROJECT/adjutant" \
    "$(command -v adjutant 2>/dev/null || true)" \
    "${CARGO_HOME:-${HOME:-}/.cargo}/bin/adjutant"; do
    if [ -n "$candidate" ] && [ -f "$candidate" ] && [ -x "$candidate" ]; then
      ADJUTANT="$candidate"
      return 0
    fi
  done
  return 1
}

# Whether this project is a checkout of Adjutant itself, so that the binary can be built here.
is_checkout() {
  [ -f "$PROJECT/Cargo.toml" ] && [ ! -L "$PROJECT/Cargo.toml" ] && grep -q '^name = "adjutant"$' "$PROJECT/Cargo.toml"
}
