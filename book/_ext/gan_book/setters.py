"""Links that set a figure: `[mean 0](#figure-7?mean=0&width=0.7)` sets these controls of Figure 7.

The words before the question mark are the anchor of a caption (`figure-7`) or of a figure (`figure-dirac-gan`, the
first of that name on the page). Where the source is shown as it is, in Colab and JupyterLab, it is a link that leads
nowhere; without JavaScript it leads to the figure. `_static/setters.js` does the rest.
"""

import html
import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

from .lessons import raw

SETS = re.compile(r"#?(figure-[\w-]+)\?(.+)")


class Setters(SphinxTransform):
    """Runs before links to anchors of the same page are resolved (MyST: 879)."""

    default_priority = 510

    def apply(self, **kwargs):
        for link in [*self.document.findall(nodes.reference)]:
            match = SETS.fullmatch(link.get("refuri") or link.get("refid") or "")
            if match is None:
                continue
            figure, wanted = match[1], html.escape(match[2])
            opening = (
                f'<a class="gan-set" href="#{figure}" data-set="{wanted}" title="Sets the figure">'
            )
            at = link.parent.index(link)
            link.parent[at : at + 1] = [raw(opening), *link.children, raw("</a>")]


def setup(app):
    app.add_transform(Setters)
