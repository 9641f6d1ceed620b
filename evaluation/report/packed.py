"""A page and the videos beside it as one ZIP file, to send: unpacked anywhere, it shows the same."""

import re
import zipfile
from html import unescape
from pathlib import Path
from urllib.parse import unquote

DOES_NOT_DECIDE = "it packs a page that is finished"
_SOURCE = re.compile(r'src="(?!data:)([^"]+)"')


def write_zip(page: Path, file: Path) -> int:
    """Pack the page as report.html with its files below media/; how many files that is.

    Raises:
        ValueError: a file that the page shows is gone.
    """
    html = page.read_text(encoding="utf-8")
    packed: dict[str, str] = {}
    for address in dict.fromkeys(_SOURCE.findall(html)):
        source = page.parent / unquote(unescape(address))
        if not source.is_file():
            raise ValueError(f"{page} shows {source}, which is gone: evaluate the model again")
        packed[address] = f"media/{len(packed):03d}_{source.name}"
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("report.html", _SOURCE.sub(lambda found: f'src="{packed[found[1]]}"', html))
        for address, name in packed.items():
            archive.write(page.parent / unquote(unescape(address)), name)
    return len(packed) + 1
