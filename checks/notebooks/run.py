"""Executes notebooks, each in a new kernel; stops at the first error.

usage: run.py [--first FILE] KERNEL NOTEBOOK.ipynb... [--keep]

With --first the contents of a file are run as the first cell. With --keep the outputs are written into the notebooks, without execution metadata.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

# rapaio's kernel can lose a message during startup; a new kernel is started in that case.
MAX_STARTS = 3


def execute(notebook, kernel, folder):
    for start in range(MAX_STARTS):
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
            if started or start + 1 == MAX_STARTS:
                raise
            print(f"  the kernel did not start ({problem}); retrying", flush=True)


def main():
    keep = "--keep" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--keep"]
    first = None
    if arguments[0] == "--first":
        first = nbformat.v4.new_code_cell(Path(arguments[1]).read_text(encoding="utf-8"))
        arguments = arguments[2:]
    kernel, *files = arguments
    for file in map(Path, files):
        notebook = nbformat.read(file, as_version=4)
        if first is not None:
            notebook.cells.insert(0, first)
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
        html = [o for c in notebook.cells for o in c.get("outputs", []) if "text/html" in o.get("data", {})]
        if first is not None and len(html) < 5:
            sys.exit(f"FAILED: {file.name} on {kernel} produced {len(html)} figures as HTML")
        if shown == 0:
            sys.exit(f"FAILED: {file.name} on {kernel} produced no outputs")
        print(f"ok: {file.name} on {kernel}, {shown} outputs, {time.monotonic() - begun:.0f} s", flush=True)
        if keep:
            for cell in notebook.cells:
                cell.metadata = {}
            nbformat.write(notebook, file)


if __name__ == "__main__":
    main()
