"""server.json: what the MCP registry is told about the packages."""
import json

from project import NPM_PACKAGE, PYPI_PACKAGE, SUMMARY

SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"


def server_json(project):
    def package(registry, address, identifier, runtime, version):
        return {
            "registryType": registry,
            "registryBaseUrl": address,
            "identifier": identifier,
            "version": version,
            "runtimeHint": runtime,
            "transport": {"type": "stdio"},
            "packageArguments": [{"type": "positional", "value": "mcp"}],
        }

    server = {
        "$schema": SCHEMA,
        "name": project.mcp_name,
        "title": "Adjutant",
        "description": SUMMARY,
        "repository": {"url": project.repository, "source": "github"},
        "version": project.version,
        "packages": [
            package("npm", "https://registry.npmjs.org", NPM_PACKAGE, "npx", project.version),
            package("pypi", "https://pypi.org", PYPI_PACKAGE, "uvx", project.python_version()),
        ],
    }
    return json.dumps(server, indent=2) + "\n"
