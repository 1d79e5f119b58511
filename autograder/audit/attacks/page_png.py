"""A picture that is none.

base: solved
honest: all
stock: run
"""
# %% top
from IPython.display import display

display({"image/png": "\"><script>alert('vi')</script>"}, raw=True)
display({"image/svg+xml": "<svg onload=alert('vi')>", "text/latex": "$\\href{javascript:alert('vi')}{x}$"}, raw=True)
