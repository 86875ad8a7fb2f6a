"""The pages for people: the verification page, the virtual handset, the problems and the API reference."""

from ringproof_server.web.pages import PagesConfig, create_pages

__all__ = ["PagesConfig", "create_pages"]
