"""Words that try to be more than words, and a reader of pages that says what a page is made of."""

from __future__ import annotations

import re
from html.parser import HTMLParser

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<ScRiPt/src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror='alert(1)'>",
    "\"><svg onload=alert(1)>",
    "'><svg/onload=alert(1)//",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math href='javascript:alert(1)'>click</math>",
    "<a href='javascript:alert(1)'>click</a>",
    "<a href='  java\tscript:alert(1)'>click</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>click</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe src=javascript:alert(1)>",
    "<object data=//evil.example/x.swf></object><embed src=//evil.example/x>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{background:url(//evil.example/x)}</style>",
    "<div style='position:fixed;inset:0;background:url(//evil.example/x)'>over</div>",
    "<form action=//evil.example/><button>send</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</article></main></body><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script><![CDATA[",
    "{{ 7 * 7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}",
    "${alert(1)}`#{7*7}`<%= 7*7 %>",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;b&#62;&quot;&amp;amp;",
    "\" onmouseover=alert(1) x=\"",
    "' autofocus onfocus=alert(1) x='",
    "` onmouseover=alert(1)`",
    "javascript:alert(1)//",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png) [r]: http://evil.example",
    "<http://evil.example/> http://evil.example/ //evil.example/",
    "<p id=main name=body><a id=forms><a id=forms name=submit>",
    "<custom-element is=x onclick=alert(1)>",
    "\x1b[2J\x1b]52;c;YQ==\x07<b>\x9b31m",
    "\u202e<b>rtl\u2066\u2069\u200b</b>\ufeff",
    "<\x00script>alert(1)</\x00script>",
    "\uff1cscript\uff1e\ufe64b\ufe65<s\u0443stem>",
)  # fmt: skip
"""Scripts, handlers, foreign elements, addresses, ways out of templates, and what has no shape."""

TAGS = frozenset(
    """
caption html head meta title link body a header nav ul ol li form label input span main footer p h1 h2 h3 dl dt
dd div section article aside details summary table thead tbody tr th td button select option textarea fieldset
legend path g line text code pre strong em mark blockquote kbd progress svg rect img figure figcaption script b
small noscript
""".split()  # noqa: SIM905
)
ATTRIBUTES = frozenset(
    """
lang charset name content rel href class id tabindex action role for type placeholder autocomplete title value
method required pattern rows min max checked selected disabled open scope spellcheck download start accesskey
viewbox preserveaspectratio x y x2 y2 d width height src alt loading colspan fill stroke stroke-width
stroke-dasharray stroke-miterlimit opacity transform xmlns font-family font-size font-weight text-anchor display
pointer-events enctype
""".split()  # noqa: SIM905
)
IDS = re.compile(r"[a-z][a-z-]*|m\d+(p\d+)?")


class Page(HTMLParser):
    """What a page is made of.

    Attributes:
        elements: Tag, with the names of its attributes.
        attributes: Name and value of every attribute.
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        """All that it says."""
        return "".join(self.said)

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Its elements, without marks and what stands around characters that have no shape."""
        return [one for one in self.elements if "data-code" not in one[1] and one[0] != "mark"]


def faults(page: str) -> list[str]:
    """What on a page is not ours: foreign elements and attributes, code, addresses elsewhere, names of its own."""
    read = Page(page)
    found = [f"<{tag}>" for tag, _ in read.elements if tag not in TAGS and not tag.startswith("al-")]
    for name, value in read.attributes:
        if name not in ATTRIBUTES and not name.startswith(("aria-", "data-")):
            found.append(f"{name}={value}")
        if name in {"href", "src", "action"} and (not value.startswith(("/", "#")) or value.startswith("//")):
            found.append(f"{name}={value}")
        if name == "src" and not value.startswith(("/static/", "/plots/")):
            found.append(f"src={value}")
        if name == "id" and not IDS.fullmatch(value):
            found.append(f"id={value}")
    return found
