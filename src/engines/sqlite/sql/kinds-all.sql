-- Every (queue, task) that has jobs in some state. Result: kind, queue, task, state, number.
select k.kind, k.queue, k.task, c.state, c.number from counts c join kinds k on k.kind = c.kind where c.number <> 0
