"""One clip with bodies of Anny: the same scene, words, motions and sound as the sketch, filmed as textured meshes.

Shape legend: T motion-context and clip frames, N vertices, F triangles, Y X pixels, P covered samples.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from data.contracts import ClipFormat, Structure
from data.sources.studio_anny_body import SHAPE_COORDINATES, Figure, body, figure, skin
from data.sources.studio_anny_expose import Exposure, Painter, Stage
from data.sources.studio_anny_goods import Goods, goods
from data.sources.studio_anny_label import paint_product
from data.sources.studio_anny_paint import INSIDE, TEETH, paint_body, paint_eyes, paint_hair, plain
from data.sources.studio_anny_pose import PosedPerson, pose_person
from data.sources.studio_anny_set import Piece, Stuff, body_labels, dressed, hair, joined, piece, table, teeth
from data.sources.studio_anny_truth import truth_of
from data.sources.studio_film import NARROWEST, FilmedClip, Picture, backdrop, boxes_of
from data.sources.studio_motion import pose_clip, rest_pose
from data.sources.studio_raster import Lens, vertex_normals
from data.sources.studio_render import Camera
from data.sources.studio_scene import Scene, draw_scene
from data.sources.studio_shapes import Part
from data.sources.studio_speech import mouth_opening, speak

Array = NDArray[np.floating]
HALF_HEIGHT, CENTRE_Y = 0.555, 0.572
FINE = 512  # rows from which one sample a pixel is enough
DOLL = 1.4  # larger than life: in 96 rows a life-size mouth is three pixels
SMILE, WIDE = 0.25, 0.85  # shares of Anny's own face actions


def film(seed: int, index: int, clip: ClipFormat, structure: Structure = "mesh") -> FilmedClip:
    """Film clip `index` of delivery `seed`: a pure function of its arguments."""
    scene, who = draw_scene(seed, index), figure_of(seed, index, clip)
    lead, frames = clip.motion_frames, clip.motion_frames + clip.frames
    lead_samples, samples = (round(n * clip.audio_samples_per_second / clip.frames_per_second) for n in (lead, frames))
    sound_S = speak(np.random.default_rng([seed, index, 2]), scene.voice_hertz, samples, clip.audio_samples_per_second)
    mouth_T = mouth_opening(sound_S, clip.audio_samples_per_second, frames, clip.frames_per_second)
    time_T = (np.arange(-lead, clip.frames) / (clip.frames - 1)).astype(np.float32)
    pose = pose_clip(scene.action, scene.hand, time_T, mouth_T)
    posed = pose_person(who, pose, scene.product.kind)
    stage = stage_for(scene, clip, structure)
    whole = joined(pieces_of(who, scene, posed), frames)
    normals_TN3 = vertex_normals(whole.vertices_TN3, whole.faces_F3)
    taken = [stage.expose(whole, frame, normals_TN3[frame]) for frame in range(frames)]
    parts_TYX = np.stack([each.parts_YX for each in taken])
    rgb_TYX3 = np.stack([each.rgb_YX3 for each in taken])
    return FilmedClip(
        scene=scene,
        rgb_TYX3=rgb_TYX3[lead:],
        hoi_TYX3=np.stack([each.structure_YX3 for each in taken[lead:]]),
        motion_FYX3=rgb_TYX3[:lead],
        audio_S=sound_S[lead_samples:],
        mouth_T=mouth_T[lead:],
        person_YX3=person_reference(who, scene, stage).rgb_YX3,
        product_YX3=product_reference(scene, clip, stage),
        boxes={frame: boxes_of(parts_TYX[lead + frame]) for frame in range(2, clip.frames, 4)},
        parts_TYX=parts_TYX[lead:],
        truth=truth_of(who, posed, whole, parts_TYX[lead:], stage.lens, scene.product.kind)
        | {"mouth_T": mouth_T[lead:]},
    )


def lens_for(clip: ClipFormat) -> tuple[Lens, int]:
    samples = 1 if clip.height >= FINE else 2
    half = HALF_HEIGHT * max(1.0, NARROWEST * clip.height / clip.width)
    return Lens(clip.height * samples, clip.width * samples, half, CENTRE_Y), samples


def stage_for(scene: Scene, clip: ClipFormat, structure: Structure) -> Stage:
    lens, samples = lens_for(clip)
    identity, product = scene.identity, scene.product
    painters: dict[Stuff, Painter] = {
        Stuff.BODY: partial(paint_body, identity),
        Stuff.EYE: partial(paint_eyes, identity),
        Stuff.HAIR: partial(paint_hair, identity),
        Stuff.TEETH: lambda at_P3: plain(len(at_P3), TEETH, 0.1, 0.75),
        Stuff.MOUTH: lambda at_P3: plain(len(at_P3), INSIDE, 0.1, 0.2),
        Stuff.TABLE: lambda at_P3: plain(len(at_P3), identity.table, 0.0, 0.0),
        Stuff.PRODUCT: partial(paint_product, product, clip.height >= FINE),
        Stuff.LID: lambda at_P3: plain(len(at_P3), product.label, 0.22, 1.0),
    }
    wall_HW3 = backdrop(identity, Camera(clip.height, clip.width, samples, lens.half_height))
    return Stage(lens, samples, wall_HW3, painters, structure)


def person_reference(who: Figure, scene: Scene, stage: Stage) -> Exposure:
    """The person without the product, arms down, mouth closed."""
    whole = joined(pieces_of(who, scene, pose_person(who, rest_pose(), None)), 1)
    return stage.expose(whole, 0, vertex_normals(whole.vertices_TN3, whole.faces_F3)[0])


def product_reference(scene: Scene, clip: ClipFormat, stage: Stage) -> Picture:
    """The product alone on white, upright, centred, larger than in the clip."""
    thing = goods(scene.product.kind, 1)
    low_3, high_3 = thing.vertices_N3.min(axis=0), thing.vertices_N3.max(axis=0)
    half = 1.25 * max(high_3[1] - low_3[1], (high_3[0] - low_3[0]) * clip.height / clip.width) / 2
    lens = Lens(stage.lens.height, stage.lens.width, float(half), float(high_3[1] + low_3[1]) / 2, 1.0)
    white_HW3 = np.ones_like(stage.wall_HW3)
    close = Stage(lens, stage.samples, white_HW3, stage.painters, stage.structure)
    whole = product_piece(thing, thing.vertices_N3[None] - np.array([(high_3[0] + low_3[0]) / 2, 0, 0], np.float32))
    return close.expose(whole, 0, vertex_normals(whole.vertices_TN3, whole.faces_F3)[0]).rgb_YX3


def figure_of(seed: int, index: int, clip: ClipFormat) -> Figure:
    """The body of clip `index`: an adult of Anny's, with the head of a doll where the picture is small."""
    random = np.random.default_rng([seed, index, 3])
    return figure(
        np.clip(random.standard_normal(SHAPE_COORDINATES), -1.6, 1.6).astype(np.float32),
        head=1.0 if clip.height >= FINE else DOLL,
    )


