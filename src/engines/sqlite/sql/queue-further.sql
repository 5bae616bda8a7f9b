-- Notes the furthest turn that a queue has given. Parameters: turn, queue.
update queues set furthest = max(furthest, ?) where queue = ?
