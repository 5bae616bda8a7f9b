-- Rates that are set anew begin to count. Parameters: gates; queues of whose groups all claims are forgotten.
-- Indexes: the primary keys of claims and groups.
delete from posthaste.claims where ctid = any (array(
  select c.place
  from (
    select * from unnest($1::text[]) as g (gate)
    union all
    select 'group ' || g.queue || '/' || substr(o.name, 2)
    from unnest($2::text[]) as g (queue)
    cross join lateral (select name from posthaste.groups where queue = g.queue offset 0) as o
  ) as g
  cross join lateral (select ctid as place from posthaste.claims where gate = g.gate offset 0) as c
))
