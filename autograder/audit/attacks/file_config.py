"""A configuration of nbgrader and start-up files of IPython lie beside the notebook.

base: untouched
honest: nothing
stock: run
"""
# %% notebook
checks = [cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
(folder / "nbgrader_config.py").write_text("c = get_config()\nc.Autograde.autograde_preprocessors = []")
(folder / ".ipython").mkdir()
(folder / "sitecustomize.py").write_text("raise SystemExit")
(folder / "usercustomize.py").write_text("raise SystemExit")
