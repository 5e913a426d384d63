"""Markdown formatting shared by the benchmark reports."""


def table(head, rows):
    """Returns the lines of a table: first column left-aligned, the others right-aligned."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return [*("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines), ""]
