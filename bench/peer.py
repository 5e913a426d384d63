"""Runs a peer in a separate process, controlled by the line protocol of `vit4j bench-worker`.

    peer.py torch ROW           PyTorch, autocast if the precision is bf16: train N, infer B N, memory
    peer.py compile ROW         the same with torch.compile
    peer.py onnxruntime ROW     ONNX Runtime on PyTorch's file: infer B N, memory
    peer.py exported ROW        ONNX Runtime on vit4j's file: infer B N, memory
    peer.py openvino ROW        OpenVINO on PyTorch's file, or on vit4j's if there is none: infer B N, memory
    peer.py files ROW           exports the ONNX and TorchScript files for ONNX Runtime and DJL, then exits

ROW is JSON: peer, image, batch, classes, threads, directory, batches, count; optional: precision
(fp32 or bf16), djl (false: no TorchScript files).
"""

import contextlib
import copy
import json
import os
import sys
import time
import warnings

import torch

import models

warnings.filterwarnings("ignore")


def status(key):
    with open("/proc/self/status") as lines:
        return next((1024 * int(line.split()[1]) for line in lines if line.startswith(key)), 0)


def timed(times, work):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds}


def images(row, batch):
    torch.manual_seed(1)
    return torch.randn(batch, 3, row["image"], row["image"])


def macs(model, row):
    """Multiply-accumulates of matrix products and convolutions for one image, counted as in vit4j."""
    from torch.utils.flop_counter import FlopCounterMode

    # On a copy without gradients: the counter fails for parameters that are passed to a module as arguments.
    frozen = copy.deepcopy(model).requires_grad_(False)
    counter = FlopCounterMode(display=False)
    with counter:
        frozen(images(row, 1))
    return counter.get_total_flops() // 2


class Torch:
    """PyTorch with default settings: eager mode, fp32 or autocast, AdamW, cross entropy, zero_grad with set_to_none."""

    def __init__(self, row):
        self.row = row
        self.autocast = contextlib.nullcontext()
        if row.get("precision") == "bf16":
            self.autocast = torch.autocast("cpu", dtype=torch.bfloat16)
        self.model = models.build(row["peer"])
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, weight_decay=0.05)
        self.loss = torch.nn.CrossEntropyLoss()
        self.x = images(row, row["batch"])
        self.y = torch.randint(row["classes"], (row["batch"],))

    def ready(self):
        about = {"ready": "PyTorch " + torch.__version__}
        if self.row["count"]:  # skipped when memory is measured: the counter loads many modules
            about["parameters"] = sum(p.numel() for p in self.model.parameters())
            about["macs"] = macs(self.model.eval(), self.row)
        return about

    def step(self):
        self.optimizer.zero_grad()
        with self.autocast:
            loss = self.loss(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def train(self, steps):
        self.model.train()
        return timed(steps, self.step)

    def infer(self, batch, times):
        self.model.eval()
        x = images(self.row, batch)
        with torch.inference_mode(), self.autocast:
            return timed(times, lambda: self.model(x).float().numpy())


class CompiledTorch(Torch):
    """PyTorch with torch.compile in its default mode."""

    def __init__(self, row):
        super().__init__(row)
        self.model = torch.compile(self.model)


class OnnxRuntime:
    """ONNX Runtime inference on files exported by PyTorch, one per batch size."""

    def __init__(self, row):
        self.row = row
        self.sessions = {}

    def ready(self):
        import onnxruntime

        for batch in self.row["batches"]:
            self.sessions[batch] = self.session(f"infer-{batch}.onnx")
        return {"ready": "ONNX Runtime " + onnxruntime.__version__}

    def session(self, name):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.row["threads"]
        path = os.path.join(self.row["directory"], name)
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def infer(self, batch, times):
        session = self.sessions[batch]
        x = {session.get_inputs()[0].name: images(self.row, batch).numpy()}
        return timed(times, lambda: session.run(None, x))


class Exported(OnnxRuntime):
    """ONNX Runtime inference on the file exported by vit4j, one for all batch sizes."""

    def session(self, name):
        return super().session("exported.onnx")


class OpenVino:
    """OpenVINO inference on an ONNX file, compiled for each batch size."""

    def __init__(self, row):
        self.row = row
        self.compiled = {}

    def ready(self):
        import openvino

        for batch in self.row["batches"]:
            self.compiled[batch] = self.compile(openvino.Core(), batch)
        return {"ready": "OpenVINO " + openvino.__version__}

    def compile(self, core, batch, **further):
        """Compiles for a batch size, with further settings."""
        row = self.row
        path = os.path.join(row["directory"], f"infer-{batch}.onnx" if row["peer"] else "exported.onnx")
        model = core.read_model(path)
        model.reshape([batch, 3, row["image"], row["image"]])
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if row.get("precision") == "bf16" else "f32",
            "INFERENCE_NUM_THREADS": row["threads"],
            "PERFORMANCE_HINT": "LATENCY",
        }
        return core.compile_model(model, "CPU", settings | further)

    def infer(self, batch, times):
        x = images(self.row, batch).numpy()
        return timed(times, lambda: self.compiled[batch](x)[0])


def files(row):
    """Exports the files for ONNX Runtime and DJL; returns the errors of failed exports by peer."""
    directory = row["directory"]
    model = models.build(row["peer"])
    failed = {}

    def attempt(what, work):
        try:
            work()
        except Exception as problem:  # exporters fail in many ways; the comparison continues without this peer
            failed[what] = f"{type(problem).__name__}: {str(problem).strip().splitlines()[0]}"

    def trace(mode, batch, name):
        traced = torch.jit.trace(model.train(mode), images(row, batch), check_trace=False)
        traced.save(os.path.join(directory, name))

    def onnx(batch):
        path = os.path.join(directory, f"infer-{batch}.onnx")
        torch.onnx.export(model.eval(), (images(row, batch),), path, input_names=["x"], dynamo=True, verbose=False)

    djl = row.get("djl", True)
    if djl:
        attempt("djl", lambda: trace(True, row["batch"], "train.pt"))
    for batch in row["batches"]:
        if djl:
            attempt("djl", lambda: trace(False, batch, f"infer-{batch}.pt"))
        attempt("onnxruntime", lambda: onnx(batch))
    return failed


def main():
    # Reserve standard output for answers; redirect other output to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    kind, row = sys.argv[1], json.loads(sys.argv[2])
    torch.set_num_threads(row["threads"])

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    if kind == "files":
        answer(files(row))
        return
    kinds = {"torch": Torch, "compile": CompiledTorch, "onnxruntime": OnnxRuntime, "exported": Exported}
    worker = {**kinds, "openvino": OpenVino}[kind](row)
    answer(worker.ready())
    for line in sys.stdin:
        match line.split():
            case ["train", steps]:
                answer(worker.train(int(steps)))
            case ["infer", batch, times]:
                answer(worker.infer(int(batch), int(times)))
            case ["memory"]:
                answer({"resident": status("VmRSS:"), "peak": status("VmHWM:")})
            case other:
                raise ValueError(f"expected train, infer or memory, got {other}")


if __name__ == "__main__":
    main()
