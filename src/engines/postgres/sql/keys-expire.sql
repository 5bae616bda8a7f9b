-- Removes some of the holds on keys that have expired. Parameters: limit; then floor and fixed of the clock. Index:
-- keys_to_expire.
delete from posthaste.keys where ctid = any (array(
  select ctid from posthaste.keys where expires_at <= (select posthaste.clock($2, $3)) limit $1 for update skip locked
))
