"""One clip with bodies of Anny: the same scene, words, motions and sound as the sketch, filmed as textured meshes.

Shape legend: T motion-context and clip frames, N vertices, F triangles, Y X pixels, P covered samples.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from data.sources.studio import Structure
from data.sources.studio.anny.expose import Painter, Stage
from data.sources.studio.anny.film_set import Piece, Stuff
from data.sources.studio.anny.goods import goods
from data.sources.studio.anny.label import paint_product
from data.sources.studio.anny.paint import INSIDE, TEETH, paint_body, paint_eyes, paint_hair, plain
from data.sources.studio.anny.pieces import figure_of, product_piece, whole_set
from data.sources.studio.anny.pose import pose_person
from data.sources.studio.anny.truth import truth_of
from data.sources.studio.film import FilmedClip, filmed_clip, script_of
from data.sources.studio.motion import rest_pose
from data.sources.studio.raster import Lens, vertex_normals
from data.sources.studio.render import Camera
from data.sources.studio.scene import Scene
from data.sources.studio.shooting import NARROWEST, Picture, Shot, backdrop
from foundation.clip_format import ClipFormat

HALF_HEIGHT, CENTRE_Y = 0.555, 0.572
FINE_ROWS = 512  # from here one sample a pixel is enough, and all triangles, teeth and letters are drawn


def film(seed: int, index: int, clip: ClipFormat, structure: Structure = "mesh") -> FilmedClip:
    """Film clip `index` of delivery `seed`: a pure function of its arguments."""
    fine = clip.height >= FINE_ROWS
    script, who = script_of(seed, index, clip), figure_of(seed, index, fine)
    scene, lead = script.scene, script.lead
    stage = stage_for(scene, clip, structure)
    posed = pose_person(who, script.pose, scene.product.kind)
    shot = shoot(whole_set(who, scene, posed, fine), stage)
    resting = whole_set(who, scene, pose_person(who, rest_pose(), None), fine)
    filmed = filmed_clip(script, shot, shoot(resting, stage)[0][0], product_reference(scene, clip, stage))
    truth = truth_of(who, posed, shot[2][lead:], stage.lens, scene.product.kind) | {"mouth_T": script.mouth_T}
    return replace(filmed, truth=truth)


def shoot(whole: Piece, stage: Stage) -> Shot:
    """Picture, structure and parts of every frame."""
    normals_TN3 = vertex_normals(whole.vertices_TN3, whole.faces_F3)
    taken = [stage.expose(whole, frame, normals_N3) for frame, normals_N3 in enumerate(normals_TN3)]
    pictures = ([each.rgb_YX3, each.structure_YX3, each.parts_YX] for each in taken)
    rgb, structure, parts = (np.stack(frames) for frames in zip(*pictures, strict=True))
    return rgb, structure, parts


def lens_for(clip: ClipFormat) -> tuple[Lens, int]:
    samples = 1 if clip.height >= FINE_ROWS else 2
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
        Stuff.PRODUCT: partial(paint_product, product, clip.height >= FINE_ROWS),
        Stuff.LID: lambda at_P3: plain(len(at_P3), product.label, 0.22, 1.0),
    }
    wall_HW3 = backdrop(identity, Camera(clip.height, clip.width, samples, lens.half_height))
    return Stage(lens, samples, wall_HW3, painters, structure)


def product_reference(scene: Scene, clip: ClipFormat, stage: Stage) -> Picture:
    """The product alone on white, upright, centred, larger than in the clip."""
    thing = goods(scene.product.kind, 1)
    low_3, high_3 = thing.vertices_N3.min(axis=0), thing.vertices_N3.max(axis=0)
    half = 1.25 * max(high_3[1] - low_3[1], (high_3[0] - low_3[0]) * clip.height / clip.width) / 2
    lens = Lens(stage.lens.height, stage.lens.width, float(half), float(high_3[1] + low_3[1]) / 2, 1.0)
    white_HW3 = np.ones_like(stage.wall_HW3)
    close = Stage(lens, stage.samples, white_HW3, stage.painters, stage.structure)
    whole = product_piece(thing, thing.vertices_N3[None] - np.array([(high_3[0] + low_3[0]) / 2, 0, 0], np.float32))
    return shoot(whole, close)[0][0]
