"""Tells Greenloop what pytest does, one JSON object a line. PYTEST_DONT_REWRITE

Loaded with `-p greenloop_pytest`. Needs only the standard library; observes, selects and sets deadlines, but never
turns one result into another. Everything it has to know stands in the JSON file that GREENLOOP_JOB names; the events
leave through the descriptor that GREENLOOP_CHANNEL_FD names.
"""
import platform

import pytest
from greenloop_pytest_channel import CHANNEL, CLOCK, JOB, SCRATCH, WORKER, capped
from greenloop_pytest_deadline import Deadline
from greenloop_pytest_outcome import Fold, collect_failure, exit_report, skip_reason
from greenloop_pytest_select import chosen, describe, read_collected, write_collected

COLLECTED_PER_EVENT = 500

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

    def tell_limit(self, what, lift=False):
        """The limit of pytest-cov ends a session with an exit code that no test explains."""
        plugin = self.config.pluginmanager.getplugin("_cov")
        limit = getattr(getattr(plugin, "options", None), "cov_fail_under", None)
        if not limit or self.worker:
            return
        if lift:
            plugin.options.cov_fail_under = None
        if (JOB.get("select") or {}).get("kind") != "ids" and (lift or (plugin.cov_total or 0) < limit):
            CHANNEL.send({"event": "note", "message": "the project's limit for coverage (%g %%) was %s" % (limit, what)})

    def finish_session(self, session):
        self.tell_limit("not reached")
        # Of several tests that workers ran side by side, none has an end of its own: they are run again.
        lost = {nodeid for nodeid, fold in self.open.items() if fold.outcome is None and len(self.open) > 1}
        for nodeid in set(self.open) - lost:
            self.close(nodeid)
        if JOB.get("benchmark") and not self.worker:
            from greenloop_pytest_benchmark import figures

            for figure in figures(self.config):
                CHANNEL.send({"event": "benchmark", "figure": figure})
        CHANNEL.send({"event": "session_end", "exitCode": int(getattr(session, "exitstatus", 0))})

    def pytest_keyboard_interrupt(self, excinfo):
        """What a test raises to end the whole session stands in no report."""
        if not isinstance(excinfo.value, pytest.Session.Interrupted) and len(self.open) == 1:
            for fold in self.open.values():
                fold.interrupt(excinfo)

    # Collection

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector):
        """One file that calls sys.exit() must not hide what the others say."""
        outcome = yield
        if outcome.excinfo is not None and isinstance(outcome.excinfo[1], SystemExit):
            outcome.force_result(exit_report(collector, outcome.excinfo))

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
        if JOB.get("isPart"):
            self.tell_limit("not checked, for the tests were divided among processes", lift=True)
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


COVERAGE = None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Measures from before the first conftest, unless pytest-cov does it already."""
    global COVERAGE
    if JOB.get("coverage"):
        from greenloop_pytest_coverage import start

        COVERAGE = start(JOB["coverage"], SCRATCH, WORKER, early_config)


@pytest.hookimpl(hookwrapper=True)
def pytest_cmdline_main(config):
    """Sets options of other plugins where these are present, before they read them."""
    workers = JOB.get("xdistWorkers")
    if workers is not None and not WORKER and hasattr(config.option, "numprocesses"):
        config.option.numprocesses = workers
        # After a crash the remaining tests get a fresh process; a new worker may crash again without end.
        config.option.maxworkerrestart = "0"
    if SCRATCH and getattr(config.option, "benchmark_storage", None) == "file://./.benchmarks":
        config.option.benchmark_storage = "file://%s/benchmarks" % SCRATCH
    yield


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
