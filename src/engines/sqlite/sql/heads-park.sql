-- Puts lanes aside. Parameters: a JSON array of [lane, gate, opens_at or null].
update heads set park = e.value ->> 1, opens_at = e.value ->> 2
from json_each(?) as e
where heads.lane = e.value ->> 0
