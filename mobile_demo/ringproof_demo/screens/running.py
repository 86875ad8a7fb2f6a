"""The screens while a verification runs: the call, the code, the digits for a call, and nothing to do."""

from __future__ import annotations

from collections.abc import Callable

from kivy.core.window import Window
from kivy.metrics import dp, sp
from kivy.uix.widget import Widget

from ringproof_demo.presenter import Presenter
from ringproof_demo.screens.base import Screen, Ways
from ringproof_demo.theme import CODE, LEAD
from ringproof_demo.view import CallView, CodeView, KeypadView, WaitView
from ringproof_demo.widgets.base import Look
from ringproof_demo.widgets.field import Field
from ringproof_demo.widgets.layout import Bar, Card, Column, Notice, section, title
from ringproof_demo.widgets.press import Press
from ringproof_demo.widgets.ring import Ringing, TimeLeft
from ringproof_demo.widgets.text import Text


def _roomy() -> bool:
    """Whether there is room for more than what is needed."""
    return bool(Window.height > dp(720) and sp(1) <= 1.2 * dp(1))


class CallScreen(Screen):
    """A call is on its way. The digits can be typed from the first second."""

    def __init__(self, look: Look, presenter: Presenter, clock: Callable[[], float], view: CallView) -> None:
        super().__init__(look, presenter, clock)
        words = look.words
        self._view = view
        self._whole = 45.0
        self._ringing = Ringing(look, size=128 if _roomy() else 84)
        self._heading = title(look, "", align="center")
        self._text = Text(look, "", size=LEAD, colour="soft", align="center")
        self._progress = Text(look, "", colour="soft", align="center")
        self._left = TimeLeft(look)
        self._time = Text(look, "", colour="soft", align="center")
        self._notice, self._hint = Notice(look, "offline"), Notice(look, "info", tone="accent")
        self._field = Field(
            look,
            view.label,
            prefix="…",
            help_text=words.page("digits_help"),
            keys="number",
            size=26,
            mono=True,
            most=20,
            done=self._submit,
        )
        self._check = Press(look, words.page("check"), self._submit)
        self._trouble = section(look, words.page("trouble"))
        self._withheld = Text(look, words.page("withheld_hint"), colour="soft")
        self._ways = Ways(self)
        leave = Press(look, words.page("cancel"), presenter.cancel, kind="quiet")
        body = [*self._first(), self._trouble, self._withheld, self._ways, leave]
        self.compose(Bar(look, back=presenter.back), body)
        self.counting()

    def _first(self) -> list[Widget]:
        """What comes first. The digits are seen from the first second, also on a low screen."""
        digits = Card(self.look, self._field, self._check)
        times = (self._progress, self._left, self._time, self._notice, self._hint)
        told = Column(self._text, *times, spacing=6)
        if _roomy():
            return [self._ringing, self._heading, told, digits]
        return [self._heading, digits, self._ringing, told]

    def follow(self, view: CallView) -> None:
        fresh = view.until is not None and view.until != self._view.until
        if view.until is not None and (fresh or view is self._view):
            self._whole = max(1.0, view.until - self.clock())
        self._view = view
        self._ringing.be(view.phase)
        self._heading.say(view.heading)
        self._text.say(view.text)
        self._progress.say(view.progress or "")
        self._notice.say(view.notice)
        self._hint.say(view.hint)
        self._field.label(view.label)
        helps = (view.begins, self.look.words.page("digits_help"))
        self._field.help(" ".join(sentence for sentence in helps if sentence))
        if view.error:
            self._field.text = ""
        self.complain(self._field, view.error)
        self._check.disabled = not view.can_check
        self._check.be("secondary" if view.hears else "primary")
        self._trouble.say(self.look.words.page("trouble") if view.ways else "")
        self._withheld.say(self.look.words.page("withheld_hint") if view.ways else "")
        self._ways.offer(view.ways)
        self.count()

    def begin(self) -> None:
        if not self.look.touch:
            self._field.take_focus()

    def count(self) -> None:
        view, words = self._view, self.look.words
        left = self.seconds_until(view.until)
        self._left.be(0 if view.until is None else (view.until - self.clock()) / self._whole)
        line = f"{words.page('timer_label')}: {words.page('timer_value', seconds=left)}" if view.until else ""
        if view.automatic is not None:
            channel, moment = view.automatic
            key = "automatic_sms" if channel == "sms" else "automatic_other"
            line = words.page(key, seconds=self.seconds_until(moment))
        self._time.say(line)
        self._ways.count()

    def _submit(self) -> None:
        if not self._check.disabled:
            self.presenter.submit_digits(self._field.text)


