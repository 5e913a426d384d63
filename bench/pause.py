"""Time of a single image after a pause, as when requests come now and then: vit4j with and without threads bound to processors,
PyTorch, ONNX Runtime and OpenVINO. They alternate, each in a process of its own; prints a table.

    pause.py [--networks deit_tiny,levit_128s] [--pause 0.03] [--times 60] [--precision bf16]

Needs the files of `bench/run.sh prepare`.
"""

import argparse
import statistics
import sys
import time

import short
from markdown import table

WARM_UP = 300  # images, during which Java compiles
# With their environment variables.
SUBJECTS = {"vit4j": [], "vit4j, threads not bound": ["OMP_PROC_BIND=false"], "pytorch": [], "onnxruntime": [], "openvino": []}


def start(name, row, options):
    subject = name.partition(",")[0] + ("-bf16" if options.precision == "bf16" else "")
    line = short.command(subject, row, options, short.BATCHES)
    if not line or subject == "onnxruntime-bf16":
        return None
    worker = short.start(name, ["env", *SUBJECTS[name], *line], row, options)
    worker.ask(f"infer 1 {WARM_UP}")
    return worker


def measure(row, options):
    """Rows of the table: median and 90th percentile in milliseconds, and the median relative to that of vit4j."""
    workers = [worker for name in SUBJECTS if (worker := start(name, row, options))]
    taken = {worker.name: [] for worker in workers}
    for _ in range(options.times):
        for worker in workers:
            time.sleep(options.pause)
            taken[worker.name] += [1e3 * seconds for seconds in worker.ask("infer 1 1")["seconds"]]
    for worker in workers:
        worker.close()
    ours = statistics.median(taken["vit4j"])
    for name, milliseconds in taken.items():
        median, slow = statistics.median(milliseconds), statistics.quantiles(milliseconds, n=10)[-1]
        yield [f"{row.name}, {name}", f"{median:.1f}", f"{slow:.1f}", f"{median / ours:.2f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=short.rows, default="deit_tiny,levit_128s")
    parser.add_argument("--pause", type=float, default=0.03, help="seconds before each image")
    parser.add_argument("--times", type=int, default=60, help="images of each subject")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.isa = None
    missing = [row.name for row in options.networks if not (short.directory(row) / "prepared.json").exists()]
    if missing:
        sys.exit(f"pause.py: run bench/run.sh prepare --networks {','.join(missing)} first")
    rows = [line for row in options.networks for line in measure(row, options)]
    print("\n".join(table(["", "median, ms", "90th percentile, ms", "relative to vit4j"], rows)))


if __name__ == "__main__":
    main()
