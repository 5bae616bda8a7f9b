-- The number of (queue, task). Parameters: queue, task. Result: kind. Index: the unique one of kinds.
select kind from kinds where queue = ? and task = ?
