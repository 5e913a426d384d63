"""Runs a command in a pseudo-terminal, presses Ctrl-C once it trains, and writes what is left on the screen.

terminal.py SCREEN COMMAND...   exits with 0 if the command ended with 130 (interrupted after saving).
"""

import os
import pty
import re
import select
import signal
import sys
import time

LONGEST_SECONDS = 600


def record(command):
    """Everything the command writes to its terminal, and its exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        # A program in the foreground of a terminal does not ignore Ctrl-C, which one in the background inherits.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvp(command[0], command)
    written, pressed, start = b"", False, time.time()
    while True:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            try:
                some = os.read(terminal, 65536)
            except OSError:
                break
            if not some:
                break
            written += some
        if not pressed and b"images/s" in written:
            time.sleep(1)
            os.write(terminal, b"\x03")
            pressed = True
        if time.time() - start > LONGEST_SECONDS:
            os.kill(pid, signal.SIGKILL)
    return written.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def screen(written):
    """Lines as a terminal shows them: carriage return, line feed, cursor up and down, and text written over text."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[(\d*)([A-Za-z])|(.)", written, re.DOTALL):
        count, control, character = int(part[0] or 1), part[1], part[2]
        if control == "A":
            row = max(0, row - count)
        elif control == "B":
            row = min(len(lines) - 1, row + count)
        elif control:
            continue
        elif character == "\r":
            column = 0
        elif character == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + character + line[column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


if __name__ == "__main__":
    text, code = record(sys.argv[2:])
    shown = [line for line in screen(text) if line]
    with open(sys.argv[1], "w") as file:
        file.write("\n".join(shown) + "\n")
    sys.exit(0 if code == 130 else code or 1)
