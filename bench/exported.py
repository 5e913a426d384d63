"""Times ONNX Runtime on a file that vit4j exported, as `vit4j bench` times its own inference: images a second.

    ./vit4j bench deit_tiny_patch16_224 --onnx target/deit.onnx --json >target/deit.json
    python bench/exported.py target/deit.onnx [--batches 1,8,32] [--threads N] [--steps 10]

Needs onnxruntime and numpy. JSON with the keys of `vit4j bench`: {"inference_by_batch": {"8": {"onnxruntime": ...}}}.
"""

import argparse
import json
import os
import statistics
import time

import numpy as np
import onnxruntime

WARM_UP = 3


def seconds(session, images):
    start = time.perf_counter()
    session.run(["logits"], {"images": images})
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--batches", default="1,8,32")
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(options.file, settings, providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape[1:]
    rates = {}
    for batch in map(int, options.batches.split(",")):
        images = np.random.default_rng(1).standard_normal((batch, *shape), dtype=np.float32)
        times = [seconds(session, images) for _ in range(WARM_UP + options.steps)][WARM_UP:]
        rates[str(batch)] = {"onnxruntime": batch / statistics.median(times)}
    versions = {"onnxruntime": onnxruntime.__version__, "threads": options.threads}
    print(json.dumps({**versions, "inference_by_batch": rates}))


if __name__ == "__main__":
    main()
