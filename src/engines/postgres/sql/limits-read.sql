-- All settings of limits. Result: scope, name, concurrency, rate_max, rate_per_ms, weight, paused_by, by, version,
-- paused_at.
select scope, name, concurrency, rate_max, rate_per_ms, weight, paused_by, by, version, paused_at
from posthaste.limits
order by scope, name
