"""A cell asks the kernel to shut down.

base: solved
honest: all but 03_net_bit_rate
stock: run
"""
# %% 03_net_bit_rate
get_ipython().kernel.do_shutdown(False)
exit()
