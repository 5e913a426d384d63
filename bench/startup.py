"""Time from the start of a process to its first prediction: vit4j with and without archived classes, and Python with ONNX Runtime
on the file that vit4j exports. Same network, same image; the three alternate.

    startup.py [--config deit_tiny_patch16_224] [--rounds 5]

The parts of vit4j are the times between the first use of certain classes, from Java's log of loaded classes, in a run of its own.
Run `bash src/main/scripts/archive.sh` (in the distribution: bin/archive.sh) first. VIT4J is the program, default ./vit4j.
BENCH_WRAPPER is a command prefix of the measurement, for example taskset or nice.
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

import compare
from markdown import table
from models import Row

WORK = compare.ROOT / "target" / "bench" / "startup"
# The classes of which a part uses one first, in order of use; a part ends where the next one begins. The image is decoded while
# ND4J starts and the weights are read.
PARTS = [
    ("JVM", []),
    ("command line", ["org.vit4j.Main"]),
    ("config and graph", ["org.vit4j.model.SavedModel"]),
    ("ND4J, weights and image", ["org.vit4j.backend.ParameterStore", "org.vit4j.data.image.ImageFile"]),
    ("plan and forward pass", ["org.vit4j.backend.onednn.OneDnnPlanner"]),
]
# Prints seconds since the epoch after each part.
PEER = """
import sys, time
times = [time.time()]
import numpy, onnxruntime
from PIL import Image
times.append(time.time())
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
times.append(time.time())
size = session.get_inputs()[0].shape[2]
image = Image.open(sys.argv[2]).convert("RGB").resize((size, size), Image.BICUBIC)
x = (numpy.asarray(image, dtype=numpy.float32) / 255 - 0.5).transpose(2, 0, 1)[None] * 2
times.append(time.time())
session.run(None, {session.get_inputs()[0].name: numpy.ascontiguousarray(x)})
times.append(time.time())
print(*times)
"""


def prepare(config):
    """Writes the saved model, its ONNX file and an image."""
    from PIL import Image

    WORK.mkdir(parents=True, exist_ok=True)
    files = [WORK / f"{config}.keras", WORK / f"{config}.onnx", WORK / "image.jpg"]
    worker = compare.Worker("vit4j", compare.vit4j_command(Row(config, config, {}), "onednn"), WORK / "log.txt", 2)
    worker.ask(f"keras {files[0]}")
    worker.ask(f"onnx {files[1]}")
    worker.close()
    Image.effect_noise((500, 375), 60).convert("RGB").save(files[2], quality=90)
    return files


def vit4j(files, java=""):
    """Runs a prediction; returns its seconds."""
    begin = time.time()
    environment = {**os.environ, "VIT4J_JAVA_OPTS": java}
    subprocess.run(
        [compare.PROGRAM, "predict", files[0], files[2]], cwd=compare.ROOT, env=environment, stdout=subprocess.DEVNULL, check=True
    )
    return time.time() - begin


def onnxruntime(files):
    """Runs a prediction; returns its seconds, and those of its parts."""
    begin = time.time()
    out = subprocess.run([sys.executable, "-c", PEER, files[1], files[2]], stdout=subprocess.PIPE, check=True, text=True)
    end, times = time.time(), [begin, *map(float, out.stdout.split())]
    names = ["Python", "imports", "session", "image", "forward pass"]
    parts = {name: after - before for name, before, after in zip(names, times, times[1:])}
    return end - begin, {**parts, "exit": end - times[-1]}


def parts(files, java=""):
    """Returns the seconds of the parts of a prediction by vit4j."""
    log = WORK / "classes.log"
    seconds = vit4j(files, f"{java} -Xlog:class+load:file={log}:uptime".strip())
    first, last = {}, 0.0
    for line in log.read_text().splitlines():
        uptime, _, rest = line.partition(" ")
        last = float(uptime.strip("[s]"))
        first.setdefault(rest.split(" ")[0], last)
    marks = [min((first[name] for name in classes), default=0.0) for _, classes in PARTS] + [last]
    found = {"launcher and exit": seconds - last}
    return found | {name: after - before for (name, _), before, after in zip(PARTS, marks, marks[1:])}


def measure(files, rounds):
    """Lets the three alternate. The launcher does not use archived classes if an option says how to share them."""
    seconds = {"vit4j": [], "vit4j without archived classes": [], "Python and ONNX Runtime": []}
    python = []
    for _ in range(rounds + 1):
        seconds["vit4j"].append(vit4j(files))
        seconds["vit4j without archived classes"].append(vit4j(files, "-Xshare:auto"))
        whole, split = onnxruntime(files)
        seconds["Python and ONNX Runtime"].append(whole)
        python.append(split)
    return {
        "seconds": {name: all_of[1:] for name, all_of in seconds.items()},  # the first reads the files from disk
        "parts": {
            "vit4j": parts(files),
            "vit4j without archived classes": parts(files, "-Xshare:auto"),
            "Python and ONNX Runtime": {name: statistics.median(split[name] for split in python[1:]) for name in python[0]},
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="deit_tiny_patch16_224")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.rounds)))
        return
    line = [*shlex.split(os.environ.get("BENCH_WRAPPER", "")), sys.executable, __file__, "--rounds", str(options.rounds)]
    files = [str(pathlib.Path(file)) for file in prepare(options.config)]
    out = subprocess.run([*line, "--measure", *files], stdout=subprocess.PIPE, check=True, text=True)
    found = json.loads(out.stdout.splitlines()[-1])
    (WORK / f"{options.config}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"{options.config}, seconds from the start of a process to the end of its first prediction, median of {options.rounds}:\n")
    body = [[name, f"{statistics.median(s):.2f}", f"{min(s):.2f}..{max(s):.2f}"] for name, s in found["seconds"].items()]
    print("\n".join(table(["", "median", "range"], body)))
    for name, split in found["parts"].items():
        print(f"{name}: " + ", ".join(f"{part} {seconds:.2f}" for part, seconds in split.items()))


if __name__ == "__main__":
    main()
