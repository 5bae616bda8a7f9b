-- The names of a (queue, task). Parameters: kind. Result: queue, task.
select queue, task from kinds where kind = ?
