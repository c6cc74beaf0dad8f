"""A small file system of its own under a database, which can be full, and read-only."""

from __future__ import annotations

import subprocess
from pathlib import Path

_PIECES = (1_048_576, 65_536, 4_096, 1)  # bytes: to the last one


class Disk:
    """A tmpfs, made by root; where nobody may mount, a plain folder that is never full (`is_small` is False)."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._ballast = folder / "ballast"
        self.is_small = _done("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(folder))

    def fill(self) -> None:
        """Leave no room."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in _PIECES:
                piece = b"\0" * size
                try:
                    while file.write(piece) == size:
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        """Leave room again."""
        self._ballast.unlink(missing_ok=True)

    def write_protect(self) -> None:
        """Remount it read-only; nobody may hold a file open for writing. Raises RuntimeError."""
        self._remount("ro")

    def write_enable(self) -> None:
        """Remount it for writing."""
        self._remount("rw")

    def remove(self) -> None:
        """Unmount it."""
        if self.is_small:
            _done("umount", "-l", str(self.folder))
            self.is_small = False

    def _remount(self, how: str) -> None:
        if not _done("mount", "-o", f"remount,{how}", str(self.folder)):
            raise RuntimeError(f"{self.folder} was not remounted {how}: somebody has a file open there")


def _done(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
