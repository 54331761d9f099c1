/** Modules of Python and of its test tools that a file of the same name would take the place of. */
const modules = new Set(
  `abc argparse array ast asyncio atexit base64 bdb binascii bisect builtins calendar cmd code codecs codeop collections colorsys compileall
  concurrent configparser contextlib contextvars copy copyreg csv ctypes curses dataclasses datetime dbm decimal difflib dis doctest email
  encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc getopt getpass gettext glob graphlib
  gzip hashlib heapq hmac html http imaplib importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox marshal
  math mimetypes mmap multiprocessing netrc numbers operator optparse os pathlib pdb pickle pkgutil platform plistlib poplib posix posixpath
  pprint profile pstats pty pwd queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex
  shutil signal site smtplib socket socketserver sqlite3 ssl stat statistics string stringprep struct subprocess symtable sys sysconfig syslog
  tarfile tempfile textwrap threading time timeit token tokenize tomllib trace traceback tracemalloc tty types typing unicodedata unittest urllib
  uuid venv warnings wave weakref webbrowser xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
  _pytest attr attrs coverage exceptiongroup freezegun hypothesis iniconfig mock nose nose2 packaging pluggy pygments pytest responses tomli xdist`.split(
    /\s+/,
  ),
)

/** The module whose place a new file takes; within a package, names are its own. `has`: whether a file is in the project. */
export function shadowedModule(path: string, has: (path: string) => boolean): string | undefined {
  const file = path.replace(/\/__init__(?=\.pyi?$)/i, '')
  const [, folder, name = ''] = /^(?:(.*)\/)?([^/]+)\.pyi?$/i.exec(file) ?? []
  if (!modules.has(name.toLowerCase())) return undefined
  return has(folder === undefined ? '__init__.py' : `${folder}/__init__.py`) ? undefined : name
}
