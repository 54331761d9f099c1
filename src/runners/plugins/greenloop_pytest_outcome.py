"""What pytest's reports say, as outcomes, failures and whole results."""
import os
import re

import pytest
from greenloop_pytest_channel import CLOCK, ENCODE, capped, line_of

TIMED_OUT = re.compile(r"(?:Failed: )?Timeout(?:: test ran longer than| \(?>)")

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
    if crash is None and (phase == "collection" or not isinstance(longrepr, str)):
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


def exit_report(collector, exc_info):
    """The report of a file that ends the process while it is imported, which pytest itself does not survive."""
    trace = collector.repr_failure(pytest.ExceptionInfo.from_exc_info(exc_info))
    text = "%s\nE   SystemExit: sys.exit(%r) was called while the file was imported" % (trace, exc_info[1].code)
    return pytest.CollectReport(collector.nodeid, "failed", text, [])


def collect_failure(report):
    failure = failure_of(report, "collection")
    file = report.nodeid.split("::", 1)[0]
    places = r"^%s:(\d+):|^E\s+File \".*%s\", line (\d+)" % (re.escape(file), re.escape(os.path.basename(file)))
    lines = [one or other for one, other in re.findall(places, failure["trace"], re.MULTILINE)] if file else []
    if lines:
        failure.update(file=file, line=int(lines[-1]))
    return failure


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

    def interrupt(self, excinfo):
        """Takes in what ended the session while this test ran."""
        if self.failure is None:
            trace = capped(str(excinfo.getrepr(style="short")))
            message = "%s ended the session%s" % (excinfo.typename, ": %s" % excinfo.value if str(excinfo.value) else "")
            self.failure = {"phase": "call", "type": excinfo.typename, "message": capped(message, 4096), "trace": trace}

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
