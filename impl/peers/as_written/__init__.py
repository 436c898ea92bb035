"""What people type instead of calling anybody: one to three lines a function, a file for each library.

`--impl numpy-as-written`, and the like for each file here; each is named after the peer whose library it types in, or
has a ``LIBRARY`` of its own where that is no peer. As people write it: nothing is checked, scaled or converted,
whatever is singular fails, and what has no digits left comes back as it is. These run in races, where a wrong answer is
not timed. Few say what is expected to fail of them, for nothing is expected to hold: ``shrinkage judge numpy-as-written
-m mathematics`` says what does.
"""
