-- The names of a lane. Parameters: lane. Result: kind, queue, task, group, limit key.
select l.kind, k.queue, k.task, l."group", l.limit_key
from lanes l join kinds k on k.kind = l.kind where l.lane = ?
