-- Leases that ran out, in the order in which they did. Parameters: lease_until and id with which to go on, limit;
-- then floor and fixed of the clock. Result: id. Reads every lease; there are not many.
select id from posthaste.running
where lease_until <= (select posthaste.clock($4, $5)) and (lease_until, id) >= ($1::bigint, $2::uuid)
order by lease_until, id
limit $3
