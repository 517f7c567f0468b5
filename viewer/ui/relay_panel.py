"""The copy of the trail on another machine: where it stands, and which machine that is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QScrollArea, QWidget

from viewer.ui.folder_dialog import ask_file
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import Card, sentence, touchable
from viewer.ui.parts.fields import PasswordField, labelled, line
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import ElidedWords, Words, column, row
from viewer.ui.ports import Running
from viewer.ui.relay_ports import AuditServer, RelayFacts, RelayOrder
from viewer.ui.wording import count_words

DEFAULT_PORT = 6514
_CHOOSE_PX = 124


class FileChoice(QWidget):
    """A button that asks for a file, and the name of what was chosen."""

    def __init__(self, words: str, none: str) -> None:
        super().__init__()
        self.path: Path | None = None
        self._words, self._none = words, none
        layout = row(self, gap=3)
        self.choose = touchable(button(words, self._ask))
        self.choose.setAccessibleName(words)
        self.choose.setMinimumWidth(_CHOOSE_PX)
        self.name = ElidedWords(none, "soft")
        layout.addWidget(self.choose)
        layout.addWidget(self.name, 1, Qt.AlignmentFlag.AlignVCenter)

    def take(self, path: Path | None) -> None:
        """Show what was chosen."""
        self.path = path
        self.name.setText(path.name if path else self._none)

    def _ask(self) -> None:
        ask_file(self, self._words, self.take)


class RelayPanel(QWidget):
    """The content of a sheet: how it stands, then the form; nothing waits in the window."""

    def __init__(self, server: AuditServer, *, can_set: bool, can_send: bool) -> None:
        super().__init__()
        self._server = server
        self._running: Running | None = None
        self._is_busy = False
        outer = column(self, gap=0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder = QWidget()
        layout = column(holder, gap=4)
        layout.setContentsMargins(20, 16, 20, 20)
        self.card = self._make_card(can_send=can_send, can_set=can_set)
        layout.addWidget(self.card)
        self.form = self._make_form()
        self.form.setVisible(can_set)
        layout.addWidget(self.form)
        layout.addStretch(1)
        scroll.setWidget(holder)
        outer.addWidget(scroll)
        self._look()
        self.refresh()

    def refresh(self) -> None:
        """Ask how it stands."""
        self._begin(lambda: self._server.facts(self._show, self._on_fault))

    def drop(self) -> None:
        """Forget what was typed and what is under way."""
        self.password.wipe()
        if self._running is not None:
            self._running.drop()
            self._running = None

    # --- made once ---------------------------------------------------------------------------

    def _make_card(self, *, can_send: bool, can_set: bool) -> Card:
        card = Card(self.tr("Copy of the trail elsewhere"), "trail")
        self.send = card.add_action(
            self.tr("Send now"), self._send, tip=self.tr("Send what waits, with missing words")
        )
        self.stop = card.add_action(
            self.tr("Stop sending"), self._stop, tip=self.tr("Send nothing off any more")
        )
        self._can_send, self._can_set = can_send, can_set
        for words in (
            self.tr("Whoever sits at this computer with enough rights could write its trail anew."),
            self.tr("A copy on another machine convicts him: each entry goes there as it happens."),
            self.tr("No patient's name goes with it. When the server is away, entries wait."),
        ):
            card.body.addWidget(sentence(words, "chevron-right"))
        return card

    def _make_form(self) -> QWidget:
        form = Card(self.tr("Audit server"), "settings")
        form.show_fact(self.tr("Syslog over TLS (RFC 5425). Ask whoever runs it for the files."))
        self.host = line(self.tr("audit.example.org"))
        self.port = line(str(DEFAULT_PORT))
        self.port.setValidator(QIntValidator(1, 65535, self.port))
        self.port.setMaximumWidth(120)
        address = row(gap=3)
        address.addWidget(labelled(self.tr("Server"), self.host), 1)
        address.addWidget(labelled(self.tr("Port"), self.port))
        self.authority = FileChoice(self.tr("Authority…"), self.tr("Who signed its certificate"))
        self.certificate = FileChoice(
            self.tr("Certificate…"), self.tr("This workstation's, if it asks for one")
        )
        self.key = FileChoice(self.tr("Key…"), self.tr("The key of that certificate"))
        self.password = PasswordField(self.tr("Password of the key, if it has one"))
        form.body.addLayout(address)
        for part in (self.authority, self.certificate, self.key, self.password):
            form.body.addWidget(part)
        self.hint = Words("", "soft", wrap=True)
        form.body.addWidget(self.hint)
        self.set = form.add_action(self.tr("Try and use"), self._set, "primary")
        self.host.textChanged.connect(self._look)
        for choice in (self.authority, self.certificate, self.key):
            choice.choose.clicked.connect(self._look)
        return form

    # --- what happens ------------------------------------------------------------------------

    def _look(self) -> None:
        """Say what is still missing; the button does, too, if it is pressed."""
        self.hint.setText(self._missing())

    def _missing(self) -> str:
        if not self.host.text().strip():
            return self.tr("Name the server.")
        if self.authority.path is None:
            return self.tr("Choose the file of the authority that signed its certificate.")
        if (self.certificate.path is None) != (self.key.path is None):
            return self.tr("A certificate goes with its key: choose both or none.")
        return ""

    def _set(self) -> None:
        self._look()
        authority = self.authority.path
        if self._missing() or authority is None:
            return
        order = RelayOrder(
            self.host.text().strip(),
            int(self.port.text() or DEFAULT_PORT),
            authority,
            certificate=self.certificate.path,
            key=self.key.path,
            key_password=self.password.text(),
        )
        self.hint.setText(self.tr("Trying the server…"))
        self._begin(lambda: self._server.set_server(order, self._on_set, self._on_fault))

    def _stop(self) -> None:
        self.card.message.say(
            self.tr("From then on, this trail is checked by this computer alone."),
            "doubt",
            (self.tr("Stop sending"), self._stop_confirmed),
        )

    def _stop_confirmed(self) -> None:
        self._begin(lambda: self._server.stop_sending(self._on_set, self._on_fault))

    def _send(self) -> None:
        self._begin(lambda: self._server.send_now(self._on_sent, self._on_fault))

    def _on_set(self, facts: RelayFacts) -> None:
        self.password.wipe()
        self.hint.setText("")
        self._show(facts)

    def _on_sent(self, count: int) -> None:
        words = self.tr("{count} were confirmed.").format(
            count=count_words(count, "message", "messages")
        )
        self._end()
        self.card.message.say(words, "verified")
        self.refresh()

    def _begin(self, start: Callable[[], Running]) -> None:
        for each in (self.send, self.stop, self.set):
            each.setEnabled(False)
        self._is_busy = True
        running = start()
        self._running = running if self._is_busy else None

    def _end(self) -> None:
        self._is_busy, self._running = False, None
        for each in (self.send, self.stop, self.set):
            each.setEnabled(True)

    def _on_fault(self, fault: Exception) -> None:
        self._end()
        self._look()
        self.card.message.say(error_words(fault), "danger")

    def _show(self, facts: RelayFacts) -> None:
        self._end()
        self.send.setVisible(self._can_send and bool(facts.where))
        self.stop.setVisible(self._can_set and bool(facts.where))
        if not facts.where:
            self.card.show_fact(
                self.tr("Nothing is sent off: only this computer checks its trail."),
                "doubt",
                "warning",
            )
        elif facts.fault:
            waiting = count_words(facts.waiting, "entry waits", "entries wait")
            self.card.show_fact(f"{facts.fault} {waiting}. {facts.where}", "doubt", "warning")
        elif facts.waiting:
            waiting = count_words(facts.waiting, "entry is", "entries are")
            words = self.tr("{waiting} on the way to {where}.")
            self.card.show_fact(words.format(waiting=waiting, where=facts.where), "accent")
        else:
            words = self.tr("{where} has every entry.").format(where=facts.where)
            if facts.without_words:
                missing = count_words(facts.without_words, "entry", "entries")
                words += " " + self.tr("{missing} without words: “Send now” sends them.").format(
                    missing=missing
                )
            self.card.show_fact(words, "verified", "shield")