class CodeScreen(Screen):
    """A code was sent."""

    def __init__(self, look: Look, presenter: Presenter, clock: Callable[[], float], view: CodeView) -> None:
        super().__init__(look, presenter, clock)
        words = look.words
        self._view = view
        self._text = Text(look, view.text, size=LEAD, colour="soft")
        self._notice = Notice(look, "info", tone="accent")
        self._field = Field(
            look,
            view.label,
            keys="number",
            size=CODE,
            mono=True,
            most=(view.length or 10) + 4,
            done=self._submit,
        )
        self._check = Press(look, words.page("check"), self._submit)
        warning = Notice(look, "lock")
        warning.say(words.page("code_never_share"))
        self._others = section(look, words.page("other_ways"))
        self._ways = Ways(self)
        body = [
            title(look, view.heading),
            self._text,
            self._notice,
            self._field,
            self._check,
            warning,
            self._others,
            self._ways,
            Press(look, words.page("cancel"), presenter.cancel, kind="quiet"),
        ]
        self.compose(Bar(look, back=presenter.back), body)
        self.counting()

    def follow(self, view: CodeView) -> None:
        self._view = view
        self._text.say(view.text)
        self._notice.say(view.notice)
        self._field.label(view.label)
        if view.filled:
            self._field.text = view.filled
        elif view.error:
            self._field.text = ""
        self.complain(self._field, view.error)
        self._others.say(self.look.words.page("other_ways") if view.ways else "")
        self._ways.offer(view.ways)
        self.count()

    def begin(self) -> None:
        if not self.look.touch:
            self._field.take_focus()

    def count(self) -> None:
        words, left = self.look.words, self.seconds_until(self._view.check_at)
        self._check.disabled = self._view.busy or left > 0
        label = words.page("checking") if self._view.busy else words.page("check")
        self._check.text = f"{label} ({words.page('timer_value', seconds=left)})" if left else label
        self._ways.count()

    def _submit(self) -> None:
        if not self._check.disabled:
            self.presenter.submit_code(self._field.text)


class KeypadScreen(Screen):
    """Digits to be typed in the call, large enough to be read with the phone at arm's length."""

    def __init__(
        self, look: Look, presenter: Presenter, clock: Callable[[], float], view: KeypadView
    ) -> None:
        super().__init__(look, presenter, clock)
        self._digits = Text(look, view.digits, size=CODE + 8, bold=True, align="center", mono=True)
        self._notice = Notice(look, "offline")
        self._ways = Ways(self)
        body = [
            Ringing(look),
            title(look, view.heading, align="center"),
            Text(look, view.text, size=LEAD, colour="soft", align="center"),
            Card(look, self._digits),
            self._notice,
            self._ways,
            Press(look, look.words.page("cancel"), presenter.cancel, kind="quiet"),
        ]
        self.compose(Bar(look, back=presenter.back), body)
        self.counting()

    def follow(self, view: KeypadView) -> None:
        self._digits.text = view.digits
        self._notice.say(view.notice)
        self._ways.offer(view.ways)

    def count(self) -> None:
        self._ways.count()


class WaitScreen(Screen):
    """Nothing to do."""

    def __init__(self, look: Look, presenter: Presenter, clock: Callable[[], float], view: WaitView) -> None:
        super().__init__(look, presenter, clock)
        self._notice = Notice(look, "offline")
        self._ways = Ways(self)
        body = [
            Ringing(look, size=120),
            title(look, view.heading, align="center"),
            Text(look, view.text, size=LEAD, colour="soft", align="center"),
            self._notice,
            self._ways,
            Press(look, look.words.page("cancel"), presenter.cancel, kind="quiet"),
        ]
        self.compose(Bar(look, back=presenter.back), body)
        self.counting()

    def follow(self, view: WaitView) -> None:
        self._notice.say(view.notice)
        self._ways.offer(view.ways)

    def count(self) -> None:
        self._ways.count()
