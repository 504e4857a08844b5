"""From when on a cycle reads spans."""

from __future__ import annotations


def window_start(watermark_s: float | None, now_s: float, *, lookback_s: float, overlap_s: float) -> float:
    """Where a reading at `now_s` begins; all are seconds, times since 1970.

    Spans may come to Phoenix up to `overlap_s` after they began, so that much before the watermark is read
    again, and those that are known are skipped. The first reading goes back `lookback_s`.
    """
    return now_s - lookback_s if watermark_s is None else watermark_s - overlap_s
