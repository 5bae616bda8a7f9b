-- Removes settings. Parameters: arrays of scopes, names.
delete from posthaste.limits as l using unnest($1::text[], $2::text[]) as g (scope, name)
where l.scope = g.scope and l.name = g.name
