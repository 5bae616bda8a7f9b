-- Writes a setting.
-- Parameters: scope, name, concurrency, rate_max, rate_ms, weight, paused_by, by, version, paused_at.
insert or replace into limits (scope, name, concurrency, rate_max, rate_ms, weight, paused_by, by, version, paused_at)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
