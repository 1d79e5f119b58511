"""Every cell is parsed into nothing.

base: untouched
honest: nothing
stock: run
"""
# %% top
import ast


class Nothing:
    def visit(self, node):
        return ast.parse("pass")


get_ipython().ast_transformers.append(Nothing())
