"""What the clips of an exam have in common: person, product, action; and which of these were trained on.

The action is what the prompt says last, after its last comma: all that a prompt tells of it without a language model.
Clips whose prompts end alike count as one action, others as actions of their own.
"""

from collections.abc import Sequence
from pathlib import Path

from evaluation.contracts import GROUPINGS, ClipGroups, Grouping
from evaluation.exam.held_out import EvaluationClip
from model.contracts import EncodedBatch
from model.encoding.encoded_clips import read_index

Groups = dict[Grouping, str]


def groups_of(clips: Sequence[EvaluationClip], train: Sequence[EncodedBatch]) -> dict[str, ClipGroups]:
    """Clip id -> its groups, and which of them occur in the batches that were trained on."""
    trained = [
        _groups(info.prompt, info.person_id, info.product_id)
        for batch in train
        for info in read_index(Path(batch.folder)).clips.values()
    ]
    known: dict[Grouping, set[str | None]] = {
        grouping: {groups.get(grouping) for groups in trained} - {None} for grouping in GROUPINGS
    }
    return {clip.clip_id: _of_clip(clip, known) for clip in clips}


def action_of(prompt: str) -> str:
    """What a prompt says after its last comma (after the whole of it, where there is none), in small letters."""
    return prompt.rpartition(",")[2].strip(" .").casefold()


def _of_clip(clip: EvaluationClip, known: dict[Grouping, set[str | None]]) -> ClipGroups:
    groups = _groups(clip.record.prompt, clip.record.person_id, clip.record.product_id)
    return ClipGroups(groups=groups, seen=[grouping for grouping, name in groups.items() if name in known[grouping]])


def _groups(prompt: str, person_id: str, product_id: str) -> Groups:
    named: Groups = {"person": person_id, "product": product_id, "action": action_of(prompt)}
    return {grouping: name for grouping, name in named.items() if name}
