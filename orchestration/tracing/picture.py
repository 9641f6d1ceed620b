"""A trace as a picture: one box a step, an arrow down to what it comes from. SVG, without a library."""

from collections.abc import Sequence
from html import escape

from orchestration.tracing.contracts import TracedModel, TracedOn, TracedVideo

WIDTH, MARGIN, LINE, PAD, GAP = 760, 20, 18, 12, 34  # pixels
SHOWN = 6  # clips or models that a box lists

Box = tuple[str, list[str]]
"""(title, lines)"""


def picture_of(trace: TracedVideo | TracedModel | TracedOn) -> str:
    """The SVG's text."""
    if isinstance(trace, TracedOn):
        return _drawn(_boxes_on(trace))
    if isinstance(trace, TracedVideo):
        says = f"seed {trace.says.get('seed')}, artifact {str(trace.says.get('artifact_digest'))[:12]}"
        return _drawn([(f"video {trace.video}", [says]), *_boxes_back(trace.model)])
    return _drawn(_boxes_back(trace))


def _boxes_back(model: TracedModel) -> list[Box]:
    named = f" ({', '.join(model.aliases)})" if model.aliases else ""
    boxes: list[Box] = [
        (
            f"{model.model} version {model.version}{named}",
            [f"artifact {model.artifact_digest[:12]}", *model.reigns[-3:]],
        )
    ]
    for stage in reversed(model.stages):
        by = stage.retraining or {}
        code = f"commit {by['commit'][:12]}{'' if by['clean'] else ' with changes'}" if by.get("commit") else ""
        lines = [
            f"{stage.steps} steps, seed {stage.seed}, weights {stage.weights_sha256[:12]}",
            stage.run or "its run folder is not here any more",
            *(
                [f"run {by['id']}, {by['origin']} {by['started_by']}", f"{code} {' '.join(by['overrides'])}"]
                if by
                else []
            ),
        ]
        boxes.append((stage.stage.replace("_", " "), lines))
    batches = [f"{batch.batch}: encoded {batch.encoded_digest[:12]}" for batch in model.batches]
    boxes.append((f"training set {model.train_digest[:12]}", batches))
    clips = model.clips or []
    lines = [_clip(clip.clip, clip.person, clip.licence, clip.consent) for clip in clips[:SHOWN]]
    boxes.append(
        (f"{len(clips)} clips" if model.clips is not None else "clips are not known here", [*lines, *_more(clips)])
    )
    return boxes


def _boxes_on(trace: TracedOn) -> list[Box]:
    clips = [_clip(clip.clip, clip.person, clip.licence, clip.consent) for clip in trace.clips[:SHOWN]]
    boxes: list[Box] = [(trace.of, [*clips, *_more(trace.clips)])]
    for model in trace.models[:SHOWN]:
        named = f" ({', '.join(model.aliases)})" if model.aliases else ""
        lines = [f"learnt from {len(model.clips)} of these clips", *model.reigns[-3:], *model.videos[:SHOWN]]
        boxes.append((f"version {model.version}{named}", lines))
    return boxes


def _clip(clip: str, person: str, licence: str, consent: str) -> str:
    return f"{clip}: {person}, {licence or 'no licence known'}, consent {consent or 'not known'}"


def _more(of: Sequence[object]) -> list[str]:
    return [f"and {len(of) - SHOWN} more"] if len(of) > SHOWN else []


def _drawn(boxes: Sequence[Box]) -> str:
    y, parts = MARGIN, list[str]()
    for number, (title, lines) in enumerate(boxes):
        height = 2 * PAD + LINE * (1 + len(lines))
        if number:
            middle = WIDTH // 2
            parts.append(f'<path d="M{middle} {y - GAP + 4} V{y - 8}" marker-end="url(#tip)" class="arrow"/>')
        parts.append(f'<rect x="{MARGIN}" y="{y}" width="{WIDTH - 2 * MARGIN}" height="{height}" rx="8"/>')
        for row, text in enumerate((title, *lines)):
            kind = ' class="title"' if row == 0 else ""
            parts.append(f'<text x="{MARGIN + PAD}" y="{y + PAD + LINE * (row + 1) - 5}"{kind}>{escape(text)}</text>')
        y += height + GAP
    style = (
        "rect{fill:#f6f8fa;stroke:#57606a}text{font:13px sans-serif;fill:#1f2328}.title{font-weight:bold}"
        ".arrow{stroke:#57606a;stroke-width:2}"
    )
    size = 'markerWidth="8" markerHeight="8" refX="4" refY="4" orient="auto"'
    tip = f'<marker id="tip" {size}><path d="M0 0L8 4L0 8z"/></marker>'
    size = f'width="{WIDTH}" height="{y - GAP + MARGIN}"'
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{style}</style><defs>{tip}</defs>\n{body}\n</svg>\n'
    )
