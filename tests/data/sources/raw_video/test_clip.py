"""A clip whose product is not surely the product, or not out of its reference, is set aside with the numbers."""

from data.annotators.annotations import Annotations
from data.contracts import FrameBoxes
from data.sources.raw_video import FootageRules, RawVideoBatch
from data.sources.raw_video.clip import product_fault, score_fault
from data.sources.raw_video.stretches import Stretch

BOXES = {frame: FrameBoxes(face=(1, 1, 9, 9), product=(4, 4, 8, 8)) for frame in range(8)}
EVIDENCE = {"looks": 0.31, "off_person": 0.04}
CONFIG = RawVideoBatch(source="raw_video", rules=FootageRules(product_confidence=0.6, product_left=0.1))


def annotations(**values: object) -> Annotations:
    plain = {"frames": 8, "height": 32, "width": 32, "frames_per_second": 25.0, "boxes": BOXES}
    return Annotations.model_validate(plain | values)


def test_a_product_that_is_surely_it_passes() -> None:
    assert product_fault(annotations(product_confidence=0.6, product_evidence=EVIDENCE), CONFIG) is None


def test_a_doubtful_product_is_set_aside_with_the_reason_in_numbers() -> None:
    fault = product_fault(annotations(product_confidence=0.42, product_evidence=EVIDENCE), CONFIG)
    assert fault is not None
    rejection = Stretch("take.mp4", 50, 81, 25, {}).rejection(*fault)
    assert (rejection.reason, rejection.value, rejection.threshold) == ("product_unsure", 0.42, 0.6)
    assert rejection.evidence == EVIDENCE
    told = "take.mp4 2.00-5.24 s: product_unsure (0.42, rule 0.6, looks 0.31, off_person 0.04)"
    assert str(rejection) == told


def test_a_tool_that_found_nothing_is_no_product_and_not_a_doubtful_one() -> None:
    boxes = {frame: FrameBoxes(face=(1, 1, 9, 9)) for frame in range(8)}
    fault = product_fault(annotations(boxes=boxes, product_confidence=0.0), CONFIG)
    assert fault is not None
    assert fault.reason == "no_product"


def test_a_reference_that_still_shows_the_product_is_set_aside() -> None:
    assert score_fault(annotations(product_left=0.1), CONFIG) is None
    fault = score_fault(annotations(product_left=0.34), CONFIG)
    assert fault == ("product_not_removed", 0.34, 0.1, None)
