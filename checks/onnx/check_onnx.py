"""Checks .onnx files with onnx.checker, and compares the logits of ONNX Runtime with the reference.

    python check_onnx.py DIRECTORY

DIRECTORY holds NAME.onnx, and for complete networks NAME.images.npy (NCHW) and NAME.logits.npy, as OnnxGoldenTest writes them to
target/onnx. Every file must pass `onnx.checker.check_model(full_check=True)`, which compares every inferred shape and type with
the file, and contain only operations of the standard domain. A complete network must give the reference logits for all images
and for one, within 1e-5 of the largest or, if the network amplifies rounding, within three times the difference between the
float32 and float64 logits of the reference: the rule of checks/keras/round_trip.py, whose NAME.double.npy is used. (levit_s_d1: the
reference itself is 6.1e-6 from float64, ONNX Runtime 1.32 1.3e-5 on a processor with AVX-512.) Exits with 1 if a model fails.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

TOLERANCE = 1e-5


def relative(actual, expected):
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


def standard(path):
    """Returns the first problem of a file, or None."""
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except Exception as problem:
        return str(problem).splitlines()[0]
    model = onnx.load(str(path))
    other = {node.op_type for node in model.graph.node if node.domain not in ("", "ai.onnx")}
    if other or [opset.domain for opset in model.opset_import] != [""]:
        return f"operations of other domains: {sorted(other)}"
    return None


def logits(path, images):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": images})[0]


def check(path):
    problem = standard(path)
    if problem:
        return "-", problem
    images = path.with_suffix(".images.npy")
    if not images.exists():
        return "-", None
    images = np.load(images)
    expected = np.load(path.with_suffix(".logits.npy"))
    error = relative(logits(path, images), expected)
    alone = relative(logits(path, images[:1]), expected[:1])
    worst = max(error, alone)
    return f"{worst:.1e}", None if worst < tolerance(path, expected) else "logits differ"


def tolerance(path, expected):
    """1e-5, or three times the rounding error of the float32 reference."""
    exact = path.parent.parent / "keras" / f"{path.stem}.double.npy"
    return max(TOLERANCE, 3 * relative(expected, np.load(exact))) if exact.exists() else TOLERANCE


def main():
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    if not files:
        sys.exit(f"check_onnx.py: no .onnx files in {sys.argv[1]}")
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    failed = 0
    for path in files:
        error, problem = check(path)
        failed += problem is not None
        print(f"{path.stem:<40} {error:>8}  {problem or 'ok'}")
    print(f"{len(files)} models, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
