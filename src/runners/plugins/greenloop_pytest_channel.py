"""The way out of pytest's process: one JSON object a line, and the job that says what is wanted."""
import json
import os
import select
import threading
import time

CAP = 64 * 1024
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


def hide_folder():
    """Takes the plugin's folder out of PYTHONPATH again, so that the tests' own processes do not inherit it."""
    here = os.path.dirname(os.path.abspath(__file__))
    rest = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry != here]
    if any(rest):
        os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    else:
        os.environ.pop("PYTHONPATH", None)


hide_folder()
CHANNEL = Channel(open_channel())
JOB = read_job()
SCRATCH = JOB.get("scratchDir", "")
