-- A worker lives; a beat after its time is a first one. Parameters: id, about, ttl_ms; then floor and fixed of the
-- clock.
insert into posthaste.workers as w (id, about, ttl_ms, first_seen_at, last_seen_at)
select $1, $2, $3::bigint, now, now from posthaste.clock($4, $5) as c (now)
on conflict (id) do update set
  about = excluded.about, ttl_ms = excluded.ttl_ms, last_seen_at = excluded.last_seen_at,
  first_seen_at = case when w.last_seen_at + w.ttl_ms > excluded.last_seen_at then w.first_seen_at else excluded.first_seen_at end
