"""A stand-in for the API of Claude Code's models: it answers by a script and keeps every request.

Usage: stand_in_api.py PORT_FILE REQUESTS_FOLDER [SCRIPT]

SCRIPT is JSON: a list of steps {"when": TEXT, "answer": [BLOCK…]}. A step whose text stands in a request answers it with
its blocks, once; every other request is answered with a word. Requests of models are written to REQUESTS_FOLDER as
001.json, 002.json and so on.
"""

import http.server
import json
import os
import sys

PORT_FILE, REQUESTS = sys.argv[1:3]
SCRIPT = json.load(open(sys.argv[3], encoding="utf-8")) if len(sys.argv) > 3 else []


def answer_to(request):
    """The blocks that answer a request."""
    text = json.dumps(request["messages"], ensure_ascii=False)
    for step in SCRIPT:
        if step["when"] in text:
            SCRIPT.remove(step)
            return step["answer"]
    return [{"type": "text", "text": "done"}]


def events_of(message, blocks, stop_reason):
    """The stream of events in which a message arrives."""
    yield "message_start", {"message": message}
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            start = block | {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield "content_block_start", {"index": index, "content_block": start}
        yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    yield "message_delta", {"delta": {"stop_reason": stop_reason, "stop_sequence": None}, "usage": {"output_tokens": 1}}
    yield "message_stop", {}


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        is_message = "/v1/messages" in self.path and "count_tokens" not in self.path
        if not is_message:
            return self.send(b'{"input_tokens": 1}', "application/json")
        request = json.loads(body)
        blocks = [{"type": "text", "text": "ok"}]
        # Without tools it asks for a title or the like.
        if request.get("tools"):
            Api.kept += 1
            with open(f"{REQUESTS}/{Api.kept:03}.json", "w", encoding="utf-8") as out:
                json.dump(request, out, ensure_ascii=False)
            blocks = answer_to(request)
        stop_reason = "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
        message = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": request["model"], "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
        }
        if not request.get("stream"):
            whole = message | {"content": blocks, "stop_reason": stop_reason}
            return self.send(json.dumps(whole).encode(), "application/json")
        events = events_of(message, blocks, stop_reason)
        lines = "".join(f"event: {name}\ndata: {json.dumps({'type': name} | data)}\n\n" for name, data in events)
        return self.send(lines.encode(), "text/event-stream")

    def do_GET(self):
        self.send(b"{}", "application/json")

    do_HEAD = do_GET

    def send(self, body, content_type):
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    os.makedirs(REQUESTS, exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    with open(PORT_FILE, "w", encoding="utf-8") as out:
        out.write(str(server.server_port))
    server.serve_forever()
