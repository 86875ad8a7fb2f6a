"""A browser that knows HTML forms, links and cookies, and nothing else."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any, Final
from urllib.parse import urlencode, urljoin, urlsplit

_EMPTY: Final = {"input", "link", "meta", "br", "img"}
"""Elements without an end tag."""


@dataclass
class Form:
    """Where it goes, what it carries by itself, and its buttons and fields by their `id`."""

    action: str
    carried: dict[str, str] = field(default_factory=dict, repr=False)
    parts: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)


class Page(HTMLParser):
    """What came at the end of all redirects. `texts` are the words of each element that has an `id`."""

    def __init__(self, url: str, html: str) -> None:
        super().__init__()
        self.path: Final = urlsplit(url).path
        self._url = url
        self.forms: list[Form] = []
        self.texts: dict[str, str] = {}
        self._inside = False
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def form_of(self, button: str) -> Form:
        """The form that has this button."""
        (found,) = [form for form in self.forms if button in form.parts]
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        identity = said.get("id", "")
        if tag == "form":
            self.forms.append(Form(urljoin(self._url, said["action"])))
            self._inside = True
        elif tag in {"input", "button"} and self._inside:
            form = self.forms[-1]
            if said.get("type") == "hidden":
                form.carried[said["name"]] = said["value"]
            elif identity:
                form.parts[identity] = (said.get("name", ""), said.get("value", ""))
        if identity and tag not in _EMPTY:
            self._open.append((tag, identity))
            self.texts[identity] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if self._open and self._open[-1][0] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1][1]] += data


class PlainBrowser:
    """One window with its cookies. `asked` are the methods and paths of its own requests, in order."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.asked: list[str] = []
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def open(self, path: str) -> Page:
        return self._page("GET", urljoin(self._url, path), None)

    def press(self, page: Page, button: str, **typed: str) -> Page:
        """Send the form of this button with what was typed into its fields, by their names."""
        form = page.form_of(button)
        name, value = form.parts[button]
        pressed = {name: value} if name else {}
        return self._page("POST", form.action, {**form.carried, **typed, **pressed})

    def _page(self, method: str, url: str, fields: dict[str, str] | None) -> Page:
        self.asked.append(f"{method} {urlsplit(url).path}")
        data = None if fields is None else urlencode(fields).encode()
        answer: Any
        with self._opener.open(urllib.request.Request(url, data=data), timeout=20) as answer:
            page = Page(answer.url, answer.read().decode())
        self.asked.append(f"GET {page.path}")
        return page
