-- A worker says goodbye. Parameters: id.
delete from workers where id = ?
