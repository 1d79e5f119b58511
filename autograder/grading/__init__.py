"""A class: its folder, many submissions at a time, the log, what decides a grade, export."""
