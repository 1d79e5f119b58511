"""A deck of slides for every lecture, made from what the lecture holds: headings, formulas, figures, predictions, tables."""
