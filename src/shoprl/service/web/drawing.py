"""Pictures drawn as SVG: in the place of a product's picture, and of posteriors."""

import math
import zlib
from collections.abc import Sequence
from html import escape

from shoprl.service.arms import Arm

POINTS = 201
WIDTH, HEIGHT, FOOT = 640, 220, 24
_SHADES = ("#0f766e", "#b45309", "#1d4ed8", "#be185d", "#4d7c0f", "#6d28d9", "#0369a1", "#991b1b")


def placeholder(title: str) -> str:
    """A bag with the first letter of a title; the same title gives the same colour."""
    letter = next((char for char in title if char.isalnum()), "?").upper()
    shade = _SHADES[zlib.crc32(title.encode(errors="replace")) % len(_SHADES)]
    return (
        '<svg class="placeholder" viewBox="0 0 100 100" aria-hidden="true" focusable="false">'
        f'<rect width="100" height="100" fill="{shade}" fill-opacity=".16"/>'
        f'<path d="M24 36h52l5 48H19z" fill="{shade}"/>'
        f'<path d="M37 44V32a13 13 0 0 1 26 0v12" fill="none" stroke="{shade}" stroke-width="5"/>'
        f'<text x="50" y="74" font-size="30" text-anchor="middle" fill="#fff">{escape(letter)}</text></svg>'
    )


def _density(arm: Arm, places: Sequence[float]) -> list[float]:
    """Of the Beta posterior of an arm's mean reward."""
    posterior = arm.posterior
    a, b = posterior.successes + 1, posterior.failures + 1
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return [math.exp(scale + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x)) for x in places]


def density_picture(arms: Sequence[Arm]) -> str:
    """The posteriors of arms' mean rewards, on the part of 0 to 1 where they lie."""
    ends = []
    for arm in arms:
        posterior = arm.posterior
        total = posterior.successes + posterior.failures + 2
        spread = 4 * math.sqrt(posterior.mean * (1 - posterior.mean) / (total + 1))
        ends.append((posterior.mean - spread, posterior.mean + spread))
    low = max(0.0, math.floor(20 * min(end[0] for end in ends)) / 20)
    high = min(1.0, math.ceil(20 * max(end[1] for end in ends)) / 20)
    places = [low + (high - low) * (step + 0.5) / POINTS for step in range(POINTS)]
    curves = [_density(arm, places) for arm in arms]
    top = max(max(curve) for curve in curves)
    parts = []
    for number, (arm, curve) in enumerate(zip(arms, curves, strict=True)):
        dots = " ".join(
            f"{WIDTH * (x - low) / (high - low):.1f},{HEIGHT - FOOT - (HEIGHT - FOOT - 8) * y / top:.1f}"
            for x, y in zip(places, curve, strict=True)
        )
        shade = _SHADES[number % len(_SHADES)]
        dashes = f' stroke-dasharray="{4 * number} {3 * number}"' if number else ""  # told apart without colour
        parts.append(f'<polyline points="{dots}" fill="none" stroke="{shade}" stroke-width="3"{dashes}/>')
        parts.append(
            f'<g transform="translate({WIDTH - 190},{18 + 20 * number})"><line x2="28" y1="-5" y2="-5" '
            f'stroke="{shade}" stroke-width="3"{dashes}/><text x="34">{escape(arm.name[:20])}</text></g>'
        )
    for step in range(5):
        x, value = WIDTH * step / 4, low + (high - low) * step / 4
        anchor = ("start", "middle", "middle", "middle", "end")[step]
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{100 * value:.3g}%</text>')
    base = f'<line x2="{WIDTH}" y1="{HEIGHT - FOOT}" y2="{HEIGHT - FOOT}" stroke="currentColor"/>'
    return (
        f'<svg class="densities" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" fill="currentColor" '
        f'aria-label="Posteriors of the mean reward; the table has their numbers">{base}{"".join(parts)}</svg>'
    )
