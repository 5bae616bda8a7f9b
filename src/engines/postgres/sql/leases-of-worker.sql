-- Leases of a worker. Parameters: worker. Result: id, fence. Reads every lease; there are not many.
select id, fence from posthaste.running where worker = $1 order by id
