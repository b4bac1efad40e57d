#!/usr/bin/env bash
# Real collections, each plugin of them installed by the client's own command; then entries of the user's own; offloaded and
# put back: what a start costs above an empty client, in tokens.
#
# Usage: scripts/acceptance collections FOLDER…    (a folder is a marketplace, or has plugins/)
#        scripts/acceptance user-files FOLDER…     (their agents, skills and commands as files of the user's own)
set -euo pipefail
# shellcheck source=client.sh
. "$(dirname "${BASH_SOURCE[0]}")/client.sh"
form="$1"
shift
begin_home "$WORK/$form"

ask empty hi
client plugin marketplace add "$REPOSITORY" >/dev/null
python3 - "$form" "$work" "$@" <<'COPY'
import json, os, pathlib, shutil, sys
form, work, *collections = sys.argv[1:]
installed = open(f"{work}/plugins", "w")
for number, collection in enumerate(map(pathlib.Path, collections)):
    market = pathlib.Path(work) / f"market-{number}"
    shutil.copytree(collection, market, symlinks=True)
    listing = market / ".claude-plugin/marketplace.json"
    if listing.exists():
        listed = json.loads(listing.read_text())
    else:
        names = sorted(path.name for path in (market / "plugins").iterdir() if path.is_dir())
        listed = {"plugins": [{"name": name, "source": f"./plugins/{name}"} for name in names]}
    # What lies elsewhere cannot be installed here.
    local = [one for one in listed["plugins"] if isinstance(one.get("source"), str)]
    listed |= {"name": f"m{number}", "owner": {"name": "x"}, "plugins": local}
    listing.parent.mkdir(exist_ok=True)
    listing.write_text(json.dumps(listed))
    installed.writelines(f"{one['name']}@m{number}\n" for one in local)
if form == "user-files":
    # Agents and commands keep their names where these are free; a skill is its folder.
    base = pathlib.Path(work) / "home/.claude"
    for market in sorted(pathlib.Path(work).glob("market-*")):
        for kind in ("agents", "commands"):
            for file in sorted(market.rglob(f"{kind}/*.md")):
                target = base / kind / file.name
                if target.exists():
                    target = base / kind / f"{file.parent.parent.name}-{file.name}"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
        for file in sorted(market.rglob("skills/*/SKILL.md")):
            target = base / "skills" / file.parent.name
            if not target.exists():
                shutil.copytree(file.parent, target, symlinks=True)
COPY
if [ "$form" = collections ]; then
  for market in "$work"/market-*; do client plugin marketplace add "$market" >/dev/null; done
  start_api "$work/unused"
  while read -r plugin; do
    (cd "$work/project" && timeout 60 "$CLAUDE_BIN" plugin install "$plugin" </dev/null >/dev/null 2>&1) ||
      echo "the client did not install $plugin"
  done <"$work/plugins"
  stop_api
  echo "plugins installed: $(python3 -c 'import json, os; print(len(json.load(open(os.environ["HOME"] + "/.claude/plugins/installed_plugins.json"))["plugins"]))')"
fi
ask before hi
client plugin install adjutant@adjutant >/dev/null
(cd "$work/project" && "$ADJUTANT_BIN" offload --all --user --yes) | tail -n 40
(cd "$work/project" && "$ADJUTANT_BIN" up --port 0 >/dev/null)
ask after hi
ask hinted "our login page fails for screen reader users"
(cd "$work/project" && "$ADJUTANT_BIN" down >/dev/null)
(cd "$work/project" && "$ADJUTANT_BIN" restore-listings --user --yes) | tail -n 3
client plugin uninstall adjutant@adjutant >/dev/null
ask undone hi
table empty before after hinted undone
check_costs hinted
exit "$status"
