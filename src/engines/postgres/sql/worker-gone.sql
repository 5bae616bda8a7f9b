-- A worker says goodbye. Parameters: id.
delete from posthaste.workers where id = $1
