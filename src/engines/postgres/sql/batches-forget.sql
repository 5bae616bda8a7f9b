-- Forgets the numbers of batches. Parameters: batches. Index: the primary key of batches.
delete from posthaste.batches where batch = any ($1::text[])
