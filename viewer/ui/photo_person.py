"""Whose photos they are: said by name, another chart to find, or somebody new."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QSizePolicy, QStackedWidget, QWidget

from viewer.model.patient import Patient
from viewer.ui.chart_finder import ChartFinder, person_words
from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.words import ElidedWords, Words, box, column, row
from viewer.ui.photo_ports import NewPatient, PhotoDesk


class PhotoPerson(QFrame):
    """One chart or a new one; `changed` when another was chosen."""

    changed = Signal()

    def __init__(self, desk: PhotoDesk, patient: Patient | None) -> None:
        super().__init__()
        self._patient = patient
        self.pages = QStackedWidget()
        self.pages.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.name = ElidedWords("", "name")
        self.facts = Words("", "soft")
        self.finder = ChartFinder(desk.find_charts)
        self.finder.chosen.connect(self._choose)
        self.number, self.family, self.given = line(), line(), line()
        self.born = line(self.tr("1987-04-12"))
        self._all_pages = (self._known_page(), self._finder_page(), self._new_page())
        for page in self._all_pages:
            self.pages.addWidget(page)
        layout = column(self, gap=0)
        layout.addWidget(self.pages)
        self.pages.currentChanged.connect(self._fit)
        self._show()
        self._fit()

    @property
    def who(self) -> Patient | NewPatient | None:
        """Whose they are; None where nobody is said."""
        if self.pages.currentIndex() == 0:
            return self._patient
        if self.pages.currentIndex() == 1 or not self.number.text().strip():
            return None
        if not (self.family.text().strip() or self.given.text().strip()):
            return None
        if self.born.text().strip() and self._born() is None:
            return None
        return NewPatient(
            self.number.text().strip(),
            self.family.text().strip(),
            self.given.text().strip(),
            self._born(),
        )

    @property
    def words(self) -> str:
        """The name; empty where nobody is said."""
        who = self.who
        if isinstance(who, NewPatient):
            return ", ".join(part for part in (who.family_name, who.given_name) if part)
        return who.display_name if who is not None else ""

    def find_another(self) -> None:
        """Let somebody else be found."""
        self.pages.setCurrentIndex(1)
        self.finder.field.setFocus()
        self.changed.emit()

    def make_new(self) -> None:
        """Let somebody new be described."""
        self.pages.setCurrentIndex(2)
        self.number.setFocus()
        self.changed.emit()

    def _known_page(self) -> QWidget:
        page = box("inset")
        layout = row(page, margin=3, gap=2)
        words = column(gap=0)
        words.addWidget(self.name)
        words.addWidget(self.facts)
        layout.addLayout(words, 1)
        another = button(self.tr("Somebody else"), self.find_another, "link", touch=True)
        layout.addWidget(another)
        return page

    def _finder_page(self) -> QWidget:
        page = QWidget()
        layout = column(page, gap=2)
        layout.addWidget(self.finder)
        foot = row(gap=2)
        foot.addWidget(button(self.tr("New patient"), self.make_new, "chip", "plus", touch=True))
        self.back = button(self.tr("Back"), self._show, "link", touch=True)
        foot.addWidget(self.back)
        foot.addStretch(1)
        layout.addLayout(foot)
        return page

    def _new_page(self) -> QWidget:
        page = QWidget()
        layout = column(page, gap=2)
        names = row(gap=2)
        names.addWidget(labelled(self.tr("Family name"), self.family))
        names.addWidget(labelled(self.tr("Given name"), self.given))
        layout.addLayout(names)
        facts = row(gap=2)
        facts.addWidget(labelled(self.tr("Chart number"), self.number))
        facts.addWidget(labelled(self.tr("Birth date"), self.born))
        layout.addLayout(facts)
        layout.addWidget(button(self.tr("Find a chart"), self.find_another, "link", touch=True))
        for field in (self.number, self.family, self.given, self.born):
            field.textChanged.connect(lambda _: self.changed.emit())
        return page

    def _choose(self, patient: Patient) -> None:
        self._patient = patient
        self._show()

    def _show(self) -> None:
        patient = self._patient
        self.back.setVisible(patient is not None)
        if patient is None:
            self.pages.setCurrentIndex(1)
        else:
            self.name.setText(patient.display_name)
            self.facts.setText(person_words(patient).partition("·")[2].strip())
            self.pages.setCurrentIndex(0)
        self.changed.emit()

    def _fit(self) -> None:
        """Be as high as the page on top needs and no higher."""
        policy = QSizePolicy.Policy
        for page in self._all_pages:
            up = policy.Maximum if page is self.pages.currentWidget() else policy.Ignored
            page.setSizePolicy(policy.Preferred, up)
        self.pages.adjustSize()

    def _born(self) -> date | None:
        try:
            return date.fromisoformat(self.born.text().strip())
        except ValueError:
            return None
