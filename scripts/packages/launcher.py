#!python
"""Becomes the program `adjutant` that is installed beside this file; `uvx adjutant-mcp` starts it."""
import os
import sys

program = os.path.join(os.path.dirname(os.path.realpath(__file__)), "adjutant")
try:
    os.execv(program, [program, *sys.argv[1:]])
except OSError as error:
    sys.exit(f"error: {program} cannot be run: {error.strerror}\nhint: install the package anew")