def pieces_of(who: Figure, scene: Scene, posed: PosedPerson) -> list[Piece]:
    identity = scene.identity
    part_F, stuff_F = body_labels()
    bones = body()
    face_TN3 = WIDE * posed.mouth_T[:, None, None] * bones.actions["open"] + SMILE * bones.actions["smile"]
    acted_TN3 = (dressed(who, identity) + who.head_N1 * face_TN3).astype(np.float32)
    skin_TN3 = skin(who, posed.turns_TJ33, posed.heads_TJ3, acted_TN3, slice(None))
    pieces = [Piece(skin_TN3, bones.mean_N3, bones.faces_F3, part_F, stuff_F), table()]
    head = bones.bone("head")
    worn = [(hair(who, identity), Part.HAIR, Stuff.HAIR), (teeth(who), Part.FACE, Stuff.TEETH)]
    for (rest_N3, faces_F3), part, stuff in worn if who.head_N1.max() == 1 else worn[:1]:
        moved = (rest_N3 - who.heads_J3[head]) @ posed.turns_TJ33[:, head].swapaxes(1, 2) + posed.heads_TJ3[
            :, None, head
        ]
        pieces.append(piece(moved.astype(np.float32), rest_N3, faces_F3, part, stuff))
    if posed.hand is not None:
        thing = goods(scene.product.kind, -posed.hand.side)
        moved_TN3 = thing.vertices_N3 @ posed.product_T33.swapaxes(1, 2) + posed.product_T3[:, None]
        pieces.append(product_piece(thing, moved_TN3))
    return pieces


def product_piece(thing: Goods, vertices_TN3: Array) -> Piece:
    part_F = np.full(len(thing.faces_F3), Part.PRODUCT, np.uint8)
    stuff_F = np.where(thing.lid_F, Stuff.LID, Stuff.PRODUCT).astype(np.uint8)
    return Piece(vertices_TN3.astype(np.float32), thing.vertices_N3, thing.faces_F3, part_F, stuff_F)
