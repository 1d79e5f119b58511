"""Is a tool of the system there? `python scripts/need.py chromium` is silent if it is, and else says how to get it."""

import shutil
import sys

TOOLS = {
    "chromium": (
        ("chromium", "chromium-browser", "google-chrome"),
        "The browser tests need Chromium and found none; on Debian or Ubuntu run `sudo apt-get install chromium`, "
        "elsewhere install Chrome, then run again.",
    ),
}


def find(tool: str) -> str | None:
    """The path of the tool, or None."""
    commands, _ = TOOLS[tool]
    return next(filter(None, map(shutil.which, commands)), None)


def main(tools: list[str]) -> int:
    lacking = [tool for tool in tools if find(tool) is None]
    for tool in lacking:
        print(TOOLS[tool][1], file=sys.stderr)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
