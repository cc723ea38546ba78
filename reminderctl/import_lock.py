"""The lock under which threads import what only some runs need.

Where two threads enter a package by different modules at once, Python's own locks would wait for each other. It lets
one of them go on, which then finds half a module.
"""

from __future__ import annotations

import threading

IMPORTING = threading.RLock()
