-- The latest time that a write was stamped with. Result: clock.
select clock from store where one = 1
