-- Adds moves up into the counts, those that nobody else is adding up. Parameters: how many at most. Result: how many
-- they were.
with some_moves as materialized (
  select ctid as place from posthaste.moves limit $1 for update skip locked
),
gone as (
  delete from posthaste.moves where ctid = any (array(select place from some_moves))
  returning kind, from_state, to_state, number
),
added as (
  insert into posthaste.counts as c (kind, state, number)
  select kind, state, sum(number)
  from (
    select kind, to_state as state, number from gone where to_state is not null
    union all
    select kind, from_state, -number from gone where from_state is not null
  ) as n
  group by kind, state
  order by kind, state
  on conflict (kind, state) do update set number = c.number + excluded.number
)
select count(*) as number from gone
