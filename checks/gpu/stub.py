"""Stands for vit4j, Maven, nvidia-smi and a Python with PyTorch in test_run.py; FAULT names what goes wrong."""

import json
import os
import sys
import time

FAULT, STATE = os.environ["FAULT"], os.environ["STUB_STATE"]
STEPS = os.path.join(STATE, "steps")
BATCH_LIMIT = {"vit4j-memory": 16, "pytorch-memory": 16, "no-batch": 0}


def fail(*lines):
    print(*lines, sep="\n", file=sys.stderr)
    sys.exit(1)


def option(words, start):
    return next((word[len(start) :] for word in words if word.startswith(start)), "")


def steps():
    try:
        with open(STEPS) as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def serve(name, batch, image_seconds):
    """The line protocol of workers."""
    if FAULT == "killed" and name == "vit4j" and batch == 64:
        os.kill(os.getpid(), 9)
    if FAULT == "noise":
        print("[Gloo] Rank 0 is connected", flush=True)
    if name == "pytorch":
        sys.stdin.readline()
        if FAULT == "pytorch-fails":
            fail("Traceback (most recent call last):", "ImportError: no transformers")
    # Memory is in use until the test ends; differences count.
    with open(os.path.join(STATE, "used"), "a") as file:
        file.write("1000\n")
    print(json.dumps({"ready": name}), flush=True)
    done = 0
    for line in sys.stdin:
        words = line.split()
        if words[0] == "memory":
            print(json.dumps({"resident": 10**9 + (done * 2 * 10**6 if FAULT == "host-leak" else 0), "peak": 10**9}), flush=True)
            continue
        if FAULT == "hangs" and batch == 64:
            time.sleep(600)
        if FAULT == name + "-memory" or FAULT == "no-batch" and name == "vit4j":
            if batch > BATCH_LIMIT[FAULT]:
                prefix = "vit4j: out of memory on cuda:0" if name == "vit4j" else "torch.OutOfMemoryError: CUDA out of memory."
                fail("some context", prefix)
        count = int(words[-1])
        done += count if words[0] == "train" else 0
        with open(STEPS, "w") as file:
            file.write(str(done))
        print(json.dumps({"seconds": [image_seconds * batch] * count}), flush=True)


def train(words):
    if FAULT == "train-fails":
        fail("epoch 1", "vit4j: a kernel failed on the GPU: CUDA error: unspecified launch failure")
    directory = words[words.index("--run") + 1]
    second = directory.endswith("-2")
    os.makedirs(os.path.join(directory, "checkpoints"))
    with open(os.path.join(directory, "metrics.jsonl"), "w") as file:
        file.write(json.dumps({"train_loss": 2.25 if FAULT == "repeat-loss" and second else 2.5}) + "\n")
    with open(os.path.join(directory, "checkpoints", "1.safetensors"), "w") as file:
        file.write("different" if FAULT == "repeat-file" and second else "equal")


def vit4j(words):
    if words[0] == "--version":
        if FAULT == "no-build":
            sys.exit(1)
        print("vit4j stub")
    elif words[0] == "predict":
        unavailable = "vit4j: --device cuda:0 is not available: "
        if FAULT == "old-driver":
            fail(unavailable + "the NVIDIA driver 470.1 is too old")
        if FAULT == "missing-library":
            fail(unavailable + "the library libcupti.so.13 is missing, which libtorch needs; install CUDA 13")
        if FAULT == "crash":
            fail("A fatal error has been detected by the Java Runtime Environment")
        fail("vit4j: missing.keras: no such file")
    elif words[0] == "train":
        train(words)
    else:
        serve("vit4j", int(option(words, "train.batch=")), 1 / 640)


def mvn(words):
    if FAULT == "goldens-hang":
        time.sleep(600)
    if FAULT == "goldens-crash":
        fail("[ERROR] COMPILATION ERROR : cannot find symbol")
    if FAULT == "goldens-none":
        print("0 cases, 0 passed, 0 skipped")
    elif FAULT == "goldens-fail":
        print("vit_s_1      torch    1.0e-02    1.0e-02    1.0e-02  FAILED blocks.0")
        print("levit_s_1    torch    java.lang.IllegalStateException: no kernel")
        print("vit_s_2      torch    1.0e-07    1.0e-07    1.0e-07  ok     blocks.0")
        print("121 cases, 119 passed, 0 skipped")
        sys.exit(1)
    else:
        print("121 cases, 121 passed, 0 skipped")


def nvidia_smi(words):
    count = 2 if FAULT == "two-gpus" else 1
    if FAULT == "nvidia-smi-fails":
        print("Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.65")
        sys.exit(18)
    query = option(words, "--query-gpu=")
    if words == ["-L"]:
        print("\n".join(f"GPU {i}: Stub H100 (UUID: GPU-{i})\n  MIG 1g.10gb Device 0: (UUID: MIG-{i})" for i in range(count)))
    elif query == "memory.used":
        try:
            with open(os.path.join(STATE, "used")) as file:
                used = sum(int(line) for line in file)
        except OSError:
            used = 0
        used += 2 * steps() if FAULT == "gpu-leak" else 0
        print("[N/A]" if FAULT == "no-memory" else used)
    else:
        print(f"Stub H100 {option(words, '--id=')}, 580.65.06, 81559")


def python_stub(words):
    if words[0].endswith("peer.py"):
        serve("pytorch", json.loads(words[1])["batch"], 1 / 320)
    elif words[0] == "-c" and "timm" in words[1]:
        if FAULT == "no-timm":
            fail("ModuleNotFoundError: No module named 'timm'")
    elif words[0] == "-c" and "torch.version" in words[1]:
        sys.exit(1)
    else:
        os.execv(sys.executable, [sys.executable, *words])


if __name__ == "__main__":
    {"vit4j": vit4j, "mvn": mvn, "nvidia-smi": nvidia_smi, "python-stub": python_stub}[sys.argv[1]](sys.argv[2:])
