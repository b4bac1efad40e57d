"""How a running binary is asked: HTTP, bytes on a socket, and the Model Context Protocol in both of its eras."""
import collections, http.client, json, re, socket, threading, time

DEADLINE = 120  # Seconds for one answer of an unoptimised build on a busy machine.
OLD, NEW = "2025-11-25", "2026-07-28"  # The two eras of the Model Context Protocol.

JSON_HEAD = [("host", "localhost"), ("content-type", "application/json"), ("x-correlation-id", "comparison")]
MCP_HEAD = [*JSON_HEAD, ("accept", "application/json, text/event-stream")]
CLIENT = {"name": "comparison", "version": "1"}
HELLO = {"protocolVersion": OLD, "capabilities": {}, "clientInfo": CLIENT}


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def decoded(raw):
    return raw.decode("utf-8", "backslashreplace")


def rpc(method, params=None, id=1):
    """A JSON-RPC call, or a notification where the id is None."""
    call = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        call["params"] = params
    return call if id is None else {**call, "id": id}


class Http:
    """One keep-alive connection. Only the headers given are sent, and `content-length`."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def ask(self, method, path, head, body=None, is_stream=False):
        """Status, headers and body as one text (of an endless stream the head alone), the headers, and the body."""
        length = [] if body is None else [("content-length", len(body))]
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in [*head, *length])]
        # In one piece: where a body that nobody reads is late, the server closes the connection.
        request = "\r\n".join([*lines, "", ""]).encode() + (body or b"")
        try:
            return self._exchange(method, request, is_stream)
        except (http.client.HTTPException, ConnectionError):
            self.close()  # The server may have closed it after the last answer.
            return self._exchange(method, request, is_stream)

    def _exchange(self, method, request, is_stream):
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)
        self.socket.sendall(request)
        reply = http.client.HTTPResponse(self.socket, method=method)
        reply.begin()
        content = b"" if is_stream else reply.read()
        if is_stream or reply.will_close:
            self.close()
        headers = [(name.lower(), value) for name, value in reply.getheaders()]
        # The length follows from a body that may hold something measured; it is shown where it is wrong.
        shown = [f"{n}: {'<length>' if n == 'content-length' and v == str(len(content)) else v}" for n, v in headers]
        return "\n".join([f"{reply.status} {reply.reason}", *shown, "", decoded(content)]), dict(headers), content

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def exchange(port, request):
    """Sends bytes as they are; all bytes until the server closes the connection."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        try:
            connection.sendall(request)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionError, socket.timeout) as error:
            received += f"\n<{type(error).__name__}>".encode()
    text = decoded(bytes(received)).replace("\r\n", "\n")
    return re.sub(r"^content-length: \d+$", "content-length: <length>", text, flags=re.MULTILINE)


def mcp_message(era, method, params, id):
    """A message as a client of that era sends it, and the headers that go with it over HTTP."""
    head = [("mcp-protocol-version", era)]
    if era == NEW:
        meta = {"protocolVersion": NEW, "clientInfo": CLIENT, "clientCapabilities": {}}
        params = {**params, "_meta": {f"io.modelcontextprotocol/{name}": value for name, value in meta.items()}}
        head.append(("mcp-method", method))
        name = params.get("name") or params.get("uri")
        if isinstance(name, str) and name.isascii():
            head.append(("mcp-name", name))
    return rpc(method, params, id), head


class Mcp:
    """A client of one era at /mcp."""

    def __init__(self, recording, http_client, era):
        self.recording, self.http, self.era, self.session = recording, http_client, era, []
        if era == OLD:
            _, headers, _ = self.ask("initialize", HELLO)
            self.session = [("mcp-session-id", headers.get("mcp-session-id", ""))]
            self.ask("notifications/initialized", {}, id=None)

    def ask(self, method, params, label="", id=7):
        """Sends a message and records the answer; the answer's text, headers and body."""
        message, head = mcp_message(self.era, method, params, id)
        answer = self.http.ask("POST", "/mcp", MCP_HEAD + head + self.session, compact(message).encode())
        self.recording.add("mcp", f"{self.era} {method} {label}".strip(), answer[0])
        return answer

    def result(self, method, params, label=""):
        """The result of a message that must succeed, which comes as JSON or as an event."""
        content = self.ask(method, params, label)[2].decode()
        return json.loads(content[content.index("{"):].split("\n")[0])["result"]

    def end(self):
        """The stream that stays open, of which the head counts, and the end of the session."""
        head = [("host", "localhost"), ("mcp-protocol-version", self.era), *self.session]
        for method, more, is_stream in (("GET", [("accept", "text/event-stream")], True), ("DELETE", [], False)):
            self.recording.add("mcp", f"{self.era} {method}", self.http.ask(method, "/mcp", head + more, None, is_stream)[0])


class Stdio:
    """`adjutant mcp`, spoken to over its standard input and output."""

    def __init__(self, recording, child, era, transport):
        self.recording, self.child, self.era, self.transport, self.count = recording, child, era, transport, 0
        self.lines, self.arrived = collections.deque(), threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        if era == OLD:
            self.ask("initialize", HELLO)
            self.write(compact(rpc("notifications/initialized", {}, None)).encode())

    def _read(self):
        for line in self.child.stdout:
            with self.arrived:
                self.lines.append(decoded(line))
                self.arrived.notify()

    def write(self, line):
        self.child.stdin.write(line + b"\n")
        self.child.stdin.flush()

    def read(self):
        """The next line that is no notification."""
        end = time.monotonic() + DEADLINE
        while True:
            with self.arrived:
                if not self.arrived.wait_for(lambda: self.lines, timeout=max(0, end - time.monotonic())):
                    return "<no answer>"
                line = self.lines.popleft()
            if '"method":"notifications/' not in line:
                return line

    def ask(self, method, params, label=""):
        """Sends a message and records the line that answers it."""
        self.count += 1
        line = self.probe(method, params, self.count)
        self.recording.add(self.transport, f"{self.era} {method} {label}".strip(), line)

    def probe(self, method, params, id="probe"):
        """Sends a message; the line that answers it, which is not recorded."""
        message, _ = mcp_message(self.era, method, params, id)
        self.write(compact(message).encode())
        return self.read()

    def end(self):
        """Hangs up and records how the process ended."""
        self.child.stdin.close()
        self.recording.add(self.transport, f"{self.era} exit code", str(self.child.wait(DEADLINE)))
