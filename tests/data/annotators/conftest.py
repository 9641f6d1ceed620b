"""Checkpoints of the published tools at toy width: their real classes, random weights, written as published."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data.annotators.contracts import Frames, PoseTrack


@pytest.fixture(scope="session")
def clip() -> Frames:
    """Five frames of 80x48: a red square that moves over noise."""
    rgb_THWC = np.random.default_rng(0).integers(0, 80, (5, 80, 48, 3), np.uint8)
    for frame in range(5):
        rgb_THWC[frame, 20 + frame : 40 + frame, 10:30] = (220, 30, 30)
    return rgb_THWC


@pytest.fixture(scope="session")
def pose() -> PoseTrack:
    body_TK3 = np.zeros((5, 17, 3), np.float32)
    body_TK3[:, 9], body_TK3[:, 10] = (36, 50, 1), (12, 50, 1)  # left wrist on the picture's right
    hand_TK3, face_TK3 = np.zeros((5, 21, 3), np.float32), np.zeros((5, 68, 3), np.float32)
    return PoseTrack(body_TK3, hand_TK3, hand_TK3, face_TK3)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """Bytes for tokens, with the special tokens of Qwen2.5-VL."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Tokenizer

    special = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    vocabulary = {character: index for index, character in enumerate(sorted(ByteLevel.alphabet()))}
    return Qwen2Tokenizer(vocab=vocabulary, merges=[], additional_special_tokens=special)


@pytest.fixture(scope="session")
def sam3(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """Half a million weights of Sam3VideoModel; memory channels must be 64 and the width 128."""
    from transformers import Sam3VideoConfig, Sam3VideoModel

    width, layer = 128, {"num_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    backbone = {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 112,
        "pretrain_image_size": 112,
        "window_size": 4,
        "global_attn_indexes": [1],
    }
    sizes = [[32, 32], [16, 16], [8, 8]]
    vision = {
        "model_type": "sam3_vision_model",
        "backbone_config": backbone,
        "fpn_hidden_size": width,
        "backbone_feature_sizes": sizes,
    }
    text = {"hidden_size": 32, "intermediate_size": 64, "projection_dim": 32, "max_position_embeddings": 32}
    ids = {"vocab_size": 512, "bos_token_id": 1, "eos_token_id": 2}
    heads = {"num_hidden_layers": 1, "num_attention_heads": 2}
    detector = {
        "model_type": "sam3",
        "vision_config": vision,
        "text_config": {"model_type": "clip_text_model", **text, **ids, **heads},
        "geometry_encoder_config": {"hidden_size": width, **layer},
        "detr_encoder_config": {"hidden_size": width, **layer},
        "detr_decoder_config": {"hidden_size": width, "num_queries": 4, **layer},
        "mask_decoder_config": {"hidden_size": width, "num_attention_heads": 2},
    }
    tracker = {
        "model_type": "sam3_tracker_video",
        "vision_config": vision,
        "image_size": 112,
        "prompt_encoder_config": {"hidden_size": width, "image_size": 112},
        "mask_decoder_config": {"hidden_size": width, "mlp_dim": 32, "iou_head_hidden_dim": 32, **heads},
        "memory_attention_hidden_size": width,
        "memory_attention_num_layers": 1,
        "memory_attention_feed_forward_hidden_size": 64,
        "memory_attention_rope_feat_sizes": [8, 8],
        "memory_encoder_hidden_size": width,
        "memory_encoder_output_channels": 64,
        "mask_downsampler_embed_dim": width,
        "memory_fuser_embed_dim": width,
        "memory_fuser_intermediate_dim": 64,
    }
    eager = {"hotstart_delay": 0, "hotstart_unmatch_thresh": 0, "hotstart_dup_thresh": 0, "fill_hole_area": 0}
    low = {"low_res_mask_size": 32, "score_threshold_detection": 0.01, "new_det_thresh": 0.01}
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("sam3")
    Sam3VideoModel(Sam3VideoConfig(detector_config=detector, tracker_config=tracker, **eager, **low)).save_pretrained(
        folder
    )
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def qwen(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """Every part of Qwen-Image-Edit with one layer."""
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImageEditPipeline,
        QwenImageTransformer2DModel,
    )
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    names = ("image_pad", "video_pad", "vision_start", "vision_end")
    image, video, start, end = (tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in names)
    text = {
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "vocab_size": len(tokenizer),
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0},
        "bos_token_id": None,
        "eos_token_id": None,
    }
    sight = {"depth": 1, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32}
    torch.manual_seed(0)
    language = Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(
            text_config=text,
            vision_config={**sight, "fullatt_block_indexes": [0]},
            image_token_id=image,
            video_token_id=video,
            vision_start_token_id=start,
            vision_end_token_id=end,
        )
    )
    vae = AutoencoderKLQwenImage(
        base_dim=8, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )
    transformer = QwenImageTransformer2DModel(
        in_channels=64,
        out_channels=16,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        axes_dims_rope=(8, 4, 4),
    )
    folder = tmp_path_factory.mktemp("qwen")
    scheduler = FlowMatchEulerDiscreteScheduler()
    QwenImageEditPipeline(scheduler, vae, language, tokenizer, None, transformer).save_pretrained(folder)
    Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 4).save_pretrained(folder / "processor")
    return folder


