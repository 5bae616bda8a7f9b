-- Leases of a worker. Parameters: worker. Result: id, fence. Reads every lease; there are not many.
select id, fence from running where worker = ? order by id
