"""The sheet “My sign-in”: one's own password, authenticator app, security key, recovery codes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from viewer.ui.my_security_forms import (
    AppForm,
    CodesPaper,
    Form,
    KeyForm,
    KeyRemovalForm,
    PasswordForm,
    RemovalForm,
)
from viewer.ui.parts.cards import Card, Columns
from viewer.ui.parts.words import column
from viewer.ui.ports import UserTile
from viewer.ui.security_ports import MySecurity, Standing

_FEW = 3


class FactorCard(Card):
    """A card that unfolds a form, one at a time, and folds it again."""

    def __init__(self, title: str, icon: str) -> None:
        super().__init__(title, icon)
        self.inside: QWidget | None = None

    def unfold(self, inside: QWidget) -> None:
        """Show a form in place of the buttons."""
        self.fold()
        self.inside = inside
        self.body.addWidget(inside)
        self.message.hide()
        for each in self.foot:
            each.hide()
        inside.show()
        inside.setFocus()

    def fold(self) -> None:
        """Take it away, with what it held."""
        inside, self.inside = self.inside, None
        if inside is None:
            return
        inside.drop()  # type: ignore[attr-defined]
        inside.hide()
        self.body.removeWidget(inside)
        inside.deleteLater()


class MySecurityPanel(QWidget):
    """Four cards, two beside each other where there is room."""

    def __init__(self, security: MySecurity, me: UserTile) -> None:
        super().__init__()
        self._security, self._me = security, me
        layout = column(self, gap=0)
        self._columns = Columns()
        layout.addWidget(self._columns)
        self._make_cards()
        self._columns.show_cards((self.password, self.app, self.key, self.codes))
        self.refresh()

    @property
    def cards(self) -> tuple[FactorCard, ...]:
        """All four."""
        return self.password, self.app, self.key, self.codes

    def refresh(self) -> None:
        """Say how it stands."""
        now = self._security.standing()
        for card in self.cards:
            card.fold()
        self._show_password(now)
        self._show_app(now)
        self._show_key(now)
        self._show_codes(now)

    def drop(self) -> None:
        """Forget every secret on the sheet, and what is under way."""
        self._security.keys.cancel()
        for card in self.cards:
            card.fold()
        self._security.forget_app()

    # --- made once ---------------------------------------------------------------------------

    def _make_cards(self) -> None:
        self.password = FactorCard(self.tr("Password"), "lock")
        self.change = self.password.add_action(self.tr("Change it"), self._ask_password)
        self.app = FactorCard(self.tr("Authenticator app"), "phone")
        self.set_app_up = self.app.add_action(self.tr("Set up"), self._ask_app, "primary")
        self.remove_app = self.app.add_action(self.tr("Remove"), self._ask_app_removal)
        self.key = FactorCard(self.tr("Security key"), "key")
        self.add_key = self.key.add_action(self.tr("Add a key"), self._ask_key, "primary")
        self.remove_key = self.key.add_action(self.tr("Remove"), self._ask_key_removal)
        self.codes = FactorCard(self.tr("Recovery codes"), "copy")
        self.renew = self.codes.add_action(self.tr("Make new ones"), self._ask_codes)

    # --- how it stands -----------------------------------------------------------------------

    def _show_password(self, now: Standing) -> None:
        if now.has_second_factor:
            words = self.tr("With your second factor, 8 characters are enough.")
        else:
            words = self.tr("It alone protects your account: at least 15 characters.")
        self.password.show_fact(words)
        self.change.show()

    def _show_app(self, now: Standing) -> None:
        if now.has_app:
            words = self.tr("Each login asks for a code from your phone.")
            self.app.show_fact(words, "verified", "check")
        else:
            words = self.tr(
                "A code from your phone besides the password: who finds out the password alone "
                "does not get in."
            )
            self.app.show_fact(words)
        self.set_app_up.setVisible(not now.has_app)
        self.remove_app.setVisible(now.has_app)

    def _show_key(self, now: Standing) -> None:
        if now.key_label:
            words = self.tr("Each login needs “{key}”.").format(key=now.key_label)
            self.key.show_fact(words, "verified", "check")
        else:
            words = self.tr(
                "A part of your key lies in it, so nothing opens without it. A touch is faster "
                "than a code."
            )
            self.key.show_fact(words)
        self.add_key.setVisible(not now.key_label)
        self.remove_key.setVisible(bool(now.key_label))

    def _show_codes(self, now: Standing) -> None:
        self.renew.setVisible(now.has_second_factor)
        if not now.has_second_factor:
            self.codes.show_fact(
                self.tr("For the day when phone or key is lost. They come with the first of them.")
            )
            return
        words = self.tr("{count} left, each for one login.").format(count=now.codes_left)
        token = "doubt" if now.codes_left <= _FEW else "verified"
        self.codes.show_fact(words, token, "warning" if token == "doubt" else "check")

    # --- what is asked -----------------------------------------------------------------------

    def _ask(self, card: FactorCard, form: Form, on_done: Callable[[object], None]) -> None:
        for other in self.cards:
            if other.inside is not None:
                self.refresh()
                break
        form.done.connect(on_done)
        form.left.connect(self.refresh)
        card.unfold(form)

    def _ask_password(self) -> None:
        form = PasswordForm(self._security, self._me.display_name)
        self._ask(self.password, form, lambda _: self._said(self.password, "password"))

    def _ask_app(self) -> None:
        form = AppForm(self._security)
        self._ask(self.app, form, self._with_codes(self.app, "app"))

    def _ask_app_removal(self) -> None:
        security = self._security
        form = RemovalForm(
            security,
            self.tr("Remove the app"),
            self.tr("Code from the app, or a recovery code"),
            lambda f: security.remove_app(f.password.text(), f.code.text(), f.on_done, f.on_fault),
        )
        self._ask(self.app, form, lambda _: self._said(self.app, "no app"))

    def _ask_key(self) -> None:
        self._ask(self.key, KeyForm(self._security), self._with_codes(self.key, "key"))

    def _ask_key_removal(self) -> None:
        form = KeyRemovalForm(self._security)
        self._ask(self.key, form, lambda _: self._said(self.key, "no key"))

    def _ask_codes(self) -> None:
        security, now = self._security, self._security.standing()
        form = RemovalForm(
            security,
            self.tr("Make new codes"),
            self.tr("The next code from the app") if now.has_app else "",
            lambda f: security.renew_codes(f.password.text(), f.code.text(), f.on_done, f.on_fault),
        )
        self._ask(self.codes, form, self._show_fresh)

    def _with_codes(self, card: FactorCard, what: str) -> Callable[[object], None]:
        def done(codes: object) -> None:
            self._said(card, what)
            self._show_fresh(codes)

        return done

    def _show_fresh(self, codes: object) -> None:
        if not isinstance(codes, tuple) or not codes:
            return
        self.refresh()
        paper = CodesPaper(self._security, codes)
        paper.kept.connect(self.refresh)
        self.codes.unfold(paper)

    def _said(self, card: FactorCard, what: str) -> None:
        self.refresh()
        words = {
            "password": self.tr("Your password was changed."),
            "app": self.tr("The app is set up. Your next login asks for its code."),
            "no app": self.tr("Logins ask for no code any more."),
            "key": self.tr("The key was added. Your next login needs it."),
            "no key": self.tr("Logins need no security key any more."),
        }[what]
        card.message.say(words, "verified")
