-- The numbers of a batch. Parameters: batch. Result: unfinished, completed, cancelled, dead, removed.
select unfinished, completed, cancelled, dead, removed from batches where batch = ?
