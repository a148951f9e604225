"""A recording proxy: stands before replay, passes everything on, and keeps each request with its answer."""

import json
import ssl
import threading
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# Headers of one connection, which say nothing to the next.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "content-length"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `api` is the endpoint that was asked, by its name in the configuration file."""

    api: str
    method: str
    path: str
    query: str
    headers: dict
    body: bytes
    status: int
    answer_headers: dict
    answer: bytes

    def __str__(self):
        mark = "?" if self.query else ""
        return f"{self.api}: {self.method} /{self.path}{mark}{self.query} -> {self.status}"


class Proxy:
    """Serves until the end of the `with` block. Below `url` the first segment of a path names the endpoint."""

    def __init__(self, upstream, tls=None):
        self.upstream = urlsplit(upstream)
        self.exchanges = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def record(self, exchange):
        with self._lock:
            self.exchanges.append(exchange)

    def configure(self, replay, file, *, direct=(), drop=()):
        """Writes a `meshdoctor.toml` like that of replay, whose endpoints but for `direct` are asked through here."""
        settings = {key: value for key, value in replay.config.items() if key not in drop}
        endpoints = settings.pop("endpoints")
        # Strings and lists of strings are written in TOML as in JSON.
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        lines.append("[endpoints]")
        for name, url in endpoints.items():
            lines.append(f"{name} = {json.dumps(url if name in direct else f'{self.url}/{name}')}")
        file.write_text("\n".join(lines) + "\n")
        return file


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The collectors connect all at once.
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def relay(self):
        proxy = self.server.proxy
        api, _, rest = self.path.lstrip("/").partition("/")
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        kept = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        kept["Accept-Encoding"] = "identity"
        upstream = HTTPConnection(proxy.upstream.netloc)
        try:
            upstream.request(self.command, f"/{rest}", body or None, kept)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        path, _, query = rest.partition("?")
        proxy.record(
            Exchange(
                api=api,
                method=self.command,
                path=path,
                query=query,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                status=answer.status,
                answer_headers={name.lower(): value for name, value in answer.getheaders()},
                answer=content,
            )
        )
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = relay

    def log_message(self, *_):
        """Says nothing: what happened is in the record."""
