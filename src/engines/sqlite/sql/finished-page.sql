-- Finished jobs of a state by the end of them. Parameters: the state, finished_at and id after which to go on, the
-- latest end, the limit. Result: id. Index: finished_by_time.
select id from finished
where state = :state and (finished_at, id) > (:finished_at, :id) and finished_at <= :until
order by finished_at, id
limit :limit
