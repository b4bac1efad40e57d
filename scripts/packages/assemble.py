"""Puts the artefacts of a release together. scripts/release runs it; see there.

    assemble.py check TRIPLE        fails where no packages are made for a system
    assemble.py make --binary FILE --target TRIPLE --client FOLDER --out FOLDER --epoch SECONDS [--compression 1-9]
    assemble.py look FOLDER         fails where a folder holds other files than artefacts
    assemble.py sums FOLDER
"""
import argparse
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from npm import main_package, platform_package  # noqa: E402, found beside this file.
from project import ROOT, Project, path, read  # noqa: E402
from registry import server_json  # noqa: E402
from reproducible import Entry, Link, sha256, tar_gz  # noqa: E402
from targets import TARGETS  # noqa: E402
from wheel import wheel  # noqa: E402

SUMS = "SHA256SUMS"

# The names of artefacts, of any version and system.
ARTEFACT = re.compile(
    r"adjutant-\d[^/]*\.tar\.gz|adjutant-(mcp|(linux|darwin)-(x64|arm64))-\d[^/]*\.tgz"
    r"|adjutant_mcp-\d[^/]*\.whl|server\.json|SHA256SUMS"
)

# What the unpacked archive holds besides the binary: with these it is a Claude Code marketplace.
IN_ARCHIVE = ["LICENSE", "README.md", "CHANGELOG.md", ".claude-plugin", ".claude/plugin"]


def archive(project, target, binary, epoch, level):
    """Name and bytes of the archive for those who want nothing but the files."""
    stem = f"adjutant-{project.version}-{target.triple}"
    entries = [
        Entry(f"{stem}/adjutant", binary, executable=True),
        # The client copies the plugin's folder alone, so that the program has to be in it, too.
        Link(f"{stem}/.claude/plugin/bin/adjutant", f"{stem}/adjutant"),
    ]
    for name in IN_ARCHIVE:
        for file in files_below(name):
            with open(file, "rb") as opened:
                inside = os.path.relpath(file, ROOT)
                entries.append(Entry(f"{stem}/{inside}", opened.read(), executable=file.endswith(".sh")))
    return f"{stem}.tar.gz", tar_gz(entries, epoch, level)


def files_below(name):
    """The files at a path of the project: what git tracks, or where the project is no repository all that are there."""
    if os.path.exists(path(".git")):
        listed = subprocess.run(["git", "ls-files", "-z", "--", name], cwd=ROOT, check=True, stdout=subprocess.PIPE)
        tracked = [path(os.fsdecode(file)) for file in listed.stdout.split(b"\0") if file]
        return sorted(file for file in tracked if os.path.isfile(file))
    name = path(name)
    if not os.path.isdir(name):
        return [name]
    return sorted(os.path.join(folder, file) for folder, _, files in os.walk(name) for file in files)


def look(out):
    """Fails where the folder holds what is no artefact."""
    for name in sorted(os.listdir(out)):
        if not ARTEFACT.fullmatch(name):
            raise SystemExit(f"error: {out} holds other files than artefacts ({name}); nothing was removed")


def write(out, name, content):
    with open(os.path.join(out, name), "wb") as file:
        file.write(content)


def write_sums(out):
    """SHA256SUMS over every other file of the folder."""
    lines = []
    for name in sorted(os.listdir(out)):
        if name != SUMS:
            with open(os.path.join(out, name), "rb") as file:
                lines.append(f"{sha256(file.read())}  {name}\n")
    write(out, SUMS, "".join(lines).encode())


def known(triple):
    """The system of that name."""
    if triple not in TARGETS:
        raise SystemExit(f"error: no packages are made for {triple}, only for {', '.join(TARGETS)}")
    return TARGETS[triple]


def make(options):
    project = Project()
    target = known(options.target)
    with open(options.binary, "rb") as file:
        binary = file.read()
    if f"mcp-name: {project.mcp_name} " not in read("README.md"):
        raise SystemExit(f"error: README.md does not say mcp-name: {project.mcp_name}")
    settings = options.epoch, options.compression
    artefacts = [
        archive(project, target, binary, *settings),
        main_package(project, options.client, *settings),
        platform_package(project, target, binary, *settings),
        wheel(project, target, binary, *settings),
        ("server.json", server_json(project).encode()),
    ]
    # All input is read by now, also where it lies in the same folder.
    look(options.out)
    for name in os.listdir(options.out):
        os.remove(os.path.join(options.out, name))
    for name, content in artefacts:
        write(options.out, name, content)
    write_sums(options.out)
    for name, content in sorted(artefacts):
        print(f"{len(content):>12,}  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    for name in ["binary", "target", "client", "out"]:
        making.add_argument(f"--{name}", required=True)
    making.add_argument("--epoch", type=int, required=True)
    making.add_argument("--compression", type=int, choices=range(1, 10), default=9)
    commands.add_parser("check").add_argument("target")
    commands.add_parser("look").add_argument("out")
    summing = commands.add_parser("sums")
    summing.add_argument("out")
    options = parser.parse_args()
    if options.command == "make":
        make(options)
    elif options.command == "check":
        known(options.target)
    elif options.command == "look":
        look(options.out)
    else:
        write_sums(options.out)


main()
