"""Tells Greenloop what pytest does, one JSON object a line. PYTEST_DONT_REWRITE

Loaded with `-p greenloop_pytest`. Needs only the standard library; observes, selects and sets deadlines, but never
turns one result into another. Everything it has to know stands in the JSON file that GREENLOOP_JOB names; the events
leave through the descriptor that GREENLOOP_CHANNEL_FD names.
"""
import json
import os
import platform
import re
import select
import signal
import sys
import threading
import time

import pytest

CAP = 64 * 1024
COLLECTED_PER_EVENT = 500
TIMEOUT_TEXT = "Timeout: test ran longer than"
TIMED_OUT = re.compile(r"(?:Failed: )?Timeout(?:: test ran longer than| \(?>)")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# Bound now, and in a tuple, because tests replace the originals and freezegun looks through module attributes.
CLOCK = (time.time,)
WRITE, GETPID = os.write, os.getpid


def capped(text, limit=CAP):
    """The text, or its head and tail where it is longer than the limit."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return "%s\n... %d characters left out ...\n%s" % (text[:half], len(text) - 2 * half, text[-half:])


def open_channel():
    """A private copy of the channel, far away from the numbers that tests open and close."""
    name = os.environ.pop("GREENLOOP_CHANNEL_FD", "")
    if not name.isdigit() or WORKER:
        return -1
    import fcntl

    fd = int(name)
    for lowest in (512, 200, 32, 4):
        try:
            copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)
        except OSError:
            continue
        os.close(fd)
        return copy
    return -1


ENCODE = json.JSONEncoder(check_circular=False, default=str).encode


def line_of(event):
    return ENCODE(event) + "\n"


class Channel:
    """Writes whole lines; quiet for ever once the reader is gone or the process is a fork of the first."""

    def __init__(self, fd):
        self.fd = fd
        self.owner = GETPID()
        self.lock = threading.Lock()

    def send(self, *events):
        self.send_lines("".join([line_of(event) for event in events]))

    def send_lines(self, lines):
        if self.fd < 0 or GETPID() != self.owner:
            return
        with self.lock:
            self.write(lines.encode())

    def write(self, data):
        while data:
            try:
                data = data[WRITE(self.fd, data):]
            except BlockingIOError:
                select.select([], [self.fd], [], 1)
            except InterruptedError:
                continue
            except OSError:
                self.fd = -1
                return


def read_job():
    path = os.environ.get("GREENLOOP_JOB", "")
    if not path:
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


CHANNEL = Channel(open_channel())
JOB = read_job()
SCRATCH = JOB.get("scratchDir", "")


# Failures ------------------------------------------------------------------------------------------------------------


def split_type(message):
    """`ValueError: boom` as its name and its text; a rewritten assert carries no name."""
    if message.startswith("assert "):
        return "AssertionError", message
    match = re.match(r"([A-Za-z_][\w.]*)(?::\s*|\s*$)", message)
    if message.startswith("[XPASS(strict)]"):
        return "UnexpectedPass", message
    if match is None:
        return "Error", message
    return match.group(1).rsplit(".", 1)[-1], message[match.end():] or message


def compared(message):
    """Both sides of `assert left == right`, where the line can be read in one way only."""
    sides = message.split("\n", 1)[0].split(" == ")
    if len(sides) != 2 or not sides[0].startswith("assert "):
        return {}
    return {"actual": capped(sides[0][7:], 4096), "expected": capped(sides[1], 4096)}


def place_in(longrepr, file):
    """The last frame inside the test's own file."""
    entries = getattr(getattr(longrepr, "reprtraceback", None), "reprentries", ())
    frames = [getattr(longrepr, "reprcrash", None)] + [getattr(entry, "reprfileloc", None) for entry in entries]
    name = os.path.basename(file)
    lines = [frame.lineno for frame in frames if frame is not None and os.path.basename(frame.path) == name]
    return {"file": file, "line": lines[-1]} if lines else {}


