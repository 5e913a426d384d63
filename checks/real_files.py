#!/usr/bin/env python3
"""Compares vit4j with Pillow, timm and PyTorch on ordinary images, folders, shards and checkpoints: checks/real_files.py [GROUP ...]"""

import importlib
import pathlib
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
GROUPS = ("images", "folders", "shards", "checkpoints")


def main(groups):
    sys.path.insert(0, str(HERE))
    passed, failed = 0, 0
    for group in groups or GROUPS:
        module = importlib.import_module(f"real.{group}")
        with tempfile.TemporaryDirectory(prefix=f"vit4j-{group}-") as folder:
            for name, check in module.cases(pathlib.Path(folder)):
                try:
                    check()
                    passed += 1
                    print(f"ok      {group}: {name}", flush=True)
                except Exception:
                    failed += 1
                    print(f"FAILED  {group}: {name}", flush=True)
                    traceback.print_exc()
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
