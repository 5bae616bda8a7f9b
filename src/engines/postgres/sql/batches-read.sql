-- The numbers of batches. Parameters: batches. Result: batch, unfinished, completed, cancelled, dead, removed. Index: the
-- primary key of batches.
select batch, unfinished, completed, cancelled, dead, removed from posthaste.batches where batch = any ($1::text[])
