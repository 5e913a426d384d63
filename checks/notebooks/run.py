"""Executes notebooks from top to bottom, each in a kernel of its own; the first error ends it.

usage: run.py KERNEL NOTEBOOK.ipynb... [--keep]

With --keep the outputs are written into the notebooks, without paths and times of this machine.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

# rapaio's kernel loses a message that comes while it starts; it is asked for another one then.
STARTS = 3


def execute(notebook, kernel, folder):
    for start in range(STARTS):
        client = NotebookClient(
            notebook,
            kernel_name=kernel,
            timeout=900,
            startup_timeout=90,
            coalesce_streams=True,
            resources={"metadata": {"path": str(folder)}},
        )
        try:
            client.execute()
            return
        except (DeadKernelError, RuntimeError) as problem:
            started = any(cell.get("execution_count") for cell in notebook.cells)
            if started or start + 1 == STARTS:
                raise
            print(f"  the kernel did not start ({problem}), once more", flush=True)


def main():
    keep = "--keep" in sys.argv
    kernel, *files = [a for a in sys.argv[1:] if a != "--keep"]
    for file in map(Path, files):
        notebook = nbformat.read(file, as_version=4)
        nbformat.validate(notebook)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        begun = time.monotonic()
        try:
            execute(notebook, kernel, file.parent)
        except CellExecutionError as error:
            sys.exit(f"FAILED: {file.name} on {kernel}\n{error}")
        shown = sum(len(cell.get("outputs", [])) for cell in notebook.cells)
        if shown == 0:
            sys.exit(f"FAILED: {file.name} on {kernel} showed nothing")
        print(f"ok: {file.name} on {kernel}, {shown} outputs, {time.monotonic() - begun:.0f} s", flush=True)
        if keep:
            for cell in notebook.cells:
                cell.metadata = {}
            nbformat.write(notebook, file)


if __name__ == "__main__":
    main()
