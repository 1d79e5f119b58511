"""The functions publish a result of their own, then fail.

base: untouched
honest: nothing
stock: run
"""
# %% top
def answer(*args, **kwargs):
    shell = get_ipython()
    content = {"data": {"text/plain": "-1.0"}, "metadata": {}, "execution_count": 1}
    shell.kernel.send_response(shell.kernel.iopub_socket, "execute_result", content)
    raise ValueError


three_forms = gaussian_kl = elbo_and_gap = forward_and_reverse_kl = net_bit_rate = naive_elbo = naive_bias = answer
# %% last
three_forms = gaussian_kl = elbo_and_gap = forward_and_reverse_kl = net_bit_rate = naive_elbo = naive_bias = answer
