"""The app's behaviour without its looks: which screen is shown, and what every button does.

The methods are what a person does; each ends with one `post` of what is to be shown now. They may be called
from any thread, and `post` is called on any thread, one call at a time: to bring it to the screen's own
thread is the view's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import RLock

from ringproof import Ringproof, Verified
from ringproof.errors import VerificationCancelledError
from ringproof_demo import picturing
from ringproof_demo.advice import advice, belongs_to_the_number
from ringproof_demo.countries import country_of, first_country, search
from ringproof_demo.machine import Clock, SystemClock
from ringproof_demo.numbers import Typed, digits_of, international, shown, typed
from ringproof_demo.phone import Noticing, Phone
from ringproof_demo.settings import (
    Appearance,
    Fault,
    Settings,
    SettingsFile,
    fault_at_server,
    fault_in,
    tidied,
)
from ringproof_demo.verifying import Verifying
from ringproof_demo.view import (
    CallView,
    CodeView,
    ConsentView,
    CountriesView,
    NumberView,
    Remedy,
    SettingsView,
    Shown,
    View,
)
from ringproof_demo.words import AppWords, app_words

CLOSING = 2.0
"""Seconds for which the app's end waits for the server to hear of it."""
CHECK_TIMEOUT = 6.0
"""Seconds for which the settings wait for a server."""

Connect = Callable[[Settings, str], Ringproof]


def connect(settings: Settings, language: str) -> Ringproof:
    """The SDK's client for these settings. Raises InsecureServerError and ValueError for impossible ones."""
    return Ringproof(settings.server, settings.key, language=language)


