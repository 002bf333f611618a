"""Who may talk to the server: this machine's own pages and programs, or whoever has the token.

A page of another site can make a browser send requests here, and can point its own name at this
machine (DNS rebinding). So the Host has to be one of ours, a request that another site caused is
refused, and no header ever allows other sites to read an answer.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qvtime.serve.assets import PAGE

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "qvtime"
OPEN_TO_ALL = "/page/"
"""The page's own files say nothing about the videos: they come without a token."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        # Nothing can be parsed as HTML, even by mistake: labels are text.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Which names the server answers to, and the token it wants, None for none.

    any_address: it listens on every address of the machine, so every IP address is its own; a
    rebound name is none.
    """

    hosts: frozenset[str] = field(default=LOOPBACK)
    any_address: bool = False
    token: str | None = None

    def knows(self, name: str) -> bool:
        """Whether a Host without its port is one of ours."""
        return name in self.hosts or (self.any_address and _is_address(name))

    @property
    def cookie(self) -> str:
        """What a browser keeps once it has shown the token: not the token itself."""
        return hashlib.blake2b((self.token or "").encode(), person=b"qvtime").hexdigest()


class Guard:
    """The outermost layer: nothing behind it sees a request that should not be here."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._refusal(scope) or self._welcome(scope) or self._app
            await answer(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        """Why a request is not answered; None when it is."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._access.knows(host_name(hosts[0])):
            return _refuse(400, "this server does not go by that name", "see qvtime serve --help")
        if _comes_from_elsewhere(scope, headers, hosts[0]):
            return _refuse(403, "another site asked for this", "open the page itself")
        return None

    def _welcome(self, scope: Scope) -> Response | None:
        """For whoever has no token yet, and for whoever has just brought it; else None."""
        token, path = self._access.token, scope["path"]
        if token is None or path.startswith(OPEN_TO_ALL):
            return None
        headers = Headers(scope=scope)
        (given,) = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[:1]
        if path == "/" and _same(given, token):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, self._access.cookie, httponly=True, samesite="lax")
            return answer
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(credentials.strip(), token):
            return None
        if _same(_cookie(headers.get("cookie", "")), self._access.cookie):
            return None
        if path == "/":
            return FileResponse(PAGE / "token.html", 401, media_type="text/html")
        refusal = _refuse(401, "this server wants its token", "Authorization: Bearer TOKEN")
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal


def host_name(host: str) -> str:
    """The Host header's name or address, without a port and without brackets, in small letters."""
    if host.startswith("["):
        name, closed, rest = host[1:].partition("]")
        ours = closed and (rest == "" or rest.startswith(":"))
        return name.lower() if ours else ""
    name, _, port = host.partition(":")
    return name.lower() if port == "" or port.isdecimal() else ""


def access_for(host: str, names: Iterable[str], token: str | None) -> Access:
    """What a server that listens on `host` answers to, with these further names."""
    own = host_name(f"[{host}]" if ":" in host else host)
    any_address = own in ("0.0.0.0", "::", "")  # noqa: S104 - a comparison
    named = {host_name(name) for name in names} | ({own} - {""})
    return Access(LOOPBACK | named, any_address, token)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _comes_from_elsewhere(scope: Scope, headers: Headers, host: str) -> bool:
    """Whether a page of another origin made the browser ask. Opening our page by a link is fine."""
    origin = headers.get("origin")
    if origin is not None and _authority(origin) != host.lower():
        return True
    if headers.get("sec-fetch-site") not in ("cross-site", "same-site"):
        return False
    opens_page = (
        scope["method"] == "GET"
        and scope["path"] == "/"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
    return not opens_page


def _authority(origin: str) -> str | None:
    """The host and port of an Origin; None for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # a bracket that is not closed
        return None


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return send_with_headers


def _refuse(status: int, message: str, hint: str) -> JSONResponse:
    return JSONResponse({"error": "Refused", "message": message, "hint": hint}, status)


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _same(given: str, known: str) -> bool:
    """Whether both are the same, in a time that says nothing about where they differ."""
    return hmac.compare_digest(given.encode(), known.encode())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
