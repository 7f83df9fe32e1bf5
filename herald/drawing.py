"""The few shapes that a picture of a platform needs, as SVG that follows light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

Point = tuple[float, float]
RADIUS = 10  # of the corners of boxes and arrows
NAME_SIZE, DETAIL_SIZE = 15, 13  # pixels
CHARACTER = 0.5  # width of a usual letter, of its size

STYLE = """
  svg { --ground: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #818b98; --box: #ffffff;
        --compute: #0969da; --message: #bf3989;
        --store: #8250df; --dead: #cf222e; --outside: #59636e; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --line: #7d8590; --box: #161b22;
          --lane: #10151c; --rim: #3d444d; --compute: #58a6ff; --message: #f778ba;
          --store: #bc8cff; --dead: #ff7b72; --outside: #9198a1; } }
  text { font-family: -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif;
         fill: var(--ink); }
  .name { font-size: 15px; font-weight: 600; }
  .detail, .label { font-size: 13px; fill: var(--soft); }
  .label { paint-order: stroke; stroke: var(--ground); stroke-width: 6px; }
  .arrow { fill: none; stroke: var(--line); stroke-width: 1.75; marker-end: url(#tip); }
  .aside { stroke-dasharray: 5 4; }
  .glyph { fill: none; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
""".strip("\n")

GLYPHS = {  # in a square of 24
    "apps": "M7 2h10v20H7z M11 18.5h2",
    "push": "M6 16V11a6 6 0 0 1 12 0v5l2 2H4z M10 21h4",
    "mail": "M3 5h18v14H3z M3 6l9 7 9-7",
    "topic": "M12 9a3 3 0 1 0 .01 0 M6.5 6.5a8 8 0 0 0 0 11 M17.5 6.5a8 8 0 0 1 0 11",
    "queue": "M3 6h4v12H3z M10 6h4v12h-4z M17 6h4v12h-4z",
    "dead_letters": "M3 5h18v14H3z M9 9l6 6 M15 9l-6 6",
    "service": "M12 2l9 5v10l-9 5-9-5V7z M12 12l9-5 M12 12L3 7 M12 12v10",
    "function": "M5 21L12 9 M8 3h2.5L19 21",
    "database": "M4 6c0-4 16-4 16 0s-16 4-16 0v12c0 4 16 4 16 0V6 M4 12c0 4 16 4 16 0",
    "table": "M3 4h18v16H3z M3 9.5h18 M3 14.7h18 M10 4v16",
    "alarm": "M12 3l10 18H2z M12 10v5 M12 18v.5",
}


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    def at(self, across: float, down: float) -> Point:
        """A point by fractions of width and height: (0.5, 1) is the middle of the lower edge."""
        return (self.x + self.width * across, self.y + self.height * down)

    def overlaps(self, other: "Box") -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


def width_of(text: str, size: float) -> float:
    """A little more than the text takes in any usual font."""
    return len(text) * size * CHARACTER


@dataclass
class Drawing:
    width: int
    height: int
    title: str
    texts: list[Box] = field(default_factory=list)  # where text stands, so that none overlaps
    shapes: list[str] = field(default_factory=list)

    def card(self, box: Box, kind: str, color: str, name: str, detail: str) -> None:
        """A box with a picture, a name and a line about it."""
        middle = box.y + box.height / 2
        self.shapes.append(
            f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" '
            f'rx="{RADIUS}" fill="var(--box)" stroke="var(--{color})" stroke-width="1.5"/>'
            f'<g class="glyph" transform="translate({box.x + 12:g} {middle - 12:g})" '
            f'stroke="var(--{color})"><path d="{GLYPHS[kind]}"/></g>'
        )
        self.text((box.x + 46, middle - 4), name, "name", size=NAME_SIZE)
        self.text((box.x + 46, middle + 16), detail, "detail")

    def arrow(self, *points: Point, aside: bool = False) -> None:
        kind = "arrow aside" if aside else "arrow"
        self.shapes.append(f'<path class="{kind}" d="{path(points)}"/>')

    def label(self, place: Point, text: str, anchor: str = "start") -> None:
        self.text(place, text, "label", anchor=anchor)

    def text(
        self,
        place: Point,
        text: str,
        kind: str,
        *,
        size: float = DETAIL_SIZE,
        anchor: str = "start",
    ) -> None:
        width = width_of(text, size)
        left = place[0] - {"start": 0, "middle": width / 2, "end": width}[anchor]
        self.texts.append(Box(left, place[1] - size * 0.8, width, size))
        self.shapes.append(
            f'<text class="{kind}" x="{place[0]:g}" y="{place[1]:g}" '
            f'text-anchor="{anchor}">{escape(text)}</text>'
        )

    def svg(self) -> str:
        tip = (
            '<marker id="tip" viewBox="0 0 10 10" refX="8.5" refY="5" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 1L9 5L0 9z" fill="var(--line)"/></marker>'
        )
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
                f'width="{self.width}" height="{self.height}" role="img" aria-labelledby="title">',
                f'<title id="title">{escape(self.title)}</title>',
                f"<style>\n{STYLE}\n</style>",
                f"<defs>{tip}</defs>",
                f'<rect width="{self.width}" height="{self.height}" fill="var(--ground)"/>',
                *self.shapes,
                "</svg>\n",
            ]
        )


def path(points: Sequence[Point]) -> str:
    """A line through the points with rounded corners; its parts are level or upright."""
    steps = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start, end = towards(corner, before), towards(corner, after)
        steps.append(f"L{start[0]:g} {start[1]:g}")
        steps.append(f"Q{corner[0]:g} {corner[1]:g} {end[0]:g} {end[1]:g}")
    steps.append(f"L{points[-1][0]:g} {points[-1][1]:g}")
    return " ".join(steps)


def towards(corner: Point, other: Point) -> Point:
    """The point where the rounding of a corner begins."""
    across, down = other[0] - corner[0], other[1] - corner[1]
    length = abs(across) + abs(down)
    part = min(RADIUS, length / 2) / length
    return (corner[0] + across * part, corner[1] + down * part)
