-- Workers that were heard of within their time. Parameters: now. Result: id, about, first_seen_at, last_seen_at.
select id, about, first_seen_at, last_seen_at from workers where last_seen_at + ttl_ms > ? order by id
