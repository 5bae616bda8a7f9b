-- Forgets the heads of lanes that have no claimable job any more. Parameters: a JSON array of lanes.
delete from heads
where lane in (select value from json_each(?)) and not exists (select 1 from ready as r where r.lane = heads.lane)
