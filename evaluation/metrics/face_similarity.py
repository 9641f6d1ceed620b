"""Does the face stay the person's: cosine of each frame's face and the person reference's (the paper's FaceSim)."""

from evaluation.measuring.kinds import VideoMetric, roles

METRICS = {
    "face_similarity_arcface": VideoMetric(
        title="likeness of the face (ArcFace)",
        unit="cosine",
        direction="higher_is_better",
        version=1,
        valid_on=("filmed",),
        backend="arcface",
        series="face_cosine",
        needs=("person",),
        paper="FaceSim",
        roles=roles("cosine of ArcFace features of the face in each frame and in the person reference"),
    ),
    "face_similarity_dlib_proxy": VideoMetric(
        title="likeness of the face (dlib, a stand-in)",
        unit="cosine",
        direction="higher_is_better",
        version=1,
        proxy=True,
        licence="Apache-2.0 AND BSL-1.0 AND CC0-1.0",
        weights_sha256="35ee35777796a3280bd048fc34ee76df3ef83b9ebe671815d09ba82597303216",
        valid_on=("filmed",),
        notices=("swapped_face",),
        backend="face_likeness",
        series="face_cosine",
        needs=("person",),
        paper="FaceSim",
        roles=roles("cosine of dlib's descriptors of the face in each frame and in the person reference"),
    ),
}
