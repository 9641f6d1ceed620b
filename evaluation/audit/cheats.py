"""A zoo of cheats: what a lookup, a paste and a trick reach, and which rule refuses them.

Each cheat makes the exam's clips from the conditions that a model is given and from the training clips, under the true
conditions and with each condition exchanged between clips, and the gate's floors are asked. What only a network can
answer (its x0 error) is not asked of a cheat: it may have any.
"""

from collections.abc import Mapping

from evaluation.audit import _cheating as zoo
from evaluation.audit._bench import bench_of, library_of, prompts_of
from evaluation.audit._judged import Bench, Videos, refused_by_floors
from evaluation.contracts import AuditTable
from evaluation.exam.shuffled_conditions import lenders
from evaluation.judge_audit import Audited
from evaluation.measuring.kinds import Role

CHEATS: Mapping[str, zoo.Cheat] = {
    "the person stands still": zoo.static_person,
    "the product's photo, nothing else": zoo.reference_of_product,
    "mean of all training clips": zoo.mean_of_training,
    "mean of the action": zoo.mean_of_action,
    "the person stands still, product pasted on": zoo.pasted_product,
    "the same with a dark ellipse for a mouth": zoo.still_and_ellipse,
    "mean of the action, product pasted on, ellipse": zoo.lookup_and_ellipse,
    "the mean's arms on the own person, product, ellipse": zoo.mean_arms_on_person,
    "blobs of the right colours at looked-up places": zoo.blobs,
    "a training clip of the action": zoo.nearest_clip,
    "the same with the own head": zoo.nearest_clip_own_face,
    "another person's arms and product on the own person": zoo.foreign_arms,
    "puppet: those arms, the own product stretched": zoo.puppet,
    "the same with a mouth cut from a training clip": zoo.talking_puppet,
    "half transparent puppet": zoo.ghost,
    "puppet in every fourth frame, frozen between": zoo.slow_puppet,
    "puppet in annotated frames only": zoo.flashing_puppet,
    "puppet without a face": zoo.puppet_without_face,
}
NAMED = 4  # refusing rules in a cell


def tables(audited: Audited) -> list[AuditTable]:
    """One table: each cheat, and what refuses it.

    Raises:
        ValueError: the exam's clips are not the studio's, of which every pixel is known.
    """
    bench, _ = bench_of(audited)
    return [cheats_table(bench, library_of(audited), prompts_of(audited))]


def cheats_table(bench: Bench, library: zoo.Library, prompts: list[str]) -> AuditTable:
    """The table for these clips, training clips, and the clips' prompts."""
    rows: list[list[str]] = []
    for name, cheat in CHEATS.items():
        refused = refused_by_floors(bench, bench.judged(cheated(bench, library, prompts, cheat)))
        more = f" and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
        rows.append([name, "yes" if refused else "NO", ", ".join(refused[:NAMED]) + more])
    return AuditTable(
        title="Cheats",
        note="floors alone, without a champion; what only a network can answer is not asked",
        columns=["cheat", "refused", "by"],
        rows=rows,
    )


def cheated(bench: Bench, library: zoo.Library, prompts: list[str], cheat: zoo.Cheat) -> dict[Role, Videos]:
    """The cheat's videos under the true conditions, and with each condition from another clip."""
    clips, lender = bench.clips, lenders(prompts)
    made: dict[Role, dict[str, zoo.Frames]] = {}
    roles: tuple[Role, ...] = ("model", "prompt_shuffled", "audio_shuffled", "person_shuffled", "product_shuffled")
    for role in roles:
        made[role] = {}
        for at, clip in enumerate(clips):
            other = lender[at]
            asked = zoo.Asked(
                prompt=prompts[other if role == "prompt_shuffled" else at],
                sound=clips[other] if role == "audio_shuffled" else clip,
                person=clips[other] if role == "person_shuffled" else clip,
                product=clips[other] if role == "product_shuffled" else clip,
            )
            made[role][clip.clip_id] = cheat(library, asked)
    return {**made, "baseline": bench.baseline}