class Presenter:
    """`open` first. `phone` is the device, `file` what is remembered, `post` takes what is to be shown."""

    def __init__(
        self,
        phone: Phone,
        file: SettingsFile,
        post: Callable[[Shown], None],
        *,
        clock: Clock | None = None,
        connect: Connect = connect,
    ) -> None:
        self._phone = phone
        self._file = file
        self._post = post
        self._clock: Clock = clock or SystemClock()
        self._connect = connect
        self._lock = RLock()
        self._settings = file.load()
        self._words = self._worded()
        country = first_country(phone.country(), phone.languages(), self._words.tag)
        self._number = Typed(country, "")
        self._error: str | None = None
        self._running: Verifying | None = None
        self._asks = False
        self._linked = False
        self._view: View = self._number_view()

    @property
    def settings(self) -> Settings:
        """What is in force."""
        return self._settings

    @property
    def number(self) -> str | None:
        """The E.164 number that stands in the field, None while it is none."""
        return international(self._number)

    @property
    def number_meant(self) -> str | None:
        """The number after the person has gone on with it; None while it is still being typed."""
        return None if isinstance(self._view, (NumberView, CountriesView, SettingsView)) else self.number

    @property
    def shown(self) -> Shown:
        """What was posted last."""
        with self._lock:
            return Shown(self._view, self._words, self._settings.appearance)

    # Around the screens

    def open(self) -> None:
        """Show the first screen: the settings when they are missing, else the number."""
        with self._lock:
            self._show(self._number_view() if self._settings.complete else self._settings_view(first=True))

    def back(self) -> bool:
        """The device's own way back; False where the app has nowhere to go back to."""
        with self._lock:
            view = self._view
            if isinstance(view, NumberView) or (isinstance(view, SettingsView) and view.first):
                return False
            if self._running is not None:
                self.cancel()
            else:
                self._show(self._number_view())
            return True

    def wake(self) -> None:
        """The app is in front again."""
        with self._lock:
            if self._running is not None:
                self._running.wake()
            view = self._view
            if isinstance(view, ConsentView):
                # The person may have been to the phone's settings.
                view = self._consent_view(link=view.in_settings is not None)
            self._show(view)

    # The number

    def type_number(self, text: str) -> None:
        """What stands in the number field now; a number with a country code changes the country."""
        with self._lock:
            self._enter(typed(text, self._number.country, self._words.tag))

    def use_hint(self) -> None:
        """Let the device offer its own number."""

        def picked(number: str | None) -> None:
            if number is not None:
                self.type_number(number)

        self._phone.ask_number(picked)

    def open_countries(self) -> None:
        """Show all countries."""
        self.search_countries("")

    def search_countries(self, text: str) -> None:
        """Show the countries that fit."""
        with self._lock:
            found = search(text[:60], self._words.tag)
            self._show(CountriesView(text[:60], found, self._number.country.iso))

    def choose_country(self, iso: str) -> None:
        """Take a country and go back to the number."""
        with self._lock:
            country = country_of(iso, self._words.tag) or self._number.country
            self._enter(typed(self._number.national, country, self._words.tag))

    def submit_number(self) -> None:
        """Go on with the number, or say what is wrong with it."""
        with self._lock:
            if international(self._number) is None:
                missing = not digits_of(self._number.national)
                self._error = self._words.page("number_missing" if missing else "number_invalid")
                self._show(self._number_view())
                return
            self._ask_consent()

    def open_phone_settings(self) -> None:
        """Go where the phone allows what it was told to refuse for good. That way is not offered again."""
        with self._lock:
            view = self._view
            if not isinstance(view, ConsentView) or view.in_settings is None:
                return
            self._show(replace(view, in_settings=None))
        self._phone.open_settings()

    # The verification

    def start(self, *, permitted: bool) -> None:
        """Have the phone rung. With `permitted` the device may notice the call; else digits are typed."""
        self._begin(permitted=permitted, channels=None)

    def start_with_message(self) -> None:
        """Have a text message sent instead of a call."""
        self._begin(permitted=False, channels=("sms",))

    def submit_digits(self, text: str) -> None:
        """Check the last digits of the number that called."""
        with self._lock:
            running = self._running
            told = running.state.told if running else None
            if running is None or running.enter_digits(text):
                return
            if told is not None and told.flashcall is not None:
                count = told.flashcall.digits_to_type
                self._complain(self._words.page("digits_incomplete", digits=count))

    def submit_code(self, text: str) -> None:
        """Check a code."""
        with self._lock:
            if self._running is None or self._running.enter_code(text):
                return
            length = self._view.length if isinstance(self._view, CodeView) else None
            if length is not None:
                self._complain(self._words.page("code_incomplete", length=length))

    def switch(self, channel: str) -> None:
        """Take another way."""
        with self._lock:
            if self._running is not None:
                self._running.switch(channel)

    def cancel(self) -> None:
        """End the verification. The screen does not wait until the server has heard of it."""
        with self._lock:
            running, self._running = self._running, None
            if running is None:
                return
            running.cancel()
            self._end(VerificationCancelledError("The person has cancelled"))

    def close(self) -> None:
        """The app ends. A verification is cancelled, and the server told, unless that takes too long."""
        running = self._running
        self.cancel()
        if running is not None:
            running.wait(CLOSING)

    def remedy(self, remedy: Remedy) -> None:
        """What the last screen offers: once more, another number, or the settings."""
        with self._lock:
            if remedy == "settings":
                self.open_settings()
            elif remedy == "again" and self.number:
                self._ask_consent()
            else:
                self._show(self._number_view())

    def another_number(self) -> None:
        """Begin afresh after a success."""
        with self._lock:
            self._enter(Typed(self._number.country, ""))

    # The settings

    def open_settings(self) -> None:
        """Show them; not while a verification runs."""
        with self._lock:
            if self._running is None and not isinstance(self._view, SettingsView):
                self._show(self._settings_view())

    def choose_language(self, tag: str | None, draft: Settings) -> None:
        """Change the language at once. `draft` keeps what stands in the other fields."""
        self._prefer(replace(self._settings, language=tag), draft)

    def choose_appearance(self, appearance: Appearance, draft: Settings) -> None:
        """Light, dark, or as the device is; at once."""
        self._prefer(replace(self._settings, appearance=appearance), draft)

    def choose_screening(self, screening: bool, draft: Settings) -> None:
        """Whether the app asks for the call-screening role; at once. A role that is held stays so."""
        self._prefer(replace(self._settings, screening=screening), draft)

    def save_settings(self, draft: Settings) -> None:
        """Check the server and the key, here and at the server, then remember them."""
        with self._lock:
            draft = tidied(self._with_choices(draft))
            first = isinstance(self._view, SettingsView) and self._view.first
            fault = fault_in(draft)
            view = self._settings_view(draft=draft, first=first, fault=fault)
            self._show(replace(view, busy=fault is None))
        if fault is None:
            self._clock.spawn(lambda: self._check(draft, first=first))

    # Inside

    def _begin(self, *, permitted: bool, channels: tuple[str, ...] | None) -> None:
        with self._lock:
            number = self.number
            if number is None or self._running is not None:
                return
            try:
                client = self._connect(self._settings, self._language())
            except ValueError as error:
                self._end(error)
                return
            self._running = running = Verifying(
                client,
                self._phone,
                number,
                self._settings.server,
                clock=self._clock,
                lock=self._lock,
                permitted=permitted,
                screening=self._settings.screening,
                channels=channels,
                changed=self._changed,
                ended=self._ended,
            )
            self._asks = permitted and self._noticing().asks is not None
            self._changed(running)
        running.begin()

    def _changed(self, running: Verifying) -> None:
        if running is self._running:
            shown_number = shown(self.number or "", self._words.tag)
            self._show(
                picturing.picture(
                    running.state,
                    self._words,
                    number=shown_number,
                    asks=self._asks,
                    two_sims=self._phone.two_sims,
                )
            )

    def _ended(self, running: Verifying, outcome: Verified | Exception) -> None:
        if running is not self._running:
            return
        self._running = None
        if isinstance(outcome, Exception):
            self._end(outcome)
        else:
            number = shown(self.number or "", self._words.tag)
            self._show(picturing.done(outcome, running.times(), self._words, number=number))

    def _end(self, error: Exception) -> None:
        if belongs_to_the_number(error):
            self._error = self._words.page("number_invalid")
            self._show(self._number_view())
            return
        number = shown(self.number or "", self._words.tag)
        self._show(advice(error, self._words, number=number, server=self._settings.host))

    def _complain(self, sentence: str) -> None:
        view = self._view
        if isinstance(view, (CallView, CodeView)):
            self._show(replace(view, error=sentence))

    def _check(self, draft: Settings, *, first: bool) -> None:
        try:
            client = self._connect(draft, self._language()).patient(timeout=CHECK_TIMEOUT)
            fault = fault_at_server(client)
        except ValueError:
            fault = Fault("server", "server_malformed")
        with self._lock:
            if not isinstance(self._view, SettingsView):
                return
            if fault is not None:
                self._show(self._settings_view(draft=draft, first=first, fault=fault))
                return
            self._settings = draft
            kept = self._remember()
            if first and kept:
                self._show(self._number_view())
                return
            notice = self._words.app("saved" if kept else "not_saved")
            self._show(self._settings_view(draft=draft, notice=notice))

    def _prefer(self, settings: Settings, draft: Settings) -> None:
        with self._lock:
            self._settings = settings
            self._words = self._worded()
            country = country_of(self._number.country.iso, self._words.tag)
            self._number = Typed(country or self._number.country, self._number.national)
            self._remember()
            first = isinstance(self._view, SettingsView) and self._view.first
            self._show(self._settings_view(draft=draft, first=first))

    def _remember(self) -> bool:
        try:
            self._file.save(self._settings)
        except OSError:
            return False
        return True

    def _worded(self) -> AppWords:
        own = (self._settings.language,) if self._settings.language else ()
        return app_words([*own, *self._phone.languages()])

    def _language(self) -> str:
        """What messages and calls should speak: the device's own language, also one the app is not in."""
        preferred = self._phone.languages()
        return self._settings.language or (preferred[0] if preferred else self._words.tag)

    def _show(self, view: View) -> None:
        self._view = view
        self._post(Shown(view, self._words, self._settings.appearance))

    def _number_view(self) -> NumberView:
        number = self._number
        return NumberView(number.country, number.national, self._phone.offers_number, self._error)

    def _enter(self, number: Typed) -> None:
        if number != self._number:
            self._linked = False
        self._number, self._error = number, None
        self._show(self._number_view())

    def _ask_consent(self) -> None:
        """The phone's settings are offered once for each number that is entered: nobody is to be urged."""
        view = self._consent_view(link=not self._linked)
        self._linked = self._linked or view.in_settings is not None
        self._show(view)

    def _consent_view(self, *, link: bool) -> ConsentView:
        return picturing.consent(
            self._words,
            number=shown(self.number or "", self._words.tag),
            server=self._settings.host,
            noticing=self._noticing(),
            link=link,
        )

    def _noticing(self) -> Noticing:
        return self._phone.noticing(screening=self._settings.screening)

    def _settings_view(
        self,
        *,
        draft: Settings | None = None,
        first: bool = False,
        fault: Fault | None = None,
        notice: str | None = None,
    ) -> SettingsView:
        return picturing.settings(
            self._words,
            self._with_choices(draft or self._settings),
            first=first,
            fault=fault,
            notice=notice,
            screening=self._phone.offers_screening,
        )

    def _with_choices(self, draft: Settings) -> Settings:
        """What stands in the fields, with what was chosen and is in force already."""
        now = self._settings
        return replace(draft, language=now.language, appearance=now.appearance, screening=now.screening)
