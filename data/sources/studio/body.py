"""The person and the set as shapes: what stands still (head, torso, table) and what moves (arms, hands, face)."""

from dataclasses import replace

import numpy as np

from data.sources.studio.motion import ArmPose, Pose
from data.sources.studio.product import GRIPS, Placement, rotation_in_picture
from data.sources.studio.scene import Colour, Identity, Product
from data.sources.studio.shapes import Array, Capsule, Part, Shape, Solid, Surface

HEAD, HEAD_HALF = (0.0, 0.585, 0.06), (0.225, 0.270, 0.215)
FINGERS = (-1.5, -0.5, 0.5, 1.5)
FINGER_STEP, FINGER_RADIUS = 0.043, 0.027
Point = tuple[float, float, float]
IDENTITY_133: Array = np.eye(3, dtype=np.float32)[None]


def standing_shapes(identity: Identity) -> list[Shape]:
    """Everything that never moves: torso, neck, head, hair, brows, table."""
    cloth, skin = Surface(identity.clothes, Part.BODY), Surface(identity.skin, Part.BODY)
    accent = Surface(identity.accent, Part.BODY, grey=cloth.grey) if identity.accent else None
    torso = Solid("cylinder", p(0, -0.55, -0.05), IDENTITY_133, p(0.30, 0.72, 0.19), cloth, accent, 1, (0.25, 0.62))
    shapes: list[Shape] = [torso, ball((0, 0.15, -0.05), (0.315, 0.155, 0.20), cloth)]
    for side in (-1, 1):
        shapes.append(bone((0.04 * side, 0.30, -0.04), (0.27 * side, 0.20, -0.02), (0.095, 0.115), cloth))
        shapes.append(ball((0.225 * side, 0.575, 0.02), (0.035, 0.06, 0.04), Surface(identity.skin, Part.FACE)))
    shapes.append(bone((0, 0.20, 0.03), (0, 0.42, 0.03), (0.105, 0.09), skin))
    shapes.append(ball((0, 0.235, 0.11), (0.115, 0.075, 0.075), skin))
    return [*shapes, *head_shapes(identity), *table_shapes(identity.table)]


def head_shapes(identity: Identity) -> list[Shape]:
    skin = Surface(identity.skin, Part.FACE, gloss=0.04)
    nose = Surface(scaled(identity.skin, 0.93), Part.FACE, gloss=0.06)
    hair = Surface(identity.hair, Part.HAIR, gloss=0.10, grey=0.66)
    brow = Surface(scaled(identity.hair, 0.75), Part.FACE, grey=0.55)
    white = Surface((0.97, 0.97, 0.97), Part.FACE, grey=0.9)
    shapes: list[Shape] = [ball(HEAD, HEAD_HALF, skin), ball((0, 0.565, 0.275), (0.033, 0.048, 0.04), nose)]
    for side in (-1, 1):
        shapes.append(ball(on_face(0.088 * side, 0.635, 0.0), (0.048, 0.042, 0.02), white))
        start, end = on_face(0.052 * side, 0.716, 0.004), on_face(0.130 * side, 0.704, 0.004)
        shapes.append(bone(start, end, (0.014, 0.010), brow))
    return [*shapes, *hair_shapes(identity, hair)]


def hair_shapes(identity: Identity, hair: Surface) -> list[Shape]:
    shapes: list[Shape] = [ball((0, 0.675, -0.005), (0.248, 0.225, 0.235), hair)]
    if identity.fringe:
        shapes.append(ball((0.05, 0.79, 0.15), (0.17, 0.075, 0.12), hair))
    if identity.hair_style == "curly":
        shapes.append(ball((0, 0.70, -0.10), (0.335, 0.28, 0.22), hair))
    if identity.hair_style == "bun":
        shapes.append(ball((0, 0.925, -0.02), (0.095, 0.08, 0.09), hair))
    ends = {"long": 0.12, "bob": 0.42}
    if identity.hair_style in ends:
        for side in (-1, 1):
            end = (0.235 * side, ends[identity.hair_style], 0.0)
            shapes.append(bone((0.195 * side, 0.70, -0.02), end, (0.075, 0.062), hair))
    return shapes


def table_shapes(colour: Colour) -> list[Shape]:
    front = Surface(scaled(colour, 0.72), Part.TABLE, grey=0.0)
    top = Surface(scaled(colour, 1.15), Part.TABLE, grey=0.0)
    return [
        Solid("cuboid", p(0, -1.20, 0.30), IDENTITY_133, p(9, 0.35, 0.05), front),
        Solid("cuboid", p(0, -0.815, 0.29), IDENTITY_133, p(9, 0.045, 0.05), top),
    ]


