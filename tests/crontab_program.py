"""A program named `crontab` that keeps one crontab in a file beside it, as the real one does in its spool."""

from __future__ import annotations

from pathlib import Path

STAND_IN = """\
#!/bin/sh
cd "${0%/*}" || exit 9
if [ -e refuses ]; then cat refuses >&2; exit 1; fi
case "$1" in
    -l) if [ -e spool ]; then cat spool; else echo "no crontab for ana" >&2; exit 1; fi ;;
    -r) rm spool ;;
    -) cat > spool.new
       if [ -e dislikes ]; then cat dislikes >&2; exit 1; fi
       if [ -e forgets ]; then exit 0; fi
       mv spool.new spool ;;
    *) exit 9 ;;
esac
"""


def write_crontab_program(folder: Path) -> None:
    """Make a folder with the program in it, to be put first on a PATH."""
    folder.mkdir()
    program = folder / "crontab"
    program.write_text(STAND_IN)
    program.chmod(0o755)
