"""The wheel for PyPI: the binary itself as a script, so that no Python process stands between a client and it.

It is put together here because maturin only packs what it has built with cargo itself, and every artefact of a release
has to hold the same binary."""
import base64
import hashlib

from project import PYPI_PACKAGE, SUMMARY, read
from reproducible import Entry, zip_file


def file_name(project, tags):
    return f"{PYPI_PACKAGE.replace('-', '_')}-{project.python_version()}-py3-none-{'.'.join(tags)}.whl"


def wheel(project, target, binary, epoch, level):
    """Name and bytes of the wheel."""
    tags = target.platform_tags(binary)
    stem = f"{PYPI_PACKAGE.replace('-', '_')}-{project.python_version()}"
    info = f"{stem}.dist-info"
    entries = [
        Entry(f"{stem}.data/scripts/adjutant", binary, executable=True),
        # `uvx adjutant-mcp` runs the script that is called like the package.
        Entry(f"{stem}.data/scripts/adjutant-mcp", read("scripts/packages/launcher.py"), executable=True),
        Entry(f"{info}/METADATA", metadata(project)),
        Entry(f"{info}/WHEEL", wheel_facts(tags)),
        Entry(f"{info}/licenses/LICENSE", read("LICENSE")),
    ]
    record = f"{info}/RECORD"
    lines = [f"{entry.name},sha256={_digest(entry.content)},{len(entry.content)}" for entry in entries]
    entries.append(Entry(record, "\n".join([*lines, f"{record},,"]) + "\n"))
    return file_name(project, tags), zip_file(entries, epoch, level)


def metadata(project):
    fields = [
        "Metadata-Version: 2.1",
        f"Name: {PYPI_PACKAGE}",
        f"Version: {project.python_version()}",
        f"Summary: {SUMMARY}",
        f"License: {project.license}",
        f"Project-URL: Repository, {project.repository}",
        "Keywords: mcp,agents,skills,claude-code,orchestration",
        "Classifier: Operating System :: POSIX :: Linux",
        "Classifier: Operating System :: MacOS",
        "Requires-Python: >=3.7",
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(fields) + "\n\n" + readme(project)


def readme(project):
    """The page of the packages, with the line by which the MCP registry knows that they are ours."""
    return read("scripts/packages/README.md").replace("{mcp_name}", project.mcp_name).replace(
        "{repository}", project.repository
    )


def wheel_facts(tags):
    facts = ["Wheel-Version: 1.0", "Generator: adjutant scripts/release", "Root-Is-Purelib: false"]
    return "\n".join([*facts, *(f"Tag: py3-none-{tag}" for tag in tags)]) + "\n"


def _digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
