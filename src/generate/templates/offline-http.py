class Reply:
    """What the service answered: status, headers, text, and as body the value of JSON, other text, or None for none."""

    def __init__(self, status, headers, text):
        self.status = status
        self.headers = headers
        self.text = text
        try:
            self.body = json.loads(text)
        except ValueError:
            self.body = text or None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


# No proxy: the service is local or named in full.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
_NOTHING = object()


def _send(base_url, method, path, query=None, headers=None, body=_NOTHING):
    url = base_url.rstrip("/") + urllib.parse.quote(path, safe="/%?&=:@!$'()*+,;~-._")
    if query:
        plain = {key: str(value).lower() if isinstance(value, bool) else value for key, value in query.items()}
        url += ("&" if "?" in url else "?") + urllib.parse.urlencode(plain)
    data = None
    sent = {"Accept": "application/json"}
    if body is not _NOTHING:
        data = (body if isinstance(body, str) else json.dumps(body)).encode("utf-8", "surrogatepass")
        sent["Content-Type"] = "application/json"
    sent.update(headers or {})
    request = urllib.request.Request(url, data=data, headers=sent, method=method)
    try:
        with _opener.open(request, timeout=10) as answer:
            return Reply(answer.status, answer.headers, answer.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as answer:
        with answer:
            return Reply(answer.code, answer.headers, answer.read().decode("utf-8", "replace"))


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_ready(base_url, process, log):
    for _ in range(300):
        if process.poll() is not None:
            log.seek(0)
            pytest.fail(f"the service ended with {process.returncode}: {log.read()[-2000:].decode('utf-8', 'replace')}")
        try:
            _send(base_url, "GET", READY)
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the service did not answer {READY} within 15 s")


@pytest.fixture(scope="session")
def base_url():
    """Base URL of the service: BASE_URL where it is set, else a service started for this session."""
    named = os.environ.get("BASE_URL")
    if named or not START:
        if not named and not DEFAULT_BASE_URL:
            pytest.skip("GL: no service to talk to: set BASE_URL")
        yield named or DEFAULT_BASE_URL
        return
    port = _free_port()
    command = [part.replace("{port}", str(port)) for part in START]
    if command[0] in ("python", "python3"):
        command[0] = sys.executable
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "PORT": str(port)}
        )
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def api(base_url):
    """Sends one request; an answer of any status is a value."""

    def send(method, path, **parts):
        return _send(base_url, method, path, **parts)

    return send
