-- Every setting. Result: scope, name, concurrency, rate_max, rate_ms, weight, paused_by, by, version, paused_at.
select scope, name, concurrency, rate_max, rate_ms, weight, paused_by, by, version, paused_at from limits
order by scope, name
