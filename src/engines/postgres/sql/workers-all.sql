-- Workers that were heard of within their time. Parameters: floor and fixed of the clock. Result: id, about,
-- first_seen_at, last_seen_at.
select id, about, first_seen_at, last_seen_at from posthaste.workers
where last_seen_at + ttl_ms > (select posthaste.clock($1, $2))
order by id
