"""Prints what Greenloop has to know about this interpreter, as JSON; ends with 3 where pytest is missing."""
import json
import os
import platform
import sys
import sysconfig
from importlib import metadata
from importlib.util import find_spec

NAMES = {
    "pytest-xdist": "xdist",
    "pytest-cov": "cov",
    "coverage": "coverage",
    "pytest-timeout": "timeout",
    "pytest-benchmark": "benchmark",
    "pytest-rerunfailures": "rerunfailures",
    "pytest-asyncio": "asyncio",
    "allure-pytest": "allure",
}


def version_of(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def main():
    if find_spec("pytest") is None or find_spec("_pytest") is None:
        sys.exit(3)
    versions = {short: version_of(name) for name, short in NAMES.items()}
    folders = [sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.path.realpath(sys.executable))]
    folders += [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), sysconfig.get_path("stdlib")]
    folders += [entry for entry in sys.path[1:] if os.path.isdir(entry)]
    print(json.dumps({
        "version": version_of("pytest") or "unknown",
        "executable": sys.executable,
        "interpreter": "%s %s" % (platform.python_implementation(), platform.python_version()),
        "plugins": {name: version for name, version in versions.items() if version},
        "folders": sorted({place for folder in folders for place in (folder, os.path.realpath(folder))}),
    }))


main()
