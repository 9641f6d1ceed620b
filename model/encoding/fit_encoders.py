"""Fit what the conditioning encoders need and write down what they are.

    python -m model.encoding.fit_encoders BATCH

A DVC stage: reads datasets/batches.yaml and datasets/prepared/BATCH, writes datasets/encoders/BATCH: encoders.json (see
`encoders_folder`), what an encoder's own fit writes (the linear codec: its basis, fitted on RGB and HOI videos and both
references) and the encoded empty prompt, for guidance and prompt dropout.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from data.clips.manifest import read_manifest
from data.versions.batch_entry import batch_entry, batch_of_stage
from data.versions.batch_receipts import assert_valid
from foundation.clip_format import ClipFormat
from foundation.progress import report_progress
from model.conditioning.build import build_text_encoder, encoder_modules
from model.conditioning.given_weights import given_weights
from model.contracts import EncodingConfig
from model.encoding.encoders_folder import EncodersFile, write_encoders
from model.encoding.prepared_clip import PreparedClip


def fit_encoders(batch: str) -> None:
    """Write datasets/encoders/<batch>.

    Raises:
        ValueError: the batch is unknown or failed its validation, or given weights are missing.
    """
    entry = batch_entry(batch)
    encoding = EncodingConfig.model_validate(entry.encoding)
    prepared, folder = Path("datasets/prepared") / batch, Path("datasets/encoders") / batch
    assert_valid(prepared)
    weights = given_weights(encoding)
    if weights != entry.weights:
        raise ValueError(f"given encoder weights changed since {batch} was ordered: leave them alone and run again")
    folder.mkdir(parents=True, exist_ok=True)
    codec, text, audio = encoding.latent_codec, encoding.text_encoder, encoding.audio_encoder
    fit = getattr(encoder_modules(encoding)["latent_codec"], "fit", None)
    fitted = fit and fit(codec, lambda: _fit_videos(prepared, entry.clip, codec.fit_clips), folder)
    captions = {
        "latent_codec": f"{codec.kind}, {fitted or f'{codec.channels} channels, from {codec.weights}'}",
        "text_encoder": f"{text.kind}, {text.dim} x {text.tokens}",
        "audio_encoder": f"{audio.kind}, {audio.dim} x {audio.layers} layers",
    }
    empty_text_LD = build_text_encoder(text, folder).encode([""])[0]
    file = EncodersFile(encoding=encoding, captions=captions, weights_sha256=weights)
    write_encoders(folder, file, empty_text_LD)
    print("; ".join(f"{name}: {caption}" for name, caption in captions.items()), flush=True)


def _fit_videos(prepared: Path, clip: ClipFormat, fit_clips: int) -> Iterator[tuple[str, Tensor]]:
    """The videos and references of up to `fit_clips` clips spread over the batch."""
    records = read_manifest(prepared)
    chosen = np.unique(np.linspace(0, len(records) - 1, min(fit_clips, len(records))).astype(int))
    for done, number in enumerate(chosen, 1):
        media = PreparedClip(prepared, records[number], clip)
        yield "rgb", media.rgb_1CTHW
        yield "hoi", media.hoi_1CTHW
        yield "references", media.person_1C1HW
        if media.product_1C1HW is not None:
            yield "references", media.product_1C1HW
        report_progress(done, len(chosen), "clips read to fit the latent codec")


if __name__ == "__main__":
    torch.set_num_threads(1)  # the fit's last bits do not depend on the machine's cores
    fit_encoders(batch_of_stage(sys.argv[1]))
