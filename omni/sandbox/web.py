"""Requests, responses and routes over WSGI: as much of a web framework as this process needs."""

import json
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote
from wsgiref.types import StartResponse, WSGIEnvironment

MAX_BODY_BYTES = 1_000_000
HANG_SECONDS = 60.0
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Problem(Exception):
    """A request that is refused, in the plain JSON shape `{code, message, field?}`."""

    def __init__(self, status: int, code: str, message: str, field_name: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field_name = status, code, message, field_name

    @property
    def content(self) -> dict[str, str]:
        """The JSON shape."""
        content = {"code": self.code, "message": self.message}
        return content | {"field": self.field_name} if self.field_name else content


class NoAnswer(Exception):
    """The caller is left waiting."""


@dataclass
class Request:
    """One HTTP request; `target` is the path with its query exactly as sent."""

    method: str
    path: str
    target: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        :raises Problem: 400 "invalid" when it is not one.
        """
        try:
            parsed = json.loads(self.body or b"{}")
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")  # A lone surrogate is JSON, but no text.
        except (ValueError, RecursionError) as error:
            raise Problem(400, "invalid", f"The body is not JSON: {error}") from error
        if not isinstance(parsed, dict):
            raise Problem(400, "invalid", "The body must be a JSON object.")
        return parsed

    def form(self) -> dict[str, str]:
        """Return the body as form fields."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True)
class Response:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def with_headers(self, extra: Iterable[tuple[str, str]]) -> "Response":
        """Return the same answer with more headers."""
        return Response(self.status, self.body, (*self.headers, *extra))


Handler = Callable[[Request], Response]


def json_response(content: object, status: int = 200) -> Response:
    """Answer with JSON."""
    body = json.dumps(content, ensure_ascii=False).encode("utf-8")
    return Response(status, body, (("Content-Type", "application/json; charset=utf-8"),))


def page_response(html: str, status: int = 200) -> Response:
    """Answer with a page that may load our own style and nothing else."""
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", PAGE_POLICY),
        ("Cache-Control", "no-store"),
    )
    return Response(status, html.encode("utf-8"), headers)


def redirect(path: str) -> Response:
    """Send the browser on to a page after a form."""
    return Response(303, b"", (("Location", path),))


def problem_response(problem: Problem) -> Response:
    """Answer with the JSON shape of a refusal."""
    return json_response(problem.content, problem.status)


class Router:
    """Finds the handler of a method and a path; `{name}` in a pattern matches one segment."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Add one route."""
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        self._routes.append((method, re.compile(f"^{expression}$"), handler))

    def dispatch(self, request: Request) -> Response:
        """Run the handler of a request; a slash at the end makes no difference.

        :raises Problem: 404 or 405 when there is none.
        """
        methods, path = set(), request.path.rstrip("/") or "/"
        for method, pattern, handler in self._routes:
            match = pattern.match(path)
            if match is None:
                continue
            if method == request.method:
                request.params = {name: unquote(text) for name, text in match.groupdict().items()}
                return handler(request)
            methods.add(method)
        if methods:
            raise Problem(405, "method_not_allowed", f"Use {', '.join(sorted(methods))}.")
        raise Problem(404, "not_found", f"Nothing is at {request.path}.")


class Application:
    """The WSGI callable."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self.stopping = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            response = self._router.dispatch(_read_request(environ))
        except Problem as problem:
            response = problem_response(problem)
        except NoAnswer:
            self.stopping.wait(HANG_SECONDS)
            response = Response(504)
        phrase = HTTPStatus(response.status).phrase
        headers = [*response.headers, ("Content-Length", str(len(response.body)))]
        start_response(f"{response.status} {phrase}", headers)
        return [response.body] if response.body else []


def _read_request(environ: WSGIEnvironment) -> Request:
    """:raises Problem: 413 for a body over 1 MB, 400 for a wrong length."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise Problem(400, "invalid", "Content-Length is not a number.") from error
    if not 0 <= length <= MAX_BODY_BYTES:
        raise Problem(413, "too_large", "The body is larger than 1 MB.")
    headers = {key[5:].replace("_", "-").lower(): text for key, text in environ.items() if key.startswith("HTTP_")}
    query = environ.get("QUERY_STRING", "")
    target = environ["sandbox.target"]
    return Request(
        method=environ["REQUEST_METHOD"],
        path=target.partition("?")[0],
        target=target,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        body=environ["wsgi.input"].read(length) if length else b"",
    )
