"""What stands between a submission, whatever it holds, and nbgrader.

========================  ==========================================================================================
``intake``                finds the one notebook in what a student handed in; refuses links, special files, floods
``mend``                  reads it, however damaged: truncated JSON, old formats, wrong types
``restore``               puts back what nbgrader locked, from the gradebook; keeps answers and their attachments
``preprocessors``         the same, as steps of nbgrader's ``Autograde``
``pages``                 keeps a student's scripts out of feedback pages and out of Formgrader
``names``                 an id that nbgrader can work with, for whatever a student is called
========================  ==========================================================================================

Two rules hold throughout. Nothing is repaired in silence: every repair is a sentence (a *note*) that ends in the feedback. And
nothing vanishes: what cannot be repaired is a ``Refusal`` with a name and a sentence.
"""

from autograder.intake.limits import Limits, Refusal

__all__ = ["Limits", "Refusal"]
