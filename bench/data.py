"""Compares the input pipeline of vit4j with Pillow, timm and PyTorch's DataLoader on equal JPEG files.

    bench/data.py [--seconds 1] [--rounds 3] [--rows decode,loader] [--json target/bench/data.json]

Run by a Python with torch and timm (pip install torch==2.15.0 timm==1.0.31 pillow==12.3.0); target/bench-venv of
bench/run.sh has them. Takes about three minutes. The files are generated once under target/bench.

Rows of one thread: images per second of CPU time, vit4j and Pillow in turns.
    decode   read and decode a file
    eval     evaluation transform of a decoded image: resize, crop the center, normalize
    crop     random resized crop, flip, normalize
    full     the training transform of DeiT: crop, flip, rand-m9-mstd0.5-inc1, random erasing, normalize
Rows of loaders with 1 and 2 workers: decoding and the transform of DeiT, by wall time and by CPU time of all threads.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np
import torch
from PIL import Image
from timm.data import create_transform

warnings.filterwarnings("ignore")
ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH = 32
# width, height, files, size of the network's input, crop_pct
SIZES = [(500, 375, 128, 224, 0.9), (1024, 768, 64, 224, 0.9), (32, 32, 256, 32, 1.0)]
STAGES = {"decode": "decode", "eval": "eval", "crop": "crop", "full": "augment"}


def files(width, height, count):
    """Smooth colors with noise, which compress to about the size of photographs."""
    directory = WORK / f"jpeg-{width}x{height}"
    for split, number in (("train", count), ("val", 1)):
        folder = directory / split / "images"
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(number):
            file = folder / f"{i:03}.jpg"
            if file.exists():
                continue
            random = np.random.default_rng(i)
            colors = random.integers(0, 256, (max(2, height // 24), max(2, width // 24), 3), dtype=np.uint8)
            smooth = np.asarray(Image.fromarray(colors).resize((width, height), Image.BICUBIC)).astype(np.float32)
            noisy = np.clip(smooth + random.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(file, quality=90)
    return directory


class Vit4j:
    """Process of `vit4j data-worker`."""

    def __init__(self, command, directory, size, crop):
        settings = {
            "data.path": directory,
            "data.repeats": 1,
            "data.crop_pct": crop,
            "data.max_pixels": 100_000_000,
            "train.batch": BATCH,
            "model.classes": 1,
            "model.image.size": size,
            "model.patch_size": 16,
        }
        sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        self.process = subprocess.Popen(
            [*shlex.split(command), "data-worker", "imagenet-deit_tiny", *sets],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"vit4j ended with exit code {self.process.wait()}")
        return json.loads(line)

    def run(self, line):
        print(line, file=self.process.stdin, flush=True)
        return self.answer()

    def close(self):
        self.process.terminate()  # not by the end of its input, which the processes of PyTorch's loaders keep open
        self.process.wait(timeout=20)


def full_transform(size):
    return create_transform(
        (3, size, size),
        is_training=True,
        interpolation="bicubic",
        auto_augment="rand-m9-mstd0.5-inc1",
        re_prob=0.25,
        re_mode="pixel",
        re_count=1,
        mean=MEAN,
        std=STD,
    )


class Files(torch.utils.data.Dataset):
    """Files of a directory, repeated, with a transform."""

    def __init__(self, paths, transform):
        self.paths, self.transform = paths, transform

    def __len__(self):
        return 1_000_000

    def __getitem__(self, index):
        return self.transform(decode(self.paths[index % len(self.paths)])), 0


def decode(path):
    with Image.open(path) as image:
        return image.convert("RGB")


class Pillow:
    """Pillow and timm in this process, PyTorch's DataLoader in processes of its own."""

    def __init__(self, directory, size, crop):
        self.paths = sorted((directory / "train").rglob("*.jpg"))
        self.images = [decode(path) for path in self.paths[:64]]
        norm = {"interpolation": "bicubic", "mean": MEAN, "std": STD}
        evaluation = create_transform((3, size, size), is_training=False, crop_pct=crop, **norm)
        crops = create_transform((3, size, size), is_training=True, color_jitter=None, re_prob=0, **norm)
        self.full = full_transform(size)
        self.stages = {
            "decode": lambda i: decode(self.paths[i % len(self.paths)]),
            "eval": lambda i: evaluation(self.images[i % len(self.images)]),
            "crop": lambda i: crops(self.images[i % len(self.images)]),
            "full": lambda i: self.full(self.images[i % len(self.images)]),
        }
        self.loaders = {}

    def run(self, stage, seconds):
        work, count, start = self.stages[stage], 0, time.process_time()
        while (now := time.process_time() - start) < seconds:
            work(count)
            count += 1
        return {"images": count, "cpu": now}

    def load(self, workers, seconds):
        if workers not in self.loaders:
            data = torch.utils.data.DataLoader(
                Files(self.paths, self.full), BATCH, num_workers=workers, worker_init_fn=one_thread, prefetch_factor=2
            )
            self.loaders[workers] = iter(data)
        batches = self.loaders[workers]
        processes = [worker.pid for worker in batches._workers]
        for _ in range(3 * workers):  # those prefetched while the other program had its turn
            next(batches)
        cpu, start, count, wall = cpu_seconds(processes) + time.process_time(), time.perf_counter(), 0, 0
        while wall < seconds:
            count += len(next(batches)[0])
            wall = time.perf_counter() - start
        return {"images": count, "cpu": cpu_seconds(processes) + time.process_time() - cpu, "wall": wall}


