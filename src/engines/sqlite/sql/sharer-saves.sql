-- Moves a sharer up to the furthest turn of its queue. Parameters: queue, group. Result: sharer, turn.
-- Index: sharers_by_name.
update sharers set turn = max(turn, (select furthest from queues as q where q.queue = sharers.queue))
where queue = ? and "group" is ?
returning sharer, turn
