"""The npm packages: one with the launcher and the TypeScript client, and one with the binary for each system, of which
npm installs the one that fits (`os`, `cpu`). Nothing is downloaded and no script runs at installation."""
import json
import os

from project import NPM_PACKAGE, NPM_SCOPE, SUMMARY, read
from reproducible import Entry, tar_gz
from targets import RELEASED, TARGETS, glibc_needed
from wheel import readme

KEYWORDS = ["mcp", "agents", "skills", "claude-code", "orchestration"]
CLIENT = "./lib/orchestrator-mcp-client"


def platform_packages():
    return sorted(f"{NPM_SCOPE}/{TARGETS[triple].npm}" for triple in RELEASED)


def shared_fields(project):
    return {
        "version": project.version,
        "license": project.license,
        "repository": {"type": "git", "url": f"git+{project.repository}.git"},
    }


def main_manifest(project):
    client = {"types": f"{CLIENT}.d.ts", "default": f"{CLIENT}.js"}
    return {
        "name": NPM_PACKAGE,
        "description": SUMMARY,
        **shared_fields(project),
        "mcpName": project.mcp_name,
        "keywords": KEYWORDS,
        "type": "module",
        "bin": {"adjutant": "bin/adjutant.js", NPM_PACKAGE: "bin/adjutant.js"},
        "exports": {".": client, "./client": client, "./package.json": "./package.json"},
        "types": client["types"],
        "engines": {"node": ">=18"},
        "optionalDependencies": {name: project.version for name in platform_packages()},
    }


def platform_manifest(project, target, binary):
    manifest = {
        "name": f"{NPM_SCOPE}/{target.npm}",
        "description": f"The program of {NPM_PACKAGE} for {target.os} on {target.cpu}",
        **shared_fields(project),
        "os": [target.os],
        "cpu": [target.cpu],
        "preferUnplugged": True,
    }
    if target.os == "linux" and glibc_needed(binary) is not None:
        manifest["libc"] = ["glibc"]
    return manifest


def main_package(project, client, epoch, level):
    """Name and bytes of the package with the launcher and the client, whose compiled files lie in `client`."""
    entries = [
        Entry("package/package.json", _json(main_manifest(project))),
        Entry("package/README.md", readme(project)),
        Entry("package/LICENSE", read("LICENSE")),
        Entry("package/bin/adjutant.js", read("scripts/packages/launcher.mjs"), executable=True),
    ]
    for folder, _, names in os.walk(client):
        for name in names:
            file = os.path.join(folder, name)
            with open(file, "rb") as opened:
                entries.append(Entry(f"package/lib/{os.path.relpath(file, client)}", opened.read()))
    return f"{NPM_PACKAGE}-{project.version}.tgz", tar_gz(entries, epoch, level)


def platform_package(project, target, binary, epoch, level):
    """Name and bytes of the package with the binary."""
    manifest = platform_manifest(project, target, binary)
    page = f"# {manifest['name']}\n\n{manifest['description']}. Install `{NPM_PACKAGE}`, which brings it along.\n"
    entries = [
        Entry("package/package.json", _json(manifest)),
        Entry("package/README.md", page),
        Entry("package/LICENSE", read("LICENSE")),
        Entry("package/adjutant", binary, executable=True),
    ]
    return f"{NPM_SCOPE[1:]}-{target.npm}-{project.version}.tgz", tar_gz(entries, epoch, level)


def _json(value):
    return json.dumps(value, indent=2) + "\n"
