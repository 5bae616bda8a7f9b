-- Leases that ran out, in the order in which they did.
-- Parameters: now, then lease_until and id after which to go on, limit. Result: id. Reads every lease; there are not many.
select id from running
where lease_until <= :now and (lease_until, id) > (:lease_until, :id)
order by lease_until, id
limit :limit
