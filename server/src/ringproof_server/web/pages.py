"""The routes of the pages, and what each template is given."""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, url_for

from ringproof_rcml import Words, load_words
from ringproof_server.domain.errors import CLIENT_ERRORS
from ringproof_server.web.assets import Assets
from ringproof_server.web.countries import dialling_codes
from ringproof_server.web.page import PagesConfig, answer_page, language
from ringproof_server.web.problem_notes import PROBLEM_NOTES, example_problem
from ringproof_server.web.prose import lines, prose
from ringproof_server.web.reference import describe

DEMO_NUMBER: Final = "+44 7700 900123"
"""One of Ofcom's numbers for drama use: it can never be anybody's."""

_TITLES: Final = {error.slug: error.title for error in CLIENT_ERRORS}
_FOLDER: Final = Path(__file__).parent


def create_pages(config: PagesConfig) -> Blueprint:
    """The blueprint with `/`, `/handset`, `/problems/`, `/problems/<slug>`, `/docs` and `/assets/…`.

    It needs no state of its own. Raises ValueError if a problem has no status.
    """
    missing = sorted(_TITLES.keys() - config.problem_status.keys())
    if missing:
        raise ValueError(f"no HTTP status for {', '.join(missing)}")
    pages = Blueprint("web", __name__, template_folder=str(_FOLDER / "templates"))
    assets = Assets(_FOLDER / "static")
    pages.add_app_template_global(assets.url, "asset")
    pages.add_app_template_filter(prose, "prose")
    pages.add_app_template_filter(lines, "lines")
    pages.add_url_rule("/assets/<path:name>", view_func=assets.serve, endpoint="asset")
    pages.add_url_rule(
        "/assets/<string(length=16):digest>/<path:name>", view_func=assets.serve, endpoint="versioned_asset"
    )
    pages.add_url_rule(
        "/assets/importmap.json", "import_map", partial(assets.serve_import_map, config.public_url)
    )
    shown = _Pages(config)
    pages.add_url_rule("/", view_func=shown.verification, endpoint="verification")
    pages.add_url_rule("/problems/", view_func=shown.problems, endpoint="problems")
    pages.add_url_rule("/problems/<slug>", view_func=shown.problem, endpoint="problem")
    pages.add_url_rule("/docs", view_func=shown.docs, endpoint="docs")
    if config.demo or config.handset:
        pages.add_url_rule("/handset", view_func=shown.handset, endpoint="handset")
    return pages


class _Pages:
    def __init__(self, config: PagesConfig) -> None:
        self._config = config

    def verification(self) -> Response:
        words, requested = language()
        config = self._config
        if config.page_key is None:
            return self._answer("no_key.html", words)
        data = {
            "key": config.page_key,
            "brand": config.brand,
            "demo": config.demo,
            "language": requested,
            "words": dict(words.section("page")),
            "problem_titles": dict(words.section("problem_title")),
            "problems": dict(words.section("problem")),
            "countries": dialling_codes(),
        }
        without_scripts = f"{url_for('web.verification')}verify?lang={requested}"
        return self._answer(
            "verify.html", words, data=data, example=DEMO_NUMBER, without_scripts=without_scripts
        )

    def handset(self) -> Response:
        return self._answer("handset.html", load_words("en"), data={"example": DEMO_NUMBER})

    def problems(self) -> Response:
        words, _ = language()
        rows = [
            {
                "slug": slug,
                "title": words.text("problem_title", slug),
                "status": self._config.problem_status[slug],
            }
            for slug in sorted(_TITLES)
        ]
        return self._answer("problems.html", words, rows=rows)

    def problem(self, slug: str) -> Response:
        words, _ = language()
        if slug not in _TITLES:
            return self._answer("unknown_problem.html", words, code=HTTPStatus.NOT_FOUND)
        status = self._config.problem_status[slug]
        example = example_problem(slug, _TITLES[slug], status)
        return self._answer(
            "problem.html",
            words,
            slug=slug,
            title=_TITLES[slug],
            status=status,
            phrase=HTTPStatus(status).phrase,
            note=PROBLEM_NOTES[slug],
            retry_after=example.get("retry_after"),
            example=json.dumps(example, indent=2, ensure_ascii=False),
        )

    def docs(self) -> Response:
        reference = describe(self._config.openapi())
        return self._answer("docs.html", load_words("en"), reference=reference)

    def _answer(
        self, template: str, words: Words, *, code: HTTPStatus = HTTPStatus.OK, **values: object
    ) -> Response:
        return answer_page(self._config, template, words, values, code=code)
