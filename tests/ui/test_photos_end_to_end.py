"""Photos and a document in the real windows: dropped, said, sealed, looked at, and let go of."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot
from reportlab.pdfgen.canvas import Canvas

from tests.support.photo_files import marked_jpeg
from tests.support.practice import OFFICER, write_images
from tests.support.windows import log_in, open_windows, wait_until
from viewer.model.image import ImageKind
from viewer.ui.document_sheet import DocumentSheet
from viewer.ui.import_report import ImportReport
from viewer.ui.photo_sheet import PhotoSheet


def test_dropped_photos_are_asked_about_and_land_in_the_chart_that_the_button_named(
    tmp_path: Path, qtbot: QtBot
) -> None:
    images = write_images(tmp_path / "in", cbct=False)
    (tmp_path / "a.jpg").write_bytes(marked_jpeg())
    canvas = Canvas(str(tmp_path / "b.pdf"))
    canvas.drawString(72, 700, "Plan")
    canvas.showPage()
    canvas.drawString(72, 700, "Second page")
    canvas.save()
    with open_windows(tmp_path / "store") as joined:
        shell = log_in(joined, OFFICER)
        shell.start_import([images])
        wait_until(lambda: shell.patient is not None)
        shell.start_import([tmp_path / "a.jpg", tmp_path / "b.pdf"])
        sheet = shell.sheets[-1].content
        assert isinstance(sheet, PhotoSheet)
        wait_until(lambda: len(sheet.list.photos) == 2 and sheet.go.isEnabled())
        assert sheet.go.text() == "Seal 2 pictures for Example, Ada"
        sheet.go.click()
        wait_until(lambda: shell.sheets and isinstance(shell.sheets[-1].content, ImportReport))
        shell.sheets[-1].close_sheet()  # it told that the document is kept
        assert not shell.sheets
        found = {image.kind: (image, visit) for visit in shell.visits for image in visit.images}
        assert ImageKind.PHOTO in found
        shell.open_image(*found[ImageKind.DOCUMENT])
        wait_until(shell.workspace.kept.look.isVisible)
        shell.workspace.kept.look.click()
        document = shell.sheets[-1].content
        assert isinstance(document, DocumentSheet)
        wait_until(lambda: document.where.text() == "Page 1 of 2")
        shown = document._shown
        assert shown is not None
        assert shown.picture is not None
        assert shown.picture.any()

        shell.sheets[-1].close_sheet()

        assert not shown.picture.any()
        assert document.picture.pixmap().isNull()
