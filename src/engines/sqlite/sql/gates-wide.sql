-- Gates behind which many lanes are put aside. Result: gate, width, whether any lane is left there.
-- Index: gates_wide.
select gate, width, exists (select 1 from heads as h where h.park > 0 and h.park = g.gate)
from gates as g where width > 0
