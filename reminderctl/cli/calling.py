"""How this program was called, so that the commands it suggests can be given as they stand."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import click

NAME = "reminderctl"


def called() -> str:
    """Its name where the shell finds it by that, else the path or the words that it was called by."""
    words = click.get_current_context().find_root().info_name or NAME
    path = Path(sys.argv[0])
    if path.name != words:
        return words if words.endswith(f"-m {NAME}") else NAME  # another program calls us as a library
    found = shutil.which(words)
    return words if found and path.exists() and Path(found).samefile(path) else shlex.quote(str(path))
