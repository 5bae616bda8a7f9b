-- Jobs that had to start by now and do not run. Parameters: now, then at and id after which to go on, limit.
-- Result: id. Index: the primary key of start_by.
select id from start_by as s
where at <= ? and (at, id) > (?, ?) and not exists (select 1 from running as r where r.id = s.id)
order by at, id
limit ?
