-- Moves the heads of sharers on that are not put aside. Parameters: a JSON array of [sharer, turn].
-- Index: heads_by_sharer.
update heads set turn = e.value ->> 1
from json_each(?) as e
where heads.sharer = e.value ->> 0 and heads.park = 0 and heads.turn <> e.value ->> 1
