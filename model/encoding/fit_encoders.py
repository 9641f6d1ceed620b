"""Fit what the conditioning encoders need and say what they are.

    python -m model.encoding.fit_encoders BATCH

A DVC stage: reads datasets/batches.yaml and datasets/prepared/BATCH, writes datasets/encoders/BATCH: encoders.json (the
configuration, captions, sha256 of given weights), latent_codec.safetensors (the linear codec's basis, fitted on RGB and
HOI videos and both references) and empty_text.safetensors (the encoded empty prompt, for guidance and prompt dropout).
"""

import json
import sys
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from data.clips.manifest import read_manifest
from data.versions.batch_entry import batch_entry
from data.versions.batch_receipts import assert_valid
from foundation.clip_format import ClipFormat
from foundation.progress import report_progress
from foundation.run_folder import write_whole
from model.conditioning.build import build_text_encoder
from model.conditioning.fit_linear_codec import fit_linear_codec
from model.contracts import EncodingConfig, LatentCodecConfig
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
    folder.mkdir(parents=True, exist_ok=True)
    captions = {
        "latent_codec": _codec(prepared, folder, entry.clip, encoding.latent_codec),
        "text_encoder": f"{encoding.text_encoder.kind}, {encoding.text_encoder.dim} x {encoding.text_encoder.tokens}",
        "audio_encoder": f"{encoding.audio_encoder.kind}, {encoding.audio_encoder.dim} x "
        f"{encoding.audio_encoder.layers} layers",
    }
    text_LD = build_text_encoder(encoding.text_encoder).encode([""])[0]
    save_file({"text_LD": text_LD}, folder / "empty_text.safetensors")
    about = {"encoding": encoding.model_dump(), "captions": captions, "weights_sha256": given_weights(encoding)}
    write_whole(folder / "encoders.json", json.dumps(about, indent=1))
    print("; ".join(f"{name}: {caption}" for name, caption in captions.items()), flush=True)


def _codec(prepared: Path, folder: Path, clip: ClipFormat, config: LatentCodecConfig) -> str:
    if config.kind == "wan":
        return f"wan, {config.channels} channels, from {config.weights}"
    fitted = fit_linear_codec(lambda: _fit_videos(prepared, clip, config.fit_clips), config.channels)
    fitted.codec.save(folder / "latent_codec.safetensors")
    rgb_db, hoi_db = fitted.psnr_db["rgb"], fitted.psnr_db["hoi"]
    return f"linear, {config.channels} channels, {rgb_db:.1f} dB on RGB and {hoi_db:.1f} dB on HOI of its clips"


def _fit_videos(prepared: Path, clip: ClipFormat, fit_clips: int) -> Iterator[tuple[str, Tensor]]:
    """The videos and references of up to `fit_clips` clips spread over the batch."""
    records = read_manifest(prepared)
    chosen = np.unique(np.linspace(0, len(records) - 1, min(fit_clips, len(records))).astype(int))
    for done, number in enumerate(chosen, 1):
        found = PreparedClip(prepared, records[number], clip)
        yield "rgb", found.rgb_1CTHW
        yield "hoi", found.hoi_1CTHW
        yield "references", found.person_1C1HW
        if found.product_1C1HW is not None:
            yield "references", found.product_1C1HW
        report_progress(done, len(chosen), "clips read to fit the latent codec")


def given_weights(encoding: EncodingConfig) -> dict[str, str]:
    """sha256 of every file of the given weights: other weights are other encoders."""
    configured = (encoding.latent_codec, encoding.text_encoder, encoding.audio_encoder)
    folders = sorted({Path(config.weights) for config in configured if config.weights})
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
    digests: dict[str, str] = {}
    for file in files:
        with file.open("rb") as handle:
            digests[str(file)] = file_digest(handle, "sha256").hexdigest()
    return digests


if __name__ == "__main__":
    torch.set_num_threads(1)  # the fit's last bits do not depend on the machine's cores
    fit_encoders(sys.argv[1])
