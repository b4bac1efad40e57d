"""What Cargo.toml says about the project: every package takes its version and its names from here."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# The names under which the packages are published.
NPM_PACKAGE = "adjutant-mcp"
NPM_SCOPE = "@adjutant"
PYPI_PACKAGE = "adjutant-mcp"

SUMMARY = "Finds the agents, skills and commands that fit a task, so that a prompt need not list them"


def path(name):
    return os.path.join(ROOT, *name.split("/"))


def read(name):
    with open(path(name), encoding="utf-8") as file:
        return file.read()


def _field(table, key):
    """A string in a table of Cargo.toml. Python knows TOML only since 3.11, and these are plain lines."""
    lines = read("Cargo.toml").split(f"\n[{table}]\n", 1)
    body = re.split(r"^\[", lines[1], maxsplit=1, flags=re.MULTILINE)[0] if len(lines) == 2 else ""
    found = re.search(rf'^{key} = "([^"]*)"$', body, re.MULTILINE)
    if not found:
        raise SystemExit(f"error: Cargo.toml has no {key} in [{table}]")
    return found.group(1)


class Project:
    """The facts that the packages share."""

    def __init__(self):
        self.version = _field("workspace.package", "version")
        self.license = _field("workspace.package", "license")
        self.repository = _field("package", "repository")
        github = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+)", self.repository)
        if not github:
            raise SystemExit(f"error: the repository in Cargo.toml is no address on GitHub: {self.repository}")
        # The registry lets whoever owns the repository use this name.
        self.mcp_name = f"io.github.{github.group(1)}/{github.group(2)}"

    def python_version(self):
        """The version as PEP 440 writes it."""
        parts = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.(\d+))?", self.version)
        if not parts:
            raise SystemExit(f"error: Python has no form for the version {self.version}")
        release, stage, number = parts.groups()
        return release if stage is None else release + {"alpha": "a", "beta": "b", "rc": "rc"}[stage] + number
