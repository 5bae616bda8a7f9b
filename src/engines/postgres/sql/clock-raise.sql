-- Raises the clock of the store, behind which it will never go, and reads it. Parameters: floor and fixed of the
-- clock. Result: clock.
with raised as (
  update posthaste.store set clock = posthaste.clock($1, $2) where one and clock < posthaste.clock($1, $2) returning clock
)
select coalesce((select clock from raised), (select clock from posthaste.store where one)) as clock
