"""`scripts/compare-answers`: that it lets nothing through but what two runs of one binary differ in.

    ADJUTANT_BIN=target/debug/adjutant python3 tests/comparison/compare_answers.py
"""
import contextlib, importlib.machinery, importlib.util, io, json, os, re, stat, sys, tempfile, unittest

sys.dont_write_bytecode = True
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BINARY = os.environ.get("ADJUTANT_BIN", os.path.join(ROOT, "target", "debug", "adjutant"))
SCRIPT = os.path.join(ROOT, "scripts", "compare-answers")

loader = importlib.machinery.SourceFileLoader("compare_answers", SCRIPT)
script = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare_answers", loader))
loader.exec_module(script)

from comparison import questions  # noqa: E402, its folder is on the path once the script is loaded.
from comparison.normalise import Normaliser  # noqa: E402

ONE, OTHER = "6f1c0d1e-9a51-4c1f-8f0e-0123456789ab", "7f1c0d1e-9a51-4c1f-8f0e-0123456789ab"


def clean(where, *texts):
    normaliser = Normaliser("1.2.3")
    normaliser.ports.add(4711)
    return [normaliser.clean(where, text) for text in texts]


class Normalising(unittest.TestCase):
    def test_what_is_measured_or_made_is_replaced_where_it_stands(self):
        today = Normaliser("1").began.strftime("%Y-%m-%d")
        cases = [
            ("http: GET /health", '{"uptime_ms":12,"memory_mb":1.5}', '{"uptime_ms":"<measured>","memory_mb":"<measured>"}'),
            ("http: GET /health", '"timings_ms":{"scan":1.5,"latent":null}', '"timings_ms":{"scan":"<measured>","latent":null}'),
            ("http: GET /metrics", 'adjutant_call_duration_seconds{q="0.5"} 0.01', 'adjutant_call_duration_seconds{q="0.5"} <measured>'),
            ("http: POST /reindex", '{"duration_ms":1.2}', '{"duration_ms":"<measured>"}'),
            ("command line: status", "process    pid 12, version 1.2.3, up 4 s", "process    pid <pid>, version <version>, up <measured>"),
            ("up and down: up", '"url": "http://127.0.0.1:4711/", "port": 4711', '"url": "http://127.0.0.1:<port>/", "port": "<port>"'),
            ("json-rpc: x", f'"created_at":"{today}T10:11:12.345Z"', '"created_at":"<time>"'),
        ]
        for where, text, expected in cases:
            self.assertEqual(clean(where, text), [expected])

    def test_what_looks_like_it_elsewhere_stays(self):
        cases = [
            ("json-rpc: explain", '{"score":0.5,"latent":0.123,"limit":5}'),
            ("json-rpc: queryAgents", '{"tokens":152}'),
            ("json-rpc: cacheDecision", '{"duration_ms":1000}'),
            ("http: GET /metrics", 'adjutant_call_duration_seconds_count{method="explain"} 3'),
            ("json-rpc: getDefinition", "released 2019-01-02T10:11:12Z as 1.2.4, commit 0123abcd, port 8080"),
        ]
        for where, text in cases:
            self.assertEqual(clean(where, text), [text])

    def test_ids_are_told_apart_and_known_again(self):
        same = clean("command line: x", f"{ONE} {OTHER}", f"{ONE}", f"{ONE[:8]}")
        self.assertEqual(same, ["<id 1> <id 2>", "<id 1>", "<id 1 shortened>"])
        self.assertNotEqual(clean("command line: x", f"{ONE} {OTHER}", ONE), clean("command line: x", f"{ONE} {OTHER}", OTHER))


