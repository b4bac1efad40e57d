#!/usr/bin/env bash
# Sourced by scripts that write into a checkout. A clone can carry symbolic links in place of what a script creates,
# overwrites or deletes (`npm ci` empties whatever node_modules leads to), so links that lead out of the checkout are
# refused before anything is written. The scripts run the checkout's own code afterwards: this protects from links that a
# clone carries, not from code that swaps one in.
#
# Usage: .claude/refuse-links.sh CHECKOUT PATH...      the same as a command

# Fails if one of the paths, a directory on the way to it or anything in it is a link that leads out of CHECKOUT. Paths
# are relative to CHECKOUT or absolute; what lies outside CHECKOUT is the user's own choice and is not checked.
refuse_links() { # CHECKOUT PATH...
  local root path name component names
  root="$(cd "$1" && pwd -P)" || return 1
  shift
  for path in "$@"; do
    path="$(_below "$root" "$path")"
    if [ -z "$path" ]; then continue; fi
    component="$root"
    IFS=/ read -ra names <<<"$path"
    for name in "${names[@]}"; do
      component="$component/$name"
      if [ -L "$component" ]; then _refuse_link "$root" "$component" || return 1; fi
    done
    if [ ! -d "$component" ]; then continue; fi
    while IFS= read -r -d '' name; do
      _refuse_link "$root" "$name" || return 1
    done < <(find "$component" -type l -print0)
  done
}

# Prints the directory that cargo builds into, once it is checked: CARGO_TARGET_DIR, else `target` in CHECKOUT.
target_directory() { # CHECKOUT
  local target="${CARGO_TARGET_DIR:-$1/target}"
  case "$target" in /*) ;; *) target="$PWD/$target" ;; esac
  refuse_links "$1" "$target" || return 1
  printf '%s\n' "$target"
}

# The path of something below ROOT, relative to it and without `.` and `..`; nothing if it lies elsewhere.
_below() { # ROOT PATH
  local path="$2" name normal="" names ancestor
  case "$path" in /*) ;; *) path="$1/$path" ;; esac
  IFS=/ read -ra names <<<"$path"
  for name in "${names[@]}"; do
    case "$name" in
      "" | .) ;;
      ..) normal="${normal%/*}" ;;
      *) normal="$normal/$name" ;;
    esac
  done
  # ROOT is a real path; the user may have named it by another one.
  ancestor="${normal%/*}"
  while [ -n "$ancestor" ]; do
    if [ "$(cd "$ancestor" 2>/dev/null && pwd -P)" = "$1" ]; then
      printf '%s' "${normal#"$ancestor"/}"
      return
    fi
    ancestor="${ancestor%/*}"
  done
}

_refuse_link() { # ROOT LINK
  local real
  # A dangling link or a loop leads nowhere that could be checked.
  if real="$(realpath "$2" 2>/dev/null)"; then
    case "$real" in "$1"/*) return 0 ;; esac
  fi
  printf 'error: %s is a symbolic link that leads out of %s; nothing was written\n' "$2" "$1" >&2
  printf 'hint: remove it; to build elsewhere set CARGO_TARGET_DIR\n' >&2
  return 1
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  refuse_links "$@"
fi