def one_thread(_):
    torch.set_num_threads(1)


def cpu_seconds(processes):
    """CPU time of other processes."""
    ticks = 0
    for process in processes:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def rates(results, key):
    """Median of the rounds, images per second."""
    return statistics.median(result["images"] / max(result[key], 1e-9) for result in results)


def measure(options, width, height, count, size, crop):
    directory = files(width, height, count)
    vit4j, pillow = Vit4j(options.vit4j, directory, size, crop), Pillow(directory, size, crop)
    for name, command in STAGES.items():
        if name not in options.rows:
            continue
        vit4j.run(f"{command} {2 * options.seconds}")  # warm-up of the JIT compiler
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(vit4j.run(f"{command} {options.seconds}"))
            theirs.append(pillow.run(name, options.seconds))
        yield name, rates(ours, "cpu"), rates(theirs, "cpu")
    for workers in (1, 2) if "loader" in options.rows else ():
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(vit4j.run(f"load {workers} {options.seconds}"))
            theirs.append(pillow.load(workers, options.seconds))
        label = f"loader, {workers} worker" + ("s" if workers > 1 else "")
        yield f"{label}, wall time", rates(ours, "wall"), rates(theirs, "wall")
        yield f"{label}, CPU time", rates(ours, "cpu"), rates(theirs, "cpu")
    vit4j.close()
    pillow.loaders.clear()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1, help="time of each turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each program; the median counts")
    parser.add_argument("--rows", default="decode,eval,crop,full,loader", help="rows of the table, separated by commas")
    parser.add_argument("--sizes", default="500x375,1024x768,32x32", help="sizes of images, separated by commas")
    parser.add_argument("--json", type=pathlib.Path, default=WORK / "data.json")
    parser.add_argument("--vit4j", default="./vit4j", help="command that starts vit4j")
    options = parser.parse_args()
    options.rows, options.sizes = options.rows.split(","), options.sizes.split(",")
    torch.set_num_threads(1)
    rows = []
    print("| images | images/s | vit4j | Pillow, timm | ratio |\n| --- | --- | ---: | ---: | ---: |", flush=True)
    for width, height, count, size, crop in SIZES:
        if f"{width}x{height}" not in options.sizes:
            continue
        for name, ours, theirs in measure(options, width, height, count, size, crop):
            row = {"images": f"{width}x{height}", "what": name, "vit4j": ours, "pillow": theirs}
            rows.append(row)
            print(f"| {row['images']} | {name} | {ours:.0f} | {theirs:.0f} | {ours / theirs:.2f} |", flush=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"seconds": options.seconds, "rounds": options.rounds, "rows": rows}, indent=1))


if __name__ == "__main__":
    sys.exit(main())
