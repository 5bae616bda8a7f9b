-- The latest time that a write was stamped with, and what tells whether remembered things are still good.
-- Result: clock, kept, fairs, settings.
select clock, kept, fairs, settings from store where one = 1
