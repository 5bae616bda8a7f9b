-- Raises the clock of the store to the time that the present transaction is stamped with.
-- Parameters: now. Changes nothing when the clock is there already.
update store set clock = :now, kept = :now where one = 1 and (clock < :now or kept < clock)
