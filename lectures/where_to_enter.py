# %% [markdown]
# # Where to enter the course
#
# You know some of this already? Twenty short questions, one for each unit, find the unit to begin with. Work each out by hand or in a cell
# of your own; three digits are enough, and `log(2)/2` is understood as well as `0.35`. If you do not
# know the matter, say so and go on. The quiz ends by itself after three in a row that you did not have, and you can stop
# at any time.
#
# Your answer is compared with a computed one, and a mistake that is known by its value is named. **The suggestion** is the first unit
# whose question you did not have, so that you had all that it builds on. (A single slip is forgiven: where you were right on two units that
# build on one, it does not hold you back.) One question cannot judge a unit. Take it as advice, and if in doubt enter one unit earlier.
#
# The numbers are drawn afresh each time. The suggestion is kept in `work/progress`, for you alone, and is shown on your start page.

# %%
from autograder.self_study import quiz

quiz()
