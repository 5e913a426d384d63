"""Typical folders: clutter, links, numbered classes, layouts, class maps, images that cannot be read."""

import os
import random
import zlib

import numpy as np
from PIL import Image
from timm.data.readers.reader_image_folder import find_images_and_targets
from timm.utils.misc import natural_key

from real.common import one_line_error, vit4j, vit4j_json

CLASSES = [str(i) for i in range(12)]
TINY = ["model.dim=16", "model.depth=1", "model.heads=2", "train.epochs=1", "train.batch=8", "data.dataset=image-folder"]


def image(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def folder(root, classes, images=3):
    for label in classes:
        for i in range(images):
            image(root / label / f"{i}.png", seed=zlib.crc32(f"{label}/{i}".encode()))
    return root


def clutter(directory):
    """Adds what other programs leave in a folder, none of it an image."""
    (directory / "._0.png").write_bytes(b"\0\5\x16\7")
    (directory / ".DS_Store").write_bytes(b"x")
    (directory / "b.jpg").mkdir()
    os.symlink("nowhere.png", directory / "dead.png")
    os.symlink(directory.parent, directory / "loop")
    for name in ("1.heic", "2.heic", "3.avif"):
        (directory / name).write_bytes(b"x")


def train(run, data, *sets, code=0):
    options = [o for s in (*TINY, f"data.path={data}", *sets) for o in ("--set", s)]
    return vit4j("train", "digits-vit", *options, "--run", run, code=code)


def cases(tmp):
    model = tmp / "run" / "model.keras"
    data = folder(tmp / "data", CLASSES, images=10)

    def training():
        train(tmp / "run", data, "data.val_share=0.2", "model.classes=12")
        scores = vit4j_json("eval", model, "--data", data)
        assert scores["labels"] == sorted(CLASSES, key=natural_key), scores["labels"]
        assert scores["count"] == 120

    yield "classes of a folder without validation images, in timm's order", training

    def held_out():
        scores = vit4j_json("eval", model, "--data", tmp / "run" / "config.yaml")
        assert scores["count"] == 24, scores["count"]
        assert all(c["count"] == 2 for c in scores["per_class"])

    yield "val_share holds out the same share of every class", held_out

    def cluttered():
        root = folder(tmp / "cluttered", ["1", "2"])
        clean = vit4j_json("predict", model, root)
        clutter(root / "1")
        os.symlink(root / "2", root / "linked")
        done = vit4j("predict", model, root, "--json")
        files, _ = find_images_and_targets(str(folder(tmp / "reference", ["1", "2"])))
        assert [p["file"] for p in clean] == [f.replace("/reference/", "/cluttered/") for f, _ in files]
        assert "3 files of unknown type skipped: .heic 2, .avif 1" in done.stderr, done.stderr
        os.remove(root / "linked")
        assert vit4j_json("predict", model, root) == clean
        assert vit4j_json("eval", model, "--data", root)["count"] == 6

    yield "clutter is skipped by predict and eval", cluttered

    def unreadable():
        root = folder(tmp / "unreadable", ["1", "2"], images=20)
        bad = root / "1" / "5.png"
        bad.write_bytes(bad.read_bytes()[:40])
        done = vit4j("predict", model, root, "--json", code=1)
        assert str(bad) in done.stderr and done.stdout.count('"file"') == 39
        assert vit4j_json("eval", model, "--data", root, code=1)["count"] == 39
        one_line_error(vit4j("eval", model, "--data", root, "--on-corrupt", "fail", code=2), str(bad))
        one_line_error(vit4j("predict", model, root, "--on-corrupt", "fail", code=2), str(bad))

    yield "an unreadable image is named and left out", unreadable

    def layouts():
        some = random.Random(1).sample(CLASSES, 5)
        expected = vit4j_json("eval", model, "--data", folder(tmp / "bare", some))
        for name in ("val", "validation", "valid", "test"):
            root = tmp / f"layout-{name}"
            folder(root / name, some)
            (root / name / CLASSES[-1]).mkdir(exist_ok=True)
            assert vit4j_json("eval", model, "--data", root) == expected, name
        assert expected["count"] == 15
        assert {c["name"] for c in expected["per_class"] if c["count"]} == set(some)
        assert "NaN" not in str(expected)

    yield "every layout of training, with absent and empty classes", layouts

    def class_map():
        names = [f"n{i:04d}" for i in range(12)]
        root = tmp / "mapped"
        for name, label in zip(names, sorted(CLASSES, key=natural_key)):
            for i in range(10):
                target = root / name / f"{i}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes((data / label / f"{i}.png").read_bytes())
        expected = vit4j_json("eval", model, "--data", data)
        for end, mark in (("\n", ""), ("\r\n", "\ufeff"), ("\n\n", "")):
            (tmp / "map.txt").write_bytes((mark + end.join(names) + end).encode())
            assert vit4j_json("eval", model, "--data", root, "--class-map", tmp / "map.txt") == expected
        one_line_error(vit4j("eval", model, "--data", root, code=2), "n0000", "--class-map")

    yield "a class map names the directories", class_map

    def one_class():
        single = folder(tmp / "single", ["only"], images=10)
        done = train(tmp / "one", single, "data.val_share=0.2", "model.classes=1", code=2)
        one_line_error(done, "1 class")

    yield "training on one class is refused", one_class
