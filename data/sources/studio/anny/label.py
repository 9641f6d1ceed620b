"""The label around a product: a band of the label's colour with a name and a stripe, drawn once a product.

Shape legend: P points in the product's own axes, H W pixels of the label.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from data.sources.studio.anny.goods import GRIPS, ROUND
from data.sources.studio.anny.paint import Paint, plain
from data.sources.studio.scene import Product

Array = NDArray[np.floating]
NAMES = ("LUMO", "ORA", "VELA", "KIWI", "NORD", "SOLE", "MINT", "AURA", "PICO", "TERRA", "BLOOM", "ZEST")
BAND = 0.46  # of the height from the middle, up and down
LABEL_HEIGHT, LABEL_WIDTH = 240, 960  # once around; the front is in the middle


def paint_product(product: Product, readable: bool, at_P3: Array) -> Paint:
    """The product's colour with its label; `readable`: the picture is large enough for letters."""
    width, height, depth = GRIPS[product.kind]
    paint = plain(len(at_P3), product.colour, 0.22, 1.0)
    up_P = at_P3[:, 1] / height
    inside_P = (np.abs(up_P) < BAND) & (
        np.hypot(at_P3[:, 0], at_P3[:, 2]) > 0.9 * min(width, depth) * _side(up_P, product)
    )
    band = np.nonzero(inside_P)[0]
    paint.colour_P3[band], paint.gloss_P[band] = product.label, 0.05
    if readable and band.size:
        paint.colour_P3[band] = _printed(product, at_P3[band], up_P[band])
    return paint


def _side(up_P: Array, product: Product) -> Array:
    """How wide the side is at this height; a ball's gets narrow."""
    return np.sqrt(np.maximum(1 - up_P**2, 0)) if product.kind == "ball" else np.ones_like(up_P)


def _printed(product: Product, at_P3: Array, up_P: Array) -> Array:
    width, _, depth = GRIPS[product.kind]
    if product.kind in ROUND or product.kind == "ball":
        around_P = np.arctan2(at_P3[:, 0], at_P3[:, 2]) / (2 * np.pi)
    else:
        front_P = np.abs(at_P3[:, 2]) > 0.98 * depth
        across_P = np.where(front_P, at_P3[:, 0], 0.5 * at_P3[:, 2]) * np.where(at_P3[:, 2] < 0, -1, 1)
        around_P = 0.25 * across_P / width + np.where(front_P, 0, 0.35)
    column_P = np.clip(((around_P + 0.5) % 1) * LABEL_WIDTH, 0, LABEL_WIDTH - 1).astype(int)
    row_P = np.clip((0.5 - up_P / (2 * BAND)) * LABEL_HEIGHT, 0, LABEL_HEIGHT - 1).astype(int)
    return label_picture(product)[row_P, column_P]


def label_picture(product: Product) -> Array:
    """The unrolled label [H,W,3]."""
    label, ink = (tuple(round(255 * c) for c in colour) for colour in (product.label, product.colour))
    picture = Image.new("RGB", (LABEL_WIDTH, LABEL_HEIGHT), label)
    draw = ImageDraw.Draw(picture)
    name = NAMES[sum(f"{product.kind} {product.colour_name} {product.label_name}".encode()) % len(NAMES)]
    font = ImageFont.load_default(size=78)
    for middle in (LABEL_WIDTH // 2, 0, LABEL_WIDTH):
        draw.text((middle, LABEL_HEIGHT * 0.46), name, fill=ink, font=font, anchor="mm")
    draw.rectangle((0, LABEL_HEIGHT - 40, LABEL_WIDTH, LABEL_HEIGHT - 24), fill=ink)
    draw.rectangle((0, 18, LABEL_WIDTH, 26), fill=ink)
    return np.asarray(picture, np.float32) / 255