def failure_of(report, phase):
    longrepr = report.longrepr
    crash = getattr(longrepr, "reprcrash", None)
    text = longrepr if isinstance(longrepr, str) else str(longrepr)
    message = crash.message if crash is not None else text
    if crash is None and not isinstance(longrepr, str):
        message = last_error(text)
    kind, message = split_type(message.strip())
    failure = {"phase": phase, "type": kind, "message": capped(message, 4096), "trace": capped(text)}
    failure.update(place_in(longrepr, report.nodeid.split("::", 1)[0]))
    failure.update(compared(message))
    return failure


def last_error(text):
    """The `E   Name: text` line of a collection error, or its last line."""
    found = re.findall(r"^E\s+([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning)\b.*)$", text, re.MULTILINE)
    return found[-1] if found else (text.strip().splitlines() or ["collection failed"])[-1]


def collect_failure(report):
    failure = failure_of(report, "collection")
    file = report.nodeid.split("::", 1)[0]
    places = r"^%s:(\d+):|^E\s+File \".*%s\", line (\d+)" % (re.escape(file), re.escape(os.path.basename(file)))
    lines = [one or other for one, other in re.findall(places, failure["trace"], re.MULTILINE)] if file else []
    if lines:
        failure.update(file=file, line=int(lines[-1]))
    return failure


# Collection ----------------------------------------------------------------------------------------------------------


def marks_of(item):
    """Tags, case and labels that the marks of a test carry."""
    tags, labels, case = {}, {}, None
    for mark in item.iter_markers():
        if mark.name in ("case", "greenloop_case") and mark.args:
            case = case or str(mark.args[0])
        elif mark.name == "allure_label" and mark.args:
            name = str(mark.kwargs.get("label_type", "label"))
            labels.setdefault(name, ", ".join(str(value) for value in mark.args))
        elif mark.name.startswith("allure_"):
            value = mark.args[0] if mark.args else mark.kwargs.get("name", "")
            labels.setdefault(mark.name[7:], str(value))
        elif mark.name not in ("parametrize", "usefixtures", "filterwarnings"):
            tags[mark.name] = True
    return list(tags), labels, case


def describe(item):
    nodeid = item.nodeid
    file, _, rest = nodeid.partition("::")
    inner = rest.split("[", 1)[0].split("::")
    tags, labels, case = marks_of(item)
    test = {"id": nodeid, "name": item.name, "file": file, "suite": inner[:-1], "tags": tags, "labels": labels}
    if item.location[1] is not None:
        test["line"] = item.location[1] + 1
    if case is not None:
        test["caseId"] = case
    return test


def chosen(items):
    """The items of this process and the others."""
    choice = JOB.get("select") or {}
    if choice.get("kind") == "ids":
        wanted = set(choice["ids"])
    elif choice.get("shard") and choice["shard"]["of"] > 1:
        wanted = shard(items, choice["shard"]["index"], choice["shard"]["of"])
    else:
        return items, []
    keep, rest = [], []
    for item in items:
        (keep if item.nodeid in wanted else rest).append(item)
    return keep, rest


def shard(items, index, of):
    """Ids of one part. Parts are contiguous in an order that no shuffling plugin changes; together they are everything.

    A border moves to the nearest beginning of a module where that costs at most a quarter of a part.
    """
    order = sorted({item.nodeid: (item.nodeid.split("::", 1)[0], item.location[1] or 0, item.nodeid) for item in items}.values())
    starts = [0] + [at for at in range(1, len(order)) if order[at][0] != order[at - 1][0]] + [len(order)]
    slack = len(order) / of / 4

    def border(number):
        exact = round(len(order) * number / of)
        near = min(starts, key=lambda start: abs(start - exact))
        return near if abs(near - exact) <= slack else exact

    return {key[2] for key in order[border(index):border(index + 1)]}


# Deadlines -----------------------------------------------------------------------------------------------------------


