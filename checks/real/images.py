"""Image files as people have them: the logits must be those of an upright RGB PNG with Pillow's pixels."""

import os
import pathlib
import struct

import numpy as np
import timm
import torch
from PIL import Image, ImageOps

from .common import one_line_error, vit4j, vit4j_json

VARIANT = "deit_tiny_patch16_224"


def photo(height, width, channels=3, seed=0):
    """A smooth image with noise, [H, W, C]."""
    noise = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 100 * np.sin(x / 17 + y / 23 + k) + noise.normal(0, 9, (height, width)) for k in range(channels)]
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def profile(space=b"RGB ", gamma=2.2):
    """An ICC profile with the primaries of Adobe RGB; display class."""

    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, int(gamma * 256)) + b"\0\0"
    tags = [(b"wtpt", xyz((0.9642, 1, 0.8249)))]
    if space == b"RGB ":
        primaries = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
        tags += [(name, xyz(p)) for name, p in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries)]
        tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    else:
        tags.append((b"kTRC", curve))
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, data in tags:
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data
    header = struct.pack(">I4sI4s4s4s", start + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ ")
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + struct.pack(">iii", 63190, 65536, 54061) + b"\0" * 48
    return header + table + body


class Files:
    """Writes files into a folder and remembers them in order."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.paths = []

    def add(self, name, image, **options):
        self.paths.append(self.folder / name)
        image.save(self.paths[-1], **options)

    def raw(self, name, data):
        self.paths.append(self.folder / name)
        self.paths[-1].write_bytes(data)


def logits(model, paths, **options):
    answers = vit4j_json("predict", model, *paths, "--logits", **options)
    assert len(answers) == len(paths), f"{len(answers)} answers for {len(paths)} files"
    return [np.array(answer["logits"]) for answer in answers]


def same_as_pillow(model, files):
    """Predicts all files and their PNG copies; bit-equal pixels give equal logits."""
    copies = []
    for path in files.paths:
        copies.append(path.with_name(path.name + ".reference.png"))
        with Image.open(path) as image:
            ImageOps.exif_transpose(image).convert("RGB").save(copies[-1])
    for path, ours, theirs in zip(files.paths, logits(model, files.paths), logits(model, copies)):
        assert np.array_equal(ours, theirs), f"{path.name}: logits differ by {np.abs(ours - theirs).max()}"


def profiles(model, folder):
    files, image = Files(folder), Image.fromarray(photo(240, 310))
    kinds = {"rgb": profile(), "linear": profile(gamma=1.0), "gray": profile(b"GRAY"), "broken": b"not a profile"}
    kinds["cmyk"] = profile()[:16] + b"CMYK" + profile()[20:]
    for kind, data in kinds.items():
        for extension in ("jpg", "png", "webp", "tif"):
            files.add(f"{kind}.{extension}", image, icc_profile=data)
        files.add(f"{kind}-gray.jpg", image.convert("L"), icc_profile=data)
    same_as_pillow(model, files)


def cmyk(model, folder):
    files = Files(folder)
    image = Image.frombytes("CMYK", (310, 240), photo(240, 310, 4).tobytes())
    for quality in (50, 95):
        files.add(f"{quality}.jpg", image, quality=quality)
        data = files.paths[-1].read_bytes()
        at = data.index(b"\xff\xee")
        without = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
        files.raw(f"{quality}-no-adobe.jpg", without)
        for transform in (0, 2):
            adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([transform])
            files.raw(f"{quality}-transform{transform}.jpg", without[:2] + adobe + without[2:])
    files.add("c.tif", image, compression="tiff_lzw")
    same_as_pillow(model, files)


def formats(model, folder):
    files, image = Files(folder), Image.fromarray(photo(240, 310))
    alpha = Image.fromarray(photo(240, 310, 4), "RGBA")
    for extension in ("jfif", "jpe", "webp", "ppm", "bmp", "gif", "tif"):
        files.add(f"rgb.{extension}", image, **({"format": "JPEG"} if extension in ("jfif", "jpe") else {}))
    files.add("lossless.webp", alpha, lossless=True)
    files.add("alpha.webp", alpha)
    for mode in ("L", "1", "P", "LA", "RGBA", "CMYK", "I;16"):
        source = image if mode != "I;16" else Image.fromarray(photo(240, 310, 1)[..., 0].astype(np.uint16) * 2)
        converted = source if mode == "I;16" else source.convert(mode)
        for compression in (None, "tiff_lzw", "tiff_adobe_deflate"):
            files.add(f"{mode.replace(';', '')}-{compression}.tif", converted, compression=compression)
        if mode != "CMYK":
            files.add(f"{mode.replace(';', '')}.png", converted)
    files.add("gray.pgm", image.convert("L"))
    files.add("bits.pbm", image.convert("1"))
    files.add("pages.tif", image, save_all=True, append_images=[image.rotate(90)])
    files.add("progressive.jpg", image, progressive=True, subsampling=2)
    files.raw("after-end.jpg", files.paths[-1].read_bytes() + b"bytes after the end" * 50)
    files.add("two.mpo", image, save_all=True, append_images=[image.rotate(180)])
    same_as_pillow(model, files)


def gifs(model, folder):
    files, image = Files(folder), Image.fromarray(photo(240, 310)).quantize(64)
    files.add("animated.gif", image, save_all=True, append_images=[image.rotate(180)], duration=50)
    files.add("transparent.gif", image, transparency=5)
    data = bytearray(files.paths[0].read_bytes())
    data[6:10] = struct.pack("<HH", 400, 300)  # a canvas larger than the first frame
    files.raw("canvas.gif", bytes(data))
    data[6:10] = struct.pack("<HH", 100, 50)  # and smaller
    files.raw("small-canvas.gif", bytes(data))
    same_as_pillow(model, files)


def orientations(model, folder):
    files, image = Files(folder), Image.fromarray(photo(240, 310))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[274] = orientation
        for extension in ("jpg", "png", "webp", "mpo"):
            files.add(f"{orientation}.{extension}", image, exif=exif)
        files.add(f"{orientation}.tif", image, tiffinfo={274: orientation})
        tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\0\0" + bytes([orientation]) + b"\0\0\0\0"
        xmp = b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="1"/>'
        plain = (files.folder / "1.jpg").read_bytes()
        at = plain.index(b"\xff\xe1")
        plain = plain[:at] + plain[at + 2 + int.from_bytes(plain[at + 2 : at + 4], "big") :]
        segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in (xmp, b"Exif\0\0" + tiff))
        files.raw(f"{orientation}-long-after-xmp.jpg", plain[:2] + segments + plain[2:])
    same_as_pillow(model, files)


def photographs(model, folder):
    """40 images of 24 megapixels with 512 MB of heap; explain too."""
    files = Files(folder)
    files.add("00.jpg", Image.fromarray(np.tile(photo(400, 600), (10, 10, 1))), quality=85)
    for i in range(1, 40):
        os.link(files.paths[0], files.folder / f"{i:02}.jpg")
    small = {"VIT4J_JAVA_OPTS": "-Xmx512m"}
    assert len(vit4j_json("predict", model, folder, env=small)) == 40
    some = sorted(files.folder.glob("*.jpg"))[:8]
    vit4j("explain", model, *some, "-o", files.folder / "explained", env=small)


def shapes(model, folder):
    files = Files(folder)
    for width, height in ((3, 3000), (3000, 3), (1, 30000), (30000, 1), (1, 1)):
        files.add(f"{width}x{height}.png", Image.fromarray(photo(height, width)))
    assert all(np.isfinite(row).all() for row in logits(model, files.paths))


def limits(model, folder):
    files = Files(folder)
    files.add("large.png", Image.fromarray(photo(200, 300)))
    one_line_error(
        vit4j("predict", model, *files.paths, "--max-pixels", 59999, code=2), "large.png", "too large", "59999"
    )
    vit4j("predict", model, *files.paths, "--max-pixels", 60000)
    files.add("huge.jpg", Image.fromarray(np.tile(photo(400, 600), (20, 20, 1))))
    done = vit4j("predict", model, files.paths[-1], code=1, env={"VIT4J_JAVA_OPTS": "-Xmx192m"})
    one_line_error(done, "huge.jpg", "memory")
    assert "corrupt" not in done.stderr


def cases(tmp):
    torch.manual_seed(0)
    network = timm.create_model(VARIANT, pretrained=False)
    torch.save(network.state_dict(), tmp / "network.pth")
    model = tmp / "network.keras"
    vit4j("import", VARIANT, tmp / "network.pth", "-o", model)
    checks = (profiles, cmyk, formats, gifs, orientations, photographs, shapes, limits)
    for check in checks:
        yield check.__name__, lambda check=check: check(model, tmp / check.__name__)
