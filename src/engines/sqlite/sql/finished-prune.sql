-- Removes finished jobs. Parameters: a JSON object of id: kind; the state. Index: the primary key of finished.
delete from finished where (kind, state, id) in (select e.value, :state, e.key from json_each(:ids) as e)
