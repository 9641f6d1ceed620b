"""What of a clip is seen and heard on the page: reference pictures, videos side by side, and the sound of each.

A row of videos that is short enough is decoded whole by the page and drawn from one clock, with sound from the page
itself: its WAV lies in the page, each sound once. A longer row's videos play with their own sound.
"""

import base64
import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation.contracts import EvaluationReport
from evaluation.report.media import Media
from foundation.media_files import MediaError
from foundation.sound import read_audio
from foundation.video_reading import probe_video

DOES_NOT_DECIDE = "it shows files of a report that is finished"
MOST_DRAWN = 150  # frames: each costs a seek, and all of a row stay in memory


@dataclass(frozen=True)
class Shown:
    """One picture or video of a clip."""

    label: str
    source: str  # address


@dataclass(frozen=True)
class ShownClip:
    """One row."""

    stills: Sequence[Shown]
    videos: Sequence[Shown]
    frames: int  # of the shortest video; 0: there is none
    heard: Sequence[tuple[str, int]]  # label of a video that sounds, place of its sound in `sounds`
    sounds: Sequence[str]  # WAV files as base64; none where the row is long

    @property
    def long(self) -> bool:
        """Whether its videos play by themselves, held to the clock."""
        return self.frames > MOST_DRAWN


def shown_clip(clip_id: str, report: EvaluationReport, champion: EvaluationReport | None, media: Media) -> ShownClip:
    """All that there is of one clip."""
    own = Path(report.folder) / "videos"
    stills = {"person given": own / f"{clip_id}_person.png", "product given": own / f"{clip_id}_product.png"}
    files = {"this model": own / f"{clip_id}_generated.mp4"}
    if champion is not None:
        files["champion"] = Path(champion.folder) / "videos" / f"{clip_id}_generated.mp4"
    files |= {"true clip": own / f"{clip_id}_truth.mp4", "true structure": own / f"{clip_id}_structure.mp4"}
    files = {label: file for label, file in files.items() if file.exists()}
    frames = min((probe_video(file)[0] for file in files.values()), default=0)
    waves = {label: sound for label, file in files.items() if (sound := _wav(file))}
    sounds = list(dict.fromkeys(waves.values()))
    return ShownClip(
        stills=[Shown(label, media.picture(file)) for label, file in stills.items() if file.exists()],
        videos=[Shown(label, media.video(file)) for label, file in files.items()],
        frames=frames,
        heard=[(label, sounds.index(sound)) for label, sound in waves.items()],
        sounds=[base64.b64encode(sound).decode() for sound in sounds] if frames <= MOST_DRAWN else [],
    )


def _wav(file: Path) -> bytes | None:
    """A video's sound as 16-bit PCM, sample 0 at its first picture: no coder's delay. None: it is silent."""
    try:
        samples_S, rate = read_audio(file)
    except MediaError as error:
        if error.reason == "no_sound":
            return None
        raise
    whole = io.BytesIO()
    with wave.open(whole, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(np.round(np.clip(samples_S, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
    return whole.getvalue()
