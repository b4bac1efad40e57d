"""The systems that packages are made for, and what each channel calls them."""
import re


class Target:
    """One system: Rust's name for it, npm's `os` and `cpu`, and the start of Python's platform tags."""

    def __init__(self, triple, system, cpu, python_cpu):
        self.triple, self.os, self.cpu, self.python_cpu = triple, system, cpu, python_cpu

    @property
    def npm(self):
        return f"{self.os}-{self.cpu}"

    def platform_tags(self, binary):
        """The platform tags of a wheel with this binary."""
        if self.os == "darwin":
            return [f"macosx_{'11_0' if self.cpu == 'arm64' else '10_12'}_{self.python_cpu}"]
        needed = glibc_needed(binary)
        if needed is None:
            # Static: it runs beside any C library. Installers know no tag for that, so it has one for each.
            return [f"manylinux_2_17_{self.python_cpu}", f"musllinux_1_1_{self.python_cpu}"]
        return [f"manylinux_2_{max(needed, 17)}_{self.python_cpu}"]


TARGETS = {
    target.triple: target
    for target in [
        Target("x86_64-unknown-linux-musl", "linux", "x64", "x86_64"),
        Target("aarch64-unknown-linux-musl", "linux", "arm64", "aarch64"),
        Target("x86_64-unknown-linux-gnu", "linux", "x64", "x86_64"),
        Target("aarch64-unknown-linux-gnu", "linux", "arm64", "aarch64"),
        Target("x86_64-apple-darwin", "darwin", "x64", "x86_64"),
        Target("aarch64-apple-darwin", "darwin", "arm64", "arm64"),
    ]
}

# What a release has: a static binary for Linux serves every distribution.
RELEASED = [triple for triple in TARGETS if not triple.endswith("-gnu")]


def glibc_needed(binary):
    """The minor version of the newest glibc 2.x whose symbols the binary uses; None where it uses none."""
    versions = re.findall(rb"\0GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)", binary)
    return max(map(int, versions), default=None)
