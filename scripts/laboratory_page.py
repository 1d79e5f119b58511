"""Write the gradient laboratory as a page that needs no kernel: `python scripts/laboratory_page.py`.

It computes the whole grid anew, which takes some minutes; `--keep` takes the grid of the page that is there, and only its look changes.
"""

import argparse
from pathlib import Path

import torch

from course_vi.laboratory import page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "laboratory.html"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep the numbers of the page there is")
    keep = parser.parse_args().keep
    torch.set_num_threads(1)
    data = page.grid_of(PAGE.read_text("utf-8")) if keep else page.grid()
    PAGE.write_text(page.page(data), "utf-8")
    print(f"wrote {PAGE.name}, {PAGE.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
