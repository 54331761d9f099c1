"""Line and branch coverage for Greenloop's pytest plugin, by way of the `coverage` package where it is installed."""
import json
import os


def start(wish, scratch, worker, early_config):
    """Starts measuring and returns the measurement; None where `coverage` is not installed."""
    try:
        import coverage
    except ImportError:
        return None
    options = early_config.known_args_namespace
    if getattr(options, "cov_source", None) and not getattr(options, "no_cov", False):
        return Theirs(scratch)
    return Ours(coverage, wish, scratch, worker)


class Theirs:
    """What pytest-cov measured, because the project or the user asked for it."""

    def __init__(self, scratch):
        self.scratch = scratch

    def finish(self, config):
        plugin = config.pluginmanager.getplugin("_cov")
        measured = getattr(getattr(plugin, "cov_controller", None), "cov", None)
        return None if measured is None else files_of(measured, self.scratch)


class Ours:
    """A measurement of this process; the workers of xdist write theirs beside it."""

    def __init__(self, coverage, wish, scratch, worker):
        self.scratch = scratch
        self.worker = worker
        self.cov = coverage.Coverage(
            data_file=os.path.join(scratch, "coverage-data"),
            data_suffix=worker or None,
            branch=bool(wish.get("branches")) or None,
            source=list(wish.get("sources") or ()) or ["."],
            messages=False,
        )
        # A module that was imported before is a fact of plugins, not a mistake of the user.
        self.cov.set_option("run:disable_warnings", ["module-not-measured", "no-data-collected", "already-imported"])
        self.cov.start()

    def finish(self, _config):
        self.cov.stop()
        self.cov.save()
        if self.worker:
            return None
        if any(name.startswith("coverage-data.") for name in os.listdir(self.scratch)):
            self.cov.combine([self.scratch], keep=True)
        return files_of(self.cov, self.scratch)


def files_of(measured, scratch):
    """Hits by file, from coverage's own JSON report; names relative to the working folder."""
    path = os.path.join(scratch, "coverage.json")
    try:
        measured.json_report(outfile=path, ignore_errors=True)
        with open(path, encoding="utf-8") as file:
            found = json.load(file)["files"]
    except Exception:  # A broken measurement must not break the session: the run then says that it has none.
        return None
    return [file for file in (entry_of(name, data) for name, data in found.items()) if file is not None]


def entry_of(name, data):
    relative = os.path.relpath(os.path.abspath(name))
    if relative.startswith(".."):
        return None
    lines = {str(line): 1 for line in data["executed_lines"]}
    lines.update((str(line), 0) for line in data["missing_lines"])
    branches, targets = {}, {}
    for taken, key in ((1, "executed_branches"), (0, "missing_branches")):
        for source, target in data.get(key, ()):
            had = branches.get(str(source), [0, 0])
            branches[str(source)] = [had[0] + taken, had[1] + 1]
            if taken:
                targets.setdefault(str(source), []).append(target)
    return {"file": relative.replace(os.sep, "/"), "lines": lines, "branches": branches, "targets": targets}
