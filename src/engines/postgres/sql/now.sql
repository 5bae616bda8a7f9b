-- The store's time. Parameters: floor and fixed of the clock. Result: now.
select posthaste.clock($1, $2) as now
