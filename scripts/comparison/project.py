"""One binary in its own copy of a collection: its commands, its server, and when that has settled."""
import contextlib, copy, json, os, shutil, signal, subprocess, threading, time

from .normalise import Normaliser, Recording
from .transports import DEADLINE, JSON_HEAD, Http, compact, decoded, rpc

TRAINING = 900  # Seconds for the training that follows a start, of an unoptimised build on a busy machine.
QUIET = 3.0  # Seconds after which what was recorded is taken up; the store is looked at every two.

# Settings under which two runs of one binary answer alike.
SETTINGS = {
    "MCP_HALF_LIFE_DAYS": "0",  # Evidence that fades would weigh less with every millisecond.
    "MCP_CACHE_TTL": "86400",  # No answer expires while the comparison runs.
    "MCP_RATE_LIMIT": "0",  # A fast machine would meet the limit and a slow one would not.
    "COLUMNS": "100",
}


class Project:
    """A binary and a copy of the collection, both below `folder`, and what the binary answered."""

    def __init__(self, folder, binary, collection):
        self.folder, self.root = folder, os.path.join(folder, "project")
        self.binary, home = os.path.join(folder, "bin", "adjutant"), os.path.join(folder, "home")
        os.makedirs(os.path.dirname(self.binary))
        os.makedirs(home)
        # Under the same path too, since some commands print it. A copy, because a link would be resolved.
        shutil.copy(binary, self.binary)
        shutil.copytree(collection, self.root, symlinks=True, copy_function=shutil.copyfile)
        for place, _, _ in os.walk(self.root):
            os.chmod(place, 0o755)  # The collection may be read-only.
        self.environment = {"HOME": home, "PATH": os.environ.get("PATH", ""), **SETTINGS}
        self.server, self.port, self.started = None, None, []
        version = decoded(self.run(["--version"], is_in_project=False).stdout).split()
        self.recording = Recording(Normaliser(version[-1] if version else "?"))

    def beside(self, name):
        """Another, empty project of the same binary and recording."""
        other = copy.copy(self)
        other.root, other.server, other.port = os.path.join(self.folder, name), None, None
        os.makedirs(other.root)
        return other

    def write(self, path, content):
        """Writes a file of the project."""
        file = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as out:
            out.write(content)

    def remove(self, path):
        os.remove(os.path.join(self.root, path))

    # Commands

    def arguments(self, arguments, is_in_project=True):
        return [self.binary, *arguments, *(["--root", self.root] if is_in_project else [])]

    def run(self, arguments, is_in_project=True, stdin=b""):
        """Runs a command to its end."""
        return subprocess.run(self.arguments(arguments, is_in_project), input=stdin, env=self.environment,
                              cwd=self.folder, capture_output=True, timeout=TRAINING)

    def command(self, arguments, is_in_project=True, transport="command line", stdin=b"", label=""):
        """Runs a command and records exit code, standard output and standard error; its output."""
        done = self.run(arguments, is_in_project, stdin)
        self.keep(done, transport, f"{label}{' '.join(arguments)}")
        return decoded(done.stdout)

    def keep(self, done, transport, name):
        """Records a command that ran."""
        text = f"exit code {done.returncode}\n--- out\n{decoded(done.stdout)}--- err\n{decoded(done.stderr)}"
        self.recording.add(transport, name, text)

    def start(self, arguments, environment=()):
        """A process that stays."""
        child = subprocess.Popen(self.arguments([*arguments, "--no-watch"]), env={**self.environment, **dict(environment)},
                                 cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.started.append(child)
        return child

    def end_all(self):
        """Leaves no process behind, whatever happened."""
        for child in self.started:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()

    # The server

    def serve(self, environment=()):
        """Starts the server on a free port and waits until it listens."""
        self.server = self.start(["serve", "--port", "0"], environment)
        line = decoded(self.server.stdout.readline())
        if " serves " not in line:
            raise RuntimeError(f"the binary does not serve: {line!r}, exit code {self.server.poll()}")
        threading.Thread(target=self.server.stdout.read, daemon=True).start()
        self.find_port()

    def find_port(self):
        """Where the instance says that it listens."""
        with open(os.path.join(self.root, ".claude", "mcp-server", "endpoint.json"), encoding="utf-8") as file:
            self.port = json.load(file)["port"]
        self.recording.normaliser.ports.add(self.port)

    def stop(self, transport):
        """Ends the server and records how it ended."""
        self.server.send_signal(signal.SIGTERM)
        self.recording.add(transport, "exit code", str(self.server.wait(DEADLINE)))

    def wait_for_ranking(self):
        """The latent score is trained behind the start and changes the ranking once."""
        client, end = Http(self.port), time.monotonic() + TRAINING
        while json.loads(client.ask("GET", "/health", JSON_HEAD)[2])["ranking"] != "latent":
            if time.monotonic() > end:
                raise RuntimeError("the training does not end")
            time.sleep(0.05)
        client.close()

    def wait_for_learning(self, contexts):
        """What was recorded is taken up by a thread of its own, which nothing on the wire tells. Asked for as often in
        every run, since calls are counted."""
        client, seen = Http(self.port), []
        calls = compact([rpc("explain", {"context": text}) for text in contexts]).encode()
        for _ in range(2):
            time.sleep(QUIET)
            seen.append(client.ask("POST", "/", JSON_HEAD, calls)[2])
        client.close()
        if seen[0] != seen[1]:
            raise RuntimeError("what was recorded is still being taken up")

    def rpc(self, client, method, params, label=""):
        """Calls a method at `POST /` and records the answer."""
        text, _, _ = client.ask("POST", "/", JSON_HEAD, compact(rpc(method, params)).encode())
        self.recording.add("json-rpc", f"{method} {label or compact(params)}"[:160], text)