def moving_shapes(identity: Identity, product: Product | None, pose: Pose) -> list[Shape]:
    """Face and arms of a pose, and the hand that holds the product (the product itself is not among them)."""
    shapes = [*mouth_shapes(pose.mouth_F), *gaze_shapes(identity, pose.gaze_F2), *arm_shapes(identity, pose.free_arm)]
    shapes += open_hand_shapes(identity, pose.free_arm)
    if pose.resting_arm is not None:
        shapes += [*arm_shapes(identity, pose.resting_arm), *open_hand_shapes(identity, pose.resting_arm)]
    if pose.holding_arm is not None:
        assert product is not None
        shapes += [*arm_shapes(identity, pose.holding_arm), *gripping_hand_shapes(identity, product, pose.holding_arm)]
    return shapes


def mouth_shapes(mouth_F: Array) -> list[Shape]:
    """A smile, and over it lips, the dark opening and upper teeth that grow with the opening."""
    lips = Surface((0.72, 0.25, 0.26), Part.FACE, gloss=0.08, grey=0.62)
    inside = Surface((0.22, 0.03, 0.05), Part.FACE, grey=0.12)
    teeth = Surface((0.97, 0.96, 0.94), Part.FACE, grey=0.75)
    x, y, z = on_face(0.0, 0.452, 0.0)
    zero_F, one_F = np.zeros_like(mouth_F), np.ones_like(mouth_F)
    centre_F3 = np.stack([zero_F + x, y - 0.022 * mouth_F, zero_F + z], axis=1).astype(np.float32)

    def oval(half_x: float, closed: float, opened: float, forward: float, surface: Surface) -> Solid:
        half_F3 = np.stack([half_x * (one_F - 0.12 * mouth_F), closed + opened * mouth_F, 0.02 * one_F], axis=1)
        shift = np.array([0, 0, forward], np.float32)
        return Solid("ellipsoid", centre_F3 + shift, IDENTITY_133, half_F3.astype(np.float32), surface)

    up_F3 = np.stack([zero_F, 0.050 * mouth_F, zero_F - 0.03 * (mouth_F < 0.12)], axis=1).astype(np.float32)
    bite = oval(0.052, 0.003, 0.013, 0.014, teeth)
    bite = replace(bite, centre_F3=bite.centre_F3 + up_F3)
    middle = on_face(0.0, 0.446, 0.004)
    smile = [bone(middle, on_face(0.088 * side, 0.468, 0.002), (0.015, 0.010), lips) for side in (-1, 1)]
    return [*smile, oval(0.085, 0.010, 0.084, 0.002, lips), oval(0.070, 0.003, 0.074, 0.012, inside), bite]


def gaze_shapes(identity: Identity, gaze_F2: Array) -> list[Shape]:
    """The irises, which follow the product."""
    iris = Surface(scaled(identity.eyes, 0.55), Part.FACE, gloss=0.5, grey=0.15)
    shapes: list[Shape] = []
    for side in (-1, 1):
        x, y, z = on_face(0.088 * side, 0.635, 0.016)
        look_F3 = np.stack([gaze_F2[:, 0] * 0.016, gaze_F2[:, 1] * 0.012, 0 * gaze_F2[:, 0]], axis=1)
        centre_F3 = (p(x, y, z) + look_F3).astype(np.float32)
        shapes.append(Solid("ellipsoid", centre_F3, IDENTITY_133, p(0.029, 0.031, 0.012), iris))
    return shapes


def arm_shapes(identity: Identity, arm: ArmPose) -> list[Shape]:
    sleeve = Surface(identity.clothes, Part.BODY)
    lower = sleeve if identity.long_sleeves else Surface(identity.skin, Part.BODY, gloss=0.04)
    wrist_F3 = arm.palm_F3 + (arm.elbow_F3 - arm.palm_F3) * np.float32(0.12)
    upper_and_lower: list[Shape] = [
        Capsule(arm.shoulder_F3, arm.elbow_F3, 0.112, 0.088, sleeve),
        Capsule(arm.elbow_F3, wrist_F3, 0.078, 0.056, lower),
    ]
    return upper_and_lower


def hand_surface(identity: Identity, arm: ArmPose) -> Surface:
    part = Part.LEFT_HAND if arm.side > 0 else Part.RIGHT_HAND
    bright: Colour = tuple(min(1.0, channel * 1.06) for channel in identity.skin)  # pyright: ignore[reportAssignmentType]
    return Surface(bright, part, gloss=0.05, grey=0.92)


