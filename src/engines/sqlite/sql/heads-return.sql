-- Takes lanes back that were put aside behind gates that open, if they are few. Parameters: a JSON array of gates.
-- Index: heads_by_park.
update heads set park = 0, opens_at = null, turn = (select s.turn from sharers as s where s.sharer = heads.sharer)
where park > 0 and park in (
  select g.gate from json_each(?) as e cross join gates as g on g.gate = e.value where g.width = 0
)
