"""Imports of the authors' code, which is not installed: sources.sh clones it."""

import importlib
import sys
import types
from collections import abc
from contextlib import contextmanager
from pathlib import Path

ROOT = Path("sources")


@contextmanager
def on_path(folder, *names):
    """Modules of a folder that import each other by absolute names."""
    sys.path.insert(0, str(ROOT / folder))
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.pop(0)
        for name in names:
            sys.modules.pop(name, None)


def module(folder, name):
    """A module of a package, without the package's own initialization."""
    package = "source_" + folder.replace("/", "_").replace("-", "_").lower()
    if package not in sys.modules:
        if not (ROOT / folder).is_dir():
            raise FileNotFoundError(f"{ROOT / folder} is missing; run sources.sh")
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = [str(ROOT / folder)]
    # Removed from PyTorch; CvT imports it and does not use it here.
    sys.modules.setdefault("torch._six", types.SimpleNamespace(container_abcs=abc))
    return importlib.import_module(f"{package}.{name}")
