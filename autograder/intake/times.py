"""When something was handed in, however it is written."""

from __future__ import annotations

__all__ = ["in_utc"]


def in_utc(text: str, zone: str = "UTC") -> str:
    """A time, however it is written, as nbgrader reads it; ``zone`` is its time zone where it names none.

    >>> in_utc("2026-05-02 14:00 +0200"), in_utc("Friday, 1 May 2026, 2:00 PM", "Europe/London")
    ('2026-05-02 12:00:00 UTC', '2026-05-01 13:00:00 UTC')

    Raises:
        ValueError: it is no time.
    """
    from dateutil import parser, tz

    when = parser.parse(
        text.strip(),
        tzinfos=lambda name, offset: (
            offset if offset is not None else tz.gettz(name) if name else None
        ),
    )
    here = tz.gettz(zone)
    if here is None:
        raise ValueError(
            f"zone is {zone!r}; expected the name of a time zone, such as Europe/London"
        )
    when = when if when.tzinfo else when.replace(tzinfo=here)
    return str(when.astimezone(tz.UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))
