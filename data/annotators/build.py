"""From a tool's name in the configuration to the tool, imported only where it is used: environments differ."""

from data import config
from data.annotators import contracts


def pose_estimator(tool: config.PoseTool) -> contracts.PoseEstimator:
    if tool.kind == "mediapipe":
        from data.annotators.offline.pose import MediaPipePose

        return MediaPipePose()
    from data.annotators.published import build

    return build.pose_estimator(tool)


def region_detector(tool: config.RegionTool) -> contracts.RegionDetector:
    if tool.kind == "pose_boxes":
        from data.annotators.offline.regions import PoseBoxes

        return PoseBoxes()
    from data.annotators.published import build

    return build.region_detector(tool)


def product_masker(tool: config.ProductMaskTool) -> contracts.ProductMasker:
    if tool.kind == "grabcut":
        from data.annotators.offline.product_mask import GrabCutMasker

        return GrabCutMasker()
    from data.annotators.published import build

    return build.product_masker(tool)


def body_mesher(tool: config.BodyMeshTool) -> contracts.BodyMesher:
    if tool.kind == "anny":
        from data.annotators.offline.body_mesh import AnnyMesher

        return AnnyMesher(tool.iterations)
    from data.annotators.published import build

    return build.body_mesher(tool)


def entity_separator(tool: config.SeparationTool) -> contracts.EntitySeparator:
    if tool.kind == "inpaint":
        from data.annotators.offline.separation import InpaintSeparator

        return InpaintSeparator()
    from data.annotators.published import build

    return build.entity_separator(tool)


def triplet_validator(tool: config.TripletTool) -> contracts.TripletValidator:
    if tool.kind == "efficientnet_dlib":
        from data.annotators.offline.triplet import EfficientNetDlib

        return EfficientNetDlib()
    from data.annotators.published import build

    return build.triplet_validator(tool)