class Comparing(unittest.TestCase):
    BEFORE = {("http", "a"): '200 OK\n\n{"x":1,"y":2}', ("http", "b"): "same", ("mcp", "c"): "only before"}
    AFTER = {("http", "a"): '200 OK\n\n{"x":1,"y":3}', ("http", "b"): "same"}

    def test_each_difference_is_shown_and_counted(self):
        report, different = script.compare(self.BEFORE, self.AFTER)
        text = "\n".join(report)
        self.assertEqual(different, 2)
        for part in ('- "y": 2', '+ "y": 3', "-only before", "+<not asked>"):
            self.assertIn(part, text)
        counted = re.findall(r"^(http|mcp|all) +(\d+) +(\d+) +(\d+) +(\d+)$", text, re.MULTILINE)
        self.assertEqual(counted, [("http", "2", "1", "0", "1"), ("mcp", "1", "0", "0", "1"), ("all", "3", "1", "0", "2")])

    def test_the_form_of_json_counts_too(self):
        for before, after in (('{"x":1}', '{"x": 1}'), ('{"x":1}', '{"x":1}\n'), ('{"x":1.0}', '{"x":1.00}')):
            report, different = script.compare({("http", "a"): f"\n\n{before}"}, {("http", "a"): f"\n\n{after}"})
            self.assertEqual(different, 1)
            self.assertEqual(report[1:3], ["== http: a", "(the same JSON in another order or form)"])
            self.assertTrue(any(line.startswith("+'") for line in report), report)

    def test_what_is_expected_covers_its_lines_and_no_more(self):
        for lines, different in (('"y"', 1), ('"x"', 2), ("", 1)):
            expected = [{"answer": "http: .", "reason": "y counts from 3", "lines": lines}]
            self.assertEqual(script.compare(self.BEFORE, self.AFTER, expected)[1], different, lines)
        self.assertEqual(script.compare(self.BEFORE, self.AFTER, [{"answer": "http", "reason": "another name"}])[1], 2)

    def test_an_order_that_is_expected_covers_no_value(self):
        expected = [{"answer": ".*", "reason": "schemas are derived", "only_order": True}]
        for after, different in (('{"y":2,"x":1}', 0), ('{"y":3,"x":1}', 1), ('{"x":1}', 1)):
            for form in ("\n\n%s", "data: %s\n"):
                answers = [{("mcp", "a"): form % text} for text in ('{"x":1,"y":2}', after)]
                self.assertEqual(script.compare(*answers, expected)[1], different, after)


class BadInputs(unittest.TestCase):
    def test_parts_become_bytes(self):
        self.assertEqual(questions.parts(["[", {"text": "1,", "times": 2}, {"base64": "/w=="}, "]"]), b"[1,1,\xff]")
        self.assertEqual(questions.expanded({"a": [{"text": "x", "times": 3}, 1]}), {"a": ["xxx", 1]})

    def test_every_row_of_the_table_has_a_name_of_its_own_and_one_form(self):
        rows = script.read_jsonl(script.BAD_INPUTS)
        self.assertEqual(len({row["name"] for row in rows}), len(rows))
        for row in rows:
            forms = {"call", "mcp", "raw", "command", "body", "method", "head"} & set(row)
            self.assertTrue(forms, row)
            known = {"name", "call", "params", "mcp", "raw", "command", "body", "method", "path", "head"}
            self.assertLessEqual(set(row), known)


class Binaries(unittest.TestCase):
    """With the real binary, over the fixtures, one query and one bad input."""

    def compare(self, before, after):
        with tempfile.TemporaryDirectory() as folder:
            queries, bad_inputs = os.path.join(folder, "queries.jsonl"), os.path.join(folder, "bad.jsonl")
            with open(queries, "w", encoding="utf-8") as out:
                out.write(json.dumps({"text": "review code for security problems"}) + "\n")
            with open(bad_inputs, "w", encoding="utf-8") as out:
                out.write(json.dumps({"name": "no JSON", "body": "{"}) + "\n")
            said, told = io.StringIO(), io.StringIO()
            collection = os.path.join(ROOT, "fixtures")
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
                code = script.main([before, after, collection, queries, "--bad-inputs", bad_inputs])
            return code, said.getvalue() + told.getvalue()

    def test_a_change_is_found_where_it_is_and_nowhere_else(self):
        with tempfile.TemporaryDirectory() as folder:
            changed = os.path.join(folder, "changed")
            with open(changed, "w", encoding="utf-8") as out:
                out.write(f'#!/bin/sh\nMCP_COMMAND_PROMPTS=on exec "{os.path.abspath(BINARY)}" "$@"\n')
            os.chmod(changed, stat.S_IRWXU)
            code, said = self.compare(BINARY, changed)
        self.assertEqual(code, 1, said)
        differences = re.findall("^== (.*)$", said, re.MULTILINE)
        self.assertTrue(any("prompts/list" in name for name in differences), said)
        # Prompts are in their list, what a server can do in its introduction, and the path of the binary in a unit file.
        wanted = r"mcp.*: \S+ (prompts/list|server/discover|initialize)|command line: .* service install"
        others = [name for name in differences if not re.match(wanted, name)]
        self.assertEqual(others, [], said)

    def test_what_cannot_be_compared_is_no_success(self):
        for before, after in ((BINARY, "/nonexistent"), ("/bin/false", BINARY)):
            self.assertEqual(self.compare(before, after)[0], 2)


if __name__ == "__main__":
    unittest.main()
