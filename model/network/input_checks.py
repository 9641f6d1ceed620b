"""What a configuration or a batch must satisfy before the network runs; every message names the field and the fix."""

from torch import Tensor

from model.contracts import NetworkConfig
from model.network.streams import Conditions

AUDIO_STEPS_PER_FRAME = 4


def check_batch(
    network: NetworkConfig, streams: str, rgb_BCThw: Tensor, hoi_BCThw: Tensor | None, conditions: Conditions
) -> None:
    """Raises ValueError for shapes that do not fit the network or each other, and for HOI where it has no weights."""
    if rgb_BCThw.ndim != 5:
        raise ValueError(
            f"rgb_BCThw has shape {tuple(rgb_BCThw.shape)}, wanted [batch, channels, frames, height, width]: add the "
            "missing axes"
        )
    batch, _, frames, height, width = rgb_BCThw.shape
    _, patch_height, patch_width = network.patch
    if frames % network.patch[0] or height % patch_height or width % patch_width:
        raise ValueError(
            f"latents of {frames}x{height}x{width} (frames x height x width) are not divisible by network.patch "
            f"{network.patch}: choose a clip size that is a multiple of {8 * patch_height}x{8 * patch_width} pixels"
        )
    single = (batch, network.latent_channels, 1, height, width)
    same = (batch, network.latent_channels, frames, height, width)
    _same_shape("rgb_BCThw", rgb_BCThw, same)
    _same_shape("hoi_BCThw", hoi_BCThw, same)
    _same_shape("conditions.person_BC1hw", conditions.person_BC1hw, single)
    _same_shape("conditions.product_BC1hw", conditions.product_BC1hw, single)
    _same_shape("conditions.pose_BCThw", conditions.pose_BCThw, same)
    _same_shape("conditions.has_product_B", conditions.has_product_B, (batch,))
    _same_shape("conditions.has_motion_B", conditions.has_motion_B, (batch,))
    _check_motion(network, conditions, (batch, network.latent_channels, height, width))
    _check_audio(network, conditions.audio_BKAS, batch, frames)
    prompts = batch if conditions.prompt_of_B is None else len(conditions.text_BLD)
    _same_shape("conditions.prompt_of_B", conditions.prompt_of_B, (batch,))
    _check_text("conditions.text_BLD", network, conditions.text_BLD, prompts)
    if hoi_BCThw is None:
        return
    if streams == "rgb":
        raise ValueError("hoi_BCThw is given to a network built with streams='rgb': leave it out or load both streams")
    if conditions.hoi_text_BLD is None:
        raise ValueError("conditions.hoi_text_BLD is missing: the HOI stream needs its own text")
    _check_text("conditions.hoi_text_BLD", network, conditions.hoi_text_BLD, batch)


def _same_shape(name: str, x: Tensor | None, wanted: tuple[int, ...]) -> None:
    if x is None or tuple(x.shape) == wanted:
        return
    if x.ndim == len(wanted) == 5 and x.shape[1] != wanted[1]:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}, {x.shape[1]} channels, but network.latent_channels is {wanted[1]}: "
            "encode with a codec of that many (encoding.latent_codec.channels), or build the network for the codec's"
        )
    raise ValueError(f"{name} has shape {tuple(x.shape)}, wanted {wanted}: give it the batch and size of the clip")


def _check_motion(network: NetworkConfig, conditions: Conditions, wanted: tuple[int, int, int, int]) -> None:
    motion = conditions.motion_BCFhw
    if motion is None:
        return
    if not network.motion:
        raise ValueError("conditions.motion_BCFhw is given but network.motion is false: set it true or drop the motion")
    batch, channels, height, width = wanted
    _same_shape("conditions.motion_BCFhw", motion, (batch, channels, motion.shape[2], height, width))


def _check_audio(network: NetworkConfig, audio_BKAS: Tensor, batch: int, frames: int) -> None:
    wanted = (batch, network.audio_layers, network.audio_dim, AUDIO_STEPS_PER_FRAME * frames)
    steps = audio_BKAS.shape[-1]
    if steps < wanted[-1]:
        raise ValueError(
            f"conditions.audio_BKAS has {steps} steps, shorter than the clip's {wanted[-1]} "
            f"({AUDIO_STEPS_PER_FRAME} a latent frame): pad the audio with silence or shorten the clip"
        )
    _same_shape("conditions.audio_BKAS", audio_BKAS, wanted)


def _check_text(name: str, network: NetworkConfig, text_BLD: Tensor, batch: int) -> None:
    if text_BLD.ndim != 3 or text_BLD.shape[0] != batch or text_BLD.shape[2] != network.text_dim:
        raise ValueError(f"{name} has shape {tuple(text_BLD.shape)}, wanted [{batch}, tokens, {network.text_dim}]")
