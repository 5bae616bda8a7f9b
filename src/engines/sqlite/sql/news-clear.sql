-- Forgets news, unless there are newer ones. Parameters: topic, id, seq.
delete from news where topic = ? and id = ? and seq = ?
