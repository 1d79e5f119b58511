# %% [markdown]
# # Review · What to look at again today
#
# A prediction that failed shows where an idea of yours met the facts. Being told the answer once does not mend the idea; being *asked*
# again, when you have half forgotten, does. So what you predicted wrongly in a lecture comes back here.
#
# **The rule.** It comes back the day after. Each time you are right it waits longer: 1, 3, 7, then 21 days. When you are wrong it
# starts again at one day. After four right answers in a row it is learned, and rests. If you come late, nothing is lost: what is overdue
# waits for you. (Boxes of cards with growing intervals were S. Leitner's idea, *So lernt man lernen*, 1972; the intervals are a
# rule of thumb, not a finding.)
#
# Say what you expect, press *Answer*, and read why. Then open the section if the reason surprised you. All of it is kept in `work/progress`, for you alone, and none of it is graded.

# %%
from course_vi.progress import review

review()
