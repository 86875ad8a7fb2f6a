"""What all pages have in common: their configuration, their language and how they are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from flask import Response, make_response, render_template, request

from ringproof_rcml import Words, load_words, locales, negotiate, parse_accept_language

LONGEST_TAG = 35
"""A language tag is at most this long (RFC 5646 section 4.4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesConfig:
    """What the pages need to know.

    `brand` is the name people see, `public_url` the address under which other sites load the modules.
    `openapi` answers the same document as `/openapi.json`; it is asked at every request, so it may be built
    late. `problem_status` gives the HTTP status of every problem slug.
    `page_key` is the publishable key of the application that the verification page works for; without one
    the page says so. `demo` shows the banner with a fictitious number and the decoded token; `handset`
    offers the virtual handsets, which must be on wherever fictitious numbers are.
    """

    brand: str
    public_url: str = ""
    openapi: Callable[[], Mapping[str, object]]
    problem_status: Mapping[str, int]
    page_key: str | None = field(default=None, repr=False)
    demo: bool = False
    handset: bool = False


def language() -> tuple[Words, str]:
    """The words for this request and the language tag that was asked for; `?lang=` goes before the header."""
    wished = request.args.get("lang", "")[:LONGEST_TAG]
    header = parse_accept_language(request.headers.get("Accept-Language"))
    locale = negotiate([wished, *header] if wished else header)
    return load_words(locale), locale.requested


def answer_page(
    config: PagesConfig,
    template: str,
    words: Words,
    values: Mapping[str, object],
    *,
    code: int = HTTPStatus.OK,
    cached: str = "no-cache",
) -> Response:
    """The template in these words, filled with these values; `cached` is its `Cache-Control`."""
    page = render_template(
        template,
        config_brand=config.brand,
        demo=config.demo,
        handset=config.demo or config.handset,
        words=words,
        languages=[(tag, load_words(tag).name) for tag in locales()],
        **values,
    )
    response = make_response(page, code)
    response.headers["Content-Language"] = words.tag
    response.headers["Cache-Control"] = cached
    response.vary.add("Accept-Language")
    return response
