"""The picture of a run: one bar a row, as long as it is slow, beside its budget."""

from html import escape

WIDTH, LABEL, BAR, ROW = 760, 300, 380, 30
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.bar { fill: #0969da } .other { fill: #8c959f } .budget { stroke: #cf222e; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .bar { fill: #58a6ff } }
"""


def draw(title, rows):
    """An SVG of rows, each a label, a value, what to write behind it, whether it is ours, and a budget or None."""
    longest = max(max(value, budget or 0) for _, value, _, _, budget in rows)
    height = 50 + ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="10" y="25">{escape(title)}</text>',
    ]
    for number, (label, value, shown, ours, budget) in enumerate(rows):
        top = 40 + ROW * number
        length = max(BAR * value / longest, 1)
        kind = "bar" if ours else "other"
        parts.append(f'<text x="{LABEL - 10}" y="{top + 17}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect class="{kind}" x="{LABEL}" y="{top + 3}" width="{length:.1f}" height="19" rx="3"/>')
        end = LABEL + length
        if budget:
            place = LABEL + BAR * budget / longest
            parts.append(f'<path class="budget" d="M{place:.1f} {top}v25"><title>the budget</title></path>')
            end = max(end, place)
        parts.append(f'<text x="{end + 8:.1f}" y="{top + 17}">{escape(shown)}</text>')
    return "\n".join([*parts, "</svg>", ""])
