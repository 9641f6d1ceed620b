"""COCO-WholeBody's 133 landmarks, cut into the parts of a PoseTrack. Left and right are the person's own there too."""

from data.annotators.contracts import Landmarks, PoseTrack

LANDMARKS = 133
BODY, FACE, LEFT_HAND, RIGHT_HAND = slice(0, 17), slice(23, 91), slice(91, 112), slice(112, 133)  # 17..22: the feet


def pose_track(landmarks_TK3: Landmarks) -> PoseTrack:
    """[T,133,3] -> PoseTrack."""
    assert landmarks_TK3.shape[1:] == (LANDMARKS, 3), landmarks_TK3.shape
    return PoseTrack(
        body_TK3=landmarks_TK3[:, BODY],
        left_hand_TK3=landmarks_TK3[:, LEFT_HAND],
        right_hand_TK3=landmarks_TK3[:, RIGHT_HAND],
        face_TK3=landmarks_TK3[:, FACE],
    )
