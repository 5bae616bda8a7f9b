-- The names of a lane. Parameters: lane. Result: kind, queue, task, group.
select l.kind, k.queue, k.task, l."group" from lanes l join kinds k on k.kind = l.kind where l.lane = ?
