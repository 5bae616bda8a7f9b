-- Opens gates. Those with more lanes behind them than a number are claimed from where they are.
-- Parameters: that number, a JSON array of gates. Index: heads_by_park.
update gates set
  opens_at = null,
  width = iif((select 1 from heads as h where h.park > 0 and h.park = gates.gate limit 1 offset ?) is null, 0, 1)
where gate in (select value from json_each(?))
