"""``--isolate``: the implementation in a process of its own, which the judge never imports.

What it does to that process is held against it, in the claim during which it happened, and the run goes on:

- no answer within the limit of time, after which nobody calls whoever was at work any more; the end of the process,
  by itself or by a signal; more memory or more open files than there are;
- anything printed, but by a `Solver`, whose ``verbose`` is there to be heard;
- a global random generator seeded (drawing from it is not held against anybody), NumPy's error state, the filters of
  warnings (but by a module on import) or the working directory left changed, a thread left running;
- a try to write outside of its scratch folder, to connect, to begin a process or to send a signal to one: `rules`;
- an error that is no `Exception`; an object that is not what it says it is; an argument written to that is read-only.

No smaller example is looked for then: the message says what happened, in which call, and where that is known. All else
is judged as in one process: values, errors and warnings, arguments written to, memory shared (`mirror`). What happens
on import is not held against anybody, but that it fails, or takes over three times as long as a call may. After the end
of its process an implementation is imported anew. A folder is judged on a copy in the scratch folder.

Linux holds the process to the rules, too (`kernel`); elsewhere code in C is free. What the user may read, it may.
"""
