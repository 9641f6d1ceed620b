"""Whatever text a person writes into a clip's record: the files of lines, the contact sheet and the page hold it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from data.clips.contact_sheet import draw_contact_sheet, draw_strip
from data.clips.manifest import read_manifest, write_manifest
from data.contracts import ClipRecord, Provenance
from data.sources.raw_video.rejected import Rejection, read_rejected, write_rejected
from data.validation.page import Judgement, render_page
from data.validation.verdict import verdict
from data.versions.withdrawals import Withdrawal, add_withdrawal, read_withdrawals
from foundation.failures import Failure

FAST = settings(
    derandomize=True, deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(max_size=40)
LINES = "one\ntwo\u2028three\u0085four\r\nfive\x0bsix\x00<b>&amp;'\""


@pytest.fixture
def clip(deliver: Callable[..., Path]) -> tuple[Path, ClipRecord]:
    folder = deliver()
    return folder, read_manifest(folder)[0]


@FAST
@example(LINES, LINES, "\ufeff")
@given(TEXT, TEXT, TEXT)
def test_every_text_field_goes_through_the_files_of_lines(
    clip: tuple[Path, ClipRecord], prompt: str, licence: str, tool: str
) -> None:
    folder, record = clip
    provenance = {"boxes": Provenance(tool=tool, version=tool, licence=licence)}
    record = record.model_copy(update={"prompt": prompt, "licence": licence, "provenance": provenance})
    write_manifest(folder, [record, record])
    assert read_manifest(folder) == [record, record]
    rejected = [Rejection(video=tool, reason=licence, value=prompt)]
    write_rejected(folder, rejected)
    assert read_rejected(folder) == rejected


@FAST
@example(LINES)
@example("x" * 100_000)
@given(TEXT)
def test_any_prompt_is_drawn_and_stands_on_the_page(clip: tuple[Path, ClipRecord], prompt: str) -> None:
    folder, record = clip
    record = record.model_copy(update={"prompt": prompt, "person_id": "a<b>"})
    assert draw_strip(folder, record).width
    assert draw_contact_sheet(folder, [record]).exists()
    fault = Failure(record.clip_id, "prompt", prompt, "must not be", "write another")
    page = render_page(folder, Judgement("march", [record], verdict([fault], []), []))
    assert "a<b>" not in page
    assert str(escape(prompt)) in page
    page.encode("utf-8")


@FAST
@example(LINES, LINES)
@given(TEXT, TEXT)
def test_any_reason_for_a_withdrawal_is_kept(tmp_path: Path, reason: str, actor: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        Path("datasets").mkdir(exist_ok=True)
        Path("datasets/withdrawals.jsonl").unlink(missing_ok=True)
        for person in ("ann", "ben"):
            add_withdrawal(Withdrawal(person_id=person, withdrawn="2026-11-26", actor=actor, reason=reason))
        assert [line.reason for line in read_withdrawals()] == [reason, reason]
