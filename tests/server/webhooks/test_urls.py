"""Where applications may have their events sent."""

from __future__ import annotations

import pytest

from ringproof_server.domain.webhook import check_url


@pytest.mark.parametrize(
    ("url", "private", "refused"),
    [
        ("https://shop.example/events", False, None),
        ("https://93.184.216.34/events", False, None),
        ("https://[2606:4700::1111]:8443/", False, None),
        ("http://localhost:9000/", True, None),
        ("https://10.0.0.8/", True, None),
        ("http://10.0.0.8/", True, "https"),
        ("https://10.0.0.8/", False, "private"),
        ("https://[::1]/", False, "private"),
        ("https://localhost/", False, "private"),
        ("https://shop.example/#part", False, "URL"),
        ("https://shop.example:99999/", False, "URL"),
        ("https://shop.example/\r\nX: y", False, "URL"),
        ("https://shöp.example/", False, "URL"),
    ],
)
def test_a_url_is_judged_before_it_is_kept(url: str, private: bool, refused: str | None) -> None:
    if refused is None:
        assert check_url(url, private=private) == url
        return
    with pytest.raises(ValueError, match=refused):
        check_url(url, private=private)
