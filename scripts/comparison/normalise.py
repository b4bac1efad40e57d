"""What differs between two runs of one binary, and what is put in its place before answers are compared."""
import datetime, re

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
SHORT_ID = re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{8}\b(?!-)")
NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
MEMBERS = "uptime_ms|memory_mb|size_mb|database_size_mb|(?:avg|p50|p95|p99)_query_time_ms|retry_after_ms"
SERIES = "adjutant_call_duration_seconds(?!_count)|adjutant_uptime_seconds|adjutant_database_bytes|process_resident_memory_bytes"
COMMANDS = "^(?:command line|up and down): "
PATTERNS = "getOrchestrationPattern|queryPattern|recommend_pattern"


def timings(found):
    """`timings_ms` with its members and without its numbers. The same names stand for shares of a score elsewhere."""
    return re.sub(rf"(: ?){NUMBER}", r'\1"<measured>"', found[0])


# Name, where it applies (a regular expression for "TRANSPORT: NAME"), what is looked for, what stands there instead.
RULES = [
    ("time in a header", "", r"^date: .*$", "date: <time>"),
    ("correlation id made by the server", "", r"\b[0-9a-f]{12}-[0-9a-f]{8,16}\b", "<correlation id>"),
    ("length of an answer to HEAD", "HEAD", r"^content-length: \d+$", "content-length: <length>"),
    ("measurement in JSON", "", rf'("(?:{MEMBERS})": ?){NUMBER}', r'\1"<measured>"'),
    ("timings of the start", "", r'"timings_ms": ?\{[^}]*\}', timings),
    ("time of a decision", "", rf'("decided_at_ms": ?){NUMBER}', r'\1"<time>"'),
    ("duration of a scan in JSON", "reindex", rf'("duration_ms": ?){NUMBER}', r'\1"<measured>"'),
    ("duration of a scan in text", "reindex", rf"; {NUMBER} ms$", "; <measured> ms"),
    ("measurement in Prometheus text", "metrics", rf"^((?:{SERIES})\S*) {NUMBER}$", r"\1 <measured>"),
    ("measurement in `status`", COMMANDS, rf"(p50|p95|p99|memory +|connected,) {NUMBER}( ms| MiB)", r"\1 <measured>\2"),
    ("uptime in `status`", COMMANDS, r"\bup \d+ (?:s|min)$", "up <measured>"),
    ("time in a file's name", COMMANDS, r"\b\d{8}T\d{6}\.\d{3}Z", "<time>"),
    ("size of a backup in JSON", "written: (?:backup|restore)", r'("bytes": ?)\d+', r'\1"<measured>"'),  # It holds measured durations.
    ("size of a backup in text", "written: (?:backup|restore)", r"\b\d+ KB\b", "<measured> KB"),
    ("process id in JSON", "", r'("(?:pid|stopped)": ?)\d+', r'\1"<pid>"'),
    ("process id in text", COMMANDS, r"\b(pid) \d+", r"\1 <pid>"),
    ("id of an event, which counts the messages before it", "mcp: ", r"^id: \d+/\d+$", "id: <event>"),
    ("tokens of an answer that holds ids made at random", PATTERNS, r'("tokens": ?)\d+', r'\1"<tokens>"'),
    ("generation while training may end", "(?:/reindex|getHealth) .*after ", r'("generation": ?)\d+', r'\1"<generation>"'),
    ("wait until the limit admits more", "limited", r"^retry-after: \d+$", "retry-after: <wait>"),
]


class Normaliser:
    """The rules above, and what follows from one run: its ids, ports, day and version. Ids are numbered as they first
    appear, so that a mixed-up id still differs."""

    def __init__(self, version):
        self.ids, self.ports, self.version = {}, set(), version
        self.began = datetime.datetime.now(datetime.timezone.utc)

    def clean(self, where, text):
        """The text of an answer to the question named `where`, "TRANSPORT: NAME", in the form that is compared."""
        for _, place, pattern, replacement in RULES:
            if re.search(place, where):
                text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
        text = UUID.sub(self._id, text)
        if re.search(COMMANDS, where):  # The command line shortens ids to eight digits.
            text = SHORT_ID.sub(self._id, text)
        for port in self.ports:
            text = re.sub(rf"(127\.0\.0\.1:|localhost:|\[::1\]:){port}\b", r"\1<port>", text)
            text = re.sub(rf'("port": ?){port}\b', r'\1"<port>"', text)
        text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z)?", self._time, text)
        version = re.escape(self.version)
        return re.sub(rf'("version": ?"|version |adjutant ){version}\b', r"\1<version>", text)

    def _id(self, found):
        """Whole and shortened forms of one id have one number."""
        number = self.ids.setdefault(found[0][:8], len(self.ids) + 1)
        return f"<id {number}>" if len(found[0]) > 8 else f"<id {number} shortened>"

    def _time(self, found):
        """Times of this run only: those in the texts of a collection stay."""
        try:
            said = datetime.datetime.fromisoformat(found[0][:16].replace(" ", "T") + "+00:00")
        except ValueError:
            return found[0]
        return "<time>" if abs(said - self.began) < datetime.timedelta(days=1) else found[0]


class Recording:
    """The answers of one binary by transport and name, in the order asked."""

    def __init__(self, normaliser):
        self.answers, self.normaliser = {}, normaliser

    def add(self, transport, name, text):
        """Keeps an answer in normal form; a name that comes again is numbered."""
        key, count = (transport, name), 1
        while key in self.answers:
            count += 1
            key = (transport, f"{name} ({count})")
        self.answers[key] = self.normaliser.clean(f"{transport}: {key[1]}", text)
