-- Jobs that had to start by now and do not run. Parameters: time and id with which to go on, limit; then floor and fixed
-- of the clock. Result: id. Index: the primary key of start_by.
select id from posthaste.start_by as s
where at <= (select posthaste.clock($4, $5)) and (at, id) >= ($1::bigint, $2::uuid)
  and not exists (select from posthaste.running as r where r.id = s.id)
order by at, id
limit $3
