"""What stands between a submission, whatever it holds, and nbgrader.

=================  ==========================================================================================
``collect``        roster against archive: who handed in what, and when; nothing guessed, every byte kept
``layout``         whose a file of an archive is: Canvas, Moodle, or a folder for each student
``read``           finds the one notebook in what a student handed in; refuses links, special files, floods
``repair``         reads it, however damaged: truncated JSON, old formats, wrong types, gigabytes of outputs
``restore``        puts back what nbgrader locked, from the gradebook; keeps answers and their attachments
``place``          answers in words whose name is gone, found by their place or sent to a person
``rejoin``         answers split in two cells, or written below their check
``companions``     what lies beside a notebook and goes with it
``names``          an id that nbgrader can work with, for whatever a student is called
=================  ==========================================================================================

Two rules hold throughout. Nothing is repaired in silence: every repair is a sentence (a *note*) that ends in the feedback. And
nothing vanishes: what cannot be repaired is a ``Refusal`` with a name and a sentence.
"""

from autograder.intake.limits import Limits, Refusal

__all__ = ["Limits", "Refusal"]
