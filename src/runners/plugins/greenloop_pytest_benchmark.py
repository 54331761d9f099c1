"""Benchmark figures for Greenloop: those of pytest-benchmark, or of a small fixture with the same calls."""
import gc
import statistics
import time

import pytest

MIN_ROUNDS = 5
MAX_ROUNDS = 10000
MAX_SECONDS = 1.0
MIN_ROUND_SECONDS = 0.000005
RECORDED = []


def figures(config):
    """All that was measured in this session, as Greenloop's figures; times in seconds."""
    theirs = getattr(getattr(config, "_benchmarksession", None), "benchmarks", None)
    found = RECORDED
    if theirs is not None:
        found = [(bench.name, bench.fullname, bench.stats.data) for bench in theirs if bench and not bench.has_error]
    # A test that was tried again has measured again: its last figures count.
    last = {nodeid: (name, nodeid, seconds) for name, nodeid, seconds in found if seconds}
    return [figure(*entry) for entry in last.values()]


def figure(name, nodeid, seconds):
    ordered = sorted(seconds)
    return {
        "name": name,
        "testId": nodeid,
        "unit": "s",
        "rounds": len(ordered),
        "min": ordered[0],
        "max": ordered[-1],
        "mean": statistics.fmean(ordered),
        "median": statistics.median(ordered),
        "p95": quantile(ordered, 0.95),
        "stddev": statistics.stdev(ordered) if len(ordered) > 1 else 0.0,
    }


def quantile(ordered, share):
    """Linear between the two nearest values (Hyndman and Fan, type 7)."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


class Benchmark:
    """Stands in for the fixture of pytest-benchmark."""

    def __init__(self, node):
        self.node = node
        self.name = node.name
        self.fullname = node.nodeid
        self.group = None
        self.extra_info = {}
        self.enabled = True
        self.used = False

    def __call__(self, target, *args, **kwargs):
        self.claim()
        result = target(*args, **kwargs)
        once = timed(target, args, kwargs, 1)
        loops = max(1, int(MIN_ROUND_SECONDS * 10 / max(once, 1e-9)))
        rounds = int(min(MAX_ROUNDS, max(MIN_ROUNDS, MAX_SECONDS / max(once * loops, 1e-9))))
        self.record([timed(target, args, kwargs, loops) / loops for _ in range(rounds)])
        return result

    def pedantic(self, target, args=(), kwargs=None, setup=None, rounds=1, warmup_rounds=0, iterations=1):
        self.claim()
        if setup is not None and iterations != 1:
            raise ValueError("Can't use more than 1 `iterations` with a `setup` function.")
        seconds = []
        result = None
        for number in range(warmup_rounds + rounds):
            if setup is not None:
                args, kwargs = setup() or (args, kwargs)
            start = time.perf_counter()
            for _ in range(iterations):
                result = target(*args, **(kwargs or {}))
            if number >= warmup_rounds:
                seconds.append((time.perf_counter() - start) / iterations)
        self.record(seconds)
        return result

    def claim(self):
        if self.used:
            raise RuntimeError("The benchmark fixture can be used only once in a test.")
        self.used = True

    def record(self, seconds):
        RECORDED.append((self.name, self.fullname, seconds))


def timed(target, args, kwargs, loops):
    """Seconds that `loops` calls take together, without the garbage collector."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(loops):
            target(*args, **kwargs)
        return time.perf_counter() - start
    finally:
        if collecting:
            gc.enable()


class Fixtures:
    """The plugin that offers the fixture."""

    @pytest.fixture
    def benchmark(self, request):
        return Benchmark(request.node)
