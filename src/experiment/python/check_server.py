"""Makes checks that are written in Python.

Reads one request a line from standard input and answers each with one line on what standard output was at the start.
Whatever the checks print goes to standard error, so that it cannot be taken for an answer.
"""

import ast
import importlib.util
import json
import os
import sys

modules = {}
compiled = {}


def function_of_file(path, name):
    """The function of a file; each file is loaded once."""
    if path not in modules:
        spec = importlib.util.spec_from_file_location(f"greenloop_check_{len(modules)}", path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no Python file")
        sys.path.insert(0, os.path.dirname(path))
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        modules[path] = module
    function = getattr(modules[path], name, None)
    if not callable(function):
        raise AttributeError(f"it has no function `{name}`")
    return function


def function_of_code(code):
    """A function from one expression, or from a body that returns."""
    if code not in compiled:
        shell = ast.parse("def check(output, context):\n    pass")
        try:
            value = ast.parse(code.strip(), mode="eval").body
            body = [ast.copy_location(ast.Return(value=value), value)]
        except SyntaxError:
            body = ast.parse(code).body
        shell.body[0].body = body
        space = {"__name__": "greenloop_check"}
        exec(compile(ast.fix_missing_locations(shell), "<check>", "exec"), space)
        compiled[code] = space["check"]
    return compiled[code]


def answer(request):
    """What the check says, or what broke it."""
    try:
        code, path = request.get("code"), request.get("file")
        check = function_of_code(code) if path is None else function_of_file(path, request["function"])
        return {"reply": check(request["output"], request["context"])}
    except (Exception, SystemExit) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def plain(value):
    """Numbers of NumPy and the like as plain ones."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON")


def line_of(said):
    try:
        return json.dumps(said, default=plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        return json.dumps({"error": f"the result cannot be told: {error}"})


def main():
    requests = os.fdopen(os.dup(0), encoding="utf-8", newline="\n")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    silence = os.open(os.devnull, os.O_RDONLY)
    os.dup2(silence, 0)
    os.dup2(2, 1)
    for line in requests:
        replies.write(line_of(answer(json.loads(line))) + "\n")
        replies.flush()


main()
