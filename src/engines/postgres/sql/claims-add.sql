-- Remembers claims under rates, and forgets those that are over. Parameters: arrays of gates, numbers, lengths of their
-- stretches; then floor and fixed of the clock. Index: the primary key of claims.
with forgotten as (
  delete from posthaste.claims where ctid = any (array(
    select c.place
    from unnest($1::text[], $3::bigint[]) as g (gate, per_ms)
    cross join lateral (
      select ctid as place from posthaste.claims
      where gate = g.gate and at <= (select posthaste.clock($4, $5)) - g.per_ms
    ) as c
  ))
)
insert into posthaste.claims as c (gate, at, number)
select gate, (select posthaste.clock($4, $5)), number from unnest($1::text[], $2::bigint[]) as g (gate, number)
on conflict (gate, at) do update set number = c.number + excluded.number
