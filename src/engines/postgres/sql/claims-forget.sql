-- Rates that are set anew begin to count. Parameters: gates; queues of whose groups all claims are forgotten.
-- Index: the primary key of claims.
delete from posthaste.claims where gate = any ($1::text[] || array(
  select 'group ' || g.queue || '/' || substr(o.name, 2)
  from unnest($2::text[]) as g (queue) join posthaste.groups as o on o.queue = g.queue
))
