-- A worker lives. Parameters: id, about, ttl_ms, first_seen_at, last_seen_at.
insert into workers (id, about, ttl_ms, first_seen_at, last_seen_at) values (?, ?, ?, ?, ?)
on conflict do update set about = excluded.about, ttl_ms = excluded.ttl_ms, last_seen_at = excluded.last_seen_at
