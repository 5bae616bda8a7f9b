-- Removes some of the documents that have expired. Parameters: limit; then floor and fixed of the clock. Index:
-- records_to_expire.
delete from posthaste.records where ctid = any (array(
  select ctid from posthaste.records where expires_at <= (select posthaste.clock($2, $3)) limit $1 for update skip locked
))
