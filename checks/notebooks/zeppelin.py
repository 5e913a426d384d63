"""Runs the paragraphs of a Zeppelin note as its Java interpreter does.

usage: zeppelin.py JAR NOTE.zpln FOLDER

Zeppelin's Java interpreter is not in the package registries, so this script imitates it. The interpreter expects a class with a
main method, renames the class, compiles it with the class path of its process, and shows the output of main. `java File.java`
compiles and runs a file in the same way.
"""

import json
import re
import subprocess
import sys
from pathlib import Path


def outputs(printed):
    """Returns the outputs that Zeppelin would show: they start with %html or %text at the beginning of a line."""
    parts = re.split(r"^%(html|text) ", printed, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def run(number, code, jar, folder):
    main = re.search(r"public class (\w+)", code)
    if not main or "public static void main(String[] args)" not in code:
        sys.exit(f"FAILED: paragraph {number} has no class with a main method")
    name = f"Paragraph{number}"
    source = folder / f"{name}.java"
    source.write_text(code.replace(main.group(1), name), encoding="utf-8")
    command = ["java", "-XX:+UseSerialGC", "-cp", str(jar), source.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED: paragraph {number}, {main.group(1)}\n{done.stderr}")
    shown = outputs(done.stdout)
    if not any(kind == "html" and "<img" in data for kind, data in shown):
        sys.exit(f"FAILED: paragraph {number}, {main.group(1)} shows no figure\n{done.stdout[:500]}")
    print(f"ok: paragraph {number}, {main.group(1)}, {len(shown)} outputs", flush=True)


def main():
    jar, note, folder = (Path(a).resolve() for a in sys.argv[1:])
    content = json.loads(note.read_text(encoding="utf-8"))
    for key in ("name", "id", "paragraphs", "config", "info"):
        if key not in content:
            sys.exit(f"FAILED: {note.name}: missing key '{key}'")
    ran = 0
    for number, paragraph in enumerate(content["paragraphs"], start=1):
        interpreter, _, code = paragraph["text"].partition("\n")
        if interpreter == "%java":
            run(number, code, jar, folder)
            ran += 1
        elif interpreter != "%md":
            sys.exit(f"FAILED: paragraph {number} uses interpreter {interpreter}; expected %java or %md")
    if ran == 0:
        sys.exit(f"FAILED: {note.name} has no %java paragraph")


if __name__ == "__main__":
    main()
