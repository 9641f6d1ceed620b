"""The approver's page: whole in itself, with verdict, numbers and videos; and the contact sheet."""

import base64
import io
import re
import shutil
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest

from evaluation.catalogue import families, measured, not_measured, single_number
from evaluation.contracts import Amount, Decision, EvaluationReport, GateConfig, GateRule, Reason
from evaluation.measuring.network_answer import NetworkAnswer
from evaluation.report.clip_rows import worst_first
from evaluation.report.contact_sheet import SheetRow, contact_sheet
from evaluation.report.gain_plot import FARTHEST, MARGIN, gains_in_margins
from evaluation.report.media import MOST_EMBEDDED, Media
from evaluation.report.packed import write_zip
from evaluation.report.page import render_page
from evaluation.report.router_map import COLOURS, ENLARGED, GAP, router_map
from evaluation.report.shown import MOST_DRAWN, shown_clip
from evaluation.report.table import table_rows, way_to_ceiling
from foundation.video_writing import write_video
from tests.numbered_videos import RATE, SOUND_RATE, numbered, numbered_report

HAND = "hand_error_px_embedded_locator"


@pytest.fixture
def report(tmp_path: Path) -> EvaluationReport:
    return _report(tmp_path / "challenger", 5.0)


def _report(folder: Path, hand: float, exam: str = "exam") -> EvaluationReport:
    metrics = [
        measured(HAND, {"clip_0": hand}),
        measured(f"{HAND}_baseline", {"clip_0": 30.0}),
        measured(f"{HAND}_ceiling", {"clip_0": 2.0}),
        single_number("hand_error_ratio_to_repeat", hand / 30),
    ]
    named = {metric.name: metric for metric in metrics}
    return numbered_report(folder, named, frames=9).model_copy(update={"exam_digest": exam})


def _page(report: EvaluationReport, champion: EvaluationReport | None = None, decision: Decision | None = None) -> str:
    page = Path(report.report_html)
    page.write_text(render_page(page, report, champion, decision), encoding="utf-8")
    return page.read_text()


def test_page_before_the_gate_says_so_and_escapes_prompts(report: EvaluationReport) -> None:
    page = _page(report)
    assert "Not decided yet" in page
    assert "required" not in page
    assert ">champion<" not in page
    assert "raises &lt;b&gt;clip_0&lt;/b&gt;" in page


def test_page_needs_no_other_file(report: EvaluationReport) -> None:
    page = _page(report)
    assert page.count("data:video/mp4;base64,") == 3
    assert page.count("data:image/png;base64,") == 3, "person, product, contact sheet"
    assert not [link for link in ('src="videos', "http://", "https://") if link in page]


def test_headlines_come_from_the_metrics_and_show_in_each_clip(report: EvaluationReport) -> None:
    page = _page(report)
    assert page.count(f">{families()[HAND].title}<") == 3, "as a headline, with the clip, and in the table"
    assert families()["mouth_audio_correlation"].title not in page, "not in this report"


def test_a_refusal_stands_on_top_with_its_reasons_first(report: EvaluationReport) -> None:
    decision = Decision(
        passed=False,
        reasons=[
            Reason(rule="a", passed=True, message="fine here"),
            Reason(rule="b", passed=False, message=f"{HAND} is 9 px, 8 is required; psnr_db_baseline is not a_name"),
        ],
        challenger_digest="c",
        champion_digest=None,
        exam_digest="e",
    )
    page = _page(report, decision=decision)
    assert "Refused: the champion stays" in page
    assert "1 of 2 rules refuses" in page
    words = (
        "Distance of the acting hand from its place (embedded locator) is 9 px, 8 is required; likeness to the true "
    )
    words += "frames (PSNR), baseline is not a_name"
    assert page.index(words) < page.index("1 rule that held") < page.index("Fine here")


def test_the_champion_stands_beside(report: EvaluationReport, tmp_path: Path) -> None:
    champion = _report(tmp_path / "champion", 7.0)
    assert _page(report, champion).count("data:video/mp4;base64,") == 4
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
    assert "<li>agreement of the mouth with the sound: needs &lt;sound&gt;</li>" in page
    assert "acting hand" not in page[page.index("Not measured") : page.index("Contact sheet")]


def test_large_videos_lie_beside_the_page_and_one_zip_holds_both(report: EvaluationReport, tmp_path: Path) -> None:
    large = Path(report.folder) / "videos" / "clip_0_generated.mp4"
    with large.open("ab") as file:  # a box that players skip
        file.write((MOST_EMBEDDED + 8).to_bytes(4, "big") + b"free" + bytes(MOST_EMBEDDED))
    page = _page(report)
    assert 'src="videos/clip_0_generated.mp4"' in page
    assert len(page) < 120_000
    count = write_zip(Path(report.report_html), tmp_path / "sent/page.zip")
    assert count == 7, "page, three videos, two references, contact sheet"
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
    assert page.count("data:image/png;base64,") == 4
    assert "true structure" in page
    assert "draws no structure" in page


def test_each_sound_lies_in_the_page_once_and_begins_with_the_picture(report: EvaluationReport) -> None:
    """As samples: what a coder puts before the first one would be heard late."""
    videos = Path(report.folder) / "videos"
    shutil.copyfile(videos / "clip_0_truth.mp4", videos / "clip_0_generated.mp4")
    click_S = np.zeros(round(9 * SOUND_RATE / RATE), np.float32)
    click_S[4000:4040] = 0.9
    media = Media.of(Path(report.report_html), [report])
    assert shown_clip("clip_0", report, None, media).heard == [("this model", 0), ("true clip", 0)]
    write_video(videos / "clip_0_truth.mp4", numbered(9), RATE, sound=(click_S, SOUND_RATE))
    shown = shown_clip("clip_0", report, None, media)
    assert shown.heard == [("this model", 0), ("true clip", 1)]
    with wave.open(io.BytesIO(base64.b64decode(shown.sounds[1]))) as file:
        assert file.getframerate() == SOUND_RATE
        heard_S = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert abs(int(np.abs(heard_S).argmax()) - 4020) < 40, "samples, of which 640 are a frame"


def test_a_long_row_brings_its_sound_in_its_videos(tmp_path: Path) -> None:
    report = numbered_report(tmp_path / "long", {}, frames=MOST_DRAWN + 1)
    shown = shown_clip("clip_0", report, None, Media.of(Path(report.report_html), [report]))
    assert (shown.frames, shown.long, list(shown.sounds)) == (MOST_DRAWN + 1, True, [])
    assert [label for label, _ in shown.heard] == ["this model", "true clip"]
