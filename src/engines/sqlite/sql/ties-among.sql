-- Whether anyone is bound to one of many targets. Parameters: a JSON array of targets. Result: 1, or no row.
-- Index: the primary key of ties.
select 1 from json_each(?) as e cross join ties as t on t.target = e.value limit 1