@pytest.fixture(scope="session")
def clip_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    small = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**small, "vocab_size": 300, "bos_token_id": 1, "eos_token_id": 2}
    sight = {**small, "image_size": 32, "patch_size": 8}
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("clip")
    CLIPModel(CLIPConfig(text_config=text, vision_config=sight, projection_dim=16)).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def detection_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """YOLOS: a detection network with a plain transformer for backbone, so nothing is fetched."""
    from transformers import YolosConfig, YolosForObjectDetection
    from transformers.models.yolos.image_processing_pil_yolos import YolosImageProcessorPil

    small = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    labels = {0: "face", 1: "hand", 2: "object"}
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("yolos")
    config = YolosConfig(
        **small,
        image_size=[64, 64],
        num_detection_tokens=6,
        id2label=labels,
        label2id={name: index for index, name in labels.items()},
    )
    YolosForObjectDetection(config).save_pretrained(folder)
    YolosImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def dwpose(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Detector and landmark network as ONNX files: the published inputs and outputs, small, random weights."""
    folder = tmp_path_factory.mktemp("dwpose")
    return _detector(folder / "yolox.onnx"), _landmarks(folder / "dwpose.onnx")


def _detector(file: Path, side: int = 64) -> Path:
    """One convolution a stride, each cell's answer 85 numbers; everybody is a person."""
    import onnx
    from onnx import helper, numpy_helper

    random = np.random.default_rng(0)
    nodes, weights, rows = [], [], []
    for stride in (8, 16, 32):
        kernel = random.normal(0, 1e-4, (85, 3, stride, stride)).astype(np.float32)
        bias = np.zeros(85, np.float32)
        bias[4:6] = 1.0  # objectness, person
        weights += [numpy_helper.from_array(kernel, f"w{stride}"), numpy_helper.from_array(bias, f"b{stride}")]
        convolution = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
        nodes.append(helper.make_node("Conv", ["images", f"w{stride}", f"b{stride}"], [f"c{stride}"], **convolution))
        weights.append(numpy_helper.from_array(np.array([1, 85, -1], np.int64), f"s{stride}"))
        nodes.append(helper.make_node("Reshape", [f"c{stride}", f"s{stride}"], [f"r{stride}"]))
        nodes.append(helper.make_node("Transpose", [f"r{stride}"], [f"t{stride}"], perm=[0, 2, 1]))
        rows.append(f"t{stride}")
    nodes.append(helper.make_node("Concat", rows, ["output"], axis=1))
    cells = sum((side // stride) ** 2 for stride in (8, 16, 32))
    return _write(onnx, file, nodes, weights, ("images", [1, 3, side, side]), {"output": [1, cells, 85]})


def _landmarks(file: Path, height: int = 48, width: int = 36) -> Path:
    """The mean colour of the crop to the scores of all landmarks."""
    import onnx
    from onnx import helper, numpy_helper

    random = np.random.default_rng(1)
    nodes = [helper.make_node("GlobalAveragePool", ["input"], ["mean"])]
    weights = [numpy_helper.from_array(np.array([1, 3], np.int64), "flat")]
    nodes.append(helper.make_node("Reshape", ["mean", "flat"], ["colour"]))
    outputs = {}
    for name, bins in (("simcc_x", 2 * width), ("simcc_y", 2 * height)):
        matrix = random.normal(0, 1, (3, 133 * bins)).astype(np.float32)
        weights.append(numpy_helper.from_array(matrix, f"m_{name}"))
        weights.append(numpy_helper.from_array(np.array([1, 133, bins], np.int64), f"s_{name}"))
        nodes.append(helper.make_node("MatMul", ["colour", f"m_{name}"], [f"p_{name}"]))
        nodes.append(helper.make_node("Reshape", [f"p_{name}", f"s_{name}"], [name]))
        outputs[name] = [1, 133, bins]
    return _write(onnx, file, nodes, weights, ("input", [1, 3, height, width]), outputs)


def _write(onnx: Any, file: Path, nodes: Any, weights: Any, taken: Any, given: dict[str, list[int]]) -> Path:
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        nodes,
        file.stem,
        [helper.make_tensor_value_info(taken[0], TensorProto.FLOAT, taken[1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in given.items()],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, file)
    return file
