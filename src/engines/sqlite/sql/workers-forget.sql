-- Forgets workers that were not heard of for too long. Parameters: now.
delete from workers where last_seen_at + ttl_ms <= ?
