-- The ids that settle-check counted. Parameters: a JSON object of id: fence. Result: id.
select e.key
from json_each(?) as e cross join running as r on r.id = e.key and r.fence = e.value
where r.has_notes = 0 and r.bound = 0
