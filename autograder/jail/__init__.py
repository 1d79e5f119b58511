"""The jail: an ordinary kernel that can read Python and one edition of the course, write to scratch memory, and nothing else.

Modules here that run beside a learner's code (``fork_server``, ``launch``, ``filesystem``, ``supervisor``, ``memory``,
``fair_share``, ``control_group``, ``seccomp``, ``kernel``, ``limits``, ``linux``) import the standard library alone. ``fork_client`` and
``provisioner`` are the grader's side. On every level a kernel has a filter of system calls (``seccomp``), a session keyring of its own,
and a control group where one can be had. Three levels:

``namespaces``
    Linux. Own mount, process, network, IPC, host-name and user namespaces; an empty root in memory with read-only views of Python and
    the edition; no capabilities, no new privileges, no nested user namespaces; resource limits. A grader who is root gives each job
    a user id of its own besides, so that the limit on processes counts that job alone.
``uid``
    A grader who is root, where namespaces are forbidden. Own user id, resource limits, and no network where that can be had. What is
    readable for everybody on the machine stays readable.
``rlimits``
    Resource limits only. Nothing is hidden, nothing is out of reach.
"""
