"""A browser as far as Keycloak's login needs one: cookies, redirects that are followed by hand, and forms."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import kc_totp

MOST_PAGES = 20


class LoginError(Exception):
    """The login did not come to its end; the message names the page or the OAuth error, never a secret."""


class Form(HTMLParser):
    """The login form of a page: where it goes, and the fields that it has."""

    def __init__(self, page: str) -> None:
        """Read *page*."""
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.buttons: set[str] = set()
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the first form that has an action, and its inputs."""
        given = dict(attrs)
        if tag == "form" and not self.action:
            self.action, self._inside = given.get("action") or "", True
        elif tag == "input" and self._inside and (name := given.get("name")):
            self.fields[name] = given.get("value") or ""
        elif tag == "button" and self._inside and (name := given.get("name")):
            self.buttons.add(name)

    def handle_endtag(self, tag: str) -> None:
        """End the form."""
        if tag == "form":
            self._inside = False


class Browser:
    """One person's browser. Used again, it is the same session, so that a login can be a step-up."""

    def __init__(self, http: httpx.Client, base: str, issuer: str) -> None:
        """Talk to *base*; addresses that Keycloak gives out begin with those of *issuer*."""
        self._http = http
        self._base = base
        self._given_out = "{0.scheme}://{0.netloc}".format(urlsplit(issuer))
        # By hand: Keycloak's cookies are Secure, which browsers send to the loopback interface and http.cookiejar not.
        self._cookies: dict[str, str] = {}

    def code(
        self, authorize: str, parameters: Mapping[str, str], fill: Mapping[str, str], totp_secret: str | None
    ) -> str:
        """Log in and give the authorization code that arrives at the client. Raises LoginError.

        Consent is given where *fill* has the button `accept`.
        """
        state = secrets.token_urlsafe(8)
        page = self._send("GET", f"{authorize}?{urlencode({**parameters, 'state': state})}")
        tried: list[str] = []
        asked = False
        for _ in range(MOST_PAGES):
            if page.is_redirect:
                target = urljoin(str(page.url), page.headers["location"])
                if target.startswith(parameters["redirect_uri"]):
                    return self._arrived(target, state)
                page = self._send("GET", target)
                continue
            form = Form(page.text)
            if page.status_code != httpx.codes.OK or not form.action:
                raise LoginError(f"Keycloak showed a page without a form, status {page.status_code}")
            known = dict(fill)
            if "otp" in form.fields:
                known["otp"] = _one_time_code(totp_secret, tried)
            elif "accept" in form.buttons and "accept" in fill:
                form.fields["accept"] = fill["accept"]
            elif "password" not in form.fields or asked:
                raise LoginError(f"Keycloak did not go on; it shows a form with {', '.join(sorted(form.fields))}")
            asked = asked or "password" in form.fields
            target = urljoin(str(page.url), form.action)
            page = self._send("POST", target, {name: known.get(name, form.fields[name]) for name in form.fields})
        raise LoginError(f"the login has not ended after {MOST_PAGES} pages")

    def _send(self, method: str, url: str, data: Mapping[str, str] | None = None) -> httpx.Response:
        if url.startswith(self._given_out):
            url = self._base + url.removeprefix(self._given_out)
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = self._http.request(method, url, data=data, headers={"cookie": cookie} if cookie else {})
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel.value and morsel["max-age"] != "0":
                    self._cookies[name] = morsel.coded_value
                else:
                    self._cookies.pop(name, None)
        return answer

    @staticmethod
    def _arrived(target: str, state: str) -> str:
        answer = parse_qs(urlsplit(target).query)
        if "error" in answer:
            raise LoginError(": ".join(answer["error"] + answer.get("error_description", [])))
        if answer.get("state") != [state]:
            raise LoginError("the state that came back is not the one that was sent")
        return answer["code"][0]


def _one_time_code(secret: str | None, tried: list[str]) -> str:
    if secret is None:
        raise LoginError("Keycloak asks for a one-time code, and there is none")
    if len(tried) >= MOST_PAGES // 2:
        raise LoginError("Keycloak takes no one-time code")
    while not (fresh := [code for code in kc_totp.candidates(secret) if code not in tried]):
        kc_totp.wait_for_the_next()
    tried.append(fresh[0])
    return fresh[0]


def pkce() -> tuple[str, str]:
    """Give a code verifier and its challenge (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
