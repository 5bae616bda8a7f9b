-- Numbers for lines that have none. Parameters: arrays of kinds, queues, groups, limit keys.
insert into posthaste.lines (kind, queue, "group", "limit")
select * from unnest($1::integer[], $2::text[], $3::text[], $4::text[]) as g (kind, queue, "group", "limit")
order by kind, "group", "limit"
on conflict do nothing
