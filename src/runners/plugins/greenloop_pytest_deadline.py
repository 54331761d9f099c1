"""The deadline of a test, inside its process."""
import signal
import threading

import pytest
from greenloop_pytest_channel import JOB

TIMEOUT_TEXT = "Timeout: test ran longer than"

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
