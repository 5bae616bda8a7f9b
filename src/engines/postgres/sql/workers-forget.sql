-- Forgets workers that were not heard of for too long. Parameters: floor and fixed of the clock.
delete from posthaste.workers where ctid = any (array(
  select ctid from posthaste.workers where last_seen_at + ttl_ms <= (select posthaste.clock($1, $2)) for update skip locked
))
