"""What generation returns, and the files that keep it: an MP4 with sound, a contact sheet, and how it was made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.sound import Samples
from foundation.video_frames import Frames
from foundation.video_writing import write_video
from model.inference.contact_sheet import contact_sheet
from model.inference.seams import SeamReport

# of what is known about a video, what its file says itself: `graspline trace VIDEO` goes on from there
ORIGIN = ("registered_model", "version", "artifact_digest", "stage_two_weights_sha256", "seed")


@dataclass(frozen=True)
class GeneratedVideo:
    """One video with its sound. The person reference is not one of its frames."""

    frames: Frames  # uint8 [T,H,W,3], RGB
    sound: Samples  # float32 [S] in -1..1, one channel, as long as the frames
    frames_per_second: int
    samples_per_second: int
    prompts: Sequence[str]  # one a clip
    references: Frames  # uint8 [1 or 2,H,W,3]: the person and, if there is one, the product, as the model sees them
    seams: SeamReport  # how much the picture changes where two clips meet
    about: Mapping[str, Any]  # the artifact, seed, sampling and inputs

    def save(self, path: str | Path) -> Path:
        """Write V.mp4, which names its model, and beside it V_contact_sheet.png and V.json; makes the folder.

        Args:
            path: the MP4.

        Returns:
            Where it is.

        Raises:
            ValueError: the name does not end in .mp4.
        """
        file = check_name(Path(path))
        sound, origin = (self.sound, self.samples_per_second), {name: self.about[name] for name in ORIGIN}
        write_video(file, self.frames, self.frames_per_second, sound=sound, about=origin)
        about = {**self.about, "seams": self.seams.model_dump()}
        file.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        sampling = self.about["sampling"]
        settings = f"{sampling['steps']} steps, guidance {sampling['guidance']:g}"
        title = f"{file.name}: seed {self.about['seed']}, {settings}"
        sheet = contact_sheet(self.frames, self.references, self.prompts, self.seams, title)
        sheet.save(file.with_name(f"{file.stem}_contact_sheet.png"))
        return file


def check_name(file: Path) -> Path:
    """The file itself. ValueError: it does not end in .mp4."""
    if file.suffix != ".mp4":
        raise ValueError(f"{file}: the video is an MP4, name it {file.with_suffix('.mp4')}")
    return file