def open_hand_shapes(identity: Identity, arm: ArmPose) -> list[Shape]:
    """Palm, four fingers and a thumb; local -y is where the fingers point."""
    surface = hand_surface(identity, arm)
    hand = Placement(arm.palm_F3, rotation_in_picture(arm.turn_F))
    shapes: list[Shape] = [Solid("ellipsoid", hand.centre_F3, hand.rotation_F33, p(0.082, 0.088, 0.045), surface)]
    for place in FINGERS:
        stretched_F = np.ones_like(arm.spread_F) if arm.pointing and place == FINGERS[0] else arm.spread_F
        base_F3 = hand.point(place * FINGER_STEP, -0.05, 0.01)
        reach_F = 0.055 + 0.075 * stretched_F
        fan_F = place * (0.05 + 0.16 * arm.spread_F)
        tip_F3 = np.stack([reach_F * np.sin(fan_F), -reach_F * np.cos(fan_F), 0.03 * (1 - stretched_F)], axis=1)
        tip_F3 = base_F3 + np.einsum("fij,fj->fi", hand.rotation_F33, tip_F3)
        shapes.append(Capsule(base_F3, tip_F3.astype(np.float32), FINGER_RADIUS, FINGER_RADIUS * 0.9, surface))
    across_F = -arm.side * np.cos(arm.turn_F)  # seen from the back at rest, from the palm when it waves
    thumb_F3 = np.stack([0.115 * across_F, -0.045 - 0 * across_F, 0.05 + 0 * across_F], axis=1)
    thumb_F3 = hand.centre_F3 + np.einsum("fij,fj->fi", hand.rotation_F33, thumb_F3)
    shapes.append(Capsule(hand.point(0, 0.01, 0.02), thumb_F3.astype(np.float32), 0.038, 0.026, surface))
    return shapes


def held_placement(product: Product, arm: ArmPose) -> Placement:
    """Where the held product is: beside the palm, towards the body's middle, turned with the hand."""
    width, _, _ = GRIPS[product.kind]
    hand = Placement(arm.palm_F3, rotation_in_picture(arm.turn_F))
    return Placement(hand.point(-arm.side * (width + 0.015), 0.03), hand.rotation_F33)


def gripping_hand_shapes(identity: Identity, product: Product, arm: ArmPose) -> list[Shape]:
    """Palm beside the product, fingers closed around its front, thumb up along it."""
    surface = hand_surface(identity, arm)
    width, _, depth = GRIPS[product.kind]
    hand = Placement(arm.palm_F3, rotation_in_picture(arm.turn_F))
    inward = -arm.side
    shapes: list[Shape] = [Solid("ellipsoid", hand.centre_F3, hand.rotation_F33, p(0.06, 0.098, 0.075), surface)]
    for place in FINGERS:
        y = place * FINGER_STEP - 0.015
        knuckle = hand.point(inward * 0.0, y, 0.055)
        bent = hand.point(inward * (0.015 + 0.35 * width), y, depth + 0.012)
        tip = hand.point(inward * (0.015 + 0.80 * width), y, depth + 0.016)
        shapes.append(Capsule(knuckle, bent, FINGER_RADIUS, FINGER_RADIUS, surface))
        shapes.append(Capsule(bent, tip, FINGER_RADIUS, FINGER_RADIUS * 0.85, surface))
    thumb = hand.point(inward * (0.02 + 0.25 * width), 0.135, depth * 0.7)
    shapes.append(Capsule(hand.point(0, 0.05, 0.03), thumb, 0.036, 0.027, surface))
    return shapes


def on_face(x: float, y: float, forward: float) -> Point:
    """The point of the head's front at (x, y), moved `forward` towards the camera."""
    across, up = (x - HEAD[0]) / HEAD_HALF[0], (y - HEAD[1]) / HEAD_HALF[1]
    return x, y, HEAD[2] + HEAD_HALF[2] * float(np.sqrt(1 - across**2 - up**2)) + forward


def ball(centre: Point, half: Point, surface: Surface) -> Solid:
    return Solid("ellipsoid", p(*centre), IDENTITY_133, p(*half), surface)


def bone(start: Point, end: Point, radii: tuple[float, float], surface: Surface) -> Capsule:
    return Capsule(p(*start), p(*end), radii[0], radii[1], surface)


def p(x: float, y: float, z: float) -> Array:
    """One standing point [1,3]."""
    return np.array([[x, y, z]], np.float32)


def scaled(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(1.0, channel * factor) for channel in colour)
    return red, green, blue