class Deadline:
    """Raises in the main thread when a test has run too long; steps aside for pytest-timeout and debuggers."""

    def __init__(self, config):
        self.seconds = JOB.get("testTimeoutMs", 0) / 1000
        self.other = config.pluginmanager.hasplugin("timeout") or config.pluginmanager.hasplugin("pytest_timeout")
        self.other_default = getattr(config, "_env_timeout", None)
        self.fired = False
        main = threading.current_thread() is threading.main_thread()
        self.usable = self.seconds > 0 and main and hasattr(signal, "setitimer") and not config.getoption("usepdb", False)
        self.handler = self.on_alarm

    def start(self, item):
        self.fired = False
        if not self.usable or self.left_to_other(item):
            return
        if signal.getsignal(signal.SIGALRM) != self.handler:
            signal.signal(signal.SIGALRM, self.handler)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, min(max(self.seconds, 1), 10))

    def stop(self):
        if self.usable and signal.getsignal(signal.SIGALRM) == self.handler:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def left_to_other(self, item):
        return self.other and bool(self.other_default or item.get_closest_marker("timeout"))

    def on_alarm(self, _number, frame):
        __tracebackhide__ = True
        inner = frame
        while inner is not None and inner.f_code.co_name != "from_call":
            inner = inner.f_back
        if inner is None:
            # Between two phases: what is raised here would break the session, not the test.
            signal.setitimer(signal.ITIMER_REAL, 0.01, 1)
            return
        self.fired = True
        pytest.fail("%s %g s" % (TIMEOUT_TEXT, self.seconds))


# Results -------------------------------------------------------------------------------------------------------------


PASSED_PHASE = '{"event": "phase", "id": %s, "phase": "%s", "outcome": "passed", "durationMs": %.4f}\n'
PASSED_TEST = '{"event": "test_finish", "id": %s, "outcome": "passed", "durationMs": %.4f}\n'


class Fold:
    """What the phases of one test say together."""

    __slots__ = ("id", "key", "outcome", "failure", "reason", "duration", "report", "held")

    def __init__(self, nodeid):
        self.id = nodeid
        self.key = ENCODE(nodeid)
        self.outcome = None
        self.failure = None
        self.reason = None
        self.duration = 0.0
        self.report = None
        self.held = ""

    def start_line(self):
        return '{"event": "test_start", "id": %s, "at": %.3f}\n' % (self.key, CLOCK[0]() * 1000)

    def add_passed(self, report):
        """The common case, without a detour through dictionaries: a thousand small tests spend their time here."""
        self.report = report
        self.duration += report.duration
        phase = report.when
        if phase == "call" and self.outcome is None:
            self.outcome = "passed"
        self.held += PASSED_PHASE % (self.key, phase, report.duration * 1000)

    def add(self, report):
        """Takes one report in and holds its event back, unless it is only a part of the call (a subtest)."""
        phase = report.when if report.when in ("setup", "call", "teardown") else "call"
        self.report = report
        part = hasattr(report, "context") and report.when == "call"
        outcome, failure, reason = judged(report, phase)
        if failure is not None and (self.failure is None or outcome == "timed_out"):
            self.outcome, self.failure = outcome, failure
        if part:
            return
        if outcome == "skipped" and self.outcome in (None, "passed"):
            self.outcome, self.reason = outcome, reason
        if self.outcome is None and phase == "call":
            self.outcome = outcome
        self.duration += report.duration
        event = {"event": "phase", "id": self.id, "phase": phase, "outcome": outcome, "durationMs": report.duration * 1000}
        if failure is not None:
            event["failure"] = failure
        if reason is not None:
            event["skipReason"] = reason
        self.held += line_of(event)

    def finish_line(self):
        if self.outcome == "passed" and not self.report.sections:
            return PASSED_TEST % (self.key, self.duration * 1000)
        event = {"event": "test_finish", "id": self.id, "outcome": self.outcome or "errored", "durationMs": self.duration * 1000}
        if self.failure is not None:
            event["failure"] = self.failure
        if self.outcome == "skipped" and self.reason:
            event["skipReason"] = self.reason
        if self.report is not None and self.report.sections:
            event.update(output_of(self.report.sections))
        return line_of(event)


