"""A raw cell, links, forms, frames and an attachment's name hold scripts and foreign addresses.

base: solved
honest: all
stock: run
"""
# %% notebook
from nbformat.v4 import new_markdown_cell, new_raw_cell
nb.cells.insert(1, new_raw_cell("<script>alert('vi')</script><img src=x onerror=alert('vi')><svg onload=alert('vi')>"))
c = new_markdown_cell(
    "![x](attachment:a\"onerror=alert(1).png) <a href='data:text/html,<script>alert(1)</script>'>d</a> "
    "<a href='java&#x0A;script:alert(1)'>j</a> $\\href{javascript:alert('vi')}{click}$ "
    "<img src='https://evil.example/pixel.png?who=instructor'> ![t](https://evil.example/p2.png) "
    "<style>body{display:none}</style><base href=//evil.example/><iframe src=//evil.example></iframe>"
    "<form action=//evil.example><input type=submit></form>"
    "<meta http-equiv=refresh content='0;url=//evil.example'>")
c["attachments"] = {"a\"onerror=alert(1).png": {"image/png": "iVBORw0KGgo="}}
nb.cells.insert(2, c)
