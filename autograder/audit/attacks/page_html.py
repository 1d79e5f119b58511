"""Scripts in HTML, JavaScript, SVG and Markdown outputs.

base: solved
honest: all
stock: run
"""
# %% top
from IPython.display import HTML, SVG, Javascript, Markdown, display

display(HTML("<script>alert('vi')</script><img src=x onerror=alert('vi')>"))
display(Javascript("alert('vi')"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><script>alert('vi')</script></svg>"))
display(Markdown("<script>alert('vi')</script>"))
