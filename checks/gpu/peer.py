"""PyTorch and timm by the line protocol of `vit4j bench-worker`: train N, infer B N, memory; first of all "open".

    peer.py ROW     JSON: peer (of bench/models.py), image, batch, classes, device, precision (fp32, tf32 or bf16)

Eager mode, AdamW, cross entropy. Images come from the host in each step, as in training, and the loss goes back.
"""

import contextlib
import json
import os
import sys
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../bench"))

import torch
import timm  # imported here, since it takes seconds, and the network is made later

import models

warnings.filterwarnings("ignore")


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    row = json.loads(sys.argv[1])
    sys.stdin.readline()  # open
    device = torch.device(row["device"])
    cuda = device.type == "cuda"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = row["precision"] == "tf32"
    if not cuda:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))

    def autocast():
        return torch.autocast(device.type, torch.bfloat16) if row["precision"] == "bf16" else contextlib.nullcontext()

    torch.manual_seed(1)
    model = models.build(row["peer"]).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    criterion = torch.nn.CrossEntropyLoss()
    labels = torch.randint(row["classes"], (row["batch"],))

    def images(batch):
        x = torch.randn(batch, 3, row["image"], row["image"])
        return x.pin_memory() if cuda else x

    def timed(times, work):
        seconds = []
        for _ in range(times):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds}

    def train(steps):
        model.train()
        x = images(row["batch"])

        def step():
            optimizer.zero_grad()
            with autocast():
                output = model(x.to(device, non_blocking=True))
            loss = criterion(output.float(), labels.to(device))
            loss.backward()
            optimizer.step()
            loss.item()
            if cuda:
                torch.cuda.synchronize()

        return timed(steps, step)

    def infer(batch, times):
        model.eval()
        x = images(batch)

        def run():
            with torch.inference_mode(), autocast():
                return model(x.to(device, non_blocking=True)).float().cpu()

        return timed(times, run)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    answer({"ready": f"PyTorch {torch.__version__}, timm {timm.__version__}"})
    for line in sys.stdin:
        words = line.split()
        if words[0] == "train":
            answer(train(int(words[1])))
        elif words[0] == "infer":
            answer(infer(int(words[1]), int(words[2])))
        elif words[0] == "memory":
            with open("/proc/self/status") as status:
                sizes = {entry.split(":")[0]: entry.split() for entry in status}
            answer({"resident": 1024 * int(sizes["VmRSS"][1]), "peak": 1024 * int(sizes["VmHWM"][1])})
        else:
            raise ValueError(f"expected train, infer or memory, got {line}")


if __name__ == "__main__":
    main()
