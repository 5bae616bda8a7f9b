-- Forgets all heads: a program that does not keep them has written.
delete from heads
