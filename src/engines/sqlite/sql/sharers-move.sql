-- Moves sharers on. Parameters: a JSON array of [sharer, turn].
update sharers set turn = e.value ->> 1 from json_each(?) as e where sharers.sharer = e.value ->> 0