def judged(report, phase):
    """Outcome, failure and reason of one report."""
    outcome = report.outcome
    if outcome == "passed":
        return "passed", None, None
    if outcome == "skipped":
        return "skipped", None, skip_reason(report)
    failure = failure_of(report, phase)
    if report.when == "???":
        failure["type"] = "ProcessCrashed"
        return "crashed", failure, None
    if TIMED_OUT.match(failure["type"] + ": " + failure["message"]) or TIMED_OUT.match(failure["message"]):
        return "timed_out", failure, None
    return ("failed" if phase == "call" else "errored"), failure, None


def skip_reason(report):
    if hasattr(report, "wasxfail"):
        return ("expected failure: %s" % report.wasxfail).rstrip(": ")
    longrepr = report.longrepr
    text = str(longrepr[2]) if isinstance(longrepr, tuple) and len(longrepr) == 3 else str(longrepr or "")
    return text[9:] if text.startswith("Skipped: ") else text


def output_of(sections):
    """Captured output over all phases; the log follows what was written to standard error."""
    streams = {"stdout": [], "stderr": [], "log": []}
    for title, text in sections:
        words = title.split(" ")
        if len(words) > 1 and words[0] == "Captured" and words[1] in streams and text:
            streams[words[1]].append(text)
    errors = "".join(streams["stderr"])
    if streams["log"]:
        errors += ("" if not errors or errors.endswith("\n") else "\n") + "\n".join(streams["log"])
    return {name: capped(text) for name, text in (("stdout", "".join(streams["stdout"])), ("stderr", errors)) if text}


class Reporter:
    """The hooks."""

    def __init__(self, config):
        self.config = config
        self.worker = hasattr(config, "workerinput")
        self.deadline = Deadline(config)
        self.open = {}
        self.item = None
        self.choosing = False
        self.deselected = 0
        self.skipped_modules = []
        self.collected = False

    # Session

    def pytest_sessionstart(self):
        CHANNEL.send({
            "event": "session_start",
            "version": pytest.__version__,
            "interpreter": "%s %s" % (platform.python_implementation(), platform.python_version()),
            "plugins": {dist.project_name: dist.version for _, dist in self.config.pluginmanager.list_plugin_distinfo()},
        })

    def pytest_internalerror(self, excrepr):
        CHANNEL.send({"event": "internal_error", "message": capped(str(excrepr))})

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session):
        yield
        if COVERAGE is not None:
            files = COVERAGE.finish(self.config)
            if files is not None and not self.worker:
                CHANNEL.send({"event": "coverage", "files": files})
        self.finish_session(session)

    def finish_session(self, session):
        for nodeid in list(self.open):
            self.close(nodeid)
        if JOB.get("benchmark") and not self.worker:
            from greenloop_pytest_benchmark import figures

            for figure in figures(self.config):
                CHANNEL.send({"event": "benchmark", "figure": figure})
        CHANNEL.send({"event": "session_end", "exitCode": int(getattr(session, "exitstatus", 0))})

    # Collection

    def pytest_collectreport(self, report):
        if report.failed:
            file = report.nodeid.split("::", 1)[0]
            CHANNEL.send({"event": "collect_error", "file": file, "failure": collect_failure(report)})
        elif report.skipped and report.nodeid:
            self.skipped_modules.append(report)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        keep, rest = chosen(items)
        if rest:
            items[:] = keep
            self.choosing = True
            config.hook.pytest_deselected(items=rest)
            self.choosing = False

    def pytest_deselected(self, items):
        if not self.choosing:
            self.deselected += len(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session):
        if self.worker:
            write_collected(self.config.workerinput["workerid"], [describe(item) for item in session.items], self.deselected)
        else:
            self.report_collected([describe(item) for item in session.items], self.deselected)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        if not self.collected:
            tests, deselected = read_collected(node.gateway.id, ids)
            self.report_collected(tests, deselected)

    def report_collected(self, tests, deselected):
        self.collected = True
        for start in range(0, len(tests), COLLECTED_PER_EVENT):
            CHANNEL.send({"event": "collected", "tests": tests[start:start + COLLECTED_PER_EVENT]})
        choice = JOB.get("select") or {}
        first = choice.get("kind") != "ids" and (choice.get("shard") or {}).get("index", 0) == 0
        if first and deselected:
            # Every part deselects the same tests; one of them speaks for all.
            CHANNEL.send({"event": "deselected", "count": deselected})
        for report in self.skipped_modules:
            if first or report.nodeid in choice.get("ids", ()):
                self.report_skipped_module(report)

    def report_skipped_module(self, report):
        """A module that skipped itself counts as one skipped test named after the file."""
        file = report.nodeid.split("::", 1)[0]
        test = {"id": report.nodeid, "name": report.nodeid, "file": file, "suite": [], "tags": [], "labels": {}}
        finish = {"event": "test_finish", "id": report.nodeid, "outcome": "skipped", "durationMs": 0, "skipReason": skip_reason(report)}
        CHANNEL.send({"event": "collected", "tests": [test]})
        if not self.config.option.collectonly:
            CHANNEL.send({"event": "test_start", "id": report.nodeid, "at": CLOCK[0]() * 1000}, finish)

    # Tests

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self.item = item
        yield
        self.deadline.stop()
        self.item = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid):
        # Called once for each attempt, so a rerun gets the whole time again.
        if self.item is not None:
            self.deadline.start(self.item)
        if nodeid in self.open:
            self.close(nodeid)
        if not self.worker:
            fold = self.open[nodeid] = Fold(nodeid)
            CHANNEL.send_lines(fold.start_line())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        if self.worker:
            return
        fold = self.open.get(report.nodeid)
        if fold is None:
            # A worker that died may never have said that it began.
            self.pytest_runtest_logstart(report.nodeid)
            fold = self.open[report.nodeid]
        if report.outcome == "passed" and not hasattr(report, "context"):
            fold.add_passed(report)
            return
        fold.add(report)
        CHANNEL.send_lines(fold.held)
        fold.held = ""
        if report.when == "???":
            self.close(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid):
        if nodeid in self.open:
            self.close(nodeid)

    def close(self, nodeid):
        fold = self.open.pop(nodeid)
        if fold.report is None:
            return
        CHANNEL.send_lines(fold.held + fold.finish_line())


