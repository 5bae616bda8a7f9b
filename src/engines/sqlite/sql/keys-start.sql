-- Frees the keys that claimed jobs held until now. Parameters: a JSON array of ids. Index: the primary key of keys.
delete from keys where until = 'start' and (key, id) in (
  select j.key, j.id from json_each(?) as e cross join jobs as j on j.id = e.value where j.key is not null
)
