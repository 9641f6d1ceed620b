"""From a published tool's name and weights to the tool. Imports are late: an environment holds what its tools need."""

from pathlib import Path

from data import config
from data.annotators import contracts


def pose_estimator(tool: config.PoseTool) -> contracts.PoseEstimator:
    from data.annotators.published.dwpose import DWPose

    folder = _weights(tool, "a folder with yolox_l.onnx and dw-ll_ucoco_384.onnx")
    return DWPose(folder / "yolox_l.onnx", folder / "dw-ll_ucoco_384.onnx")


def region_detector(tool: config.RegionTool) -> contracts.RegionDetector:
    from data.annotators.published.hand_object_boxes import HandObjectBoxes

    return HandObjectBoxes(_weights(tool, "a detection checkpoint of transformers"), tool.device, tool.labels)


def product_masker(tool: config.ProductMaskTool) -> contracts.ProductMasker:
    from data.annotators.published.sam3_product_mask import Sam3ProductMask

    return Sam3ProductMask(_weights(tool, "a folder with facebook/sam3"), tool.device, tool.product_name)


def body_mesher(tool: config.BodyMeshTool) -> contracts.BodyMesher:
    from data.annotators.published.sam3d_body_mesh import Sam3DBodyMesh

    return Sam3DBodyMesh(_weights(tool, "a folder with model.ckpt and assets/mhr_model.pt"), tool.device)


def entity_separator(tool: config.SeparationTool) -> contracts.EntitySeparator:
    from data.annotators.published.qwen_image_edit import QwenImageEdit

    return QwenImageEdit(_weights(tool, "a folder with Qwen/Qwen-Image-Edit"), tool.device)


def triplet_validator(tool: config.TripletTool) -> contracts.TripletValidator:
    from data.annotators.published.clip_triplet import ClipTriplet

    return ClipTriplet(_weights(tool, "a folder with a CLIP checkpoint"), tool.device)


def _weights(tool: config.Tool, what: str) -> Path:
    if tool.weights is None:
        raise ValueError(f"annotation tool {tool.kind} has no weights: say `weights: FOLDER`, {what}")
    folder = Path(tool.weights)
    if not folder.is_dir():
        raise ValueError(f"annotation tool {tool.kind}: {folder} is no folder: download {what} there")
    return folder
