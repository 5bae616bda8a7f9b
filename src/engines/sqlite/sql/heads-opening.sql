-- Lanes of a kind that are put aside until a rate lets them go, the earliest first. Parameters: kind, limit, offset.
-- Result: lane, park, opens_at. Index: heads_by_opening.
select lane, park, opens_at from heads where kind = ? and opens_at is not null order by opens_at limit ? offset ?