def collected_path(worker):
    return os.path.join(SCRATCH, "collected-%s.json" % worker)


def write_collected(worker, tests, deselected):
    if SCRATCH:
        with open(collected_path(worker), "w", encoding="utf-8") as file:
            json.dump({"tests": tests, "deselected": deselected}, file)


def read_collected(worker, ids):
    """What a worker wrote; bare names where its file cannot be read (a worker on another machine)."""
    try:
        with open(collected_path(worker), encoding="utf-8") as file:
            found = json.load(file)
        return found["tests"], found["deselected"]
    except (OSError, ValueError):
        return [plain_test(nodeid) for nodeid in ids], 0


def plain_test(nodeid):
    file, _, name = nodeid.partition("::")
    return {"id": nodeid, "name": name, "file": file, "suite": [], "tags": [], "labels": {}}


# Entry ---------------------------------------------------------------------------------------------------------------

COVERAGE = None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Measures from before the first conftest, unless pytest-cov does it already."""
    global COVERAGE
    if JOB.get("coverage"):
        from greenloop_pytest_coverage import start

        COVERAGE = start(JOB["coverage"], SCRATCH, WORKER, early_config)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    for line in ("case(id): case of the suite that the test was written for", "greenloop_case(id): the same"):
        config.addinivalue_line("markers", line)
    config.addinivalue_line("markers", "allure_label(value, label_type): a label for reports")
    if JOB.get("files"):
        # More files than a command line holds.
        config.args[:] = JOB["files"]
    config.pluginmanager.register(Reporter(config), "greenloop-reporter")
    if JOB.get("benchmark") and not config.pluginmanager.hasplugin("benchmark"):
        import greenloop_pytest_benchmark

        config.pluginmanager.register(greenloop_pytest_benchmark.Fixtures(), "greenloop-benchmark")
