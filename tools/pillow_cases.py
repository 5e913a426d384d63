"""Writes the checksums of Pillow's results for 10,000 random cases of the image operations of vit4j.

    pip install pillow==12.3.0 numpy==2.4.6
    python tools/pillow_cases.py src/test/resources/data/pillow-cases.bin

PillowCasesTest generates the same images and parameters and compares the CRC-32 of its results. Both sides draw from
SplitMix64 in the same order. The file has four bytes per case, big-endian.
"""

import sys
import zlib

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

CASES = 10_000
MASK = (1 << 64) - 1
BILINEAR, BICUBIC, NEAREST = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.NEAREST
METHODS = [NEAREST, BILINEAR, BICUBIC]


class Draws:
    """SplitMix64 (Steele, Lea and Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def integer(self, low, high):
        """Integer in [low, high]."""
        return low + (self.next() >> 1) % (high - low + 1)

    def real(self, low, high):
        return low + (high - low) * ((self.next() >> 11) * 2.0**-53)


def image(draws):
    """Noise, noise with few values, or a smooth pattern, gray or RGB; up to 70 rows and columns, an eighth of them up to 300."""
    largest = 70 if draws.integer(0, 7) else 300
    height, width = draws.integer(1, largest), draws.integer(1, largest)
    channels = 3 if draws.integer(0, 2) else 1
    kind = draws.integer(0, 2)
    a, b = draws.integer(0, 7), draws.integer(0, 7)
    seed = draws.next()
    n = height * width * channels
    i = np.arange(n, dtype=np.uint64)
    if kind == 2:
        position = i // np.uint64(channels)
        y, x, c = position // np.uint64(width), position % np.uint64(width), i % np.uint64(channels)
        values = (y * np.uint64(a) + x * np.uint64(b) + c * np.uint64(40)) & np.uint64(255)
    else:
        with np.errstate(over="ignore"):
            z = np.uint64(seed) + i * np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = z >> np.uint64(56)
        if kind == 1:
            values = values & np.uint64(0x70) | np.uint64(a)
    pixels = values.astype(np.uint8).reshape(height, width, channels)
    return Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)


def resize(im, height, width, method):
    """Horizontally first, as Pillow up to 11; later releases choose the order by cost."""
    if method == NEAREST:
        return im.resize((width, height), method)
    return im.resize((width, im.height), method).resize((width, height), method)


def resized(method):
    return lambda im, d: resize(im, d.integer(1, 90), d.integer(1, 90), method)


def cropped(im, d):
    method = METHODS[d.integer(0, 2)]
    height, width = d.integer(1, im.height), d.integer(1, im.width)
    top, left = d.integer(0, im.height - height), d.integer(0, im.width - width)
    part = im.crop((left, top, left + width, top + height))
    return resize(part, d.integer(1, 90), d.integer(1, 90), method)


def window(im, d):
    """The center of a resized image."""
    method = METHODS[d.integer(0, 2)]
    height, width = d.integer(1, 90), d.integer(1, 90)
    h, w = d.integer(1, height), d.integer(1, width)
    top, left = round((height - h) / 2), round((width - w) / 2)
    return resize(im, height, width, method).crop((left, top, left + w, top + h))


def solarize_add(im, d):
    add = d.integer(0, 128)
    return im.point([min(255, i + add) if i < 128 else i for i in range(256)] * len(im.getbands()))


def hue(im, d):
    shift = int(d.real(-0.5, 0.5) * 255)
    if im.mode == "L":
        return im
    h, s, v = im.convert("HSV").split()
    h = Image.fromarray((np.asarray(h).astype(np.int64) + shift).astype(np.uint8))
    return Image.merge("HSV", (h, s, v)).convert("RGB")


def affine(matrix):
    """An affine transform with a fill color."""

    def apply(im, d):
        method = BICUBIC if d.integer(0, 1) else BILINEAR
        fill = tuple(d.integer(0, 255) for _ in im.getbands())
        return im.transform(im.size, Image.Transform.AFFINE, matrix(im, d), method, fillcolor=fill)

    return apply


def rotate(im, d):
    method = BICUBIC if d.integer(0, 1) else BILINEAR
    fill = tuple(d.integer(0, 255) for _ in im.getbands())
    return im.rotate(d.real(-60, 60), method, fillcolor=fill)


def enhance(kind):
    return lambda im, d: kind(im).enhance(d.real(0, 2))


OPERATIONS = [
    resized(NEAREST),
    resized(BILINEAR),
    resized(BICUBIC),
    cropped,
    window,
    lambda im, d: ImageOps.autocontrast(im),
    lambda im, d: ImageOps.equalize(im),
    lambda im, d: ImageOps.invert(im),
    lambda im, d: ImageOps.posterize(im, d.integer(0, 8)),
    lambda im, d: ImageOps.solarize(im, d.integer(0, 256)),
    solarize_add,
    lambda im, d: im.convert("L").convert(im.mode),
    enhance(ImageEnhance.Color),
    enhance(ImageEnhance.Contrast),
    enhance(ImageEnhance.Brightness),
    enhance(ImageEnhance.Sharpness),
    lambda im, d: im.filter(ImageFilter.GaussianBlur(d.real(0.1, 4))),
    affine(lambda im, d: (1, d.real(-0.4, 0.4), 0, 0, 1, 0)),
    affine(lambda im, d: (1, 0, 0, d.real(-0.4, 0.4), 1, 0)),
    affine(lambda im, d: (1, 0, d.real(-0.5, 0.5) * im.width, 0, 1, 0)),
    affine(lambda im, d: (1, 0, 0, 0, 1, d.real(-0.5, 0.5) * im.height)),
    rotate,
    hue,
    lambda im, d: ImageOps.mirror(im),
    lambda im, d: ImageOps.flip(im),
]


def main(file):
    with open(file, "wb") as out:
        for case in range(CASES):
            draws = Draws(case)
            im = image(draws)
            result = OPERATIONS[case % len(OPERATIONS)](im, draws)
            out.write(zlib.crc32(result.tobytes()).to_bytes(4, "big"))


if __name__ == "__main__":
    main(sys.argv[1])
