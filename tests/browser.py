"""Finding a browser: the one that comes as an npm package, so that tests run with the same one everywhere."""

import fcntl
import io
import os
import shutil
import tarfile
from pathlib import Path

import brotli

PACKAGE = Path(__file__).resolve().parents[1] / "node_modules" / "@sparticuz" / "chromium" / "bin"
NAMES = ("chromium", "chromium-browser", "google-chrome")
LAUNCH_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


def find_browser() -> tuple[Path, dict[str, str]]:
    """Return a Chromium and the environment it needs: that of ``CHROMIUM``, the npm package's, or one on PATH.

    :raises FileNotFoundError: there is none.
    """
    chosen = os.environ.get("CHROMIUM", "")
    if not chosen and PACKAGE.exists():
        folder = unpacked(PACKAGE)
        libraries = [folder / "al2023" / "lib", folder]
        return folder / "chromium", {"LD_LIBRARY_PATH": os.pathsep.join(str(path) for path in libraries)}
    for name in [chosen] if chosen else NAMES:
        found = shutil.which(name)
        if found:
            return Path(found), {}
    raise FileNotFoundError("no browser: set CHROMIUM, or let bin/boot.py test install the npm package")


def unpacked(package: Path) -> Path:
    """Return the folder with the package's files decompressed, once for all processes that test."""
    folder = package.parent / "unpacked"
    with (package.parent / "unpacked.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "chromium").exists():
            unpack(package, folder)
    return folder


def unpack(package: Path, folder: Path) -> None:
    """Decompress the archives, and last the program itself, whose presence says that all is there."""
    draft = folder / "chromium.draft"
    for name in ("al2023.tar.br", "swiftshader.tar.br", "fonts.tar.br"):
        if (package / name).exists():
            archive = io.BytesIO(brotli.decompress((package / name).read_bytes()))
            with tarfile.open(fileobj=archive) as tar:
                tar.extractall(folder / "al2023" if name.startswith("al2023") else folder, filter="data")
    folder.mkdir(exist_ok=True)
    draft.write_bytes(brotli.decompress((package / "chromium.br").read_bytes()))
    draft.chmod(0o755)
    draft.replace(folder / "chromium")
