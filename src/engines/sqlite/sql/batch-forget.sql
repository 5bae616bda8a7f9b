-- Forgets the numbers of a batch. Parameters: batch.
delete from batches where batch = ?
