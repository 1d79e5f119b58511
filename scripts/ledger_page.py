"""The page docs/ledger.md, made from src/course_vi/ledger.toml: `python scripts/ledger_page.py --write`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from autograder.site.ledger_page import ledger_page  # noqa: E402

PAGE = ROOT / "docs" / "ledger.md"

if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(ledger_page(), "utf-8")
    else:
        print(ledger_page(), end="")
