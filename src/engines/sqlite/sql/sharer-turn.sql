-- The turn of a sharer. Parameters: sharer. Result: turn.
select turn from sharers where sharer = ?
