"""The approver's page: whole in itself, with verdict, numbers and videos; and the contact sheet."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.catalogue import measured, not_measured, single_number
from evaluation.contracts import Amount, Decision, EvaluationReport, GateConfig, GateRule, Reason
from evaluation.measuring.network_answer import NetworkAnswer
from evaluation.report.clip_rows import worst_first
from evaluation.report.contact_sheet import SheetRow, contact_sheet
from evaluation.report.gain_plot import FARTHEST, MARGIN, gains_in_margins
from evaluation.report.media import MOST_EMBEDDED
from evaluation.report.packed import write_zip
from evaluation.report.page import render_page
from evaluation.report.router_map import COLOURS, ENLARGED, GAP, router_map
from evaluation.report.table import table_rows, way_to_ceiling

HAND = "hand_error_px_embedded_locator"


@pytest.fixture
def report(tmp_path: Path) -> EvaluationReport:
    return _report(tmp_path / "challenger", 5.0)


def _report(folder: Path, hand: float, exam: str = "exam") -> EvaluationReport:
    (folder / "videos").mkdir(parents=True)
    for kind in ("truth", "generated"):
        (folder / "videos" / f"clip_0_{kind}.mp4").write_bytes(f"{folder.name} {kind}".encode())
    (folder / "clips.json").write_text(
        json.dumps([{"clip_id": "clip_0", "prompt": "raises <b>it</b>", "frames_per_second": 25}])
    )
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
    page = Path(report.report_html)
    page.write_text(render_page(page, report, champion, decision), encoding="utf-8")
    return page.read_text()


def test_page_before_the_gate_says_so_and_escapes_prompts(report: EvaluationReport) -> None:
    page = _page(report)
    assert "Not decided yet" in page
    assert "required" not in page
    assert ">champion<" not in page
    assert "raises &lt;b&gt;it&lt;/b&gt;" in page


def test_page_needs_no_other_file(report: EvaluationReport) -> None:
    page = _page(report)
    assert page.count("data:video/mp4;base64,") == 2
    assert "data:image/png;base64," in page
    assert not [link for link in ('src="videos', "http://", "https://") if link in page]


def test_headlines_come_from_the_metrics_and_show_in_each_clip(report: EvaluationReport) -> None:
    page = _page(report)
    assert page.count("Hand where it should be") == 2, "as a headline, and with the clip"
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
    assert "Refused: the champion stays" in page
    assert "1 of 2 rules refuses" in page
    assert page.index("too far off") < page.index("1 rules that held") < page.index("fine here")


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


def test_the_worst_clip_comes_first_by_its_mean_rank() -> None:
    hand = measured(HAND, {"a": 2.0, "b": 9.0, "c": 3.0})  # lower is better
    psnr = measured("psnr_db", {"a": 30.0, "b": 20.0, "c": 10.0})
    assert worst_first(["a", "b", "c"], [hand, psnr]) == ["b", "c", "a"]
    assert worst_first(["a", "b"], []) == ["a", "b"]


def test_what_was_not_measured_is_listed_with_the_reason(report: EvaluationReport) -> None:
    mouth = not_measured("mouth_audio_correlation", "needs <sound>")
    page = _page(report.model_copy(update={"metrics": {**report.metrics, mouth.name: mouth}}))
    assert "<li>mouth audio correlation: needs &lt;sound&gt;</li>" in page
    assert "hand error" not in page[page.index("Not measured") : page.index("Contact sheet")]


def test_large_videos_lie_beside_the_page_and_one_zip_holds_both(report: EvaluationReport, tmp_path: Path) -> None:
    large = Path(report.folder) / "videos" / "clip_0_generated.mp4"
    large.write_bytes(b"x" * (MOST_EMBEDDED + 1))
    page = _page(report)
    assert 'src="videos/clip_0_generated.mp4"' in page
    assert len(page) < 100_000
    assert write_zip(Path(report.report_html), tmp_path / "sent/page.zip") == 4  # page, two videos, contact sheet
    with zipfile.ZipFile(tmp_path / "sent/page.zip") as archive:
        packed = archive.read("report.html").decode()
        shown = re.findall(r'src="([^"]+)"', packed)
        assert {*shown, "report.html"} == set(archive.namelist())
        assert archive.read(next(name for name in shown if "generated" in name)) == large.read_bytes()
    large.unlink()
    with pytest.raises(ValueError, match=r"clip_0_generated\.mp4, which is gone: evaluate the model again"):
        write_zip(Path(report.report_html), tmp_path / "again.zip")


def test_gains_are_drawn_in_units_of_their_margin(report: EvaluationReport, tmp_path: Path) -> None:
    rule = GateRule(metric=HAND, margin=Amount(size=1.0, kind="units"))
    gate = GateConfig(rules=[rule, GateRule(metric="psnr_db", floor=1.0)], improvements=[])
    clips = {f"clip_{at}": 5.0 + at for at in range(4)}
    own = report.model_copy(update={"metrics": {HAND: measured(HAND, clips)}})
    worse = {clip: value - (0.4 if clip == "clip_0" else 0.6) for clip, value in clips.items()}
    champion = own.model_copy(update={"metrics": {HAND: measured(HAND, worse)}})
    (row,) = gains_in_margins(own, champion, gate)
    assert row.mean == pytest.approx(50 - 50 * 0.55 / FARTHEST, abs=0.01)
    assert row.low < row.mean < row.high
    assert row.excluded == (row.low > MARGIN)
    assert row.excluded


def test_the_structure_and_the_router_stand_with_the_clip(report: EvaluationReport) -> None:
    videos = Path(report.folder) / "videos"
    (videos / "clip_0_structure.mp4").write_bytes(b"structure")
    latents = np.zeros((4, 3, 4, 4))
    picks = np.zeros((1, 1, 12), np.int64)
    picks[..., 4:] = 2  # the hand's expert from the second latent frame on
    answer = NetworkAnswer(latents, latents, latents, 0.0, None, picks, np.zeros_like(picks))
    drawn = np.asarray(router_map(answer))
    assert drawn[2, 2].tolist() == list(COLOURS["base"])
    assert drawn[2, (2 + GAP + 1) * ENLARGED].tolist() == list(COLOURS["hand"])
    assert drawn[-2, -2].tolist() == list(COLOURS["base"]), "below stand the labels"
    router_map(answer).save(videos / "clip_0_router.png")
    page = _page(report)
    assert page.count("data:video/mp4;base64,") == 3
    assert page.count("data:image/png;base64,") == 2
    assert "true structure" in page
