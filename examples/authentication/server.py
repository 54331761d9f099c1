"""A small authentication service in memory: the system under test of examples/suites/authentication.json.

Start it with `python3 server.py PORT`, or with the port in the variable PORT.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_FAILURES = 3
SEEDED = {
    "alice": "Correct-Horse-1",
    "bob": "Battery-Staple-2",
    "carol": "Locked-Soon-3",
    "dave": "Leaving-Now-4",
    "王小明": "Tongguo-8-Ci",
}


def reset():
    return {"users": dict(SEEDED), "failures": {}, "access": {}, "refresh": {}, "next": 1}


STATE = reset()


def problem(status, code, message):
    return status, {"error": code, "message": message}


def read_credentials(body):
    """The two texts of a body, or the problem with it."""
    if not isinstance(body, dict):
        return None, problem(400, "invalid_body", "a JSON object is wanted")
    for name, least, most in (("username", 3, 20), ("password", 8, 64)):
        if name not in body:
            return None, problem(400, "missing_field", f"{name} is missing")
        if not isinstance(body[name], str) or not least <= len(body[name]) <= most:
            return None, problem(422, "invalid_field", f"{name} takes {least} to {most} characters")
    if set(body) - {"username", "password"}:
        return None, problem(422, "unknown_field", "only username and password are known")
    return (body["username"], body["password"]), None


def is_weak(password):
    return password.islower() or password.isupper() or password.isdigit()


def issue(username):
    number = STATE["next"]
    STATE["next"] = number + 1
    access, refresh = f"access-{number}", f"refresh-{number}"
    STATE["access"][access] = username
    STATE["refresh"][refresh] = username
    return {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 900}


def register(body, _token):
    credentials, wrong = read_credentials(body)
    if wrong:
        return wrong
    username, password = credentials
    if username in STATE["users"]:
        return problem(409, "user_exists", "this name is taken")
    if is_weak(password):
        return problem(422, "weak_password", "mix letters, digits and signs")
    STATE["users"][username] = password
    return 201, {"username": username}


def login(body, _token):
    credentials, wrong = read_credentials(body)
    if wrong:
        return wrong
    username, password = credentials
    if STATE["failures"].get(username, 0) >= MAX_FAILURES:
        return problem(423, "locked", "too many wrong passwords")
    if STATE["users"].get(username) != password:
        STATE["failures"][username] = STATE["failures"].get(username, 0) + 1
        return problem(401, "wrong_credentials", "name or password is wrong")
    STATE["failures"].pop(username, None)
    return 200, issue(username)


def refresh(body, _token):
    token = body.get("refresh_token") if isinstance(body, dict) else None
    if not isinstance(token, str):
        return problem(400, "missing_field", "refresh_token is missing")
    username = STATE["refresh"].pop(token, None)
    if username is None:
        return problem(401, "invalid_token", "this refresh token is unknown or used")
    return 200, issue(username)


def me(_body, token):
    if token is None:
        return problem(401, "missing_token", "a bearer token is wanted")
    if token == "expired":
        return problem(401, "expired_token", "the token has expired")
    username = STATE["access"].get(token)
    if username is None:
        return problem(401, "invalid_token", "the token is unknown")
    return 200, {"username": username, "roles": ["user"]}


def logout(_body, token):
    if STATE["access"].pop(token, None) is None:
        return problem(401, "invalid_token", "the token is unknown")
    return 204, None


def rate_password(body, _token):
    """Strength of a password, without keeping it."""
    password = body.get("password") if isinstance(body, dict) else None
    if not isinstance(password, str):
        return problem(400, "missing_field", "password is missing")
    if not 8 <= len(password) <= 64:
        return problem(422, "invalid_field", "password takes 8 to 64 characters")
    level = body.get("policy", "basic")
    if level not in ("basic", "strict"):
        return problem(422, "invalid_field", "policy is basic or strict")
    return 200, {"acceptable": level == "basic" or not is_weak(password), "length": len(password)}


def health(_body, _token):
    return 200, {"status": "ok"}


ROUTES = {
    ("GET", "/health"): health,
    ("POST", "/register"): register,
    ("POST", "/login"): login,
    ("POST", "/token/refresh"): refresh,
    ("GET", "/me"): me,
    ("POST", "/logout"): logout,
    ("POST", "/password/strength"): rate_password,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # One packet an answer: headers and body apart would wait for each other.

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        path = self.path.split("?", 1)[0]
        route = ROUTES.get((self.command, path))
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            self._send(*problem(400, "invalid_json", "the body is not JSON"))
            return
        if route is None:
            allowed = [method for method, known in ROUTES if known == path]
            self._send(*problem(405 if allowed else 404, "no_such_route", path), allowed)
            return
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        self._send(*route(body, token if kind == "Bearer" and token else None))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def _send(self, status, value, allowed=()):
        data = b"" if value is None else json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        if allowed:
            self.send_header("Allow", ", ".join(allowed))
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args):
        """Keeps the output quiet."""


def main():
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "8080"))
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
