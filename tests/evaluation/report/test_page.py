"""The approver's page: whole in itself, with verdict, numbers and videos; and the contact sheet."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.catalogue import measured, single_number
from evaluation.contracts import Decision, EvaluationReport, GateConfig, GateRule, Reason
from evaluation.report.contact_sheet import SheetRow, contact_sheet
from evaluation.report.page import render_page
from evaluation.report.table import table_rows, way_to_ceiling

HAND = "hand_error_px_embedded_locator"


@pytest.fixture
def report(tmp_path: Path) -> EvaluationReport:
    return _report(tmp_path / "challenger", 5.0)


def _report(folder: Path, hand: float, exam: str = "exam") -> EvaluationReport:
    (folder / "videos").mkdir(parents=True)
    for kind in ("truth", "generated"):
        (folder / "videos" / f"clip_0_{kind}.mp4").write_bytes(f"{folder.name} {kind}".encode())
    (folder / "clips.json").write_text(json.dumps([{"clip_id": "clip_0", "prompt": "raises <b>it</b>"}]))
    Image.new("RGB", (8, 8)).save(folder / "contact_sheet.png")
    metrics = [
        measured(HAND, {"clip_0": hand}),
        measured(f"{HAND}_baseline", {"clip_0": 30.0}),
        measured(f"{HAND}_ceiling", {"clip_0": 2.0}),
        single_number("hand_error_ratio_to_repeat", hand / 30),
    ]
    return EvaluationReport(
        artifact_digest=f"digest of {folder.name}",
        exam_digest=exam,
        metrics={metric.name: metric for metric in metrics},
        report_html=str(folder / "report.html"),
        contact_sheet=str(folder / "contact_sheet.png"),
        folder=str(folder),
    )


def _page(report: EvaluationReport, champion: EvaluationReport | None = None, decision: Decision | None = None) -> str:
    Path(report.report_html).write_text(render_page(report, champion, decision), encoding="utf-8")
    return Path(report.report_html).read_text()


def test_page_before_the_gate_says_so_and_escapes_prompts(report: EvaluationReport) -> None:
    page = _page(report)
    assert "Not decided yet" in page
    assert "required" not in page
    assert "<th>champion" not in page
    assert "raises &lt;b&gt;it&lt;/b&gt;" in page


def test_page_needs_no_other_file(report: EvaluationReport) -> None:
    page = _page(report)
    assert page.count("data:video/mp4;base64,") == 2
    assert "data:image/png;base64," in page
    assert not [link for link in ('src="videos', "http://", "https://") if link in page]


def test_headlines_come_from_the_metrics_and_show_in_each_clip(report: EvaluationReport) -> None:
    page = _page(report)
    assert page.count("Hand where it should be") == 2
    assert "Mouth follows the sound" not in page, "not in this report"


def test_a_refusal_stands_on_top_with_its_reasons_first(report: EvaluationReport) -> None:
    decision = Decision(
        passed=False,
        reasons=[
            Reason(rule="a", passed=True, message="fine here"),
            Reason(rule="b", passed=False, message="too far off"),
        ],
        challenger_digest="c",
        champion_digest=None,
        exam_digest="e",
    )
    page = _page(report, decision=decision)
    assert "Refused by the gate" in page
    assert page.index("too far off") < page.index("fine here")


def test_the_champion_stands_beside(report: EvaluationReport, tmp_path: Path) -> None:
    champion = _report(tmp_path / "champion", 7.0)
    assert _page(report, champion).count("data:video/mp4;base64,") == 3
    assert table_rows(report, champion, None)[0].champion == "7.00"


def test_a_champion_of_another_exam_shows_no_numbers(report: EvaluationReport, tmp_path: Path) -> None:
    champion = _report(tmp_path / "champion", 7.0, exam="older")
    assert table_rows(report, champion, None)[0].champion == "other exam"


def test_the_table_shows_what_the_gate_requires(report: EvaluationReport) -> None:
    gate = GateConfig(rules=[GateRule(metric=HAND, floor=8.0)], improvements=[])
    assert [row.required for row in table_rows(report, None, gate)] == ["≤ 8", "–"]


def test_way_to_the_ceiling(report: EvaluationReport) -> None:
    assert way_to_ceiling(report, HAND) == pytest.approx(25 / 28)
    assert way_to_ceiling(report, "hand_error_ratio_to_repeat") is None


def test_contact_sheet_has_every_row_and_leaves_room_for_a_missing_product() -> None:
    picture = np.full((96, 64, 3), 200, dtype=np.uint8)
    frames = np.stack([picture] * 9)
    rows = [SheetRow("one", picture, picture, frames, frames), SheetRow("two", picture, None, frames, frames)]
    sheet = np.asarray(contact_sheet(rows))
    person, product = sheet[300, 40], sheet[300, 160 + 20]
    assert sheet.shape[0] > 2 * 168
    assert person.tolist() == [200, 200, 200]
    assert product.tolist() == [255, 255, 255]
