"""What is encoded of a clip: each part, the encoder that makes it and the media it reads.

Shape legend: C channels, T latent frames to denoise, F of motion, h w latent size, L text tokens, N target tokens.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from data.clips.region_boxes import region_labels
from model.conditioning.audio_encoder import AudioEncoder
from model.conditioning.latent_codec import TIME_STRIDE, LatentCodec
from model.conditioning.text_encoder import TextEncoder
from model.encoding.prepared_clip import PreparedClip


@dataclass(frozen=True)
class ClipEncoders:
    """The three encoders and the fixed template that describes the structure video."""

    codec: LatentCodec
    text: TextEncoder
    audio: AudioEncoder
    hoi_prompt: str


def encode_part(part: str, clip: PreparedClip, encoders: ClipEncoders) -> dict[str, Tensor]:
    """The fields of one part, as `encoded_clips` names them. ValueError: a prompt or frame count does not fit."""
    encode, record = encoders.codec.encode, clip.record
    match part:
        case "rgb":
            return {"rgb_CThw": encode(torch.cat([clip.person_1C1HW, clip.rgb_1CTHW[:, :, 1:]], dim=2))[0]}
        case "motion":
            assert clip.motion_1CMHW is not None
            return encode_after_motion(clip.motion_1CMHW, clip.rgb_1CTHW, encoders.codec)
        case "hoi":
            return {"hoi_CThw": encode(clip.hoi_1CTHW)[0, :, 1:]}
        case "product":
            assert clip.product_1C1HW is not None
            return {"product_C1hw": encode(clip.product_1C1HW)[0]}
        case "pose":
            assert clip.pose_1CTHW is not None
            return {"pose_CThw": encode(clip.pose_1CTHW)[0, :, 1:]}
        case "text":
            return {"text_LD": encoders.text.encode([record.prompt])[0]}
        case "hoi_text":
            return {"hoi_text_LD": encoders.text.encode([hoi_text(encoders.hoi_prompt, record.prompt)])[0]}
        case "audio":
            return {"audio_KAS": encoders.audio.encode(clip.samples_S, record.frames)}
        case _:
            assert part == "regions", part
            labels_N = region_labels(record.boxes, record.frames, record.height, record.width)
            return {"regions_N": torch.from_numpy(labels_N)}


def encode_after_motion(motion_1CMHW: Tensor, rgb_1CTHW: Tensor, codec: LatentCodec) -> dict[str, Tensor]:
    """What came before and the clip's frames 1..4T through the codec as one video: 73 + 80 frames are 19 + 20 latents.

    The clip's frame 0 counts as what came before, and the oldest frame of its motion is left out: so the target is the
    same frames whether motion is given or not, those that sound, boxes and structure video belong to (decision 0013).

    Raises:
        ValueError: the motion is not 4k + 1 frames long.
    """
    motion_frames = motion_1CMHW.shape[2]
    joined_1CTHW = torch.cat([motion_1CMHW[:, :, 1:], rgb_1CTHW], dim=2)
    latents_CThw = codec.encode(joined_1CTHW)[0]
    motion_latents = 1 + (motion_frames - 1) // TIME_STRIDE
    return {
        "motion_CFhw": latents_CThw[:, :motion_latents],
        "rgb_after_motion_CThw": latents_CThw[:, motion_latents:],
    }


def hoi_text(hoi_prompt: str, prompt: str) -> str:
    """The HOI stream's text: what its video is, then the clip's prompt."""
    return f"{hoi_prompt} {prompt}"
