-- The first claims after a time. Parameters: gate, time. Result: at, before. Index: the primary key of claims.
select at, before from claims where gate = ? and at > ? order by at limit 1
