-- Takes unique keys. Ends the transaction when someone has taken one meanwhile; whose hold expired has none. Parameters:
-- arrays of keys, ids, until, expires_at; how many they are; then floor and fixed of the clock.
with taken as (
  insert into posthaste.keys as k (key, id, until, expires_at)
  select * from unnest($1::text[], $2::uuid[], $3::text[], $4::bigint[]) as g (key, id, until, expires_at) order by key
  on conflict (key) do update set id = excluded.id, until = excluded.until, expires_at = excluded.expires_at
    where k.expires_at <= (select posthaste.clock($6, $7))
  returning 1
)
select posthaste.expect((select count(*) from taken), $5::bigint)
