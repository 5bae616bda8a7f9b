-- Heads of a kind that are not put aside (park 0), or are so behind a gate, in the order of claims.
-- Parameters: kind, park, then priority, turn, run_at and id after which to go on, limit.
-- Result: lane, sharer, priority, turn, run_at, id. Index: heads_in_order.
select lane, sharer, priority, turn, run_at, id from heads
where kind = ? and park = ? and (priority, turn, run_at, id) > (?, ?, ?, ?)
order by priority, turn, run_at, id
limit ?
