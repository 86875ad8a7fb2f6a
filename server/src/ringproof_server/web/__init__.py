"""The pages for people: the verification page, the virtual handset, the problems and the API reference."""

from ringproof_server.web.forms import FormPages
from ringproof_server.web.page import PagesConfig
from ringproof_server.web.pages import create_pages

__all__ = ["FormPages", "PagesConfig", "create_pages"]
